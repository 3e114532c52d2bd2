//! The section Users: the directory, or the API keys of one user.

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::areas;
use super::directory::Directory;
use super::previews::Previews;
use super::user_keys::UserKeys;
use crate::api;
use crate::text;
use crate::tui::call::{Answer, ToDelete};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::event::Event;
use crate::tui::key_list::{ListedKeys, deletion, of_service};
use crate::tui::layer::{Outcome, Readiness};
use crate::tui::layout::{beside, body, is_wide};
use crate::tui::overlays::Question;
use crate::tui::parts::pane::pane;
use crate::tui::shared::Shared;

/// The state of the section.
#[derive(Debug, Default)]
pub struct Users {
    directory: Directory,
    /// A user whose keys have the focus, and the room that they need.
    open: Option<UserKeys>,
    /// They were opened from elsewhere.
    visited: bool,
    /// The keys of selected users, beside the directory.
    previews: Previews<UserKeys>,
}

/// The width of keys beside the directory.
const PREVIEW: u16 = 40;
const WIDEST: u16 = 120;

impl Users {
    pub fn contexts(&self) -> Vec<KeyContext> {
        match &self.open {
            _ if self.typing() => vec![KeyContext::FilterField, KeyContext::List],
            Some(_) => vec![KeyContext::UserKeys, KeyContext::List],
            None => vec![KeyContext::Users, KeyContext::List],
        }
    }

    pub fn typing(&self) -> bool {
        match &self.open {
            Some(open) => open.typing(),
            None => self.directory.typing(),
        }
    }

    pub fn readiness(&self, shared: &Shared) -> Readiness {
        let open = self.open.as_ref().map(|open| open.readiness(shared));
        open.unwrap_or_else(|| self.directory.readiness(shared))
    }

    /// Whether the keys of a user have the focus.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether no user is shown, nor the keys of one.
    pub fn is_empty(&self) -> bool {
        self.open.is_none() && self.directory.is_empty()
    }

    /// Shows the API keys of a user, which are asked for when the section is entered, with one selected.
    /// The way back leads to where that was wanted.
    pub fn visit(&mut self, username: String, key_id: &str) {
        self.open = Some(UserKeys::of(username).at(key_id));
        self.visited = true;
    }

    /// Closes the keys of a user that were looked at from elsewhere; `false` if none are.
    pub fn end_visit(&mut self) -> bool {
        let visited = std::mem::take(&mut self.visited);
        if visited {
            self.open = None;
        }
        visited
    }

    /// The areas of the directory and of the keys of a user.
    fn panes(&self, shared: &Shared, area: Rect) -> [Option<Rect>; 2] {
        let least = self.open.as_ref().map_or(PREVIEW, |open| open.needs(shared).clamp(PREVIEW, WIDEST));
        match beside(area, self.directory.needs(shared), least..=WIDEST).filter(|_| is_wide(shared)) {
            Some((directory, keys)) => [Some(directory), Some(keys)],
            None if self.open.is_some() => [None, Some(area)],
            None => [Some(area), None],
        }
    }

    /// The preview follows the selection.
    fn follow(&mut self, shared: &Shared) {
        let [_, keys] = self.panes(shared, areas::section(body(shared)));
        let in_sight = self.open.is_none() && keys.is_some();
        self.previews.follow(shared.now, self.directory.selected().filter(|_| in_sight));
    }

