//! A list of a user's API keys: the table of the Settings tab and of one user in Admin.

pub mod deletion;
mod listed;
pub mod of_service;
mod seen;
mod status;
pub mod when;

pub use listed::{AUDIENCE, COMMENT, EXPIRES, ListedKeys, STATUS};
pub use seen::{BEING_REPLACED, Seen};
pub use status::{describe, sign, status};

use std::collections::{BTreeSet, HashSet};

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use self::listed::{LEFT, ListedKey, audience, date_of};
use self::seen::LEAD_END;
use crate::expiry::{KeyStatus, status_at};
use crate::text;
use crate::tui::command::Command;
use crate::tui::layer::{Outcome, Readiness};
use crate::tui::list::state::Did;
use crate::tui::list::view::{click_in, rows_in};
use crate::tui::list::{Column, Fetch, ListState, ListView, Marks, Pattern, Row, Select, Shown, Width};
use crate::tui::overlays::ColumnChooser;
use crate::tui::shared::Shared;
use crate::wire::{V2KeyDetails, time};

/// The API keys of one user.
#[derive(Debug, Default)]
pub struct KeyList {
    listed: ListedKeys,
    /// How many expire soon without having been replaced, and how many have: counted once a list, not
    /// once a frame.
    soon: usize,
    expired: usize,
    /// Whether the legacy key has its own row, after the others.
    pub legacy: bool,
    pub state: ListState,
    /// Keys that are marked.
    pub marked: Marks,
    pub fetch: Fetch,
    /// The Key ID to select in the next list.
    wanted: Option<String>,
}

/// The selection.
#[derive(Debug, Clone, Copy)]
pub enum Selected<'a> {
    Key(&'a V2KeyDetails),
    Legacy,
}

impl KeyList {
    /// For the signed-in user, whose legacy key has a row too.
    pub fn with_legacy() -> Self {
        Self { legacy: true, ..Self::default() }
    }

