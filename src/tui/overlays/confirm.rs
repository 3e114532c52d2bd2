//! A question before something that cannot be undone: it names what it destroys, and Cancel has
//! the focus. The strong form wants a name typed.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Overlay;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::{Effect, Effects};
use crate::tui::screens::{admin, models, settings};
use crate::tui::widgets::dialog::{Dialog, key_hints};
use crate::tui::widgets::field::Field;

/// What happens after a yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    Quit,
    /// Closes the overlay below the question.
    CloseOverlay,
    /// Signs out of a profile.
    RemoveProfile(String),
    Settings(settings::Confirmed),
    Models(models::Confirmed),
    Admin(admin::Confirmed),
}

/// A question.
#[derive(Debug)]
pub struct Confirm {
    title: String,
    lines: Vec<String>,
    /// The word on the button that does it: `Delete`.
    yes: &'static str,
    no: &'static str,
    /// What has to be typed, and what was.
    typed: Option<(String, Field)>,
    yes_focused: bool,
    /// A second Esc is a yes: the question only guards what was typed.
    esc_is_yes: bool,
    then: Confirmed,
}

impl Confirm {
    /// A question with two buttons, the harmless one focused.
    pub fn new(title: impl Into<String>, lines: Vec<String>, yes: &'static str, then: Confirmed) -> Self {
        Self {
            title: title.into(),
            lines,
            yes,
            no: "Cancel",
            typed: None,
            yes_focused: false,
            esc_is_yes: false,
            then,
        }
    }

    /// The same with another word for the harmless button.
    #[must_use]
    pub fn or(mut self, no: &'static str) -> Self {
        self.no = no;
        self
    }

    /// The same, and `name` has to be typed before it is done.
    #[must_use]
    pub fn typing_name(mut self, name: impl Into<String>) -> Self {
        self.typed = Some((name.into(), Field::default()));
        self
    }

    /// The same, and a second Esc is a yes: for leaving something typed.
    #[must_use]
    pub fn esc_discards(mut self) -> Self {
        self.esc_is_yes = true;
        self
    }

    /// Puts the question on the screen.
    pub fn ask(self, app: &mut App) -> Effects {
        app.overlays.push(Overlay::Confirm(Box::new(self)));
        Effects::new()
    }

    /// What a yes would do.
    pub fn then(&self) -> &Confirmed {
        &self.then
    }

    pub(super) fn typing(&self) -> bool {
        self.typed.is_some()
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some((_, field)) = &mut self.typed {
            field.paste(text);
        }
    }

    /// Whether nothing that follows could make it the name.
    fn differs(&self) -> bool {
        self.typed.as_ref().is_some_and(|(name, field)| !name.starts_with(field.text().trim()))
    }

    fn is_typed(&self) -> bool {
        self.typed.as_ref().is_none_or(|(name, field)| field.text().trim() == name)
    }
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let Some(Overlay::Confirm(confirm)) = app.overlays.last_mut() else { return None };
    match command {
        Command::NextPart | Command::PreviousPart | Command::NextField | Command::PreviousField => {
            confirm.yes_focused = !confirm.yes_focused;
            Some(Effects::new())
        }
        Command::Submit => {
            // With a name typed in full there is nothing left to doubt.
            let yes = if confirm.typed.is_some() { confirm.is_typed() } else { confirm.yes_focused };
            if !yes {
                if confirm.typed.as_ref().is_none_or(|(_, field)| field.is_empty()) {
                    app.overlays.pop();
                }
                return Some(Effects::new());
            }
            Some(done(app))
        }
        Command::Yes => Some(done(app)),
        Command::No => {
            app.overlays.pop();
            Some(Effects::new())
        }
        Command::Back if confirm.esc_is_yes => Some(done(app)),
        // A second Ctrl-C is a yes to leaving.
        Command::Quit if confirm.then == Confirmed::Quit => Some(done(app)),
        _ => None,
    }
}

