//! What comes of signing in.

use crate::api;
use crate::config::{self, Session};
use crate::tui::embedded::Embedded;

/// A session that was just opened.
#[derive(Debug)]
pub struct Opened {
    pub session: Session,
    pub embedded: Option<Embedded>,
}

/// Why there is no session, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub message: String,
    pub hint: Option<String>,
}

impl From<api::Error> for Refusal {
    fn from(error: api::Error) -> Self {
        Self { message: error.to_string(), hint: error.hint() }
    }
}

impl From<config::Error> for Refusal {
    fn from(error: config::Error) -> Self {
        Self { message: error.to_string(), hint: error.hint() }
    }
}
