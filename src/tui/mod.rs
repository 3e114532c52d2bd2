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
//! | [`session`], [`embedded`] | who is signed in where; a workbench inside this process |
//! | [`requests`], [`runner`] | what is in flight; tasks and their cancellation |
//! | [`event_loop`], [`terminal`], [`backend`] | waiting, the terminal's modes, few bytes |
//! | [`preferences`] | what a person chose: theme, keys, clipboard |
//! | [`theme`], [`glyphs`], [`widgets`] | roles and styles, signs, parts of screens |
//! | [`testing`] | keys in, screens out, without a terminal |

pub mod app;
pub mod backend;
pub mod clipboard;
pub mod command;
pub mod effect;
pub mod embedded;
pub mod event_loop;
pub mod glyphs;
pub mod keymap;
pub mod msg;
pub mod notices;
pub mod overlays;
mod pace;
pub mod preferences;
pub mod requests;
pub mod runner;
pub mod screens;
mod scroll;
pub mod session;
pub mod terminal;
#[doc(hidden)]
pub mod testing;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;

pub use app::App;
pub use event_loop::Error;
pub use preferences::Preferences;

use std::io::Write as _;

use jiff::Timestamp;

use crate::cli::{FirstScreen, Start};
use crate::config::paths::{look_env, process_env};
use crate::config::{Session, Store};

/// Runs the interface as the command line wants it.
pub async fn open(start: Start) -> Result<(), Error> {
    let store = Store::from_env(&process_env).ok();
    let themes = store.as_ref().map(|store| store.dir().join("themes"));
    let mut preferences = Preferences::choose(&start.ui, start.no_color, themes.as_deref(), look_env);
    preferences.problems.splice(0..0, start.problems);
    if let Some(store) = store {
        preferences.paths.push(("configuration", store.config_file().display().to_string()));
        preferences.paths.push(("profiles", store.profiles_file().display().to_string()));
        preferences.requests_file = Some(store.dir().join("requests.json"));
        preferences.store = Some(store);
    }
    let log = start.log_file.map(|file| file.display().to_string());
    preferences.paths.push(("log", log.unwrap_or_else(|| "none; --log-file FILE writes one".to_owned())));
    let beginning = match start.screen {
        FirstScreen::Session(session) => Beginning::Session(session),
        FirstScreen::Embedded(wish) => Beginning::Embedded(embedded::Wish {
            data: wish.data,
            user: wish.user,
            read_only: wish.read_only,
            timeout: wish.timeout,
        }),
        FirstScreen::Welcome => Beginning::Welcome,
    };
    run(beginning, preferences).await
}

/// What the interface begins with.
#[derive(Debug)]
pub enum Beginning {
    Session(Box<Session>),
    /// An embedded workbench that is to be started.
    Embedded(embedded::Wish),
    /// The first-run screen.
    Welcome,
}

/// Runs the interface until it is left. Must be called on a tokio runtime with time and signals.
pub async fn run(beginning: Beginning, preferences: Preferences) -> Result<(), Error> {
    let mut app = App::new(&beginning, preferences, Timestamp::now());
    if let Ok(size) = crossterm::terminal::size() {
        app.size = size;
    }
    let ended = match event_loop::run(&mut app, beginning).await {
        // The terminal went away in the middle of a frame: an end like any other, as when the
        // watcher or SIGHUP comes first.
        Err(Error::Terminal(error)) if terminal::is_gone(&error) => {
            app.terminated = true;
            Ok(())
        }
        ended => ended,
    };
    if let Some(words) = screens::left_behind(&app).filter(|_| app.terminated || ended.is_err()) {
        // Standard error may be gone with the terminal; there is nowhere else to say it then.
        let _ = writeln!(std::io::stderr(), "keybench: {words}");
    }
    ended
}
