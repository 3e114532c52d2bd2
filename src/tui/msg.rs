//! Everything that can happen to the interface: what [`crate::tui::update`] is told.

use std::time::Duration;

use crossterm::event::KeyEvent;

use super::requests::RequestId;
use super::screens::{admin, models, settings};
use super::session;

/// One thing that happened.
#[derive(Debug)]
pub enum Msg {
    Key(KeyEvent),
    /// Text between the bracketed-paste marks; it only ever reaches a text field.
    Paste(String),
    /// The terminal's size changed, in columns and rows.
    Resize(u16, u16),
    /// A quarter of a second passed while something was in flight.
    Tick,
    /// The program came back from being suspended.
    Resumed,
    /// SIGTERM, SIGINT or SIGHUP, or the terminal went away: leave without a question.
    Terminate,
    /// A request ended. `took` is how long the workbench took for its last answer to it; `None` where
    /// it gave none, because none came or nothing was sent.
    Reply {
        id: RequestId,
        took: Option<Duration>,
        reply: Reply,
    },
    /// A request that goes on has something to show already.
    Progress {
        id: RequestId,
        reply: Reply,
    },
    /// A task of the effect runner panicked: a bug, and the program ends as one.
    TaskPanicked(String),
}

/// What a request answered, by the part of the interface that asked.
#[derive(Debug)]
pub enum Reply {
    Session(session::Reply),
    Settings(settings::Reply),
    Models(models::Reply),
    Admin(admin::Reply),
}
