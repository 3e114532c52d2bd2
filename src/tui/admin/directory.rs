//! The directory of users with how many API keys each has.
//!
//! No operation counts keys (SPEC). So the keys of each user are listed, for visible rows only and at
//! most eight users at a time. Sorting by a count needs all of them, and says so.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Paragraph, Wrap};

use super::areas;
use crate::api;
use crate::expiry::KeyStatus;
use crate::tui::call::{Call, KeyEnd};
use crate::tui::command::Command;
use crate::tui::effect::Effects;
use crate::tui::key_list::status;
use crate::tui::layer::{Outcome, Readiness};
use crate::tui::list::{Column, Fetch, Key, List, Row, Select, Shown, Width};
use crate::tui::overlays::ColumnChooser;
use crate::tui::parts::pane::{message, pane};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::wire::UserQuota;

/// Lists of keys that are asked for at the same time.
const AT_ONCE: usize = 8;

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

impl User {
    /// Keys, expired ones and those that expire soon.
    fn counts(&self) -> Option<[usize; 3]> {
        match self.keys {
            Counted::Known { keys, expired, soon } => Some([keys, expired, soon]),
            _ => None,
        }
    }
}

impl Row for User {
    const NAME: &'static str = "users";
    const COLUMNS: &'static [Column] = &[
        Column::new("USER", Width::Fill(16)).ends(),
        Column::new("NAME", Width::Fill(12)).optional(1),
        Column::new("KEYS", Width::Fixed(6)).right(),
        Column::new("EXPIRED", Width::Fixed(8)).right(),
        Column::new("EXPIRING", Width::Fixed(9)).right(),
    ];

    fn id(&self) -> &str {
        &self.username
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        add(0, &self.username);
        add(1, &self.name);
        match self.counts() {
            Some(counts) => {
                counts.iter().zip(2..).for_each(|(count, column)| add(column, &count.to_string()))
            }
            None if self.keys == Counted::Refused => (2..5).for_each(|column| add(column, CLOSED)),
            None => {}
        }
    }

    fn filling(&self, column: usize) -> &str {
        match column {
            0 => &self.username,
            1 => &self.name,
            _ => "",
        }
    }

    fn key(&self, column: usize) -> Key<'_> {
        match column {
            0 => self.username.as_str().into(),
            1 => self.name.as_str().into(),
            column => self.counts().map_or(Key::None, |counts| Key::Number(counts[column - 2] as i64)),
        }
    }

    /// What was counted stays.
    fn renew(&mut self, newer: Self) -> bool {
        let before = std::mem::replace(&mut self.name, newer.name);
        before != self.name
    }
}

/// Stands in the place of counts that the workbench refuses.
const CLOSED: &str = "closed";

/// The users.
#[derive(Debug, Default)]
pub struct Directory {
    users: List<User>,
    fetch: Fetch,
}

impl Directory {
    pub fn readiness(&self, shared: &Shared) -> Readiness {
        Readiness::of(&self.fetch.listing(shared, ""), self.is_empty())
    }

    pub fn typing(&self) -> bool {
        self.users.state.filter.is_open()
    }

    /// Whether no row is shown.
    pub fn is_empty(&self) -> bool {
        self.users.state.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.users.all().iter().map(|user| user.username.as_str())
    }

    /// The name of the selected user.
    pub fn selected(&self) -> Option<&str> {
        self.users.selected().map(|user| user.username.as_str())
    }

    /// The number of a user's keys, if they were counted.
    pub fn known_keys(&self, username: &str) -> Option<usize> {
        self.users.row(username)?.counts().map(|[keys, ..]| keys)
    }

    /// Whether all users are known, and the signed-in one is the only one.
    pub fn only_oneself(&self, shared: &Shared) -> bool {
        let own = shared.session.username.as_deref();
        self.fetch.at.is_some() && matches!(self.users.all(), [one] if Some(one.username.as_str()) == own)
    }

    /// Whether the order needs the counts of all users.
    fn sorted_by_count(&self) -> bool {
        matches!(self.users.state.sort, Some((2..=4, _)))
    }

    /// Requests the users, unless a request is in flight.
    pub fn enter(&mut self, shared: &mut Shared) -> Outcome {
        if self.fetch.is_running(shared) {
            return Outcome::done();
        }
        self.follow_columns(shared);
        let effect = self.fetch.start(shared, "listing users", Call::Users);
        self.fetch.problem = None;
        // Old counts stay until they are counted again, which costs a request each: not by itself.
        let unknown =
            |user: &&User| !shared.quiet && matches!(user.keys, Counted::Asked(_) | Counted::Refused);
        let unknown: Vec<String> =
            self.users.all().iter().filter(unknown).map(|user| user.username.clone()).collect();
        for username in unknown {
            self.users.change(&username, |user| user.keys = Counted::Not);
        }
        Outcome::from(effect).and(self.count_in_sight(shared))
    }

    /// Asks for the keys of the users in sight that have no count yet.
    pub fn count_in_sight(&mut self, shared: &mut Shared) -> Outcome {
        if self.fetch.problem.is_some() {
            return Outcome::done();
        }
        let asked = |user: &&User| matches!(user.keys, Counted::Asked(id) if shared.requests.waits_for(id));
        let room = AT_ONCE.saturating_sub(self.users.all().iter().filter(asked).count());
        let wanted = |user: &&User| match user.keys {
            Counted::Not => true,
            Counted::Asked(id) => !shared.requests.waits_for(id),
            _ => false,
        };
        let height = areas::rows(shared, &self.users.state);
        let mut names: Vec<String> = Vec::new();
        let others = self.sorted_by_count().then(|| self.users.all().iter()).into_iter().flatten();
        for user in self.users.in_sight(height).chain(others).filter(wanted) {
            if names.len() == room {
                break;
            }
            if !names.contains(&user.username) {
                names.push(user.username.clone());
            }
        }
        let mut effects = Effects::new();
        for username in names {
            let what = format!("counting the API keys of {username}");
            let (id, effect) = shared.start(Kind::Read, what, Call::CountKeys { username: username.clone() });
            self.users.change(&username, |user| user.keys = Counted::Asked(id));
            effects.push(effect);
        }
        effects.into()
    }

