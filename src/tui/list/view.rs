//! Draws a list, and says how many of its rows that shows.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{all, chosen};
use super::pattern::Pattern;
use super::rows::Row;
use super::state::ListState;
use super::table::{Column, Shown, Table};
use crate::tui::parts::pane::{filter_row, message, no_match};
use crate::tui::shared::Shared;

/// How many rows are on the screen if the list has `area`: all but those of its heads and filter.
pub fn rows_in(area: Rect, state: &ListState) -> usize {
    area.height.saturating_sub(1 + u16::from(state.filter.is_shown())).into()
}

/// A click into a list with this area: selects the row there. Returns whether it was selected before;
/// `None` if there is no row.
pub fn click_in(area: Rect, state: &mut ListState, x: u16, y: u16) -> Option<bool> {
    let position = usize::from(y.checked_sub(area.y + 1)?);
    let height = rows_in(area, state);
    if (area.x..area.right()).contains(&x) { state.click(position, height) } else { None }
}

/// The same for a list without heads.
pub fn headless_rows_in(area: Rect, state: &ListState) -> usize {
    area.height.saturating_sub(u16::from(state.filter.is_shown())).into()
}

/// How a list is drawn.
pub struct ListView<'a> {
    shared: &'a Shared,
    state: &'a ListState,
    columns: &'a [Column],
    chosen: Vec<usize>,
    widest: Vec<u16>,
    focused: bool,
    gutter: u16,
    first: Option<usize>,
    around: Option<Rect>,
}

impl<'a> ListView<'a> {
    /// With all of these columns.
    pub fn new(shared: &'a Shared, state: &'a ListState, columns: &'a [Column]) -> Self {
        let (chosen, widest) = (all(columns), Vec::new());
        Self { shared, state, columns, chosen, widest, focused: true, gutter: 3, first: None, around: None }
    }

    /// A list of these rows, with the columns that were chosen for it.
    pub fn of<R: Row>(shared: &'a Shared, state: &'a ListState) -> Self {
        Self { chosen: chosen::<R>(shared), first: R::FIRST, ..Self::new(shared, state, R::COLUMNS) }
    }

    /// The same columns in other widths.
    pub fn columns(self, columns: &'a [Column]) -> Self {
        Self { columns, ..self }
    }

    /// How wide the widest text of each column is, by its index: room goes where it is needed.
    pub fn widest(self, widest: &[u16]) -> Self {
        Self { widest: widest.to_vec(), ..self }
    }

    /// How many columns it takes if no text is cut.
    pub fn needed(&self) -> u16 {
        self.table(&Pattern::default()).needed()
    }

    /// Whether the list has the keys.
    pub fn focused(self, focused: bool) -> Self {
        Self { focused, ..self }
    }

    /// Its rows are never marked.
    pub fn without_marks(self) -> Self {
        Self { gutter: 2, ..self }
    }

    /// The border around it, which shows the position of the selection and of the rows in sight.
    pub fn framed(self, around: Rect) -> Self {
        Self { around: Some(around), ..self }
    }

    /// Draws rows, their heads, and the filter if there is one. `row` gives the cells of a row, one for
    /// each column, and whether it is marked.
    pub fn draw<'r>(
        self,
        frame: &mut Frame<'_>,
        area: Rect,
        row: impl FnMut(usize, &mut Vec<Shown<'r>>) -> bool,
    ) {
        let area = filter_row(self.shared, &self.state.filter, frame, area);
        self.draw_rows(frame, area, row);
    }

    /// The same without the filter, which is drawn elsewhere.
    pub fn draw_rows<'r>(
        self,
        frame: &mut Frame<'_>,
        area: Rect,
        row: impl FnMut(usize, &mut Vec<Shown<'r>>) -> bool,
    ) {
        if self.state.is_empty() && self.state.filter.is_shown() {
            return message(self.shared, &no_match(self.shared), frame, area);
        }
        let pattern = Pattern::new(self.state.filter.text());
        let rows = self.table(&pattern).render(self.state, area, frame.buffer_mut(), row);
        if let Some(around) = self.around {
            self.position(around, frame.buffer_mut());
            self.scroll_mark(around, rows, frame.buffer_mut());
        }
    }

    fn table<'b>(&'b self, pattern: &'b Pattern) -> Table<'b> {
        let preferences = &self.shared.preferences;
        Table {
            columns: self.columns,
            chosen: &self.chosen,
            widest: &self.widest,
            theme: &preferences.theme,
            glyphs: preferences.glyphs,
            focused: self.focused,
            gutter: self.gutter,
            first: self.first,
            pattern,
        }
    }

    /// `12/55` in the bottom of the frame.
    fn position(&self, around: Rect, buf: &mut Buffer) {
        if self.state.is_empty() {
            return;
        }
        let text = format!(" {}/{} ", self.state.selected() + 1, self.state.len());
        let width = u16::try_from(text.len()).unwrap_or(u16::MAX);
        if width + 4 <= around.width {
            let x = around.right() - 2 - width;
            // In the style of most cells: it changes with every move.
            buf.set_string(x, around.bottom() - 1, text, Style::reset());
        }
    }

    /// A sign in the right side of the frame, beside the `rows` of the table, if not all are in sight.
    fn scroll_mark(&self, around: Rect, rows: Rect, buf: &mut Buffer) {
        let below = self.state.len().saturating_sub(rows.height.into());
        if below == 0 || rows.height < 3 {
            return;
        }
        let first = self.state.first_row(rows.height.into());
        let last = usize::from(rows.height) - 1;
        // It touches an end only where the list does.
        let at = match first {
            0 => 0,
            _ if first == below => last,
            _ => (first * last / below).clamp(1, last - 1),
        };
        let y = rows.y + u16::try_from(at).unwrap_or_default();
        if let Some(cell) = buf.cell_mut((around.right() - 1, y)) {
            cell.set_symbol(self.shared.preferences.glyphs.scroll);
        }
    }
}
