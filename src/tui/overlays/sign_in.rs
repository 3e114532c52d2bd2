//! Signing in to a workbench: URL, API key, and what to call the two together.

use std::borrow::Cow;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::Question;
use crate::actions::sign_in::Request;
use crate::api::parse_url;
use crate::text;
use crate::tui::call::{Answer, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::cyclic::step;
use crate::tui::decision::Decision;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::parts::dialog::{centred, frame_box, key_hints};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::secret_field::SecretField;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::VariantArray)]
enum Focus {
    #[default]
    Url,
    Key,
    Name,
}

/// The form.
#[derive(Debug)]
pub struct SignIn {
    url: Field,
    key: SecretField,
    name: Field,
    focus: Focus,
    touched: bool,
    sending: Option<RequestId>,
    problem: Option<String>,
}

impl Default for SignIn {
    fn default() -> Self {
        // More than a key that is pasted or typed there by mistake, which is then wiped.
        const ROOM: usize = 512;
        Self {
            url: Field::with_room(ROOM),
            key: SecretField::default(),
            name: Field::default(),
            focus: Focus::default(),
            touched: false,
            sending: None,
            problem: None,
        }
    }
}

impl SignIn {
    fn refused(&mut self, message: &str, hint: Option<&str>) {
        self.sending = None;
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        self.problem = Some(format!("{message}{hint}"));
    }

    /// Moves a key that was pasted or typed into the field for the URL, which shows its text, to its
    /// own field.
    fn hide_a_key(&mut self) {
        let text = self.url.text().trim();
        if self.focus != Focus::Url || !begins_like_a_key(text) {
            return;
        }
        self.key.clear();
        self.key.paste(text);
        self.url.wipe();
        self.focus = Focus::Key;
        self.problem = Some("this looks like an API key: it is in the field for the key now".to_owned());
    }

    /// From the URL, Enter goes on to the key: without one there is nothing to send.
    fn goes_on(&self) -> bool {
        self.focus == Focus::Url && self.name.is_empty()
    }

    /// The effect of Enter at the current focus.
    fn submit_label(&self) -> &'static str {
        if self.goes_on() { "next field" } else { "sign in" }
    }

    /// Sends the form, if it is valid. `replace`: the user agreed to replace the profile of that
    /// name.
    fn submit(&mut self, shared: &mut Shared, replace: bool) -> Outcome {
        if self.sending.is_some() {
            return Outcome::done();
        }
        let url = match parse_url(self.url.text()) {
            Ok(url) => url,
            Err(error) => {
                self.focus = Focus::Url;
                self.refused(&error.to_string(), error.hint().as_deref());
                return Outcome::done();
            }
        };
        let key = match self.key.key() {
            Ok(key) => key,
            Err(problem) => {
                self.focus = Focus::Key;
                self.problem = Some(problem.to_string());
                return Outcome::done();
            }
        };
        let name = self.name.text().trim().to_owned();
        let store = shared.preferences.store.clone();
        let request = Request {
            name: Some(name).filter(|name| !name.is_empty()),
            replace,
            timeout: shared.preferences.given.timeout,
            ..Request::new(url)
        };
        let call = Call::SignIn { store, request: Box::new(request), key };
        let (id, effect) = shared.start(Kind::Change, "signing in", call);
        self.sending = Some(id);
        self.problem = None;
        effect.into()
    }
}

/// Whether a text begins as no URL does: with the hexadecimal digits of a key, or as a JWT.
fn begins_like_a_key(text: &str) -> bool {
    const DIGITS: usize = 24;
    let digits = text.bytes().take_while(u8::is_ascii_hexdigit).count();
    digits >= DIGITS || (text.starts_with("eyJ") && text.len() >= DIGITS)
}

