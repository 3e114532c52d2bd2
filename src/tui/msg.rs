//! Everything that can happen to the interface: what [`crate::tui::update`] takes.

use std::time::Duration;

use crossterm::event::KeyEvent;

use super::call::Answer;
use super::requests::RequestId;
use super::term::clipboard::Tmux;
use crate::actions::history;
use crate::api::{Sent, ServerClock};

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// The wheel was turned.
    Up,
    Down,
    /// The left button was pressed, at this column and row.
    Click(u16, u16),
}

/// One thing that happened.
#[derive(Debug)]
pub enum Msg {
    Key(KeyEvent),
    /// Text between the bracketed-paste marks; it only ever reaches a text field.
    Paste(String),
    /// The user's editor has ended: the text as it was left, or why there is none.
    Edited(Result<String, String>),
    /// The terminal's size changed, in columns and rows.
    Resize(u16, u16),
    /// A quarter of a second passed while something was in flight.
    Tick,
    /// The time that something in the state waits for has come.
    Wake,
    /// The mouse was used; only if that is switched on.
    Mouse(Mouse),
    /// The terminal's window got the focus, or lost it.
    Focus(bool),
    /// A signal asks the program to suspend itself.
    Suspend,
    /// The program came back from being suspended.
    Resumed,
    /// A signal that ends programs came, or the terminal went away: leave without a question.
    Terminate,
    /// A request ended. `took` is how long the workbench took for its last answer; `None` if it gave
    /// no answer or nothing was sent.
    Answer {
        id: RequestId,
        took: Option<Duration>,
        answer: Answer,
    },
    /// What was sent for a request that is about to end.
    Sent {
        id: RequestId,
        sent: Sent,
    },
    /// A request that goes on has something to show already.
    Progress {
        id: RequestId,
        answer: Answer,
    },
    /// How tmux lets through what is copied.
    Tmux(Tmux),
    /// A test or a run is not in the history.
    NotKept(history::Error),
    /// What the workbench's answers say of its time has changed.
    Clock(ServerClock),
    /// A task of the effect runner panicked: a bug, and the program ends as one.
    TaskPanicked(String),
}
