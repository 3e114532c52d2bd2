//! The result of signing in.

use crate::actions::keys::Own;
use crate::actions::rotation::{self, HandedOver};
use crate::actions::sign_in;
use crate::config::Session;
use crate::tui::embedded::Embedded;

/// A session that was just opened.
#[derive(Debug)]
pub struct Opened {
    pub session: Session,
    /// Which keys are in use in it.
    pub own: Own,
    /// When keys were handed over from here.
    pub handed_over: HandedOver,
    /// What the key used for signing in reveals.
    pub caution: Option<String>,
    pub embedded: Option<Embedded>,
}

impl Opened {
    /// Reads the notes about keys that were made or handed over here.
    pub fn new(session: Session, embedded: Option<Embedded>) -> Self {
        let (own, handed_over) = (Own::of(&session), rotation::handed_over(&session));
        Self { session, own, handed_over, caution: None, embedded }
    }
}

/// Why there is no session, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub message: String,
    pub hint: Option<String>,
    /// Only because a profile of that name belongs to another workbench or user.
    pub taken: bool,
}

impl From<sign_in::Error> for Refusal {
    fn from(error: sign_in::Error) -> Self {
        let taken = matches!(error, sign_in::Error::Taken { .. });
        Self { message: error.to_string(), hint: error.hint(), taken }
    }
}