impl Layer for SignIn {
    fn name(&self) -> &'static str {
        "sign-in"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Form]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        true
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit).then(|| self.submit_label().into())
    }

    fn unsaved(&self, _shared: &Shared) -> Option<String> {
        self.touched.then(|| "The form for signing in is filled in.".to_owned())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::NextField => self.focus = step(self.focus, 1),
            Command::PreviousField => self.focus = step(self.focus, 2),
            Command::Submit if self.goes_on() => match parse_url(self.url.text()) {
                Ok(_) => self.focus = Focus::Key,
                Err(error) => self.refused(&error.to_string(), error.hint().as_deref()),
            },
            Command::Submit => return self.submit(shared, false),
            Command::Back if self.touched => {
                let lines = vec!["The URL and the key that were typed are lost.".into()];
                return Question::new("Leave the sign-in?", lines, "Leave", Decision::Discard)
                    .or("Keep editing")
                    .esc_discards()
                    .ask();
            }
            Command::Back => return Outcome::pop(),
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn decided(&mut self, shared: &mut Shared, decision: Decision) -> Outcome {
        match decision {
            Decision::ReplaceProfile => self.submit(shared, true),
            _ => Outcome::pop(),
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        let edit = match self.focus {
            Focus::Url => self.url.on_key(key),
            Focus::Key => self.key.on_key(key),
            Focus::Name => self.name.on_key(key),
        };
        match (edit, key.code) {
            (Edit::Changed, _) => {
                self.touched = true;
                self.problem = None;
                self.hide_a_key();
            }
            (Edit::Ignored, KeyCode::Down) => self.focus = step(self.focus, 1),
            (Edit::Ignored, KeyCode::Up) => self.focus = step(self.focus, 2),
            _ => {}
        }
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.touched = true;
        self.problem = None;
        match self.focus {
            Focus::Url => self.url.paste(text.trim()),
            Focus::Key => self.key.paste(text),
            Focus::Name => self.name.paste(text.trim()),
        };
        self.hide_a_key();
        Outcome::done()
    }

    fn answer(&mut self, _shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        let Answer::Opened(Err(refusal)) = answer else { return Outcome::done() };
        if !refusal.taken {
            self.refused(&refusal.message, refusal.hint.as_deref());
            return Outcome::done();
        }
        self.refused(&refusal.message, None);
        self.focus = Focus::Name;
        let lines = vec![
            format!("{}.", text::clean(&refusal.message)),
            "Its URL, key, label and marks are replaced, and its key is forgotten on this machine.".into(),
        ];
        Question::new("Replace the profile?", lines, "Replace", Decision::ReplaceProfile)
            .or("Choose another name")
            .ask()
    }

    fn cancelled(&mut self, _shared: &mut Shared, _id: RequestId) -> Outcome {
        self.sending = None;
        Outcome::done()
    }

    fn hides_opener(&self) -> bool {
        true
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let inside = frame_box(shared, "Sign in to a workbench", frame, centred(area, 70, 13));
        let label = |focus: Focus, text: &'static str| {
            Line::styled(text, if self.focus == focus { theme.key } else { theme.dim })
        };
        let mut lines = vec![
            label(Focus::Url, "URL"),
            label(Focus::Key, "API key"),
            label(Focus::Name, "profile"),
            Line::default(),
        ];
        if let Some(problem) = &self.problem {
            let text = format!("{} {}", shared.preferences.glyphs.bad, text::clean(problem));
            lines.push(Line::styled(text, theme.error));
        } else if self.sending.is_some() {
            lines.push(Line::styled(
                format!("{} asking whether the key is valid", shared.spinner()),
                theme.accent,
            ));
        } else {
            lines.push(Line::styled(
                "Paste the key; it is not shown. It is stored once the workbench",
                theme.dim,
            ));
            lines.push(Line::styled("has accepted it, in a file that only you can read.", theme.dim));
        }
        let hints = [
            (Command::Submit, self.submit_label()),
            (Command::NextField, "next field"),
            (Command::Back, "leave"),
        ];
        let hint = key_hints(shared, &[KeyContext::Form, KeyContext::Global], &hints, "   ");
        let rows = inside.height.saturating_sub(1);
        frame
            .render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), Rect { height: rows, ..inside });
        frame.render_widget(hint, Rect { y: inside.y + rows, height: inside.height.min(1), ..inside });
        let row = |n: u16| {
            Rect {
                x: inside.x + inside.width.min(9),
                y: inside.y + n,
                width: inside.width.saturating_sub(9),
                height: 1,
            }
            .intersection(inside)
        };
        let styles = shared.styles();
        let buffer = frame.buffer_mut();
        self.url.render(row(0), buffer, self.focus == Focus::Url, &styles);
        self.key.render(row(1), buffer, self.focus == Focus::Key, &styles);
        self.name.render(row(2), buffer, self.focus == Focus::Name, &styles);
        if self.url.is_empty() && self.focus != Focus::Url {
            frame.render_widget(Line::styled("https://workbench.example.com", theme.disabled), row(0));
        }
        if self.name.is_empty() && self.focus != Focus::Name {
            frame.render_widget(Line::styled("the host's name", theme.disabled), row(2));
        }
    }
}
