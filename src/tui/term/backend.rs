//! How a frame becomes bytes: few, in one write.
//!
//! ratatui's own crossterm backend sets colours in their long form, resets them after every frame and
//! rewrites blanks one by one. Over SSH users wait for bytes, so this backend remembers the pen
//! between frames, uses the short form of each change, erases runs of blanks with one sequence (ECH),
//! and wraps the frame in synchronized-update marks. It never queries the terminal: the size comes
//! from the kernel, and the cursor's position is remembered.

use std::io::{self, Write};

use super::pen::Pen;
use super::scroll::{Move, Shadow};
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

/// Cells that are sent again rather than moved over.
const SMALL_GAP: usize = 3;
/// A change of fewer cells, or in fewer rows, is sent unchanged.
const MOVE_FROM: usize = 64;
const MOVE_FROM_ROWS: usize = 5;

const SYNC_BEGIN: &[u8] = b"\x1b[?2026h";
const SYNC_END: &[u8] = b"\x1b[?2026l";
/// From this many blanks at the end of a run on, erasing is shorter than writing them.
const ERASE_AT_END: usize = 5;
/// The same inside a run, after which the cursor has to be moved.
const ERASE_INSIDE: usize = 10;

/// A backend that writes to a terminal, or to anything else in tests.
pub struct TermBackend<W: Write> {
    out: W,
    frame: Vec<u8>,
    pen: Pen,
    /// Where the terminal's cursor is; `None` when not known.
    cursor: Option<Position>,
    cursor_shown: bool,
    size: fn() -> io::Result<Size>,
    shown: Shadow,
}

impl<W: Write> TermBackend<W> {
    /// Writes to `out`; `size` gives the terminal's columns and rows without asking it.
    pub fn new(out: W, size: fn() -> io::Result<Size>) -> Self {
        Self {
            out,
            frame: Vec::with_capacity(8192),
            pen: Pen::DEFAULT,
            cursor: None,
            cursor_shown: false,
            size,
            shown: Shadow::default(),
        }
    }

    /// Bytes that are no part of a frame (a clipboard sequence), sent at once.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// Returns and clears what was written to memory, for measurements.
    pub fn take_written(&mut self) -> W
    where
        W: Default,
    {
        std::mem::take(&mut self.out)
    }

    /// Forgets what the terminal looks like: after a suspension anything may have happened to it.
    pub fn forget(&mut self) {
        self.frame.extend_from_slice(b"\x1b[m");
        self.pen = Pen::DEFAULT;
        self.cursor = None;
        self.cursor_shown = false;
        self.frame.extend_from_slice(b"\x1b[?25l");
    }

    fn move_to(&mut self, to: Position) {
        match self.cursor {
            Some(at) if at == to => return,
            Some(at) if at.y == to.y && to.x > at.x => {
                let by = to.x - at.x;
                self.number_sequence(if by == 1 { 0 } else { by }, b'C');
            }
            _ if to.x == 0 => {
                self.number_sequence(to.y + 1, b'H');
            }
            _ => {
                let _ = write!(self.frame, "\x1b[{};{}H", to.y + 1, to.x + 1);
            }
        }
        self.cursor = Some(to);
    }

    /// Lets the terminal move rows by one.
    fn move_rows(&mut self, by: Move) {
        self.set_pen(Pen::DEFAULT);
        let letter = if by.up { 'M' } else { 'L' };
        let (top, bottom) = (by.top + 1, by.bottom + 1);
        let _ = write!(self.frame, "\x1b[{top};{bottom}r\x1b[{top}H\x1b[{letter}\x1b[r");
        // Taking the margins back puts the cursor home.
        self.cursor = Some(Position::ORIGIN);
    }

