//! The interface: one loop, one state, messages in, effects out.
//!
//! ```text
//!  keys, paste, resize ─┐                     ┌─> view(ui, frame) ─> bytes, one write
//!  signals, hang-up ────┼─> Msg ─> update(ui) ┤
//!  answers, progress ───┘    ^                └─> effects ─> tokio tasks ─┐
//!                            └─────────────────── answers ────────────────┘
//! ```
//!
//! The state is what all layers share and a stack of layers: a tab, and above it dialogs, questions,
//! the palette. Each layer owns its state, gets [`shared`], and sees no other layer.
//!
//! | module | what it holds |
//! |---|---|
//! | [`update`] | the only thing that changes the state; no I/O, no clock |
//! | [`view`], `header`, [`layout`] | header, tabs, notice and footer around the layers; only reads |
//! | [`watch`] | whether a user may be looking at the terminal |
//! | [`stack`], [`layer`] | who has the keys, who gets an answer; what a layer is |
//! | `ahead` | keys that are pressed before there are rows for them |
//! | `suspension` | what must end before the program is suspended |
//! | [`shared`] | session, preferences, requests, notices, clock, size |
//! | [`event`], [`decision`], [`choice`] | events between layers; the subject of a question |
//! | [`call`], [`effect`], [`msg`] | requests to the outside, and their results |
//! | [`settings`], [`models`], [`admin`], [`welcome`] | the tabs, and the first-run screen |
//! | [`overlays`] | question, help, palette, notices, profiles, sign-in: above any tab |
//! | [`command`], [`keymap`] | the one table of commands, and which key gives which |
//! | [`session`], [`embedded`] | who is signed in where; a workbench inside this process |
//! | [`request_log`] | what was asked, and what came of it |
//! | [`requests`], [`runner`] | what is in flight; tasks and their cancellation |
//! | [`event_loop`], [`term`] | waiting; the terminal's modes, few bytes |
//! | [`cyclic`] | steps through the values of an enum |
//! | [`preferences`], [`theme`], [`glyphs`] | the user's preferences, roles and styles, symbols |
//! | [`parts`], [`key_list`] | frames, boxes and hints in the theme; a list of API keys |
//! | [`model_result`] | one ended call of a model, as the Models tab and the test of a key show it |
//! | [`widgets`] | parts that know nothing of the application |
//! | [`testing`] | keys in, screens out, without a terminal |

pub mod admin;
mod ahead;
pub mod beginning;
pub mod call;
pub mod choice;
pub mod command;
mod copying;
pub mod cyclic;
pub mod decision;
pub mod effect;
pub mod embedded;
pub mod event;
pub mod event_loop;
pub mod glyphs;
mod header;
pub mod kept_check;
pub mod key_list;
pub mod keymap;
pub mod layer;
pub mod layout;
pub mod list;
pub mod model_result;
pub mod models;
pub mod msg;
pub mod notices;
pub mod overlays;
pub mod parts;
pub mod preferences;
pub mod request_log;
pub mod requests;
pub mod runner;
pub mod session;
pub mod settings;
pub mod shared;
pub mod stack;
mod suspension;
pub mod tab;
pub mod term;
#[doc(hidden)]
pub mod testing;
pub mod theme;
pub mod update;
pub mod view;
pub mod watch;
pub mod welcome;
pub mod widgets;

pub use beginning::Beginning;
pub use event_loop::Error;
pub use preferences::Preferences;
pub use update::Ui;

use std::io::Write as _;

use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;

use crate::cli::{Exit, FirstScreen, Start};
use crate::config::paths::{look_env, process_env};
use crate::config::{self, Store};

/// Runs the interface as the command line wants it.
pub fn open(start: Start) -> LocalBoxFuture<'static, Result<Exit, String>> {
    Box::pin(async move {
        let (beginning, preferences) = read(start);
        run(beginning, preferences).await.map_err(|error| error.to_string())
    })
}

/// What the interface begins with, and the preferences of the person, from the command line and files.
fn read(start: Start) -> (Beginning, Preferences) {
    let store = Store::from_env(&process_env).ok();
    let themes = store.as_ref().map(|store| store.dir().join("themes"));
    let mut preferences = Preferences::choose(&start.ui, start.no_color, themes.as_deref(), look_env);
    preferences.given = start.given;
    preferences.fleet = start.fleet;
    preferences.problems.splice(0..0, start.problems);
    if let Some(store) = store {
        preferences.paths.push(("configuration", store.config_file().display().to_string()));
        preferences.paths.push(("profiles", store.profiles_file().display().to_string()));
        preferences.requests_file = Some(store.dir().join("requests.json"));
        let columns = store.dir().join("columns.json");
        match config::columns::load(&columns) {
            Ok(lists) => (preferences.columns, preferences.columns_file) = (lists, Some(columns)),
            Err(error) => preferences.problems.push(error.to_string()),
        }
        preferences.store = Some(store);
    }
    if let FirstScreen::Session(session) = &start.screen
        && let Some(file) = &session.history
    {
        preferences.paths.push(("history", file.display().to_string()));
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
    (beginning, preferences)
}

/// Runs the interface until the user quits, a signal arrives, or the terminal goes away. Must be
/// called on a tokio runtime with time and signals.
pub async fn run(beginning: Beginning, preferences: Preferences) -> Result<Exit, Error> {
    let mut ui = Ui::new(&beginning, preferences, Timestamp::now());
    let ended = match event_loop::run(&mut ui, beginning).await {
        // The terminal went away in the middle of a frame. That is not an error, just as if the
        // watcher or SIGHUP had noticed first.
        Err(Error::Terminal(error)) if term::terminal::is_gone(&error) => {
            ui.terminated = true;
            Ok(())
        }
        ended => ended,
    };
    if let Some(words) = ui.left_behind().filter(|_| ui.terminated || ended.is_err()) {
        // If standard error went away with the terminal, there is nowhere else to write this.
        let _ = writeln!(std::io::stderr(), "keybench: {words}");
    }
    ended.map(|()| if ui.terminated { Exit::Interrupted } else { Exit::Done })
}