fn done(app: &mut App) -> Effects {
    let Some(Overlay::Confirm(confirm)) = app.overlays.pop() else { return Effects::new() };
    match confirm.then {
        Confirmed::Quit => vec![Effect::Quit],
        Confirmed::CloseOverlay => {
            app.overlays.pop();
            Effects::new()
        }
        Confirmed::RemoveProfile(name) => super::profiles::remove(app, name),
        Confirmed::Settings(what) => settings::confirmed(app, what),
        Confirmed::Models(what) => models::confirmed(app, what),
        Confirmed::Admin(what) => admin::confirmed(app, what),
    }
}

pub(super) fn key(app: &mut App, key: KeyEvent) -> Effects {
    let Some(Overlay::Confirm(confirm)) = app.overlays.last_mut() else { return Effects::new() };
    if let Some((_, field)) = &mut confirm.typed {
        field.on_key(key);
        return Effects::new();
    }
    match key.code {
        KeyCode::Left | KeyCode::Right | KeyCode::Char('h' | 'l') => {
            confirm.yes_focused = !confirm.yes_focused
        }
        _ => {}
    }
    Effects::new()
}

/// What Enter, Esc and a yes do, for the footer.
pub(super) fn word(confirm: &Confirm, command: Command) -> Option<String> {
    let word = match command {
        Command::Submit => match &confirm.typed {
            Some(_) if confirm.is_typed() => confirm.yes,
            Some((_, field)) if field.is_empty() => confirm.no,
            Some(_) => "",
            None if confirm.yes_focused => confirm.yes,
            None => confirm.no,
        },
        Command::Yes => confirm.yes,
        Command::Back if confirm.esc_is_yes => confirm.yes,
        Command::Back | Command::No => confirm.no,
        _ => return None,
    };
    Some(word.to_lowercase())
}

pub(super) fn view(app: &App, confirm: &Confirm, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let mut lines: Vec<Line<'_>> = confirm.lines.iter().map(|line| Line::from(line.as_str())).collect();
    let mut buttons = vec![];
    if let Some((name, _)) = &confirm.typed {
        lines.push(Line::default());
        lines.push(Line::from(match confirm.differs() {
            false => format!("Type {name} to confirm:"),
            true => format!("That is not {name}. Type {name} to confirm:"),
        }));
        lines.push(Line::default());
        let style = if confirm.is_typed() { theme.button_focused } else { theme.disabled };
        buttons.push(Span::styled(format!(" Enter {} ", confirm.yes), style));
        buttons.push(Span::raw("  "));
        buttons.push(Span::styled(format!(" Esc {} ", confirm.no), theme.button));
    } else {
        // The brackets tell the focused one where a style does not.
        let button = |word: &str, focused: bool| match focused {
            true => Span::styled(format!("[{word}]"), theme.button_focused),
            false => Span::styled(format!(" {word} "), theme.button),
        };
        buttons.push(button(confirm.no, !confirm.yes_focused));
        buttons.push(Span::raw("   "));
        buttons.push(button(confirm.yes, confirm.yes_focused));
        let contexts = [Context::Confirm, Context::Global];
        let hints = if confirm.esc_is_yes {
            vec![(Command::Back, "again discards")]
        } else {
            vec![(Command::Yes, "yes"), (Command::No, "no")]
        };
        buttons.push(Span::raw("   "));
        let hints = key_hints(app, &contexts, &hints, "  ").spans.into_iter();
        buttons.extend(hints.map(|hint| Span::styled(hint.content, theme.dim)));
    }
    lines.push(Line::default());
    lines.push(Line::from(buttons));
    let dialog = Dialog::new(&confirm.title, lines);
    let inside = dialog.render(app, frame, area);
    if let (Some((_, field)), true) = (&confirm.typed, inside.height >= 3) {
        let row = Rect { y: inside.bottom() - 3, height: 1, ..inside };
        field.render(row, frame.buffer_mut(), true, &app.styles());
    }
}
