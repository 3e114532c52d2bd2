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
use crate::tui::effect::{Copied, Effect};
use crate::tui::key_list::{KeyList, ListedKeys, Selected, deletion};
use crate::tui::layer::Outcome;
use crate::tui::parts::pane::{awaited, message, pane};
use crate::tui::requests::Kind;
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

    pub fn username(&self) -> &str {
        &self.username
    }

    pub fn typing(&self) -> bool {
        self.keys.filter.is_open()
    }

    /// Asks for the keys.
    pub fn list(&mut self, shared: &mut Shared) -> Outcome {
        let username = self.username.clone();
        let what = format!("listing the API keys of {username}");
        let (id, effect) = shared.start(Kind::Read, what, Call::ListKeys { username });
        self.keys.loading = Some(id);
        effect.into()
    }

    pub fn listed(&mut self, shared: &mut Shared, answer: Result<ListedKeys, api::Error>) {
        match answer {
            Ok(keys) => self.keys.set(shared, keys),
            Err(error) => {
                self.keys.problem = Some(closed(&error));
                shared.notices.failed(shared.now, &error);
            }
        }
    }

    /// Removes keys that no longer exist.
    pub fn remove(&mut self, shared: &Shared, deleted: &[String]) {
        if !deleted.is_empty() {
            self.keys.remove(shared, |id| deleted.iter().any(|gone| gone == id));
        }
    }

    pub fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        if self.keys.command(command, self.keys.height(areas::inside(shared))) {
            return Outcome::done();
        }
        match command {
            Command::Refresh => self.list(shared),
            Command::DeleteKey => deletion::ask(shared, &self.username, &self.keys.chosen(), Vec::new()),
            Command::CopyKeyId => self.copy_id(shared),
            _ => Outcome::ignored(),
        }
    }

    fn copy_id(&self, shared: &mut Shared) -> Outcome {
        let Some(Selected::Key(key)) = self.keys.selected() else { return Outcome::done() };
        let text = shared.sent_to_terminal("Key ID");
        shared.notices.info(shared.now, text);
        Effect::Copy(Copied::Text(key.key_id.clone())).into()
    }

    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        if self.keys.filter.on_key(key) {
            self.keys.arrange();
        }
        Outcome::done()
    }

    pub fn paste(&mut self, text: &str) -> Outcome {
        if self.keys.filter.paste(text) {
            self.keys.arrange();
        }
        Outcome::done()
    }

    pub fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let title = format!("API keys of {}", text::clean(&self.username));
        let inside = pane(shared, &title, &self.keys.summary(shared), true, frame, area);
        let text = match (&self.keys.problem, self.keys.fetched) {
            (Some(problem), None) => problem.clone(),
            (None, None) => awaited(shared, self.keys.loading, "listing the API keys"),
            _ => {
                self.keys.draw(shared, |_| None, true, frame, inside);
                if self.keys.all().is_empty() && inside.height > 3 {
                    let (x, y) = (inside.x + 3, inside.y + 2);
                    let row = Rect { x, y, height: 1, width: inside.width.saturating_sub(3) };
                    frame.render_widget(Line::styled("No API keys.", shared.preferences.theme.dim), row);
                }
                return;
            }
        };
        message(shared, &text, frame, inside);
    }
}
