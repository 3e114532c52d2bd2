//! How a frame becomes bytes: few, in one write.
//!
//! ratatui's own crossterm backend sets colours in their long form, resets them after every frame and
//! rewrites blanks one by one. Over SSH users wait for bytes, so this backend remembers the pen
//! between frames, uses the short form of each change, goes the shortest way with the cursor, erases
//! blanks with one sequence (ECH), and wraps frames of any size in synchronized-update marks. It never
//! queries the terminal: the size comes from the kernel, and the cursor's position is remembered.

use std::io::{self, Write};

use super::cursor::{Cursor, columns};
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
const MOVE_FROM_ROWS: usize = 6;

/// Larger frames are shown at once with synchronized-update marks. A smaller one needs none: it is one
/// write and one packet, which a terminal reads at once. They would be a twelfth of a moved selection.
const ALWAYS_AT_ONCE: usize = 512;
const SYNC_BEGIN: &[u8] = b"\x1b[?2026h";
const SYNC_END: &[u8] = b"\x1b[?2026l";
/// From this many blanks on, going over them takes no more bytes than writing them.
const GO_ON: usize = 4;
/// From this many blanks at the end of a run on, erasing is shorter than writing them.
const ERASE_AT_END: usize = 5;
/// The same inside a run, after which the cursor has to be moved.
const ERASE_INSIDE: usize = 10;

/// A backend that writes to a terminal, or to anything else in tests.
pub struct TermBackend<W: Write> {
    out: W,
    frame: Vec<u8>,
    pen: Pen,
    cursor: Cursor,
    cursor_shown: bool,
    size: fn() -> io::Result<Size>,
    shown: Shadow,
    /// What it is to show. Between frames the two are alike, so that none copies a whole screen.
    next: Shadow,
}

