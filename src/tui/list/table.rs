//! A table that formats only the rows on the screen: moving through 100 000 of them costs what moving
//! through twenty does.

use std::borrow::Cow;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::pattern::Pattern;
use super::state::ListState;
use crate::text;
use crate::tui::glyphs::Glyphs;
use crate::tui::parts::write::write;
use crate::tui::theme::Theme;

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// A fixed number of columns.
    Fixed(u16),
    /// The remaining width, but at least this much.
    Fill(u16),
}

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub head: &'static str,
    pub width: Width,
    pub right: bool,
    /// Columns with the highest number are dropped first if there is no room; 0 stays.
    pub optional: u8,
    /// Whether rows can be sorted by it.
    pub sorts: bool,
    /// Cut in the middle if there is no room: the ends distinguish the rows.
    pub ends: bool,
    /// Shown only once it was chosen.
    pub on_demand: bool,
}

impl Column {
    pub const fn new(head: &'static str, width: Width) -> Self {
        Self { head, width, right: false, optional: 0, sorts: true, ends: false, on_demand: false }
    }

    /// Aligned to the right: numbers.
    pub const fn right(mut self) -> Self {
        self.right = true;
        self
    }

    /// Shown only once it was chosen.
    pub const fn on_demand(mut self) -> Self {
        self.on_demand = true;
        self
    }

    /// Cut in the middle if there is no room.
    pub const fn ends(mut self) -> Self {
        self.ends = true;
        self
    }

    /// Rows cannot be sorted by it.
    pub const fn unsorted(mut self) -> Self {
        self.sorts = false;
        self
    }

    /// The least width.
    pub const fn least(&self) -> u16 {
        match self.width {
            Width::Fixed(width) | Width::Fill(width) => width,
        }
    }

    /// What a cell of `width` columns shows.
    fn fitted<'t>(&self, cell: &'t Shown<'_>, width: u16) -> Cow<'t, str> {
        match text::clean(&cell.text) {
            Cow::Borrowed(text) => self.fit(text, cell.lead, width.into()),
            Cow::Owned(text) => Cow::Owned(self.fit(&text, cell.lead, width.into()).into_owned()),
        }
    }

    fn fit<'t>(&self, text: &'t str, lead: usize, columns: usize) -> Cow<'t, str> {
        match self.ends {
            true => cut_in_the_middle(text, lead, columns),
            false => text::truncate(text, columns),
        }
    }

    /// Which of these can be sorted by, one bit each.
    pub fn sortable(columns: &[Self]) -> u64 {
        columns.iter().enumerate().fold(0, |bits, (n, column)| bits | u64::from(column.sorts) << n)
    }

    /// Dropped if there is no room, the highest `order` first.
    pub const fn optional(mut self, order: u8) -> Self {
        self.optional = order;
        self
    }
}

/// What one cell shows.
#[derive(Debug, Clone, Default)]
pub struct Shown<'a> {
    pub text: Cow<'a, str>,
    pub style: Style,
    /// What the text is short for; empty if it is whole.
    pub whole: &'a str,
    /// So many bytes at its beginning stay where it is cut, and have a style of their own.
    pub lead: usize,
    pub lead_style: Style,
}

impl<'a> Shown<'a> {
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self::styled(text, Style::new())
    }

    pub fn styled(text: impl Into<Cow<'a, str>>, style: Style) -> Self {
        Self { text: text.into(), style, ..Self::default() }
    }

    /// `lead`, in its own style, before a text: it stays where the text is cut.
    pub fn led(lead: &str, style: Style, text: &str) -> Self {
        Self { lead: lead.len(), lead_style: style, ..Self::new(format!("{lead}{text}")) }
    }

    /// It is short for `whole`, which a filter finds too.
    pub fn whole(self, whole: &'a str) -> Self {
        Self { whole, ..self }
    }
}