    /// Sends cells, in reading order.
    fn send_cells(&mut self, cells: &[(u16, u16, &Cell)], size: Size) {
        let mut at = 0;
        while let Some(&(x, y, cell)) = cells.get(at) {
            let blanks = cells[at..]
                .iter()
                .enumerate()
                .take_while(|(n, (bx, by, blank))| {
                    *by == y && *bx as usize == x as usize + n && is_blank(blank)
                })
                .count();
            let next = cells.get(at + blanks);
            let goes_on = next.is_some_and(|(nx, ny, _)| *ny == y && *nx as usize == x as usize + blanks);
            if blanks >= if goes_on { ERASE_INSIDE } else { ERASE_AT_END } {
                self.move_to(Position { x, y });
                self.set_pen(Pen::DEFAULT);
                self.number_sequence(u16::try_from(blanks).unwrap_or(u16::MAX), b'X');
                at += blanks;
                continue;
            }
            self.move_to(Position { x, y });
            // A blank has no foreground: whatever pen is on will do, unless it would show.
            if !(is_blank(cell)
                && self.pen.bg == Color::Reset
                && !self
                    .pen
                    .modifier
                    .intersects(Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT))
            {
                self.set_pen(Pen::of(cell));
            }
            self.frame.extend_from_slice(cell.symbol().as_bytes());
            let width = crate::text::width(cell.symbol()).max(1);
            self.cursor = Some(Position { x: x.saturating_add(u16::try_from(width).unwrap_or(1)), y });
            at += 1;
        }
        // After the last column the terminal keeps its cursor in the margin, although it shows it in
        // the last column.
        if self.cursor.is_some_and(|cursor| cursor.x >= size.width) {
            self.cursor = None;
        }
    }

    /// `ESC [ n letter`, without the number when it is 0.
    fn number_sequence(&mut self, n: u16, letter: u8) {
        self.frame.extend_from_slice(b"\x1b[");
        if n > 0 {
            let _ = write!(self.frame, "{n}");
        }
        self.frame.push(letter);
    }

    fn set_pen(&mut self, to: Pen) {
        self.pen.change_to(to, &mut self.frame);
        self.pen = to;
    }
}

/// A blank that looks like an erased cell: nothing but the terminal's own background.
fn is_blank(cell: &Cell) -> bool {
    let visible = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
    cell.symbol() == " " && cell.bg == Color::Reset && !cell.modifier.intersects(visible)
}

