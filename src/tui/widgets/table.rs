//! A table that formats only the rows on the screen.
//!
//! Sorting and filtering work on an index vector; the rows themselves stay where the screen keeps
//! them, so that moving through 100 000 of them costs what moving through twenty does.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::text;
use crate::tui::command::Command;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::Theme;
use crate::tui::widgets::filter::find;

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
}

impl Column {
    pub const fn new(head: &'static str, width: Width) -> Self {
        Self { head, width, right: false, optional: 0 }
    }

    /// Aligned to the right: numbers.
    pub const fn right(mut self) -> Self {
        self.right = true;
        self
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
}

impl<'a> Shown<'a> {
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), style: Style::new() }
    }

    pub fn styled(text: impl Into<Cow<'a, str>>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

/// Which rows there are, in which order, and which one is selected.
#[derive(Debug, Clone, Default)]
pub struct TableState {
    /// Indexes of the rows that are shown, in their order.
    order: Vec<u32>,
    /// Index of the selection in `order`.
    selected: usize,
    /// The first visible row before the last movement: the view scrolls only as far as the selection
    /// requires.
    offset: usize,
    /// The column of the order, and whether it is reversed.
    pub sort: Option<(usize, bool)>,
}

impl TableState {
    /// Shows the rows that satisfy `keep`, ordered by `compare`. The selection stays on the same row
    /// if it is still shown.
    pub fn arrange<K>(&mut self, rows: usize, keep: impl Fn(usize) -> bool, key: Option<impl Fn(usize) -> K>)
    where
        K: Ord,
    {
        let before = self.selected_row();
        self.order.clear();
        self.order.extend((0..rows).filter(|row| keep(*row)).filter_map(|row| u32::try_from(row).ok()));
        if let Some(key) = key {
            let reverse = self.sort.is_some_and(|(_, reverse)| reverse);
            self.order.sort_by_cached_key(|row| key(*row as usize));
            if reverse {
                self.order.reverse();
            }
        }
        self.select_again(before);
    }

    /// Like [`Self::arrange`], for rows in a known order: takes those of `rows` that satisfy `keep`,
    /// reversed if the order is.
    pub fn arrange_as(&mut self, rows: impl Iterator<Item = u32>, keep: impl Fn(usize) -> bool) {
        let before = self.selected_row();
        self.order.clear();
        self.order.extend(rows.filter(|row| keep(*row as usize)));
        if self.sort.is_some_and(|(_, reverse)| reverse) {
            self.order.reverse();
        }
        self.select_again(before);
    }

    /// Selects the row that was selected before, or its successor.
    fn select_again(&mut self, before: Option<usize>) {
        let place = before.and_then(|row| self.order.iter().position(|other| *other as usize == row));
        self.selected = place.unwrap_or(self.selected).min(self.order.len().saturating_sub(1));
    }

    /// Rows that are shown.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The selected row, as an index into the screen's own rows.
    pub fn selected_row(&self) -> Option<usize> {
        self.order.get(self.selected).map(|row| *row as usize)
    }

    /// Indexes of the shown rows, in order.
    pub fn shown_rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.order.iter().map(|row| *row as usize)
    }

    /// Indexes of the rows on the screen, where `height` rows fit.
    pub fn visible_rows(&self, height: usize) -> impl Iterator<Item = usize> + '_ {
        self.order.iter().skip(self.first_row(height)).take(height).map(|row| *row as usize)
    }

    /// The first row to draw: as before, moved as little as the selection needs.
    fn first_row(&self, height: usize) -> usize {
        let most = self.order.len().saturating_sub(height);
        let offset = self.offset.min(most);
        if self.selected < offset {
            self.selected
        } else if self.selected >= offset + height {
            self.selected + 1 - height.max(1)
        } else {
            offset
        }
    }

    /// Selects a row by its index into the screen's own rows.
    pub fn select_row(&mut self, row: usize) {
        if let Some(place) = self.order.iter().position(|other| *other as usize == row) {
            self.selected = place;
        }
    }

    /// Moves the selection, with `height` visible rows. Returns `false` if the command is not a
    /// movement.
    pub fn command(&mut self, command: Command, height: usize) -> bool {
        self.offset = self.first_row(height);
        let last = self.order.len().saturating_sub(1);
        let page = height.saturating_sub(1).max(1);
        self.selected = match command {
            Command::Up => self.selected.saturating_sub(1),
            Command::Down => (self.selected + 1).min(last),
            Command::PageUp => self.selected.saturating_sub(page),
            Command::PageDown => (self.selected + page).min(last),
            Command::First => 0,
            Command::Last => last,
            _ => return false,
        };
        true
    }

    /// Sorts by the next of `columns` columns (after the last: by none), or reverses the order.
    /// Returns whether `command` was one of these; the caller then arranges the rows.
    pub fn sort_command(&mut self, command: Command, columns: usize) -> bool {
        self.sort = match (command, self.sort) {
            (Command::Sort, None) => Some((0, false)),
            (Command::Sort, Some((column, _))) => (column + 1 < columns).then_some((column + 1, false)),
            (Command::SortReverse, sort) => {
                let (column, reverse) = sort.unwrap_or_default();
                Some((column, !reverse))
            }
            _ => return false,
        };
        true
    }
}

