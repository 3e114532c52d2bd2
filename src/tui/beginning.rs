//! What the interface begins with.

use super::embedded::Wish;
use crate::config::Session;

/// What the interface begins with.
#[derive(Debug)]
pub enum Beginning {
    Session(Box<Session>),
    /// An embedded workbench that is to be started.
    Embedded(Wish),
    /// The first-run screen.
    Welcome,
}
