//! The initial state of the interface.

use super::embedded::Wish;
use crate::config::Session;

/// The initial state of the interface.
#[derive(Debug)]
pub enum Beginning {
    Session(Box<Session>),
    /// An embedded workbench that is to be started.
    Embedded(Wish),
    /// The first-run screen.
    Welcome,
}
