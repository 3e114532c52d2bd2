//! What a person sees of a list: which rows, in which order, from where on, and which one is
//! selected.

use super::filter::{Done, Filter};
use crate::tui::command::Command;

/// Filter, order, selection and window of a list.
#[derive(Debug, Clone, Default)]
pub struct ListState {
    pub filter: Filter,
    /// Column of the order and whether it is reversed.
    pub sort: Option<(usize, bool)>,
    /// Indexes of the rows that are shown, in their order.
    shown: Vec<u32>,
    /// Index of the selection in `shown`.
    selected: usize,
    /// The first row on the screen before the last movement: the view scrolls as little as the
    /// selection needs.
    offset: usize,
    /// Whether the selected row was chosen, by moving to it.
    chosen: bool,
}

/// What a command did to a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// The list has no use for it.
    Nothing,
    /// The same rows are shown; another one may be selected.
    Moved,
    /// The rows are to be arranged: for another order, or for a filter that was typed.
    Narrowed,
    /// The filter was taken away, and the rows are to be arranged.
    Widened,
}

/// What is selected once the rows are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Select {
    /// The row that was selected, if it is shown; else what is in its position.
    Same,
    /// What is in the position of the row that was selected.
    Position,
    /// The row with this index.
    Row(usize),
    /// The row that was selected, if it was chosen and is shown; else the first.
    Chosen,
}

impl ListState {
    /// Shows these rows.
    pub fn show(&mut self, rows: Vec<u32>, select: Select) {
        let before = match select {
            Select::Row(row) => Some(row),
            Select::Position => None,
            Select::Chosen if !self.chosen => None,
            Select::Same | Select::Chosen => self.selected_row(),
        };
        self.shown = rows;
        let position = before.and_then(|row| self.shown.iter().position(|other| *other as usize == row));
        match (position, select) {
            (Some(position), _) => self.selected = position,
            (None, Select::Chosen) => (self.selected, self.offset, self.chosen) = (0, 0, false),
            (None, _) => {}
        }
        self.selected = self.selected.min(self.last());
    }

    /// Rows that are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    fn last(&self) -> usize {
        self.shown.len().saturating_sub(1)
    }

    /// The selected row, as an index into the rows of the list.
    pub fn selected_row(&self) -> Option<usize> {
        self.shown.get(self.selected).map(|row| *row as usize)
    }

    /// The position of the selected row among those that are shown.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Indexes of the shown rows, in order.
    pub fn shown_rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.shown.iter().map(|row| *row as usize)
    }

    /// Indexes of the rows on the screen, where `height` rows fit.
    pub fn visible_rows(&self, height: usize) -> impl Iterator<Item = usize> + '_ {
        // Skipped before they are mapped: a mapped iterator would walk through all rows before them.
        self.shown.iter().skip(self.first_row(height)).take(height).map(|row| *row as usize)
    }

    /// Selects one of `height` visible rows. Returns whether it was selected; `None` if there is no row.
    pub fn click(&mut self, position: usize, height: usize) -> Option<bool> {
        let first = self.first_row(height);
        let to = Some(first + position).filter(|to| position < height && *to < self.shown.len())?;
        (self.offset, self.chosen) = (first, true);
        Some(std::mem::replace(&mut self.selected, to) == to)
    }

    /// The first row to draw: as before, moved as little as the selection needs.
    pub fn first_row(&self, height: usize) -> usize {
        let most = self.shown.len().saturating_sub(height);
        let offset = self.offset.min(most);
        if self.selected < offset {
            self.selected
        } else if self.selected >= offset + height {
            self.selected + 1 - height.max(1)
        } else {
            offset
        }
    }

    /// Selects a row by its index into the rows of the list; `false` if it is not shown.
    pub fn select_row(&mut self, row: usize) -> bool {
        let position = self.shown.iter().position(|other| *other as usize == row);
        self.selected = position.unwrap_or(self.selected);
        self.chosen |= position.is_some();
        position.is_some()
    }

    /// Brings the selected row to the top of the window, where there is enough below it.
    pub fn scroll_to_selected(&mut self) {
        self.offset = self.selected;
    }

    /// Moves, filters and sorts by one of `columns`, where `height` rows are on the screen.
    pub fn command(&mut self, command: Command, height: usize, columns: Sortable) -> Did {
        match self.filter.command(command) {
            Done::Changed => return Did::Widened,
            Done::Same => return Did::Moved,
            Done::Not => {}
        }
        if self.sort_command(command, columns) {
            return Did::Narrowed;
        }
        self.offset = self.first_row(height);
        let page = height.saturating_sub(1).max(1);
        self.selected = match command {
            Command::Up => self.selected.saturating_sub(1),
            Command::Down => (self.selected + 1).min(self.last()),
            Command::PageUp => self.selected.saturating_sub(page),
            Command::PageDown => (self.selected + page).min(self.last()),
            Command::First => 0,
            Command::Last => self.last(),
            _ => return Did::Nothing,
        };
        self.chosen = true;
        Did::Moved
    }

    fn sort_command(&mut self, command: Command, columns: Sortable) -> bool {
        let now = self.sort.or(columns.first.map(|first| (first, false)));
        self.sort = match command {
            Command::Sort => columns.next(now.map(|(column, _)| column)).map(|column| (column, false)),
            Command::SortReverse => {
                now.or(columns.next(None).map(|column| (column, false))).map(|(c, r)| (c, !r))
            }
            _ => return false,
        };
        true
    }
}