    /// The keys as they were listed.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &V2KeyDetails> {
        self.listed.keys()
    }

    pub fn is_empty(&self) -> bool {
        self.all().len() == 0
    }

    fn set(&mut self, mut listed: ListedKeys, seen: &Seen) {
        listed.follow_columns(seen.hidden);
        let selected = match self.selected() {
            _ if self.wanted.is_some() => self.wanted.take(),
            Some(Selected::Key(key)) => Some(key.key_id.clone()),
            _ => None,
        };
        self.expired = listed.count_until(|at| at <= seen.now);
        let not_later =
            listed.count_until(|at| status_at(Some(at), seen.now, seen.soon_days) != KeyStatus::Active);
        let soon = |at| status_at(Some(at), seen.now, seen.soon_days) == KeyStatus::Soon;
        self.soon = not_later - self.expired - listed.count_replaced(soon);
        self.listed = listed;
        if !self.marked.is_empty() {
            let ids: BTreeSet<&str> = self.listed.keys().map(|key| key.key_id.as_str()).collect();
            self.marked.retain(|id| ids.contains(id));
        }
        let row = selected.and_then(|id| self.listed.rows().find(&id));
        self.arrange(seen, row.map_or(Select::Position, Select::Row));
    }

    /// The Key IDs of a newer list that are not in this one; none where this is the first.
    pub fn new_in(&self, newer: &ListedKeys) -> Vec<String> {
        if self.fetch.at.is_none() || self.all().eq(newer.keys()) {
            return Vec::new();
        }
        let before: HashSet<&str> = self.all().map(|key| key.key_id.as_str()).collect();
        let new = newer.keys().filter(|key| !before.contains(key.key_id.as_str()));
        new.map(|key| key.key_id.clone()).collect()
    }

    /// A list was fetched.
    pub fn listed(&mut self, shared: &Shared, listed: ListedKeys, seen: &Seen) {
        self.fetch.changing = !self.all().eq(listed.keys());
        self.fetch.succeeded(shared);
        self.set(listed, seen);
    }

    /// How far the list is, for keys that come before it.
    pub fn readiness(&self, shared: &Shared) -> Readiness {
        Readiness::of(&self.fetch.listing(shared, ""), self.state.is_empty())
    }

    /// Selects a key, at once or in the list that comes next.
    pub fn select_key(&mut self, key_id: &str) {
        match self.listed.rows().find(key_id) {
            Some(row) => {
                self.state.select_row(row);
            }
            None => self.wanted = Some(key_id.to_owned()),
        }
    }

    /// Follows the columns that are chosen for such lists.
    pub fn follow_columns(&mut self, seen: &Seen) {
        self.listed.follow_columns(seen.hidden);
        self.arrange(seen, Select::Same);
    }

    /// The choice of columns.
    pub fn choose_columns(shared: &Shared) -> Outcome {
        Outcome::push(ColumnChooser::of::<ListedKey>(shared))
    }

    /// Key IDs of keys that a rotation has replaced, and that stay for their grace time.
    pub fn replaced_ids(&self) -> impl Iterator<Item = &String> {
        self.listed.replaced()
    }

    /// The same, each with what is said of it.
    pub fn replaced(&self) -> impl Iterator<Item = (String, String)> {
        self.replaced_ids().map(|id| (id.clone(), BEING_REPLACED.to_owned()))
    }

    /// Removes keys that are known to be deleted, without waiting for a newer list.
    pub fn remove(&mut self, seen: &Seen, gone: impl Fn(&str) -> bool) {
        if self.fetch.at.is_some() {
            self.set(self.listed.without(gone), seen);
        }
    }

    /// Shows all of it again, nothing marked and the first row selected.
    pub fn show_plain(&mut self, seen: &Seen) {
        self.state = ListState::default();
        self.marked.clear();
        self.arrange(seen, Select::Same);
    }

    /// Filters and sorts again.
    fn arrange(&mut self, seen: &Seen, select: Select) {
        let rows = self.listed.rows();
        let (column, reversed) =
            self.state.sort.map_or((None, false), |(column, reversed)| (Some(column), reversed));
        // The same order as that of the dates.
        let column = column.map(|column| if [STATUS, LEFT].contains(&column) { EXPIRES } else { column });
        let mut order = rows.sorted(column);
        order.extend(self.legacy.then_some(u32::try_from(rows.len()).unwrap_or(u32::MAX)));
        if reversed {
            order.reverse();
        }
        let filter = self.state.filter.text();
        let pattern = Pattern::new(filter);
        if pattern.is_empty() {
            return self.state.show(order, select);
        }
        let mut passing = rows.passing(&pattern, |hits| seen.add_hits(&self.listed, filter, hits));
        passing.push(pattern.keeps(&seen.legacy()));
        order.retain(|row| passing[*row as usize]);
        self.state.show(order, select);
    }

    /// The selected row.
    pub fn selected(&self) -> Option<Selected<'_>> {
        let row = self.state.selected_row()?;
        Some(self.listed.get(row).map_or(Selected::Legacy, |row| Selected::Key(&row.key)))
    }

    /// The marked keys, or without any the selected one.
    pub fn chosen(&self) -> Vec<&V2KeyDetails> {
        if !self.marked.is_empty() {
            return self.all().filter(|key| self.marked.contains(&key.key_id)).collect();
        }
        match self.selected() {
            Some(Selected::Key(key)) => vec![key],
            _ => Vec::new(),
        }
    }

    /// What a question says of marked keys that the filter hides.
    pub fn hidden_marks(&self) -> Option<String> {
        let shown = self.shown();
        deletion::hidden(self.marked.hidden(shown.iter().map(String::as_str)), self.marked.len())
    }

    /// Moves, filters, sorts or marks, if the list has `area`. Returns `false` for any other command.
    pub fn command(&mut self, command: Command, seen: &Seen, area: Rect) -> bool {
        let height = rows_in(area, &self.state);
        match self.state.command(command, height, ListedKey::sortable(seen.hidden)) {
            Did::Narrowed => self.arrange(seen, Select::Chosen),
            Did::Widened => self.arrange(seen, Select::Same),
            Did::Moved => {}
            Did::Nothing => {
                let here = match self.selected() {
                    Some(Selected::Key(key)) => Some(key.key_id.clone()),
                    _ => None,
                };
                let (listed, state) = (&self.listed, &self.state);
                let shown = || shown_ids(listed, state);
                if !self.marked.command(command, here.as_deref(), shown) {
                    return false;
                }
                if command == Command::Mark {
                    self.state.command(Command::Down, height, ListedKey::sortable(seen.hidden));
                }
            }
        }
        true
    }

    /// The Key IDs that the filter shows, in their order.
    pub fn shown(&self) -> Vec<String> {
        shown_ids(&self.listed, &self.state)
    }

    /// A key for the open filter.
    pub fn key(&mut self, key: KeyEvent, seen: &Seen) {
        if self.state.filter.on_key(key) {
            self.arrange(seen, Select::Chosen);
        }
    }

    /// Text pasted into the open filter.
    pub fn paste(&mut self, text: &str, seen: &Seen) {
        if self.state.filter.paste(text) {
            self.arrange(seen, Select::Chosen);
        }
    }

    /// `4 keys · 1 expires soon · 2 expired · 09:14 UTC`: the time is that of the last change.
    pub fn summary(&self, shared: &Shared) -> String {
        if self.fetch.at.is_none() {
            return String::new();
        }
        let mut parts = vec![text::count(self.all().len(), "key", "keys")];
        if self.state.filter.is_shown() {
            let shown = self.state.shown_rows().filter(|row| *row < self.all().len()).count();
            parts[0].insert_str(0, &format!("{shown} of "));
        }
        if self.legacy && self.state.shown_rows().any(|row| row == self.all().len()) {
            parts[0].push_str(" + legacy");
        }
        match self.soon {
            0 => {}
            1 => parts.push("1 expires soon".into()),
            n => parts.push(format!("{n} expire soon")),
        }
        match self.expired {
            0 => {}
            n => parts.push(format!("{n} expired")),
        }
        if !self.marked.is_empty() {
            parts.push(format!("{} marked", self.marked.len()));
        }
        match self.fetch.age() {
            // The last parts give way in a narrow frame.
            Some(failed) if self.fetch.problem.is_some() => parts.insert(1, failed),
            age => parts.extend(age),
        }
        parts.join(&format!(" {} ", shared.preferences.glyphs.separator))
    }

    /// A click into the table, which has `area`: whether the row was selected before.
    pub fn click(&mut self, area: Rect, x: u16, y: u16) -> Option<bool> {
        click_in(area, &mut self.state, x, y)
    }

    /// The columns as wide as these keys need them.
    fn columns(&self, seen: &Seen) -> (Vec<Column>, Vec<u16>) {
        let mut columns = ListedKey::COLUMNS.to_vec();
        let longest = self.listed.outermost_days().map(|day| seen.left(day).len()).max();
        let shortest = columns[LEFT].head.len() + 1;
        columns[LEFT].width = Width::Fixed(columns_of(longest.unwrap_or_default().max(shortest)));
        let mut widest = self.listed.rows().widest().to_vec();
        widest.resize(columns.len(), 0);
        let legacy = if self.legacy { seen::LEGACY[seen::LEGACY.len() - 1].len() } else { 0 };
        // A note may be that of the widest comment.
        let comment = usize::from(widest[COMMENT]) + seen.widest_note();
        widest[COMMENT] = columns_of(comment.max(legacy));
        (columns, widest)
    }

    /// How many columns the table takes if no text is cut.
    pub fn needed(&self, shared: &Shared, seen: &Seen) -> u16 {
        let (columns, widest) = self.columns(seen);
        ListView::of::<ListedKey>(shared, &self.state).columns(&columns).widest(&widest).needed()
    }

    /// Draws the table in the frame `around` it, which is `focused` if it has the keys.
    pub fn draw(
        &self,
        shared: &Shared,
        seen: &Seen,
        focused: bool,
        frame: &mut Frame<'_>,
        (around, area): (Rect, Rect),
    ) {
        let (columns, widest) = self.columns(seen);
        let accent = shared.preferences.theme.accent;
        let view = ListView::of::<ListedKey>(shared, &self.state).columns(&columns).widest(&widest);
        view.focused(focused).framed(around).draw(frame, area, |row, cells| {
            let Some(ListedKey { key, expires }) = self.listed.get(row) else {
                cells.extend(legacy_cells(shared));
                return false;
            };
            let status = status(shared, *expires);
            let (sign, style) = sign(shared, status);
            cells.push(Shown::new(text::short_id(&key.key_id)).whole(&key.key_id));
            cells.push(Shown::styled(format!("{sign} {}", status.as_str()), style));
            cells.push(Shown::new(date_of(&key.expiry_date)));
            cells.push(Shown::new(seen.left(expires.map(time::utc_day))));
            cells.push(Shown::new(audience(key)));
            cells.push(match seen.note(&key.key_id) {
                None => Shown::new(key.comments.as_str()),
                Some(note) if key.comments.is_empty() => Shown::led(note, accent, ""),
                Some(note) => Shown::led(&format!("{note}{LEAD_END}"), accent, &key.comments),
            });
            cells.push(Shown::new(date_of(&key.created_at)));
            self.marked.contains(&key.key_id)
        });
    }
}

/// The Key IDs that the filter shows, in their order; the legacy key has none.
fn shown_ids(listed: &ListedKeys, state: &ListState) -> Vec<String> {
    state.shown_rows().filter_map(|row| listed.get(row)).map(|row| row.key.key_id.clone()).collect()
}

fn columns_of(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

fn legacy_cells(shared: &Shared) -> [Shown<'static>; 7] {
    let glyphs = shared.preferences.glyphs;
    let [id, status, expires, audience, comment] = seen::LEGACY;
    [
        Shown::new(id),
        Shown::styled(format!("{} {status}", glyphs.active), shared.preferences.theme.ok),
        Shown::new(expires),
        Shown::new(glyphs.forever),
        Shown::new(audience),
        Shown::new(comment),
        Shown::default(),
    ]
}