    /// Follows the columns that are chosen for such lists.
    pub fn follow_columns(&mut self, shared: &Shared) {
        self.users.follow_columns(shared);
    }

    /// Moves, filters, sorts; ignores other commands.
    pub fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        if command == Command::ChooseColumns {
            return Outcome::push(ColumnChooser::of::<User>(shared));
        }
        if !self.users.command(command, areas::rows(shared, &self.users.state)) {
            return Outcome::ignored();
        }
        self.count_in_sight(shared)
    }

    pub fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.users.key(key);
        self.count_in_sight(shared)
    }

    pub fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        self.users.paste(text);
        self.count_in_sight(shared)
    }

    /// Takes a page of the directory.
    pub fn add(&mut self, users: Vec<UserQuota>) {
        let user = |quota: UserQuota| {
            let (username, name) = (quota.user.user_name, quota.user.name);
            User { username, name, keys: Counted::Not }
        };
        self.fetch.changing |= self.users.add(users.into_iter().map(user));
    }

    /// There are no more pages.
    pub fn listed(&mut self, shared: &mut Shared, answer: Result<(), api::Error>) {
        self.fetch.request = None;
        match answer {
            Ok(()) => self.fetch.succeeded(shared),
            Err(error) => {
                if self.users.all().is_empty() {
                    self.fetch.problem = Some(closed(shared, &error));
                }
                shared.notices.failed(shared.now, &error);
            }
        }
    }

    /// When the keys of a user expire, or that these cannot be listed.
    pub fn counted(&mut self, shared: &Shared, username: &str, answer: Result<Vec<KeyEnd>, api::Error>) {
        let counted = match answer {
            Ok(ends) => {
                let expired = ends.iter().filter(|end| status(shared, end.at) == KeyStatus::Expired);
                let soon =
                    ends.iter().filter(|end| !end.replaced && status(shared, end.at) == KeyStatus::Soon);
                Counted::Known { keys: ends.len(), expired: expired.count(), soon: soon.count() }
            }
            Err(_) => Counted::Refused,
        };
        self.users.change(username, |user| user.keys = counted);
        if self.sorted_by_count() {
            self.users.arrange(Select::Same);
        }
    }

    /// The keys of a user are to be counted again.
    pub fn forget_count(&mut self, username: &str) {
        if self.users.row(username).is_some_and(|user| !matches!(user.keys, Counted::Asked(_))) {
            self.users.change(username, |user| user.keys = Counted::Not);
        }
    }

    /// The note to the right of the title: how many users, and how many are listed so far.
    fn note(&self, shared: &Shared) -> String {
        let all = self.users.all();
        let counted =
            all.iter().filter(|user| matches!(user.keys, Counted::Known { .. } | Counted::Refused)).count();
        let note = self.fetch.note(shared, &self.users.state, (all.len(), "user", "users"));
        if self.sorted_by_count() && counted < all.len() {
            return format!("keys of {counted} counted, {note}");
        }
        note
    }

    /// How wide it is if it cuts nothing.
    pub fn needs(&self, shared: &Shared) -> u16 {
        // The borders, and a blank behind the last column.
        self.users.view(shared).needed() + 3
    }

    pub fn draw(&self, shared: &Shared, focused: bool, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let inside = pane(shared, "Users", &self.note(shared), focused, frame, area);
        if self.users.all().is_empty() {
            return message(shared, &self.fetch.instead(shared, "listing users"), frame, inside);
        }
        if self.only_oneself(shared) && inside.height > 5 {
            let (x, y) = (inside.x + 1, inside.y + 3);
            let room = Rect { x, y, height: 3, width: inside.width.saturating_sub(2) };
            let text = "The workbench shows you only yourself. Only site administrators see other users and their API keys.";
            frame.render_widget(Paragraph::new(text).style(theme.dim).wrap(Wrap { trim: false }), room);
        }
        let inside = Rect { width: inside.width.saturating_sub(1), ..inside };
        self.users.view(shared).focused(focused).framed(area).draw(frame, inside, |row, cells| {
            let Some(user) = self.users.all().get(row) else { return false };
            cells.push(Shown::new(user.username.as_str()));
            cells.push(Shown::new(user.name.as_str()));
            let ellipsis = shared.preferences.glyphs.ellipsis;
            cells.extend(match user.keys {
                Counted::Known { keys, expired, soon } => [
                    Shown::new(keys.to_string()),
                    Shown::styled(expired.to_string(), if expired > 0 { theme.text } else { theme.dim }),
                    Shown::styled(soon.to_string(), if soon > 0 { theme.warn } else { theme.dim }),
                ],
                Counted::Refused => [(); 3].map(|()| Shown::styled(CLOSED, theme.dim)),
                Counted::Not | Counted::Asked(_) => [(); 3].map(|()| Shown::styled(ellipsis, theme.dim)),
            });
            false
        });
    }
}

/// Why users or keys are not shown; if they were refused, with who could see them.
pub fn closed(shared: &Shared, error: &api::Error) -> String {
    match error.status() {
        Some(403) => format!("{error}. Only a site administrator sees other users and their API keys."),
        _ => shared.instead(error),
    }
}
