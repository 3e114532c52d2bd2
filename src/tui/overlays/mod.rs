//! What lies over a screen: questions, help, the palette, notices, profiles, signing in.
//!
//! A screen's own dialogs (a form, the reveal) belong to the screen; these belong to nobody.

mod confirm;
mod help;
mod notices;
mod palette;
mod profiles;
mod sign_in;

pub use confirm::{Confirm, Confirmed};
pub use palette::Palette;
pub use profiles::ProfileList;
pub use sign_in::SignIn;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::app::App;
use super::command::{Command, Context};
use super::effect::Effects;
use super::session::Refusal;
use super::widgets::dialog;
use crate::config::Profiles;

/// One thing over the screen.
#[derive(Debug)]
pub enum Overlay {
    Confirm(Box<Confirm>),
    /// Scrolled down by so many lines.
    Help(u16),
    /// The same.
    Notices(u16),
    Palette(Box<Palette>),
    Profiles(ProfileList),
    SignIn(Box<SignIn>),
}

/// Contexts of the topmost overlay, innermost first.
pub(super) fn contexts(app: &App) -> Option<Vec<Context>> {
    Some(match app.overlays.last()? {
        Overlay::Confirm(_) => vec![Context::Confirm],
        Overlay::Help(_) => vec![Context::Reader],
        Overlay::Notices(_) => vec![Context::Notices, Context::Reader],
        Overlay::Palette(_) => vec![Context::Palette],
        Overlay::Profiles(_) => vec![Context::Profiles, Context::Choice],
        Overlay::SignIn(_) => vec![Context::Form],
    })
}

/// Whether characters go into a field of the topmost overlay.
pub(super) fn typing(app: &App) -> bool {
    match app.overlays.last() {
        Some(Overlay::Confirm(confirm)) => confirm.typing(),
        Some(Overlay::Palette(_) | Overlay::SignIn(_)) => true,
        _ => false,
    }
}

/// What a command does in the topmost overlay, where the table's own word says too little.
pub(super) fn word(app: &App, command: Command) -> Option<String> {
    match (app.overlays.last()?, command) {
        (Overlay::Confirm(confirm), _) => confirm::word(confirm, command),
        (Overlay::Palette(_), Command::Submit) => Some("go".to_owned()),
        (Overlay::Profiles(_), Command::Submit) => Some("switch".to_owned()),
        (Overlay::SignIn(form), Command::Submit) => Some(form.submit_word().to_owned()),
        _ => None,
    }
}

/// Opens the list of profiles.
pub(super) fn show_profiles(app: &mut App) -> Effects {
    profiles::show(app)
}

/// Opens the sign-in form.
pub(super) fn show_sign_in(app: &mut App) -> Effects {
    app.overlays.push(Overlay::SignIn(Box::default()));
    Effects::new()
}

/// Opens the palette.
pub(super) fn show_palette(app: &mut App) -> Effects {
    palette::show(app)
}

/// An answer may have brought names that an open palette can find.
pub(super) fn names_came(app: &mut App) {
    palette::names_came(app);
}

/// The profiles were read, or not.
pub(super) fn profiles_read(app: &mut App, answer: Result<Profiles, String>) {
    for overlay in &mut app.overlays {
        if let Overlay::Profiles(list) = overlay {
            return list.read(answer);
        }
    }
}

/// Shows a refusal in the sign-in form; `false` where none is open.
pub(super) fn sign_in_refused(app: &mut App, refusal: &Refusal) -> bool {
    for overlay in &mut app.overlays {
        if let Overlay::SignIn(form) = overlay {
            form.refused(refusal);
            return true;
        }
    }
    false
}

/// A command for the topmost overlay; `None` where it has no use for it.
pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let page = app.size.1 / 2;
    let last = match app.overlays.last()? {
        Overlay::Help(_) => dialog::last_scroll(help::lines(app), super::view::body(app)),
        Overlay::Notices(_) => dialog::last_scroll(notices::lines(app), super::view::body(app)),
        _ => 0,
    };
    let answer = match app.overlays.last_mut()? {
        Overlay::Confirm(_) => confirm::command(app, command),
        Overlay::Palette(_) => palette::command(app, command),
        Overlay::Profiles(_) => profiles::command(app, command),
        Overlay::SignIn(_) => sign_in::command(app, command),
        Overlay::Help(scroll) | Overlay::Notices(scroll) => match command {
            Command::Help | Command::Notices => {
                app.overlays.pop();
                Some(Effects::new())
            }
            other => scrolled(*scroll, page, last, other).map(|to| {
                *scroll = to;
                Effects::new()
            }),
        },
    };
    if answer.is_none() && command == Command::Back {
        app.overlays.pop();
        return Some(Effects::new());
    }
    answer
}

fn scrolled(scroll: u16, page: u16, last: u16, command: Command) -> Option<u16> {
    let to = match command {
        Command::Up => scroll.saturating_sub(1),
        Command::Down => scroll.saturating_add(1),
        Command::PageUp => scroll.saturating_sub(page),
        Command::PageDown => scroll.saturating_add(page),
        Command::First => 0,
        Command::Last => last,
        _ => return None,
    };
    Some(to.min(last))
}

/// A key that is no command.
pub(super) fn key(app: &mut App, key: KeyEvent) -> Effects {
    match app.overlays.last_mut() {
        Some(Overlay::Confirm(_)) => return confirm::key(app, key),
        Some(Overlay::Palette(_)) => palette::key(app, key),
        Some(Overlay::SignIn(form)) => form.key(key),
        _ => {}
    }
    Effects::new()
}

/// Pasted text.
pub(super) fn paste(app: &mut App, text: &str) {
    match app.overlays.last_mut() {
        Some(Overlay::Confirm(confirm)) => confirm.paste(text),
        Some(Overlay::Palette(_)) => palette::paste(app, text),
        Some(Overlay::SignIn(form)) => form.paste(text),
        _ => {}
    }
}

/// Draws all overlays, the topmost last.
pub(super) fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    for overlay in &app.overlays {
        match overlay {
            Overlay::Confirm(confirm) => confirm::view(app, confirm, frame, area),
            Overlay::Help(scroll) => help::view(app, *scroll, frame, area),
            Overlay::Notices(scroll) => notices::view(app, *scroll, frame, area),
            Overlay::Palette(palette) => palette::view(app, palette, frame, area),
            Overlay::Profiles(list) => profiles::view(app, list, frame, area),
            Overlay::SignIn(form) => sign_in::view(app, form, frame, area),
        }
    }
}