/// What a list can be sorted by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sortable {
    /// Columns, one bit each.
    pub columns: u64,
    /// The order before any is chosen; `None` for that of arrival.
    pub first: Option<usize>,
}

impl Sortable {
    /// The column to sort by after this one; after the last the first order.
    fn next(self, column: Option<usize>) -> Option<usize> {
        let from = column.map_or(0, |column| column + 1);
        (from..64).find(|column| self.columns >> column & 1 == 1).or(self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Sortable = Sortable { columns: 1, first: None };

    fn all(rows: u32) -> ListState {
        let mut state = ListState::default();
        state.show((0..rows).collect(), Select::Same);
        state
    }

    fn press(state: &mut ListState, command: Command, times: usize) {
        for _ in 0..times {
            assert_eq!(state.command(command, 3, ONE), Did::Moved);
        }
    }

    #[test]
    fn scrolling_moves_as_little_as_possible() {
        let mut state = all(10);
        press(&mut state, Command::Down, 4);
        assert_eq!(state.visible_rows(3).collect::<Vec<_>>(), [2, 3, 4]);
        press(&mut state, Command::Up, 1);
        assert_eq!(state.visible_rows(3).collect::<Vec<_>>(), [2, 3, 4]);
        press(&mut state, Command::Last, 1);
        assert_eq!(state.visible_rows(100).count(), 10, "a window that grew leaves no row out");
    }

    #[test]
    fn an_order_begins_at_the_top_unless_a_row_was_chosen() {
        let mut state = all(5);
        assert_eq!(state.command(Command::Sort, 3, ONE), Did::Narrowed);
        state.show((0..5).rev().collect(), Select::Chosen);
        assert_eq!((state.selected_row(), state.selected()), (Some(4), 0));
        press(&mut state, Command::Down, 1);
        state.show((0..5).collect(), Select::Chosen);
        assert_eq!((state.selected_row(), state.selected()), (Some(3), 3));
        state.show((0..2).collect(), Select::Chosen);
        assert_eq!(state.selected_row(), Some(0), "the chosen row is not shown");
        state.show((0..5).collect(), Select::Row(4));
        assert_eq!(state.selected_row(), Some(4));
        state.show((0..3).collect(), Select::Same);
        assert_eq!(state.selected_row(), Some(2), "what is in its position");
    }

    #[test]
    fn the_order_goes_round_the_columns_and_back_to_the_first() {
        let orders = |sortable: Sortable| {
            let mut state = ListState::default();
            [(); 4].map(|()| {
                state.command(Command::Sort, 3, sortable);
                state.sort.map(|(column, _)| column)
            })
        };
        assert_eq!(orders(Sortable { columns: 0b101, first: None }), [Some(0), Some(2), None, Some(0)]);
        assert_eq!(orders(Sortable { columns: 0b111, first: Some(0) }), [Some(1), Some(2), Some(0), Some(1)]);
    }
}
