//! The directory of users with how many API keys each has.
//!
//! No operation counts keys (SPEC). So the keys of each user are listed, for visible rows only and at
//! most eight users at a time. Sorting by a count needs all of them, and says so.

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Paragraph, Wrap};

use super::areas;
use crate::api;
use crate::expiry::KeyStatus;
use crate::text;
use crate::tui::call::Call;
use crate::tui::command::Command;
use crate::tui::effect::Effects;
use crate::tui::key_list::status;
use crate::tui::layer::Outcome;
use crate::tui::parts::pane::{awaited, filter_row, message, no_match, pane};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::tui::widgets::filter::{Done, Filter};
use crate::tui::widgets::table::{Column, Shown, Table, TableState, Width};
use crate::wire::UserQuota;

/// Lists of keys that are asked for at the same time.
const AT_ONCE: usize = 8;

const COLUMNS: [Column; 5] = [
    Column::new("USER", Width::Fill(16)),
    Column::new("NAME", Width::Fill(12)).optional(1),
    Column::new("KEYS", Width::Fixed(6)).right(),
    Column::new("EXPIRED", Width::Fixed(8)).right(),
    Column::new("EXPIRING", Width::Fixed(9)).right(),
];

/// One user.
#[derive(Debug)]
struct User {
    username: String,
    name: String,
    keys: Counted,
}

/// What is known about a user's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Not,
    Asked(RequestId),
    Known { keys: usize, expired: usize, soon: usize },
    Refused,
}

/// The users.
#[derive(Debug, Default)]
pub struct Directory {
    users: Vec<User>,
    /// Index into `users` by username.
    index: BTreeMap<String, usize>,
    table: TableState,
    filter: Filter,
    loading: Option<RequestId>,
    fetched: Option<Timestamp>,
    /// A page of the list that comes brought something new.
    changing: bool,
    /// Why the list, or the counts, are not there.
    problem: Option<String>,
}

impl Directory {
    pub fn typing(&self) -> bool {
        self.filter.is_open()
    }

