//! The interface: one loop, one state, messages in, effects out.
//!
//! ```text
//!  keys, paste, resize ─┐                      ┌─> view(app, frame) ─> bytes, one write
//!  signals, hang-up ────┼─> Msg ─> update(app) ┤
//!  answers, progress ───┘    ^                 └─> effects ─> tokio tasks ─┐
//!                            └──────────────── answers ────────────────────┘
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`app`] | the state |
//! | [`msg`], [`effect`] | what can happen, what can be asked for |
//! | [`update`] | the only thing that changes the state; no I/O, no clock |
//! | [`view`] | the frame around the screens; only reads |
//! | [`screens`] | Settings, Models, Admin; how a screen plugs in stands there |
//! | [`overlays`] | questions, help, palette, notices: over any screen |
//! | [`command`], [`keymap`] | the one table of commands, and which key gives which |
//! | [`requests`], [`runner`] | what is in flight; tasks and their cancellation |
//! | [`event_loop`], [`terminal`], [`backend`] | waiting, the terminal's modes, few bytes |
//! | [`theme`], [`glyphs`], [`widgets`] | roles and styles, signs, parts of screens |
//! | [`testing`] | keys in, screens out, without a terminal |

pub mod app;
pub mod backend;
pub mod clipboard;
pub mod command;
pub mod effect;
pub mod event_loop;
pub mod glyphs;
pub mod keymap;
pub mod msg;
pub mod notices;
pub mod overlays;
pub mod requests;
pub mod runner;
pub mod screens;
pub mod session;
pub mod terminal;
#[doc(hidden)]
pub mod testing;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;

pub use app::{App, Preferences};
pub use event_loop::Error;

use jiff::Timestamp;

use crate::config::Session;

/// Runs the interface on `session` until it is left; without a session it begins with the
/// first-run screen. Must be called on a tokio runtime with time and signals.
pub async fn run(session: Option<Session>, preferences: Preferences) -> Result<(), Error> {
    let mut app = App::new(session.as_ref(), preferences, Timestamp::now());
    if let Ok(size) = crossterm::terminal::size() {
        app.size = size;
    }
    event_loop::run(&mut app, session).await
}
