//! The API keys of one user.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::areas;
use super::directory::closed;
use crate::api;
use crate::text;
use crate::tui::call::Call;
use crate::tui::command::Command;
use crate::tui::key_list::{KeyList, ListedKeys, Seen, Selected, deletion};
use crate::tui::layer::{Outcome, Readiness};
use crate::tui::parts::pane::{message, pane};
use crate::tui::shared::Shared;

/// The keys of one user.
#[derive(Debug)]
pub struct UserKeys {
    username: String,
    keys: KeyList,
}

impl UserKeys {
    pub fn of(username: String) -> Self {
        Self { username, keys: KeyList::default() }
    }

    /// Selects a key as soon as it is listed.
    pub fn at(mut self, key_id: &str) -> Self {
        self.keys.select_key(key_id);
        self
    }

    /// What the list shows beside the keys.
    fn seen(&self, shared: &Shared) -> Seen {
        Seen::new(shared, self.keys.replaced())
    }

    pub fn username(&self) -> &str {
        &self.username
    }

    /// How many keys there are, once they are listed.
    pub fn known(&self) -> Option<usize> {
        self.keys.fetch.at.map(|_| self.keys.all().len())
    }

    pub fn readiness(&self, shared: &Shared) -> Readiness {
        self.keys.readiness(shared)
    }

    pub fn typing(&self) -> bool {
        self.keys.state.filter.is_open()
    }

    /// Asks for the keys.
    pub fn list(&mut self, shared: &mut Shared) -> Outcome {
        let username = self.username.clone();
        let what = format!("listing the API keys of {username}");
        self.keys.fetch.start(shared, what, Call::ListKeys { username }).into()
    }

    /// The keys could not be listed; there is more to say about it than the pane does only if it was asked
    /// for.
    pub fn failed(&mut self, shared: &Shared, error: &api::Error) {
        self.keys.fetch.problem = Some(closed(shared, error));
    }

    pub fn listed(&mut self, shared: &mut Shared, answer: Result<ListedKeys, api::Error>) {
        match answer {
            Ok(keys) => {
                shared.session.services_known(keys.services());
                self.keys.listed(shared, keys, &self.seen(shared));
            }
            Err(error) => {
                self.failed(shared, &error);
                shared.notices.failed(shared.now, &error);
            }
        }
    }

    /// Removes keys that no longer exist.
    pub fn remove(&mut self, shared: &Shared, deleted: &[String]) {
        if !deleted.is_empty() {
            self.keys.remove(&self.seen(shared), |id| deleted.iter().any(|gone| gone == id));
        }
    }

    pub fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        if self.keys.command(command, &self.seen(shared), areas::inside(shared)) {
            return Outcome::done();
        }
        match command {
            Command::Refresh => self.list(shared),
            Command::DeleteKey => {
                let hidden = self.keys.hidden_marks().into_iter().collect();
                deletion::ask(shared, &self.username, &self.keys.chosen(), hidden)
            }
            Command::ChooseColumns => KeyList::choose_columns(shared),
            Command::CopyKeyId => self.copy_id(shared),
            _ => Outcome::ignored(),
        }
    }

    fn copy_id(&self, shared: &mut Shared) -> Outcome {
        let Some(Selected::Key(key)) = self.keys.selected() else { return Outcome::done() };
        shared.copy("Key ID", key.key_id.clone()).into()
    }

    pub fn follow_columns(&mut self, shared: &Shared) {
        self.keys.follow_columns(&self.seen(shared));
    }

    pub fn key(&mut self, shared: &Shared, key: KeyEvent) {
        self.keys.key(key, &self.seen(shared));
    }

    pub fn paste(&mut self, shared: &Shared, text: &str) {
        self.keys.paste(text, &self.seen(shared));
    }

    /// Without the traces of its use.
    pub fn plain(mut self, shared: &Shared) -> Self {
        self.keys.show_plain(&self.seen(shared));
        self
    }

    /// How wide it is if it cuts nothing.
    pub fn needs(&self, shared: &Shared) -> u16 {
        self.keys.needed(shared, &self.seen(shared)) + 2
    }

    /// Draws the keys; `focused` if they have the keys of the keyboard, too.
    pub fn draw(&self, shared: &Shared, focused: bool, frame: &mut Frame<'_>, area: Rect) {
        let title = format!("API keys of {}", text::clean(&self.username));
        let inside = pane(shared, &title, &self.keys.summary(shared), focused, frame, area);
        if self.keys.fetch.at.is_none() {
            let text = self.keys.fetch.instead(shared, "listing the API keys");
            return message(shared, &text, frame, inside);
        }
        self.keys.draw(shared, &self.seen(shared), focused, frame, (area, inside));
        if self.keys.is_empty() && inside.height > 3 {
            let (x, y) = (inside.x + 3, inside.y + 2);
            let row = Rect { x, y, height: 1, width: inside.width.saturating_sub(3) };
            frame.render_widget(Line::styled("No API keys.", shared.preferences.theme.dim), row);
        }
    }
}