impl<W: Write> TermBackend<W> {
    /// Writes to `out`; `size` gives the terminal's columns and rows without asking it.
    pub fn new(out: W, size: fn() -> io::Result<Size>) -> Self {
        Self {
            out,
            frame: Vec::with_capacity(8192),
            pen: Pen::DEFAULT,
            cursor: Cursor::default(),
            cursor_shown: false,
            size,
            shown: Shadow::default(),
            next: Shadow::default(),
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
        self.cursor = Cursor::default();
        self.cursor_shown = false;
        self.frame.extend_from_slice(b"\x1b[?25l");
    }

    fn forget_screen(&mut self) {
        (self.shown, self.next) = Default::default();
    }

    fn move_to(&mut self, to: Position) {
        self.cursor.go(to, &mut self.frame);
    }

    /// Lets the terminal move rows by one: at an edge of its margins a step further moves them.
    fn move_rows(&mut self, by: Move) {
        self.set_pen(Pen::DEFAULT);
        let (top, bottom) = (by.top + 1, by.bottom + 1);
        let (edge, step) = if by.up { (bottom, "\n") } else { (top, "\x1bM") };
        let _ = write!(self.frame, "\x1b[{top};{bottom}r\x1b[{edge}H{step}\x1b[r");
        // Taking the margins back puts the cursor home.
        self.cursor = Cursor::HOME;
    }

    /// Sends cells, in reading order.
    fn send_cells(&mut self, cells: &[(u16, u16, &Cell)], size: Size) {
        for run in cells.chunk_by(|one, next| one.1 == next.1 && one.0 + columns(one.2.symbol()) == next.0) {
            self.send_run(run, size);
        }
    }

    /// Sends cells that are beside each other.
    fn send_run(&mut self, run: &[(u16, u16, &Cell)], size: Size) {
        let Some(&(x, y, _)) = run.first() else { return };
        let parts: Vec<_> = run.chunk_by(|one, next| is_blank(one.2) == is_blank(next.2)).collect();
        let erased = erasing_first_is_shorter(parts.iter().map(|part| (is_blank(part[0].2), part.len())));
        if erased {
            self.move_to(Position { x, y });
            let end = run.last().map_or(x, |(last, _, cell)| last + columns(cell.symbol()));
            self.erase(end - x);
        }
        let mut rest = run.len();
        for part in parts {
            rest -= part.len();
            let (first, blanks) = (part[0], part.len());
            let at_the_end = rest == 0;
            let skipped = if at_the_end { 1 } else { GO_ON };
            if !is_blank(first.2) || blanks < if erased { skipped } else { erase_from(at_the_end) } {
                part.iter().for_each(|(x, _, cell)| self.send_cell(Position { x: *x, y }, cell, size));
            } else if !erased {
                self.move_to(Position { x: first.0, y });
                self.erase(u16::try_from(blanks).unwrap_or(u16::MAX));
            }
        }
    }

    fn send_cell(&mut self, at: Position, cell: &Cell, size: Size) {
        self.move_to(at);
        // A blank has no foreground: whatever pen is on will do, unless it would show.
        let pen_will_do =
            is_blank(cell) && self.pen.bg == Color::Reset && !self.pen.modifier.intersects(SEEN_ON_BLANKS);
        if !pen_will_do {
            self.set_pen(Pen::of(cell));
        }
        self.frame.extend_from_slice(cell.symbol().as_bytes());
        self.cursor.wrote(cell.symbol(), size.width);
    }

    /// Erases so many cells from the cursor on (ECH).
    fn erase(&mut self, cells: u16) {
        self.set_pen(Pen::DEFAULT);
        self.number_sequence(cells, b'X');
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

/// What a blank shows although it has no foreground.
const SEEN_ON_BLANKS: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// A blank that looks like an erased cell: nothing but the terminal's own background.
fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && cell.bg == Color::Reset && !cell.modifier.intersects(SEEN_ON_BLANKS)
}

/// From this many blanks on they are erased where they are.
fn erase_from(at_the_end: bool) -> usize {
    if at_the_end { ERASE_AT_END } else { ERASE_INSIDE }
}

/// Whether it takes fewer bytes to erase a run of cells first and to step over its blanks then, than to
/// write or erase its blanks one group after the other. `parts` says of each group of cells whether it
/// is blank and how long it is.
fn erasing_first_is_shorter(parts: impl Iterator<Item = (bool, usize)>) -> bool {
    /// `ESC [ 75 X`, and `ESC [ 21 C` to step over blanks, or one column less.
    const SEQUENCE: usize = 5;
    let mut parts = parts.peekable();
    let (mut first, mut each) = (SEQUENCE, 0);
    while let Some((blank, cells)) = parts.next() {
        let at_the_end = parts.peek().is_none();
        if blank {
            each += if cells < erase_from(at_the_end) { cells } else { erase_from(at_the_end) };
            first += if at_the_end { 0 } else { cells.min(if cells < 10 { GO_ON } else { SEQUENCE }) };
        }
    }
    first < each
}

/// Fills small gaps between changed cells: sending two letters again takes fewer bytes than moving
/// the cursor over them, and an unbroken run of blanks is erased at once.
fn fill_gaps<'a>(cells: &[(u16, u16, &'a Cell)], shown: &'a Shadow) -> Vec<(u16, u16, &'a Cell)> {
    let mut filled: Vec<(u16, u16, &'a Cell)> = Vec::with_capacity(cells.len() + 16);
    for &(x, y, cell) in cells {
        if let Some(&(last, row, before)) = filled.last()
            && row == y
        {
            let gap = last.saturating_add(columns(before.symbol()))..x;
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
        let mut shown = std::mem::take(&mut self.shown).sized(size);
        let mut next = std::mem::take(&mut self.next).sized(size);
        next.set_all(&cells);
        let rows = cells.chunk_by(|(_, above, _), (_, below, _)| above == below).count();
        let is_large = cells.len() >= MOVE_FROM && rows >= MOVE_FROM_ROWS;
        if let Some(found) = is_large.then(|| shown.find_move(&next)).flatten() {
            shown.apply(found);
            self.move_rows(found);
            let mut differing = shown.differences(&next);
            shown.set_all(&differing);
            // Behind a wide character there is nothing to send.
            differing.retain(|(_, _, cell)| !cell.symbol().is_empty());
            self.send_cells(&fill_gaps(&differing, &next), size);
        } else {
            self.send_cells(&fill_gaps(&cells, &next), size);
            shown.set_all(&cells);
        }
        (self.shown, self.next) = (shown, next);
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
        Ok(self.cursor.position().unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.move_to(position.into());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.set_pen(Pen::DEFAULT);
        self.frame.extend_from_slice(b"\x1b[2J");
        self.forget_screen();
        // A terminal that became smaller has moved its cursor.
        self.cursor = Cursor::default();
        Ok(())
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.set_pen(Pen::DEFAULT);
        // Only whole screens are cleared here; anything else would leave the shadow behind.
        self.forget_screen();
        self.cursor = Cursor::default();
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
        if self.frame.len() > ALWAYS_AT_ONCE {
            whole.extend_from_slice(SYNC_BEGIN);
            whole.append(&mut self.frame);
            whole.extend_from_slice(SYNC_END);
        } else {
            whole.append(&mut self.frame);
        }
        self.cursor.frame_ended();
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
        String::from_utf8(bytes).unwrap().replace('\x1b', "^")
    }

    #[test]
    fn a_frame_is_one_write_and_an_equal_frame_none() {
        let mut terminal = terminal();
        assert_eq!(bytes(&mut terminal, Line::from("key")), "^[Hkey");
        assert_eq!(bytes(&mut terminal, Line::from("key")), "");
        assert_eq!(bytes(&mut terminal, Line::from("kay")), "\u{8}\u{8}a");
    }

    #[test]
    fn frames_of_any_size_are_shown_at_once() {
        let mut backend = TermBackend::new(Vec::new(), || Ok(Size::new(20, 3)));
        for (bytes, marks) in [(ALWAYS_AT_ONCE, false), (ALWAYS_AT_ONCE + 1, true)] {
            backend.frame.resize(bytes, b'x');
            backend.flush().unwrap();
            let written = backend.take_written();
            let marked = (written.starts_with(SYNC_BEGIN), written.ends_with(SYNC_END));
            assert_eq!((marked, written.contains(&b'x')), ((marks, marks), true), "{bytes} bytes");
        }
    }

    #[test]
    fn styles_change_in_their_short_form() {
        let mut terminal = terminal();
        let line = Line::from(vec!["a".green(), "b".green().bold(), "c".bold(), "d".into()]);
        assert_eq!(bytes(&mut terminal, line), "^[H^[32ma^[1mb^[39mc^[md");
        let line = Line::from(vec!["a".dim(), "b".cyan()]);
        assert_eq!(bytes(&mut terminal, line), "\r^[2ma^[;36mb  ", "all anew");
    }

    #[test]
    fn blanks_are_erased_each_run_or_all_before_the_rest_is_written() {
        let mut terminal = terminal();
        let full = || Line::from("01234567890123456789").style(Style::new().reversed());
        bytes(&mut terminal, full());
        assert_eq!(bytes(&mut terminal, Line::from("0")), "\r^[m0^[19X");
        bytes(&mut terminal, full());
        assert_eq!(bytes(&mut terminal, Line::from("0          1")), "\r^[m^[20X0^[10C1");
        bytes(&mut terminal, full());
        assert_eq!(bytes(&mut terminal, Line::from("0  1")), "\r^[m0  1^[16X");
    }

    /// A terminal shows what was drawn, whatever it showed before.
    #[test]
    fn any_sequence_of_frames_arrives_whole() {
        let size = |n| std::num::NonZeroU16::new(n).unwrap();
        let mut terminal = Terminal::new(TermBackend::new(Vec::new(), || Ok(Size::new(20, 9)))).unwrap();
        let mut screen = vt100::Parser::new(size(9), size(20), 0);
        let lines = [
            Line::from("01234567890123456789"),
            Line::from("日本語 x 3456789 本語"),
            Line::from(vec!["ab".into(), "            ".into(), "cd".red()]),
            Line::from(vec!["ab".reversed(), "            ".reversed(), "cd".into()]),
            Line::from(""),
            Line::from("            12345678").underlined(),
            Line::from(vec!["a".bold(), "     b      ".into(), "語".green(), "   e".into()]),
        ];
        let mut at = 0;
        for n in 0..400_usize {
            // Rows scroll, change, or stay.
            at += n % 3 % 2;
            let line = |y: usize| lines[((at + y) * 5 + y * n / 40) % lines.len()].clone();
            let drawn = terminal
                .draw(|frame| {
                    let rows = frame.area().rows().enumerate();
                    rows.for_each(|(y, row)| frame.render_widget(line(y), row));
                })
                .unwrap()
                .buffer
                .clone();
            let backend = terminal.backend_mut();
            screen.process(&std::mem::take(&mut backend.out));
            assert_eq!(backend.shown, backend.next, "frame {n}");
            for (at, cell) in drawn.content().iter().enumerate() {
                let (x, y) = drawn.pos_of(at);
                let shown = screen.screen().cell(y, x).unwrap();
                if shown.is_wide_continuation() {
                    continue;
                }
                let text = if shown.has_contents() { shown.contents() } else { " " };
                assert_eq!(text, cell.symbol(), "frame {n}, {x}/{y}");
                let wanted = |modifier| cell.modifier.contains(modifier);
                let (reversed, underlined) = (wanted(Modifier::REVERSED), wanted(Modifier::UNDERLINED));
                assert_eq!(
                    (shown.inverse(), shown.underline()),
                    (reversed, underlined),
                    "frame {n}, {x}/{y}"
                );
                // Whether a blank is bold shows nowhere.
                assert!(text == " " || shown.bold() == wanted(Modifier::BOLD), "frame {n}, {x}/{y}");
            }
        }
    }
}
