//! A list of a user's API keys: the table of the Settings tab and of one user in Admin.

pub mod deletion;
mod listed;

pub use listed::ListedKeys;

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use self::listed::{KeyOrder, audience, date_of};
use crate::expiry::{self, KeyStatus, status_at};
use crate::text;
use crate::tui::command::Command;
use crate::tui::parts::pane::{filter_row, message, no_match};
use crate::tui::requests::RequestId;
use crate::tui::shared::Shared;
use crate::tui::widgets::filter::{Done, Filter};
use crate::tui::widgets::table::{Column, Shown, Table, TableState, Width};
use crate::wire::{V2KeyDetails, time};

/// The columns, in the order in which they can be sorted by.
const COLUMNS: [Column; 6] = [
    Column::new("KEY ID", Width::Fixed(9)),
    Column::new("STATUS", Width::Fixed(9)),
    Column::new("EXPIRES", Width::Fixed(10)),
    Column::new("LEFT", Width::Fixed(7)).right(),
    Column::new("AUDIENCE", Width::Fixed(9)).optional(1),
    Column::new("COMMENT", Width::Fill(8)),
];

/// The API keys of one user.
#[derive(Debug, Default)]
pub struct KeyList {
    listed: ListedKeys,
    /// How many expire soon and how many have: counted once a list, not once a frame.
    soon: usize,
    expired: usize,
    /// Whether the legacy key has its own row, after the others.
    pub legacy: bool,
    pub table: TableState,
    pub filter: Filter,
    /// Key IDs that are marked.
    pub marked: BTreeSet<String>,
    /// When the list was fetched.
    pub fetched: Option<Timestamp>,
    /// When it was another one for the last time.
    changed: Option<Timestamp>,
    pub loading: Option<RequestId>,
    /// Why there is no newer list.
    pub problem: Option<String>,
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
    pub fn all(&self) -> &[V2KeyDetails] {
        self.listed.keys()
    }

    /// Takes a new list.
    pub fn set(&mut self, shared: &Shared, listed: ListedKeys) {
        let selected = match self.selected() {
            _ if self.wanted.is_some() => self.wanted.take(),
            Some(Selected::Key(key)) => Some(key.key_id.clone()),
            _ => None,
        };
        self.expired = listed.count_until(|at| status(shared, Some(at)) == KeyStatus::Expired);
        let not_later = listed.count_until(|at| status(shared, Some(at)) != KeyStatus::Active);
        self.soon = not_later - self.expired;
        if self.fetched.is_none() || self.listed.keys() != listed.keys() {
            self.changed = Some(shared.now);
        }
        self.listed = listed;
        self.fetched = Some(shared.now);
        self.problem = None;
        if !self.marked.is_empty() {
            let ids: BTreeSet<&str> = self.listed.keys().iter().map(|key| key.key_id.as_str()).collect();
            self.marked.retain(|id| ids.contains(id.as_str()));
        }
        self.arrange();
        if let Some(row) = selected.and_then(|id| self.all().iter().position(|key| key.key_id == id)) {
            self.table.select_row(row);
        }
    }

    /// The Key IDs of a newer list that are not in this one; none where this is the first.
    pub fn new_in(&self, newer: &ListedKeys) -> Vec<String> {
        if self.fetched.is_none() || self.listed.keys() == newer.keys() {
            return Vec::new();
        }
        let before: HashSet<&str> = self.all().iter().map(|key| key.key_id.as_str()).collect();
        let new = newer.keys().iter().filter(|key| !before.contains(key.key_id.as_str()));
        new.map(|key| key.key_id.clone()).collect()
    }

    /// Selects a key, at once or in the list that comes next.
    pub fn select_key(&mut self, key_id: &str) {
        match self.all().iter().position(|key| key.key_id == key_id) {
            Some(row) => self.table.select_row(row),
            None => self.wanted = Some(key_id.to_owned()),
        }
    }

    /// Removes keys that are known to be deleted, without waiting for a newer list.
    pub fn remove(&mut self, shared: &Shared, gone: impl Fn(&str) -> bool) {
        let Some(fetched) = self.fetched else { return };
        self.set(shared, self.listed.without(gone));
        self.fetched = Some(fetched);
    }

    /// Filters and sorts again.
    pub fn arrange(&mut self) {
        let listed = &self.listed;
        let words = self.filter.lower_case_words();
        let rows = u32::try_from(listed.keys().len()).unwrap_or(u32::MAX);
        let keep = |row: usize| match row < rows as usize {
            true => listed.holds(row, &words),
            false => self.filter.keeps(&["legacy", "never"]),
        };
        let by = match self.table.sort {
            Some((0, _)) => Some(KeyOrder::Id),
            Some((1..=3, _)) => Some(KeyOrder::Expiry),
            Some((4, _)) => Some(KeyOrder::Audience),
            Some((5, _)) => Some(KeyOrder::Comment),
            _ => None,
        };
        let legacy = self.legacy.then_some(rows);
        match by {
            Some(by) => self.table.arrange_as(listed.order(by).iter().copied().chain(legacy), keep),
            None => self.table.arrange_as((0..rows).chain(legacy), keep),
        }
    }

