//! Signing in to a workbench: URL, API key, and what to call the two together.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::{Confirm, Confirmed, Overlay};
use crate::api::parse_url;
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::{self, Effects};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::session::{Call, Refusal};
use crate::tui::widgets::Edit;
use crate::tui::widgets::dialog::{centred, frame_box, key_hints};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::secret_field::SecretField;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Focus {
    #[default]
    Url,
    Key,
    Name,
}

impl Focus {
    const ALL: [Self; 3] = [Self::Url, Self::Key, Self::Name];

    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|focus| *focus == self).unwrap_or_default();
        Self::ALL[(at + by) % Self::ALL.len()]
    }
}

/// The form.
#[derive(Debug, Default)]
pub struct SignIn {
    url: Field,
    key: SecretField,
    name: Field,
    focus: Focus,
    touched: bool,
    sending: Option<RequestId>,
    problem: Option<String>,
}

impl SignIn {
    pub(super) fn refused(&mut self, refusal: &Refusal) {
        self.sending = None;
        let hint = refusal.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        self.problem = Some(format!("{}{hint}", refusal.message));
    }

    /// From the URL, Enter goes on to the key: without one there is nothing to send.
    fn goes_on(&self) -> bool {
        self.focus == Focus::Url && self.name.is_empty()
    }

    /// What Enter does where the focus is.
    pub(super) fn submit_word(&self) -> &'static str {
        if self.goes_on() { "next field" } else { "sign in" }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.touched = true;
        self.problem = None;
        match self.focus {
            Focus::Url => self.url.paste(text.trim()),
            Focus::Key => self.key.paste(text),
            Focus::Name => self.name.paste(text.trim()),
        };
    }

    pub(super) fn key(&mut self, key: KeyEvent) {
        let edit = match self.focus {
            Focus::Url => self.url.on_key(key),
            Focus::Key => self.key.on_key(key),
            Focus::Name => self.name.on_key(key),
        };
        match (edit, key.code) {
            (Edit::Changed, _) => {
                self.touched = true;
                self.problem = None;
            }
            (Edit::Ignored, KeyCode::Down) => self.focus = self.focus.step(1),
            (Edit::Ignored, KeyCode::Up) => self.focus = self.focus.step(2),
            _ => {}
        }
    }
}

fn form(app: &mut App) -> Option<&mut SignIn> {
    match app.overlays.last_mut() {
        Some(Overlay::SignIn(form)) => Some(form),
        _ => None,
    }
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let form = form(app)?;
    match command {
        Command::NextField => form.focus = form.focus.step(1),
        Command::PreviousField => form.focus = form.focus.step(2),
        Command::Submit if form.goes_on() => form.focus = Focus::Key,
        Command::Submit => return Some(submit(app)),
        Command::Back if form.touched => {
            let lines = vec!["The URL and the key that were typed are lost.".into()];
            return Some(
                Confirm::new("Leave the sign-in?", lines, "Leave", Confirmed::CloseOverlay)
                    .or("Keep editing")
                    .esc_discards()
                    .ask(app),
            );
        }
        Command::Back => {
            app.overlays.pop();
        }
        _ => return None,
    }
    Some(Effects::new())
}

fn submit(app: &mut App) -> Effects {
    let store = app.preferences.store.clone();
    let Some(form) = form(app) else { return Effects::new() };
    if form.sending.is_some() {
        return Effects::new();
    }
    let url = match parse_url(form.url.text()) {
        Ok(url) => url,
        Err(error) => {
            form.focus = Focus::Url;
            form.refused(&error.into());
            return Effects::new();
        }
    };
    let key = match form.key.key() {
        Ok(key) => key,
        Err(problem) => {
            form.focus = Focus::Key;
            form.problem = Some(problem.to_string());
            return Effects::new();
        }
    };
    let name = form.name.text().trim().to_owned();
    let call = effect::Call::Session(Call::SignIn { store, url, key, name });
    let (id, effect) = app.start(Scope::Dialog, Kind::Change, "signing in", call);
    if let Some(Overlay::SignIn(form)) = app.overlays.last_mut() {
        form.sending = Some(id);
        form.problem = None;
    }
    vec![effect]
}

pub(super) fn view(app: &App, form: &SignIn, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let inside = frame_box(app, "Sign in to a workbench", frame, centred(area, 70, 13));
    let label = |focus: Focus, text: &'static str| {
        Line::styled(text, if form.focus == focus { theme.key } else { theme.dim })
    };
    let mut lines = vec![
        label(Focus::Url, "URL"),
        label(Focus::Key, "API key"),
        label(Focus::Name, "profile"),
        Line::default(),
    ];
    if let Some(problem) = &form.problem {
        let text = format!("{} {}", app.preferences.glyphs.bad, text::clean(problem));
        lines.push(Line::styled(text, theme.error));
    } else if form.sending.is_some() {
        lines.push(Line::styled(format!("{} asking whether the key is valid", app.spinner()), theme.accent));
    } else {
        lines
            .push(Line::styled("Paste the key; it is not shown. It is stored once the workbench", theme.dim));
        lines.push(Line::styled("has accepted it, in a file that only you can read.", theme.dim));
    }
    let hints =
        [(Command::Submit, form.submit_word()), (Command::NextField, "next field"), (Command::Back, "leave")];
    let hint = key_hints(app, &[Context::Form, Context::Global], &hints, "   ");
    let rows = inside.height.saturating_sub(1);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), Rect { height: rows, ..inside });
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
    let styles = app.styles();
    let buffer = frame.buffer_mut();
    form.url.render(row(0), buffer, form.focus == Focus::Url, &styles);
    form.key.render(row(1), buffer, form.focus == Focus::Key, &styles);
    form.name.render(row(2), buffer, form.focus == Focus::Name, &styles);
    if form.url.is_empty() && form.focus != Focus::Url {
        frame.render_widget(Line::styled("https://workbench.example.com", theme.disabled), row(0));
    }
    if form.name.is_empty() && form.focus != Focus::Name {
        frame.render_widget(Line::styled("the host's name", theme.disabled), row(2));
    }
}
