//! A list: its rows, and what a person sees of them.

use crossterm::event::KeyEvent;

use super::columns::hidden;
use super::pattern::Pattern;
use super::rows::{Row, Rows};
use super::state::{Did, ListState, Select};
use super::view::ListView;
use crate::tui::command::Command;
use crate::tui::shared::Shared;

/// Rows with a filter, an order and a selection, which stay on the same row whatever comes.
#[derive(Debug)]
pub struct List<R> {
    rows: Rows<R>,
    /// All rows in the chosen order: a filter does not sort again.
    sorted: Vec<u32>,
    pub state: ListState,
}

impl<R> Default for List<R> {
    fn default() -> Self {
        Self { rows: Rows::default(), sorted: Vec::new(), state: ListState::default() }
    }
}

impl<R: Row> List<R> {
    /// All rows, in the order in which they came.
    pub fn all(&self) -> &[R] {
        self.rows.all()
    }

    /// How the list is drawn: with the columns that were chosen for it, in the widths that its texts need.
    pub fn view<'a>(&'a self, shared: &'a Shared) -> ListView<'a> {
        ListView::of::<R>(shared, &self.state).widest(self.rows.widest())
    }

    /// The width of the widest text of each column.
    pub fn widest(&self) -> &[u16] {
        self.rows.widest()
    }

    pub fn row(&self, id: &str) -> Option<&R> {
        self.rows.find(id).and_then(|at| self.all().get(at))
    }

    pub fn selected(&self) -> Option<&R> {
        self.state.selected_row().and_then(|row| self.all().get(row))
    }

    /// The rows on the screen, where `height` fit.
    pub fn in_sight(&self, height: usize) -> impl Iterator<Item = &R> {
        self.state.visible_rows(height).filter_map(|row| self.all().get(row))
    }

    /// All rows, in the first order.
    pub fn in_first_order(&self) -> impl Iterator<Item = &R> {
        self.rows.sorted(None).into_iter().filter_map(|row| self.all().get(row as usize))
    }

    /// Adds a page. Returns whether anything was new.
    pub fn add(&mut self, rows: impl IntoIterator<Item = R>) -> bool {
        let changed = self.rows.add(rows);
        self.arrange(Select::Chosen);
        changed
    }

    /// Takes a new list. The selection stays on the row with the same id.
    pub fn replace(&mut self, mut rows: Rows<R>) -> Rows<R> {
        if rows.hidden() != self.rows.hidden() {
            rows.index(self.rows.hidden());
        }
        let selected = self.selected().and_then(|row| rows.find(row.id()));
        let old = std::mem::replace(&mut self.rows, rows);
        self.arrange(selected.map_or(Select::Position, Select::Row));
        old
    }

    /// Changes a row, which stays in place while it is looked at: sorting follows on demand.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut R)) {
        if let Some(at) = self.rows.find(id) {
            self.rows.change(at, change);
        }
    }

    /// Changes every row for which `which` holds.
    pub fn change_where(&mut self, which: impl Fn(&R) -> bool, change: impl Fn(&mut R)) {
        for at in 0..self.rows.len() {
            if which(&self.all()[at]) {
                self.rows.change(at, &change);
            }
        }
    }

    /// Drops the rows that came first, until no more than `most` are left.
    pub fn keep_latest(&mut self, most: usize) {
        if self.rows.len() <= most {
            return;
        }
        let selected = self.selected().map(|row| row.id().to_owned());
        self.rows.drop_first(self.rows.len() - most);
        self.arrange(Select::Position);
        selected.map(|id| self.select(&id));
    }

    /// Follows the columns that are chosen for such lists.
    pub fn follow_columns(&mut self, shared: &Shared) {
        let hidden = hidden::<R>(shared);
        if hidden != self.rows.hidden() {
            self.rows.index(hidden);
            self.arrange(Select::Same);
        }
    }

    /// Selects a row by its id; `false` if it is not shown.
    pub fn select(&mut self, id: &str) -> bool {
        self.rows.find(id).is_some_and(|at| self.state.select_row(at))
    }

    /// Sorts and filters.
    pub fn arrange(&mut self, select: Select) {
        self.sorted = self.rows.sorted(self.state.sort.map(|(column, _)| column));
        if self.state.sort.is_some_and(|(_, reversed)| reversed) {
            self.sorted.reverse();
        }
        self.narrow(select);
    }

    /// Filters.
    fn narrow(&mut self, select: Select) {
        let pattern = Pattern::new(self.state.filter.text());
        if pattern.is_empty() {
            return self.state.show(self.sorted.clone(), select);
        }
        let passing = self.rows.passing(&pattern, |_| {});
        let passing = self.sorted.iter().copied().filter(|row| passing[*row as usize]);
        let rank = |row: &u32| self.all()[*row as usize].name().map(|name| pattern.rank(name));
        if self.state.sort.is_none() && self.sorted.first().is_some_and(|row| rank(row).is_some()) {
            let mut ranked: Vec<u32> = passing.collect();
            ranked.sort_by_cached_key(rank);
            return self.state.show(ranked, select);
        }
        self.state.show(passing.collect(), select);
    }

    /// Moves, filters or sorts, with `height` visible rows. Returns `false` for any other command.
    pub fn command(&mut self, command: Command, height: usize) -> bool {
        let did = self.state.command(command, height, R::sortable(self.rows.hidden()));
        match did {
            Did::Narrowed => self.arrange(Select::Chosen),
            Did::Widened => self.narrow(Select::Same),
            Did::Moved | Did::Nothing => {}
        }
        did != Did::Nothing
    }

    /// A key for the open filter.
    pub fn key(&mut self, key: KeyEvent) {
        if self.state.filter.on_key(key) {
            self.narrow(Select::Chosen);
        }
    }

    /// Text pasted into the open filter.
    pub fn paste(&mut self, text: &str) {
        if self.state.filter.paste(text) {
            self.narrow(Select::Chosen);
        }
    }
}