/// Fills small gaps between changed cells: sending two letters again takes fewer bytes than moving
/// the cursor over them, and an unbroken run of blanks is erased at once.
fn fill_gaps<'a>(cells: &[(u16, u16, &'a Cell)], shown: &'a Shadow) -> Vec<(u16, u16, &'a Cell)> {
    let mut filled: Vec<(u16, u16, &'a Cell)> = Vec::with_capacity(cells.len() + 16);
    for &(x, y, cell) in cells {
        if let Some(&(last, row, before)) = filled.last()
            && row == y
        {
            let width = u16::try_from(crate::text::width(before.symbol()).max(1)).unwrap_or(1);
            let gap = last.saturating_add(width)..x;
            let cheap = |cell: &&Cell| {
                cell.symbol().len() == 1 && (is_blank(cell) || Pen::of(cell) == Pen::of(before))
            };
            if (1..=SMALL_GAP).contains(&gap.len())
                && gap.clone().all(|x| shown.cell(x, y).as_ref().is_some_and(cheap))
            {
                filled.extend(gap.filter_map(|x| shown.cell(x, y).map(|cell| (x, y, cell))));
            }
        }
        filled.push((x, y, cell));
    }
    filled
}

impl<W: Write> Backend for TermBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let cells: Vec<(u16, u16, &Cell)> = content.collect();
        let size = (self.size)()?;
        let mut next = std::mem::take(&mut self.shown).sized(size.width, size.height);
        let rows = cells.chunk_by(|(_, above, _), (_, below, _)| above == below).count();
        let before = (cells.len() >= MOVE_FROM && rows >= MOVE_FROM_ROWS).then(|| next.clone());
        cells.iter().for_each(|(x, y, cell)| next.set(*x, *y, cell));
        let found = before.as_ref().and_then(|before| before.find_move(&next));
        if let (Some(mut before), Some(found)) = (before, found) {
            before.apply(found);
            self.move_rows(found);
            self.send_cells(&fill_gaps(&before.differences(&next), &next), size);
        } else {
            self.send_cells(&fill_gaps(&cells, &next), size);
        }
        self.shown = next;
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.cursor_shown) {
            self.frame.extend_from_slice(b"\x1b[?25l");
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.cursor_shown, true) {
            self.frame.extend_from_slice(b"\x1b[?25h");
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.move_to(position.into());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.set_pen(Pen::DEFAULT);
        self.frame.extend_from_slice(b"\x1b[2J");
        self.shown = Shadow::default();
        Ok(())
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.set_pen(Pen::DEFAULT);
        // Only whole screens are cleared here; anything else would leave the shadow behind.
        self.shown = Shadow::default();
        self.frame.extend_from_slice(match clear_type {
            ClearType::All => b"\x1b[2J".as_slice(),
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        });
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        (self.size)()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: (self.size)()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let mut whole = Vec::with_capacity(self.frame.len() + SYNC_BEGIN.len() + SYNC_END.len());
        whole.extend_from_slice(SYNC_BEGIN);
        whole.append(&mut self.frame);
        whole.extend_from_slice(SYNC_END);
        self.out.write_all(&whole)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::style::{Style, Stylize};
    use ratatui::text::Line;

    use super::*;

    fn terminal() -> Terminal<TermBackend<Vec<u8>>> {
        Terminal::new(TermBackend::new(Vec::new(), || Ok(Size::new(20, 3)))).unwrap()
    }

    fn bytes(terminal: &mut Terminal<TermBackend<Vec<u8>>>, line: Line<'_>) -> String {
        terminal.draw(|frame| frame.render_widget(line, frame.area())).unwrap();
        let bytes = std::mem::take(&mut terminal.backend_mut().out);
        String::from_utf8(bytes)
            .unwrap()
            .replace('\x1b', "^")
            .replace("^[?2026h", "<")
            .replace("^[?2026l", ">")
    }

    #[test]
    fn a_frame_is_one_write_and_an_equal_frame_none() {
        let mut terminal = terminal();
        assert_eq!(bytes(&mut terminal, Line::from("key")), "<^[1Hkey>");
        assert_eq!(bytes(&mut terminal, Line::from("key")), "");
        assert_eq!(bytes(&mut terminal, Line::from("kay")), "<^[1;2Ha>");
    }

    #[test]
    fn styles_change_in_their_short_form() {
        let mut terminal = terminal();
        let line = Line::from(vec!["a".green(), "b".green().bold(), "c".bold(), "d".into()]);
        assert_eq!(bytes(&mut terminal, line), "<^[1H^[32ma^[1mb^[39mc^[md>");
    }

    #[test]
    fn runs_of_blanks_are_erased() {
        let mut terminal = terminal();
        bytes(&mut terminal, Line::from("0123456789").style(Style::new().reversed()));
        assert_eq!(bytes(&mut terminal, Line::from("0")), "<^[1H^[m0^[19X>");
    }

    /// A terminal shows what was drawn, whatever it showed before.
    #[test]
    fn any_sequence_of_frames_arrives_whole() {
        let mut terminal = Terminal::new(TermBackend::new(Vec::new(), || Ok(Size::new(20, 3)))).unwrap();
        let mut screen = {
            let size = |n| std::num::NonZeroU16::new(n).unwrap();
            vt100::Parser::new(size(3), size(20), 0)
        };
        let lines = [
            Line::from("01234567890123456789"),
            Line::from("日本語 x"),
            Line::from(vec!["ab".into(), "            ".into(), "cd".red()]),
            Line::from(vec!["ab".reversed(), "            ".reversed(), "cd".into()]),
            Line::from(""),
            Line::from("            12345678").underlined(),
        ];
        for n in 0..60 {
            let line = lines[(n * n + n / 7) % lines.len()].clone();
            let wanted: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
            terminal.draw(|frame| frame.render_widget(line, frame.area())).unwrap();
            screen.process(&std::mem::take(&mut terminal.backend_mut().out));
            assert_eq!(screen.screen().rows(0, 20).next().unwrap().trim_end(), wanted.trim_end());
        }
    }
}