    /// The selected row.
    pub fn selected(&self) -> Option<Selected<'_>> {
        let row = self.table.selected_row()?;
        Some(self.all().get(row).map_or(Selected::Legacy, Selected::Key))
    }

    /// The marked keys, or without any the selected one.
    pub fn chosen(&self) -> Vec<&V2KeyDetails> {
        if !self.marked.is_empty() {
            return self.all().iter().filter(|key| self.marked.contains(&key.key_id)).collect();
        }
        match self.selected() {
            Some(Selected::Key(key)) => vec![key],
            _ => Vec::new(),
        }
    }

    /// Moves, filters, sorts or marks, with `height` visible rows. Returns `false` for any other
    /// command.
    pub fn command(&mut self, command: Command, height: usize) -> bool {
        match self.filter.command(command) {
            Done::Changed => {
                self.arrange();
                return true;
            }
            Done::Same => return true,
            Done::Not => {}
        }
        match command {
            _ if self.table.sort_command(command, COLUMNS.len()) => self.arrange(),
            Command::Mark => {
                if let Some(Selected::Key(key)) = self.selected() {
                    let id = key.key_id.clone();
                    if !self.marked.remove(&id) {
                        self.marked.insert(id);
                    }
                }
                self.table.command(Command::Down, height);
            }
            Command::Back if !self.marked.is_empty() => self.marked.clear(),
            other => return self.table.command(other, height),
        }
        true
    }

    /// `4 keys · 1 expires soon · 2 expired · 09:14 UTC`: the time is that of the last change.
    pub fn summary(&self, shared: &Shared) -> String {
        if self.fetched.is_none() {
            return String::new();
        }
        let mut parts = vec![text::count(self.all().len(), "key", "keys")];
        if self.filter.is_shown() {
            let shown = self.table.shown_rows().filter(|row| *row < self.all().len()).count();
            parts[0].insert_str(0, &format!("{shown} of "));
        }
        if self.legacy {
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
        parts.extend(self.changed.map(|at| at.strftime("%H:%M UTC").to_string()));
        parts.join(&format!(" {} ", shared.preferences.glyphs.separator))
    }

    /// The number of visible key rows if the list has `area`.
    pub fn height(&self, area: Rect) -> usize {
        let filter = u16::from(self.filter.is_shown());
        area.height.saturating_sub(1 + filter).into()
    }

    /// Draws the table. `mark` gives the text before the comment of a key: `replaced by …`.
    pub fn draw(
        &self,
        shared: &Shared,
        mark: impl Fn(&str) -> Option<String>,
        focused: bool,
        frame: &mut Frame<'_>,
        area: Rect,
    ) {
        let area = filter_row(shared, &self.filter, frame, area);
        let preferences = &shared.preferences;
        if self.filter.is_shown() && self.table.shown_rows().next().is_none() {
            return message(shared, &no_match(shared), frame, area);
        }
        let table = Table {
            columns: &COLUMNS,
            theme: &preferences.theme,
            glyphs: preferences.glyphs,
            focused,
            needle: self.filter.text(),
        };
        table.render(&self.table, area, frame.buffer_mut(), |row, cells| {
            let Some(key) = self.all().get(row) else {
                cells.extend(legacy_cells(shared));
                return false;
            };
            let expires = self.listed.expires(row);
            let status = status(shared, expires);
            let (sign, style) = sign(shared, status);
            cells.push(Shown::new(text::short_id(&key.key_id)));
            cells.push(Shown::styled(format!("{sign} {}", status.as_str()), style));
            cells.push(Shown::new(date_of(&key.expiry_date)));
            let left = expires.map(|at| expiry::days_between(shared.today(), time::utc_day(at)));
            cells.push(Shown::new(left.map_or_else(|| "?".into(), |days| format!("{days} d"))));
            cells.push(Shown::new(audience(key)));
            let own = shared.session.is_own(&key.key_id).then(|| "signed in".to_owned());
            let marks: Vec<String> = own.into_iter().chain(mark(&key.key_id)).collect();
            cells.push(match marks.join(", ") {
                marks if marks.is_empty() => Shown::new(key.comments.as_str()),
                marks if key.comments.is_empty() => Shown::new(marks),
                marks => Shown::new(format!("{marks}: {}", key.comments)),
            });
            self.marked.contains(&key.key_id)
        });
    }
}

fn legacy_cells(shared: &Shared) -> [Shown<'static>; 6] {
    let glyphs = shared.preferences.glyphs;
    [
        Shown::new("legacy"),
        Shown::styled(format!("{} active", glyphs.active), shared.preferences.theme.ok),
        Shown::new("never"),
        Shown::new(glyphs.forever),
        Shown::new("CLI"),
        Shown::new("not deletable"),
    ]
}

/// The status of a key by the workbench's time.
pub fn status(shared: &Shared, expires: Option<Timestamp>) -> KeyStatus {
    status_at(expires, shared.workbench_now(), shared.preferences.soon_days)
}

/// The sign of a status and how it looks.
pub fn sign(shared: &Shared, status: KeyStatus) -> (&'static str, ratatui::style::Style) {
    let (glyphs, theme) = (shared.preferences.glyphs, &shared.preferences.theme);
    match status {
        KeyStatus::Active => (glyphs.active, theme.ok),
        KeyStatus::Soon => (glyphs.soon, theme.warn),
        KeyStatus::Expired => (glyphs.expired, theme.dim),
        KeyStatus::Unknown => (glyphs.unknown, theme.dim),
    }
}

/// A key as text, for questions: its ID, and what distinguishes it.
pub fn describe(key: &V2KeyDetails) -> String {
    let comment =
        if key.comments.is_empty() { "without comment".into() } else { format!("\"{}\"", key.comments) };
    let text = format!("{}  {}  {comment}", text::short_id(&key.key_id), date_of(&key.expiry_date));
    text::clean(&text).into_owned()
}
