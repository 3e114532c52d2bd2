//! The section Users: the directory, or the API keys of one user.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::directory::Directory;
use super::user_keys::UserKeys;
use crate::api;
use crate::text;
use crate::tui::call::Answer;
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::event::Event;
use crate::tui::key_list::{ListedKeys, deletion};
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::shared::Shared;

/// The state of the section.
#[derive(Debug, Default)]
pub struct Users {
    directory: Directory,
    /// A user whose keys are shown instead of the directory.
    open: Option<UserKeys>,
}

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

    /// Whether no user is shown, nor the keys of one.
    pub fn is_empty(&self) -> bool {
        self.open.is_none() && self.directory.is_empty()
    }

    /// Shows the API keys of a user, which are asked for when the section is entered.
    pub fn open(&mut self, username: String) {
        self.open = Some(UserKeys::of(username));
    }

    /// Follows the columns that are chosen.
    pub fn follow_columns(&mut self, shared: &Shared) {
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
        match &mut self.open {
            Some(open) => open.list(shared),
            None => self.directory.enter(shared),
        }
    }

    /// Asks for the keys of the users in sight that have no count yet.
    pub fn count_in_sight(&mut self, shared: &mut Shared) -> Outcome {
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
            Command::Back => {
                self.open = None;
                self.directory.enter(shared)
            }
            Command::DeleteAllKeys => {
                let username = open.username().to_owned();
                self.ask_delete_all(shared, username)
            }
            _ => outcome,
        }
    }

    fn directory_command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let outcome = self.directory.command(shared, command);
        if outcome.taken || !matches!(command, Command::Open | Command::DeleteAllKeys) {
            return outcome;
        }
        let Some(username) = self.directory.selected().map(str::to_owned) else { return outcome };
        if command == Command::DeleteAllKeys {
            return self.ask_delete_all(shared, username);
        }
        let given_up = Outcome::from(shared.abandon());
        given_up.and(self.open.insert(UserKeys::of(username)).list(shared))
    }

    fn ask_delete_all(&self, shared: &Shared, username: String) -> Outcome {
        let mut lines =
            vec![format!("All API keys of {username} at {} stop working at once.", shared.session.label)];
        if let Some(keys) = self.directory.known_keys(&username) {
            lines.push(format!("Now listed: {}.", text::count(keys, "key", "keys")));
        }
        lines.push("This cannot be undone.".into());
        if shared.session.username.as_deref() == Some(&*username) || shared.session.own.has_given() {
            lines.push("A key that is in use here stays.".into());
        }
        let then = Decision::DeleteAllKeys { username: username.clone() };
        Question::new("Delete all API keys?", lines, "Delete all", then).typing_name(username).ask()
    }

    pub fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        match &mut self.open {
            Some(open) => open.key(shared, key),
            None => return self.directory.key(shared, key),
        }
        Outcome::done()
    }

    pub fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        match &mut self.open {
            Some(open) => open.paste(shared, text),
            None => return self.directory.paste(shared, text),
        }
        Outcome::done()
    }

    pub fn answer(&mut self, shared: &mut Shared, answer: Answer) -> Outcome {
        match answer {
            Answer::UsersPage(users) => self.directory.add(users),
            Answer::UsersListed(answer) => self.directory.listed(shared, answer),
            Answer::KeysCounted { username, answer } => self.directory.counted(shared, &username, answer),
            Answer::Keys { username, answer } => self.keys_listed(shared, &username, answer),
            Answer::KeysDeleted { username, deleted, failed, spared } => {
                deletion::report(shared, &username, &deleted, &failed, &spared);
                self.keys_changed(shared, &username, &deleted);
                let listing = match &mut self.open {
                    Some(open) if open.username() == username => open.list(shared),
                    Some(_) => Outcome::done(),
                    None => self.directory.count_in_sight(shared),
                };
                return listing.and_event(Event::KeysChanged { username, deleted });
            }
            _ => {}
        }
        self.count_in_sight(shared)
    }

    fn keys_listed(&mut self, shared: &mut Shared, username: &str, answer: Result<ListedKeys, api::Error>) {
        if let Some(open) = self.open.as_mut().filter(|open| open.username() == username) {
            open.listed(shared, answer);
        }
    }

    /// A user's API keys changed, in this tab or another: the count is no longer known.
    pub fn keys_changed(&mut self, shared: &Shared, username: &str, deleted: &[String]) {
        self.directory.forget_count(username);
        if let Some(open) = self.open.as_mut().filter(|open| open.username() == username) {
            open.remove(shared, deleted);
        }
    }

    pub fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        match &self.open {
            Some(open) => open.draw(shared, frame, area),
            None => self.directory.draw(shared, frame, area),
        }
    }
}
