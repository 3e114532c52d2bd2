//! What lies over a screen: questions, help, the palette, the history of notices.
//!
//! A screen's own dialogs (a form, the reveal) belong to the screen; these belong to nobody.

mod confirm;
mod help;
mod notices;

pub use confirm::{Confirm, Confirmed};

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::app::App;
use super::command::{Command, Context};
use super::effect::Effects;

/// One thing over the screen.
#[derive(Debug)]
pub enum Overlay {
    Confirm(Box<Confirm>),
    /// Scrolled down by so many lines.
    Help(u16),
    /// The same.
    Notices(u16),
}

/// Contexts of the topmost overlay, innermost first.
pub(super) fn contexts(app: &App) -> Option<Vec<Context>> {
    Some(match app.overlays.last()? {
        Overlay::Confirm(_) => vec![Context::Confirm],
        Overlay::Help(_) => vec![Context::Reader],
        Overlay::Notices(_) => vec![Context::Notices, Context::Reader],
    })
}

/// Whether characters go into a field of the topmost overlay.
pub(super) fn typing(app: &App) -> bool {
    matches!(app.overlays.last(), Some(Overlay::Confirm(confirm)) if confirm.typing())
}

/// A command for the topmost overlay; `None` where it has no use for it.
pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    if command == Command::Back {
        if let Some(effects) = confirm::command(app, command) {
            return Some(effects);
        }
        app.overlays.pop();
        return Some(Effects::new());
    }
    let lines = app.size.1;
    match app.overlays.last_mut()? {
        Overlay::Confirm(_) => confirm::command(app, command),
        Overlay::Help(scroll) | Overlay::Notices(scroll) => {
            *scroll = match command {
                Command::Up => scroll.saturating_sub(1),
                Command::Down => scroll.saturating_add(1),
                Command::PageUp => scroll.saturating_sub(lines / 2),
                Command::PageDown => scroll.saturating_add(lines / 2),
                Command::First => 0,
                Command::Last => u16::MAX,
                Command::Help | Command::Notices => {
                    app.overlays.pop();
                    return Some(Effects::new());
                }
                _ => return None,
            };
            Some(Effects::new())
        }
    }
}

/// A key that is no command.
pub(super) fn key(app: &mut App, key: KeyEvent) -> Effects {
    if let Some(Overlay::Confirm(_)) = app.overlays.last() {
        return confirm::key(app, key);
    }
    Effects::new()
}

/// Pasted text.
pub(super) fn paste(app: &mut App, text: &str) {
    if let Some(Overlay::Confirm(confirm)) = app.overlays.last_mut() {
        confirm.paste(text);
    }
}

/// Draws all overlays, the topmost last.
pub(super) fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    for overlay in &app.overlays {
        match overlay {
            Overlay::Confirm(confirm) => confirm::view(app, confirm, frame, area),
            Overlay::Help(scroll) => help::view(app, *scroll, frame, area),
            Overlay::Notices(scroll) => notices::view(app, *scroll, frame, area),
        }
    }
}