    /// When to ask for the keys of the selected user.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        self.previews.wakes_at()
    }

    pub fn wake(&mut self, shared: &mut Shared) -> Outcome {
        let Some(username) = self.previews.due(shared.now) else { return Outcome::done() };
        let mut keys = UserKeys::of(username.clone());
        let listing = shared.quietly(|shared| keys.list(shared));
        self.previews.put(username, keys);
        listing
    }

    /// Follows the columns that are chosen.
    pub fn follow_columns(&mut self, shared: &Shared) {
        self.previews.clear();
        self.directory.follow_columns(shared);
        self.open.iter_mut().for_each(|open| open.follow_columns(shared));
    }

    /// Names of the users that are known, for completion.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.directory.names()
    }

    /// Whether the workbench, asked for all users, listed only the signed-in one. It does so if there
    /// are no others, or if this user is not a site administrator (INFERRED).
    pub fn only_oneself(&self, shared: &Shared) -> bool {
        self.directory.only_oneself(shared)
    }

    pub fn enter(&mut self, shared: &mut Shared) -> Outcome {
        if let Some(open) = &mut self.open {
            return open.list(shared);
        }
        let listing = self.directory.enter(shared);
        if !shared.quiet {
            self.previews.clear();
        }
        self.follow(shared);
        let preview = self.directory.selected().and_then(|name| self.previews.get_mut(name));
        listing.and(preview.map_or_else(Outcome::done, |keys| keys.list(shared)))
    }

    /// Asks for the keys of the users in sight that have no count yet.
    pub fn count_in_sight(&mut self, shared: &mut Shared) -> Outcome {
        self.follow(shared);
        match &self.open {
            Some(_) => Outcome::done(),
            None => self.directory.count_in_sight(shared),
        }
    }

    pub fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let Some(open) = &mut self.open else { return self.directory_command(shared, command) };
        let outcome = open.command(shared, command);
        match command {
            _ if outcome.taken => outcome,
            // The tab ends the visit.
            Command::Back if self.visited => outcome,
            Command::Back => {
                if let Some(open) = self.open.take() {
                    self.previews.put(open.username().to_owned(), open.plain(shared));
                }
                self.directory.enter(shared)
            }
            Command::DeleteAllKeys => {
                let (username, keys) = (open.username().to_owned(), open.known());
                self.ask_delete_all(shared, username, keys)
            }
            _ => outcome,
        }
    }

    fn directory_command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let outcome = self.directory.command(shared, command);
        self.follow(shared);
        if outcome.taken || !matches!(command, Command::Open | Command::DeleteAllKeys) {
            return outcome;
        }
        let Some(username) = self.directory.selected().map(str::to_owned) else { return outcome };
        if command == Command::DeleteAllKeys {
            let keys = self.directory.known_keys(&username);
            return self.ask_delete_all(shared, username, keys);
        }
        let given_up = Outcome::from(shared.abandon());
        let keys = self.previews.take(&username).unwrap_or_else(|| UserKeys::of(username));
        self.follow(shared);
        given_up.and(self.open.insert(keys).list(shared))
    }

    /// Asks about all keys of a user, of whom so many are known.
    fn ask_delete_all(&self, shared: &mut Shared, username: String, known: Option<usize>) -> Outcome {
        let own = shared.session.username.as_deref() == Some(&*username);
        let is_one = |count: usize| own && count == 1 && shared.session.own.signed_in_ids().next().is_some();
        let nothing = match known {
            Some(0) => Some(format!("{username} has no API keys")),
            Some(count) if is_one(count) => Some(format!(
                "nothing to delete: {username} has only the key that keybench is signed in with"
            )),
            _ => None,
        };
        if let Some(text) = nothing {
            shared.notices.warning(shared.now, text);
            return Outcome::done();
        }
        let at = &shared.session.label;
        let mut lines = match own {
            true => vec![
                format!("All other API keys of {username} at {at} stop working at once."),
                "The key that keybench is signed in with stays.".to_owned(),
            ],
            false => vec![format!("All API keys of {username} at {at} stop working at once.")],
        };
        if let Some(keys) = known {
            lines.push(format!("Now listed: {}.", text::count(keys, "key", "keys")));
        }
        lines.extend(of_service::of_user(shared, &username));
        lines.push("This cannot be undone.".into());
        if shared.session.own.has_given() {
            lines.push("The key of the workbench session that keybench runs in stays.".into());
        }
        let then = Decision::DeleteKeys(ToDelete::All { username: username.clone() });
        Question::new("Delete all API keys?", lines, "Delete all", then).typing_name(username).ask()
    }

    pub fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        let Some(open) = &mut self.open else {
            let counting = self.directory.key(shared, key);
            self.follow(shared);
            return counting;
        };
        open.key(shared, key);
        Outcome::done()
    }

    pub fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        let Some(open) = &mut self.open else {
            let counting = self.directory.paste(shared, text);
            self.follow(shared);
            return counting;
        };
        open.paste(shared, text);
        Outcome::done()
    }

    pub fn answer(&mut self, shared: &mut Shared, answer: Answer) -> Outcome {
        match answer {
            Answer::UsersPage(users) => self.directory.add(users),
            Answer::UsersListed(answer) => self.directory.listed(shared, answer),
            Answer::KeysCounted { username, answer } => self.directory.counted(shared, &username, answer),
            Answer::Keys { username, answer } => self.keys_listed(shared, &username, answer),
            Answer::KeysDeleted(keys) => {
                deletion::report(shared, &keys);
                let (username, changed) = (keys.username.clone(), keys.changed());
                if let Event::KeysChanged { username, deleted } = &changed {
                    self.keys_changed(shared, username, deleted);
                }
                let listing = match &mut self.open {
                    Some(open) if open.username() == username => open.list(shared),
                    Some(_) => Outcome::done(),
                    None => self.directory.count_in_sight(shared),
                };
                return listing.and_event(changed);
            }
            _ => {}
        }
        self.count_in_sight(shared)
    }

    fn keys_listed(&mut self, shared: &mut Shared, username: &str, answer: Result<ListedKeys, api::Error>) {
        if let Some(open) = self.open.as_mut().filter(|open| open.username() == username) {
            return open.listed(shared, answer);
        }
        match (self.previews.get_mut(username), answer) {
            (Some(preview), Ok(keys)) => preview.listed(shared, Ok(keys)),
            (Some(preview), Err(error)) => preview.failed(shared, &error),
            (None, _) => {}
        }
    }

    /// A user's API keys changed, in this tab or another: the count is no longer known.
    pub fn keys_changed(&mut self, shared: &Shared, username: &str, deleted: &[String]) {
        self.directory.forget_count(username);
        self.previews.take(username);
        if let Some(open) = self.open.as_mut().filter(|open| open.username() == username) {
            open.remove(shared, deleted);
        }
    }

    pub fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let [directory, keys] = self.panes(shared, area);
        if let Some(area) = directory {
            self.directory.draw(shared, self.open.is_none(), frame, area);
        }
        let selected = || self.directory.selected().and_then(|name| self.previews.get(name));
        match (keys, &self.open) {
            (Some(area), Some(open)) => open.draw(shared, true, frame, area),
            (Some(area), None) => match selected() {
                Some(preview) => preview.draw(shared, false, frame, area),
                None => drop(pane(shared, "API keys", "", false, frame, area)),
            },
            (None, _) => {}
        }
    }
}
