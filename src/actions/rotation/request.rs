//! What is asked of a rotation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::hand_over::HandOver;
use super::plan::HandedOver;
use super::proof::Verify;
use crate::wire::V2KeyDetails;

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
    /// What the key may be used for; empty: what the key before may, or the workbench's default.
    pub audiences: Vec<String>,
    /// The model that is called with the new key before it is handed over.
    pub verify: Option<Verify>,
    pub hand_over: HandOver,
    /// A file in which the service says which key it has.
    pub record: Option<PathBuf>,
    /// How far this machine's clock may be from the workbench's.
    pub clock_difference: Duration,
    /// The Key ID of the current key, where its hand-over left no trace on this machine.
    pub known: Option<String>,
    /// Since when all that needs a key has it, if that was later than its hand-over. The grace time of
    /// an older key begins then.
    pub in_use: Option<HandedOver>,
    /// A key that is due is not replaced by one that ends no later.
    pub only_later: bool,
    /// No older key is deleted.
    pub keep_old: bool,
    /// The names that are services, each with its manifest: an apply rotates their keys.
    pub services: BTreeMap<String, PathBuf>,
}

impl Request {
    /// Whether `key` is for something else than what is asked for.
    pub(super) fn wants_other_audiences(&self, key: &V2KeyDetails) -> bool {
        let asked: BTreeSet<&str> = self.audiences.iter().map(String::as_str).collect();
        let has: BTreeSet<&str> = key.audiences.iter().map(|audience| audience.as_str()).collect();
        !asked.is_empty() && asked != has
    }
}