/// How a table is drawn.
pub struct Table<'a> {
    pub columns: &'a [Column],
    /// Which of them are shown, in their order.
    pub chosen: &'a [usize],
    /// The width of the widest text of each; all 0 if they are not known.
    pub widest: &'a [u16],
    pub theme: &'a Theme,
    pub glyphs: &'a Glyphs,
    /// Whether the table has the keys.
    pub focused: bool,
    /// Columns before the first one: for the cursor, for a mark if there may be one, and a blank.
    pub gutter: u16,
    /// The column that the rows are sorted by while no other is chosen.
    pub first: Option<usize>,
    /// What the filter looks for, marked where it is drawn.
    pub pattern: &'a Pattern,
}

impl Table<'_> {
    /// Draws heads and rows; gives the area of the rows. `row` fills in the cells of one row, one for each column, and says
    /// whether the row is marked; it is called for visible rows only.
    pub fn render<'r>(
        &self,
        state: &ListState,
        area: Rect,
        buf: &mut Buffer,
        mut row: impl FnMut(usize, &mut Vec<Shown<'r>>) -> bool,
    ) -> Rect {
        let area = area.intersection(buf.area);
        let heads = u16::from(self.shown().any(|(_, column)| !column.head.is_empty()));
        if area.height <= heads || area.width <= self.gutter + 1 {
            return Rect::ZERO;
        }
        // One blank column keeps the last one off the border.
        let widths = self.widths(area.width - self.gutter - 1);
        if heads > 0 {
            self.head(state, area, buf, &widths);
        }
        let rows = usize::from(area.height - heads);
        let offset = state.first_row(rows);
        let mut cells: Vec<Shown<'r>> = Vec::with_capacity(self.columns.len());
        for (n, index) in (offset..).zip(state.visible_rows(rows)) {
            cells.clear();
            let marked = row(index, &mut cells);
            let y = area.y + heads + u16::try_from(n - offset).unwrap_or_default();
            let selected = n == state.selected();
            self.row(Rect { y, height: 1, ..area }, buf, &widths, &cells, selected, marked);
        }
        Rect { y: area.y + heads, height: area.height - heads, ..area }
    }

    fn row(
        &self,
        area: Rect,
        buf: &mut Buffer,
        widths: &[u16],
        cells: &[Shown<'_>],
        selected: bool,
        marked: bool,
    ) {
        let sign = match (selected, self.focused) {
            (false, _) => " ",
            (true, true) => self.glyphs.cursor,
            (true, false) => self.glyphs.cursor_elsewhere,
        };
        buf.set_stringn(area.x, area.y, sign, 1, Style::new());
        if marked {
            buf.set_stringn(area.x + 1, area.y, self.glyphs.mark, 1, self.theme.marked);
        }
        let in_sight = self.in_sight(widths, cells);
        let mut x = area.x + self.gutter;
        for ((n, column), width) in self.shown().zip(widths) {
            let Some(cell) = cells.get(n).filter(|_| *width > 0) else { continue };
            let text = column.fitted(cell, *width);
            let blank = width.saturating_sub(u16::try_from(text::width(&text)).unwrap_or(*width));
            let start = if column.right { x + blank } else { x };
            write(buf, start, area.y, &text, *width, cell.style);
            if let Some(lead) = text.get(..cell.lead).filter(|lead| !lead.is_empty()) {
                let columns = u16::try_from(text::width(lead)).unwrap_or(*width).min(*width);
                buf.set_style(Rect { x: start, width: columns, ..area }, cell.lead_style);
            }
            for found in self.marks(&text, cell, in_sight) {
                self.mark(start, area.y, &text, found, buf);
            }
            x += width + 1;
        }
        if selected {
            // One style for the whole row: a moved selection then costs two plain rows of text.
            let style = if self.focused { self.theme.selected } else { self.theme.selected_elsewhere };
            // The blank before the border stays.
            select_row(buf, Rect { width: area.width.saturating_sub(1), height: 1, ..area }, style);
        }
    }

    /// Which words of the filter can be seen in a row, one bit each.
    fn in_sight(&self, widths: &[u16], cells: &[Shown<'_>]) -> u64 {
        if self.pattern.is_empty() {
            return 0;
        }
        let drawn = self.shown().zip(widths).filter(|(_, width)| **width > 0);
        drawn
            .filter_map(|((n, column), width)| {
                Some(self.pattern.hits(&[&column.fitted(cells.get(n)?, *width)]))
            })
            .fold(0, |all, hits| all | hits)
    }

    /// What the filter found in a cell that is drawn as `text`: where it shows, or the sign of what is
    /// left out if a word is `in_sight` nowhere in the row.
    fn marks(&self, text: &str, cell: &Shown<'_>, in_sight: u64) -> Vec<Range<usize>> {
        if self.pattern.is_empty() {
            return Vec::new();
        }
        let mut marks: Vec<_> = self.pattern.marks(text).collect();
        let whole = if cell.whole.is_empty() { &*cell.text } else { cell.whole };
        if self.pattern.hits(&[whole]) & !in_sight != 0
            && let Some(at) = text.find(text::ELLIPSIS)
        {
            marks.push(at..at + text::ELLIPSIS.len_utf8());
        }
        marks
    }

    /// Shows what the filter found in a text that begins at `x`.
    fn mark(&self, x: u16, y: u16, text: &str, found: Range<usize>, buf: &mut Buffer) {
        let columns = |text: &str| u16::try_from(text::width(text)).unwrap_or_default();
        let from = x + columns(&text[..found.start]);
        for x in from..from + columns(&text[found]) {
            buf[(x, y)].set_style(self.theme.matched);
        }
    }

    fn head(&self, state: &ListState, area: Rect, buf: &mut Buffer, widths: &[u16]) {
        let mut x = area.x + self.gutter;
        for ((n, column), width) in self.shown().zip(widths) {
            if *width == 0 {
                continue;
            }
            let sign = match state.sort.or(self.first.map(|first| (first, false))) {
                Some((sorted, false)) if sorted == n => self.glyphs.sort_up,
                Some((sorted, true)) if sorted == n => self.glyphs.sort_down,
                _ => "",
            };
            let head = format!("{}{sign}", column.head);
            let blank = width.saturating_sub(u16::try_from(text::width(&head)).unwrap_or(*width));
            let start = if column.right { x + blank } else { x };
            // The sign may take the blank behind the column.
            let most = *width + u16::from(!sign.is_empty());
            write(buf, start, area.y, &head, most, self.theme.column);
            x += width + 1;
        }
    }

    /// The columns that are shown, each with its index.
    pub(super) fn shown(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.chosen.iter().filter_map(|n| Some((*n, self.columns.get(*n)?)))
    }
}

/// Narrower texts lose their end: too little would be left of both ends.
const CUT_IN_THE_MIDDLE: usize = 16;

/// Both ends of `text` but for its first `lead` bytes, which stay; where little is left behind them, the
/// end is cut.
fn cut_in_the_middle(text: &str, lead: usize, columns: usize) -> Cow<'_, str> {
    let (lead, rest) = text.split_at_checked(lead).unwrap_or(("", text));
    let room = columns.saturating_sub(text::width(lead));
    if text::width(text) <= columns || room < CUT_IN_THE_MIDDLE {
        return text::truncate(text, columns);
    }
    Cow::Owned(format!("{lead}{}", text::middle(rest, room)))
}