/// How a table is drawn.
pub struct Table<'a> {
    pub columns: &'a [Column],
    pub theme: &'a Theme,
    pub glyphs: &'a Glyphs,
    /// Whether the table has the keys.
    pub focused: bool,
    /// Terms of the filter, marked where they match; empty for none.
    pub needle: &'a str,
}

/// Columns before the first one, for cursor and mark.
const GUTTER: u16 = 3;

impl Table<'_> {
    /// Draws head and rows. `row` fills in the cells of one row, one for each column, and says
    /// whether the row is marked; it is called for visible rows only.
    pub fn render<'r>(
        &self,
        state: &TableState,
        area: Rect,
        buf: &mut Buffer,
        mut row: impl FnMut(usize, &mut Vec<Shown<'r>>) -> bool,
    ) {
        let area = area.intersection(buf.area);
        if area.height < 2 || area.width <= GUTTER + 1 {
            return;
        }
        // One blank column keeps the last one off the border.
        let widths = self.widths(area.width - GUTTER - 1);
        self.head(state, area, buf, &widths);
        let rows = usize::from(area.height - 1);
        let offset = state.first_row(rows);
        let mut cells = Vec::with_capacity(self.columns.len());
        for (n, index) in state.order.iter().enumerate().skip(offset).take(rows) {
            cells.clear();
            let marked = row(*index as usize, &mut cells);
            let y = area.y + 1 + u16::try_from(n - offset).unwrap_or_default();
            let selected = n == state.selected;
            self.row(Rect { y, height: 1, ..area }, buf, &widths, &cells, selected, marked);
        }
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
        let sign = if selected { self.glyphs.cursor } else { " " };
        buf.set_stringn(area.x, area.y, sign, 1, Style::new());
        if marked {
            buf.set_stringn(area.x + 1, area.y, self.glyphs.mark, 1, self.theme.marked);
        }
        let mut x = area.x + GUTTER;
        for ((column, width), cell) in self.columns.iter().zip(widths).zip(cells) {
            if *width == 0 {
                continue;
            }
            let text = text::clean(&cell.text);
            let text = text::truncate(&text, (*width).into());
            let blank = width.saturating_sub(u16::try_from(text::width(&text)).unwrap_or(*width));
            let start = if column.right { x + blank } else { x };
            buf.set_stringn(start, area.y, &text, (*width).into(), cell.style);
            for word in self.needle.split_whitespace() {
                if let Some(at) = find(&text, word) {
                    self.mark(start, area.y, &text, at, word.len(), buf);
                }
            }
            x += width + 1;
        }
        if selected {
            // One style for the whole row: a moved selection then costs two plain rows of text.
            let style = if self.focused { self.theme.selected } else { self.theme.selected_elsewhere };
            let end = x.saturating_sub(1).min(area.right());
            select_row(buf, Rect { width: end.saturating_sub(area.x), height: 1, ..area }, style);
        }
    }

    /// Shows what the filter found: `len` bytes from byte `at` of a text that begins at `x`.
    fn mark(&self, x: u16, y: u16, text: &str, at: usize, len: usize, buf: &mut Buffer) {
        let columns = |text: &str| u16::try_from(text::width(text)).unwrap_or_default();
        let from = x + columns(&text[..at]);
        for x in from..from + columns(&text[at..at + len]) {
            buf[(x, y)].set_style(self.theme.matched);
        }
    }

    fn head(&self, state: &TableState, area: Rect, buf: &mut Buffer, widths: &[u16]) {
        let mut x = area.x + GUTTER;
        for (n, (column, width)) in self.columns.iter().zip(widths).enumerate() {
            if *width == 0 {
                continue;
            }
            let sign = match state.sort {
                Some((sorted, false)) if sorted == n => self.glyphs.sort_up,
                Some((sorted, true)) if sorted == n => self.glyphs.sort_down,
                _ => "",
            };
            let head = format!("{}{sign}", column.head);
            let head = text::truncate(&head, (*width).into());
            let blank = width.saturating_sub(u16::try_from(text::width(&head)).unwrap_or(*width));
            let start = if column.right { x + blank } else { x };
            buf.set_stringn(start, area.y, &head, (*width).into(), self.theme.column);
            x += width + 1;
        }
    }

    /// Widths of the columns in `room`; 0 for those left out.
    fn widths(&self, room: u16) -> Vec<u16> {
        let least = |column: &Column| match column.width {
            Width::Fixed(width) | Width::Fill(width) => width,
        };
        let mut there: Vec<bool> = self.columns.iter().map(|_| true).collect();
        let used = |there: &[bool]| -> u16 {
            let shown = self.columns.iter().zip(there).filter(|(_, there)| **there);
            shown.map(|(column, _)| least(column) + 1).sum::<u16>().saturating_sub(1)
        };
        while used(&there) > room {
            let candidates = self.columns.iter().enumerate().filter(|(n, c)| there[*n] && c.optional > 0);
            let Some((n, _)) = candidates.max_by_key(|(_, column)| column.optional) else { break };
            there[n] = false;
        }
        let mut left = room.saturating_sub(used(&there));
        let fills = |there: &[bool]| {
            self.columns.iter().zip(there).filter(|(c, t)| **t && matches!(c.width, Width::Fill(_))).count()
        };
        let mut filling = u16::try_from(fills(&there)).unwrap_or_default();
        let mut widths = Vec::with_capacity(self.columns.len());
        for (column, there) in self.columns.iter().zip(&there) {
            let mut width = if *there { least(column) } else { 0 };
            if *there && filling > 0 && matches!(column.width, Width::Fill(_)) {
                let share = left / filling;
                width += share;
                left -= share;
                filling -= 1;
            }
            widths.push(width);
        }
        widths
    }
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
    use crate::tui::glyphs::UNICODE;

    const COLUMNS: [Column; 3] = [
        Column::new("KEY ID", Width::Fixed(6)),
        Column::new("LEFT", Width::Fixed(4)).right().optional(1),
        Column::new("COMMENT", Width::Fill(5)),
    ];

    fn draw(state: &TableState, columns: u16, rows: u16) -> (Vec<String>, usize) {
        let theme = Theme::mono();
        let table = Table { columns: &COLUMNS, theme: &theme, glyphs: &UNICODE, focused: true, needle: "" };
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

    fn all(rows: usize) -> TableState {
        let mut state = TableState::default();
        state.arrange(rows, |_| true, None::<fn(usize) -> usize>);
        state
    }

    #[test]
    fn only_visible_rows_are_formatted() {
        let mut state = all(100_000);
        assert_eq!(draw(&state, 40, 11).1, 10);
        assert!(state.command(Command::Last, 10));
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
        assert_eq!(lines, ["   KEY ID COMME…", "▸  k0     night…", " ✓ k1     night…"]);
    }

    #[test]
    fn scrolling_moves_as_little_as_possible() {
        let mut state = all(10);
        for _ in 0..4 {
            state.command(Command::Down, 3);
        }
        assert_eq!(state.visible_rows(3).collect::<Vec<_>>(), [2, 3, 4]);
        state.command(Command::Up, 3);
        assert_eq!(state.visible_rows(3).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(draw(&state, 30, 4).0[1].contains("k2"), "what is drawn is what is counted as visible");
    }

    #[test]
    fn sorting_and_filtering_keep_the_selected_row() {
        let mut state = all(5);
        state.select_row(3);
        state.sort = Some((0, true));
        state.arrange(5, |row| row % 2 == 1, Some(|row: usize| row));
        assert_eq!(state.shown_rows().collect::<Vec<_>>(), [3, 1]);
        assert_eq!(state.selected_row(), Some(3));
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
