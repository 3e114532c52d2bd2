//! What is asked of a rotation.

use std::path::PathBuf;
use std::time::Duration;

use super::hand_over::HandOver;
use crate::probe::ModelRequest;

/// What is asked of a rotation.
#[derive(Debug)]
pub struct Request {
    /// The keys' name, or the id of one of them.
    pub name: String,
    /// `None`: the user of the session.
    pub user: Option<String>,
    /// A new key is made once the current one has this many days left, or less.
    pub due_days: u32,
    /// Older keys are kept for this long after their successor was handed over.
    pub grace: Duration,
    /// As [`keys::expiry`](crate::actions::keys::expiry) reads it.
    pub expires: String,
    /// The model that is called with the new key before it is handed over.
    pub verify: Option<String>,
    /// Its request; `None`: the example in its description.
    pub model_request: Option<ModelRequest>,
    pub hand_over: HandOver,
    /// A file in which the service says which key it has.
    pub record: Option<PathBuf>,
    /// How far this machine's clock may be from the workbench's.
    pub clock_difference: Duration,
    /// No older key is deleted.
    pub keep_old: bool,
}