/// Marks a row as the selected one; what a filter matched stays underlined.
pub fn select_row(buf: &mut Buffer, row: Rect, style: Style) {
    for position in row.intersection(buf.area).positions() {
        let cell = &mut buf[position];
        let matched = cell.modifier & Modifier::UNDERLINED;
        cell.set_style(Style::reset());
        cell.set_style(style.add_modifier(matched));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::command::Command;
    use crate::tui::glyphs::UNICODE;
    use crate::tui::list::state::{Select, Sortable};

    const COLUMNS: [Column; 3] = [
        Column::new("KEY ID", Width::Fixed(6)),
        Column::new("LEFT", Width::Fixed(4)).right().optional(1),
        Column::new("COMMENT", Width::Fill(5)),
    ];

    fn table<'a>(
        columns: &'a [Column],
        widest: &'a [u16],
        theme: &'a Theme,
        pattern: &'a Pattern,
    ) -> Table<'a> {
        let (chosen, glyphs) = (&[0, 1, 2], &UNICODE);
        Table { columns, chosen, widest, theme, glyphs, focused: true, gutter: 3, first: None, pattern }
    }

    fn draw(state: &ListState, columns: u16, rows: u16) -> (Vec<String>, usize) {
        let (theme, pattern) = (Theme::mono(), Pattern::default());
        let table = table(&COLUMNS, &[], &theme, &pattern);
        let area = Rect::new(0, 0, columns, rows);
        let mut buf = Buffer::empty(area);
        let mut formatted = 0;
        table.render(state, area, &mut buf, |row, cells| {
            formatted += 1;
            cells.extend([Shown::new(format!("k{row}")), Shown::new("8 d"), Shown::new("nightly scoring")]);
            row == 1
        });
        let line = |y| (0..columns).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        ((0..rows).map(line).collect(), formatted)
    }

    fn all(rows: u32) -> ListState {
        let mut state = ListState::default();
        state.show((0..rows).collect(), Select::Same);
        state
    }

    #[test]
    fn only_visible_rows_are_formatted() {
        let mut state = all(100_000);
        assert_eq!(draw(&state, 40, 11).1, 10);
        state.command(Command::Last, 10, Sortable::default());
        let (lines, formatted) = draw(&state, 40, 11);
        assert_eq!(formatted, 10);
        assert!(lines[10].starts_with("▸  k99999"), "{lines:?}");
    }

    #[test]
    fn columns_give_way_and_marks_are_signs() {
        let state = all(2);
        let (lines, _) = draw(&state, 31, 3);
        assert_eq!(
            lines,
            ["   KEY ID LEFT COMMENT", "▸  k0      8 d nightly scoring", " ✓ k1      8 d nightly scoring"]
        );
        let (lines, _) = draw(&state, 17, 3);
        assert_eq!(lines, ["   KEY ID COMMEN", "▸  k0     night…", " ✓ k1     night…"]);
    }

    #[test]
    fn narrow_texts_lose_their_end_and_others_their_middle() {
        assert_eq!(cut_in_the_middle("not deletable", 0, 8), "not del…");
        assert_eq!(cut_in_the_middle("nightly scoring of eu-west 17", 0, 20), "nightly s…eu-west 17");
        assert_eq!(cut_in_the_middle("signed in: credentials.json", 11, 25), "signed in: credentials.j…");
        assert_eq!(cut_in_the_middle("signed in: credentials.json", 11, 27), "signed in: credentials.json");
    }

    #[test]
    fn what_stands_before_a_text_has_its_own_style() {
        let (theme, pattern) = (Theme::mono(), Pattern::default());
        let mut buf = Buffer::empty(Rect::new(0, 0, 50, 3));
        let led = || Shown::led("signed in: ", theme.accent, "credentials.json");
        table(&COLUMNS, &[], &theme, &pattern).render(&all(2), buf.area, &mut buf, |_, cells| {
            cells.extend([Shown::new("k"), Shown::new("8 d"), led()]);
            false
        });
        let bold = |y| (0..50).filter(|x| buf[(*x, y)].modifier.contains(Modifier::BOLD)).count();
        assert_eq!((bold(1), bold(2)), (0, "signed in: ".len()), "a selected row has one style");
    }

    #[test]
    fn every_size_can_be_drawn() {
        let state = all(3);
        for columns in 0..50 {
            for rows in 0..6 {
                draw(&state, columns, rows);
            }
        }
    }
}