    /// Whether no row is shown.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.users.iter().map(|user| user.username.as_str())
    }

    /// The name of the selected user.
    pub fn selected(&self) -> Option<&str> {
        self.table.selected_row().and_then(|row| self.users.get(row)).map(|user| user.username.as_str())
    }

    /// The number of a user's keys, if they were counted.
    pub fn known_keys(&self, username: &str) -> Option<usize> {
        match self.user(username)?.keys {
            Counted::Known { keys, .. } => Some(keys),
            _ => None,
        }
    }

    /// Whether all users are known, and the signed-in one is the only one.
    pub fn only_oneself(&self, shared: &Shared) -> bool {
        let own = shared.session.username.as_deref();
        self.fetched.is_some() && matches!(self.users.as_slice(), [one] if Some(one.username.as_str()) == own)
    }

    fn user(&self, username: &str) -> Option<&User> {
        self.index.get(username).and_then(|at| self.users.get(*at))
    }

    fn user_mut(&mut self, username: &str) -> Option<&mut User> {
        self.index.get(username).and_then(|at| self.users.get_mut(*at))
    }

    fn arrange(&mut self) {
        let (users, filter) = (&self.users, &self.filter);
        let keep =
            |row: usize| users.get(row).is_some_and(|user| filter.keeps(&[&user.username, &user.name]));
        let count =
            |row: usize, of: fn(usize, usize, usize) -> usize| match users.get(row).map(|user| user.keys) {
                Some(Counted::Known { keys, expired, soon }) => of(keys, expired, soon) + 1,
                _ => 0,
            };
        let text = |row: usize, of: fn(&User) -> &String| users.get(row).map(of);
        let rows = users.len();
        let table = &mut self.table;
        match table.sort.map(|(column, _)| column) {
            Some(0) => table.arrange(rows, keep, Some(|row| text(row, |user| &user.username))),
            Some(1) => table.arrange(rows, keep, Some(|row| text(row, |user| &user.name))),
            Some(2) => table.arrange(rows, keep, Some(|row| count(row, |keys, _, _| keys))),
            Some(3) => table.arrange(rows, keep, Some(|row| count(row, |_, expired, _| expired))),
            Some(4) => table.arrange(rows, keep, Some(|row| count(row, |_, _, soon| soon))),
            _ => table.arrange(rows, keep, None::<fn(usize) -> usize>),
        }
    }

    /// Whether the order needs the counts of all users.
    fn sorted_by_count(&self) -> bool {
        matches!(self.table.sort, Some((2..=4, _)))
    }

    /// Requests the users, unless a request is in flight.
    pub fn enter(&mut self, shared: &mut Shared) -> Outcome {
        if self.loading.is_some_and(|id| shared.requests.waits_for(id)) {
            return Outcome::done();
        }
        let (id, effect) = shared.start(Kind::Read, "listing users", Call::Users);
        self.loading = Some(id);
        self.problem = None;
        // Old counts stay until they are counted again, which costs a request each: not by itself.
        for user in self.users.iter_mut().filter(|_| !shared.quiet) {
            if let Counted::Asked(_) | Counted::Refused = user.keys {
                user.keys = Counted::Not;
            }
        }
        Outcome::from(effect).and(self.count_in_sight(shared))
    }

    /// Asks for the keys of the users in sight that have no count yet.
    pub fn count_in_sight(&mut self, shared: &mut Shared) -> Outcome {
        if self.problem.is_some() {
            return Outcome::done();
        }
        let asked = |user: &&User| matches!(user.keys, Counted::Asked(id) if shared.requests.waits_for(id));
        let room = AT_ONCE.saturating_sub(self.users.iter().filter(asked).count());
        let wanted = |row: &usize| match self.users.get(*row).map(|user| user.keys) {
            Some(Counted::Not) => true,
            Some(Counted::Asked(id)) => !shared.requests.waits_for(id),
            _ => false,
        };
        let height = areas::rows(shared, &self.filter);
        let mut rows: Vec<usize> = self.table.visible_rows(height).filter(wanted).take(room).collect();
        if self.sorted_by_count() && rows.len() < room {
            let others = (0..self.users.len()).filter(|row| wanted(row) && !rows.contains(row));
            let others: Vec<usize> = others.take(room - rows.len()).collect();
            rows.extend(others);
        }
        let mut effects = Effects::new();
        for row in rows {
            let Some(user) = self.users.get_mut(row) else { continue };
            let username = user.username.clone();
            let what = format!("counting the API keys of {username}");
            let (id, effect) = shared.start(Kind::Read, what, Call::CountKeys { username });
            user.keys = Counted::Asked(id);
            effects.push(effect);
        }
        effects.into()
    }

    /// Moves, filters, sorts; ignores other commands.
    pub fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match self.filter.command(command) {
            Done::Changed => self.arrange(),
            Done::Same => {}
            Done::Not if self.table.sort_command(command, COLUMNS.len()) => self.arrange(),
            Done::Not if self.table.command(command, areas::rows(shared, &self.filter)) => {}
            Done::Not => return Outcome::ignored(),
        }
        self.count_in_sight(shared)
    }

    pub fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        if self.filter.on_key(key) {
            self.arrange();
        }
        self.count_in_sight(shared)
    }

    pub fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        if self.filter.paste(text) {
            self.arrange();
        }
        self.count_in_sight(shared)
    }

    /// Takes a page of the directory.
    pub fn add(&mut self, users: Vec<UserQuota>) {
        let mut changing = self.changing;
        for quota in users {
            let (username, name) = (quota.user.user_name, quota.user.name);
            match self.user_mut(&username) {
                Some(user) => {
                    changing |= user.name != name;
                    user.name = name;
                }
                None => {
                    changing = true;
                    self.index.insert(username.clone(), self.users.len());
                    self.users.push(User { username, name, keys: Counted::Not });
                }
            }
        }
        self.changing = changing;
        self.arrange();
    }

    /// There are no more pages.
    pub fn listed(&mut self, shared: &mut Shared, answer: Result<(), api::Error>) {
        self.loading = None;
        match answer {
            // The time in the title is that of the last change.
            Ok(()) if std::mem::take(&mut self.changing) || self.fetched.is_none() => {
                self.fetched = Some(shared.now);
            }
            Ok(()) => {}
            Err(error) => {
                if self.users.is_empty() {
                    self.problem = Some(closed(&error));
                }
                shared.notices.failed(shared.now, &error);
            }
        }
    }

    /// When the keys of a user expire, or that these cannot be listed.
    pub fn counted(
        &mut self,
        shared: &Shared,
        username: &str,
        answer: Result<Vec<Option<Timestamp>>, api::Error>,
    ) {
        let Some(user) = self.user_mut(username) else { return };
        user.keys = match answer {
            Ok(expiries) => {
                let count = |wanted| expiries.iter().filter(|at| status(shared, **at) == wanted).count();
                let (expired, soon) = (count(KeyStatus::Expired), count(KeyStatus::Soon));
                Counted::Known { keys: expiries.len(), expired, soon }
            }
            Err(_) => Counted::Refused,
        };
        if self.sorted_by_count() {
            self.arrange();
        }
    }

    /// The keys of a user are to be counted again.
    pub fn forget_count(&mut self, username: &str) {
        if let Some(user) = self.user_mut(username).filter(|user| !matches!(user.keys, Counted::Asked(_))) {
            user.keys = Counted::Not;
        }
    }

    /// The note to the right of the title: how many users, and how many are listed so far.
    fn note(&self, shared: &Shared) -> String {
        let known = |user: &&User| matches!(user.keys, Counted::Known { .. } | Counted::Refused);
        let known = self.users.iter().filter(known).count();
        let mut note = text::count(self.users.len(), "user", "users");
        if self.users.is_empty() && self.fetched.is_none() {
            note.clear();
        }
        if self.filter.is_shown() {
            note.insert_str(0, &format!("{} of ", self.table.len()));
        }
        if self.sorted_by_count() && known < self.users.len() {
            note = format!("{note}, keys of {known} counted");
        } else if self.loading.is_some_and(|id| shared.requests.is_awaited(id)) {
            note.push_str(if note.is_empty() { "listing" } else { ", listing" });
        } else if let Some(at) = self.fetched {
            let separator = shared.preferences.glyphs.separator;
            note.push_str(&format!(" {separator} {}", at.strftime("%H:%M UTC")));
        }
        note
    }

    pub fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let inside = pane(shared, "Users", &self.note(shared), true, frame, area);
        if self.users.is_empty() {
            let asking = || awaited(shared, self.loading, "listing users");
            return message(shared, &self.problem.clone().unwrap_or_else(asking), frame, inside);
        }
        let inside = filter_row(shared, &self.filter, frame, inside);
        if self.table.is_empty() {
            return message(shared, &no_match(shared), frame, inside);
        }
        if self.only_oneself(shared) && inside.height > 5 {
            let (x, y) = (inside.x + 1, inside.y + 3);
            let room = Rect { x, y, height: 2, width: inside.width.saturating_sub(2) };
            let text = "The workbench shows you only yourself. Only site administrators see other users and their API keys.";
            frame.render_widget(Paragraph::new(text).style(theme.dim).wrap(Wrap { trim: false }), room);
        }
        let table = Table {
            columns: &COLUMNS,
            theme,
            glyphs: shared.preferences.glyphs,
            focused: true,
            needle: self.filter.text(),
        };
        let inside = Rect { width: inside.width.saturating_sub(1), ..inside };
        table.render(&self.table, inside, frame.buffer_mut(), |row, cells| {
            let Some(user) = self.users.get(row) else { return false };
            cells.push(Shown::new(user.username.as_str()));
            cells.push(Shown::new(user.name.as_str()));
            let ellipsis = shared.preferences.glyphs.ellipsis;
            cells.extend(match user.keys {
                Counted::Known { keys, expired, soon } => [
                    Shown::new(keys.to_string()),
                    Shown::styled(expired.to_string(), if expired > 0 { theme.text } else { theme.dim }),
                    Shown::styled(soon.to_string(), if soon > 0 { theme.warn } else { theme.dim }),
                ],
                Counted::Refused => [(); 3].map(|()| Shown::styled("closed", theme.dim)),
                Counted::Not | Counted::Asked(_) => [(); 3].map(|()| Shown::styled(ellipsis, theme.dim)),
            });
            false
        });
    }
}

/// Why users or keys are not shown; if they were refused, with who could see them.
pub fn closed(error: &api::Error) -> String {
    match error {
        api::Error::Refused { .. } => {
            format!("{error}. Only a site administrator sees other users and their API keys.")
        }
        error => error.to_string(),
    }
}
