//! The result of a rotation, and its messages in between.

use std::path::Path;

use jiff::Timestamp;

use super::plan::Plan;
use crate::api;
use crate::wire::{CreateV2KeyResponse, V2KeyDetails};

/// Something that a person should know before it is done, or although all went well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Notice<'a> {
    Creating {
        name: &'a str,
        why: &'a str,
    },
    /// In place of [`Self::Creating`]: there are keys of the name, and not the `file` that says which one
    /// the service has.
    NoFile {
        name: &'a str,
        file: &'a Path,
    },
    /// A key is removed that is newer than the one that was handed over.
    Removing {
        name: &'a str,
        key: &'a V2KeyDetails,
    },
    /// The successor has the audiences of `model`, and `other` has others.
    OtherAudiences {
        name: &'a str,
        other: &'a V2KeyDetails,
        model: &'a V2KeyDetails,
    },
    /// The new key expires within `--due`: each run makes another one.
    DueAlready {
        name: &'a str,
        expiry: &'a str,
        due_days: u32,
    },
    /// The workbench's answers bear no usable time: this machine's counts.
    NoTime,
    /// The workbench accepts the key in the file no more, and lists it no more.
    Revoked {
        file: &'a Path,
    },
    /// Others can read the key in the file of the hand-over.
    Exposed {
        problem: &'a str,
    },
    /// The key that is signed in with is not deleted.
    OwnSpared {
        key_id: &'a str,
    },
    /// The command did not write the Key ID into the file of `--record`.
    Unrecorded {
        file: &'a Path,
        key_id: &'a str,
        noted: bool,
    },
}

/// An older key that is still there. The next run tries again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDeleted {
    pub key_id: String,
    pub error: api::Error,
}

/// What came of a rotation.
#[derive(Debug)]
pub struct Rotated {
    pub name: String,
    pub username: String,
    /// Why a key was made.
    pub reason: Option<&'static str>,
    /// No key had the name before.
    pub is_first: bool,
    /// The new key. With [`super::HandOver::Return`] this is the hand-over.
    pub created: Option<CreateV2KeyResponse>,
    /// Key ID of the key that the service has.
    pub current: Option<String>,
    /// When it expires, as the workbench gives it.
    pub expiry: String,
    pub removed_never_handed_over: Vec<String>,
    pub deleted: Vec<String>,
    /// Older keys that stay for now, with the moment from which they may go.
    pub kept: Vec<(String, Option<Timestamp>)>,
    /// The key that is signed in with, which would have been deleted.
    pub spared: Option<String>,
    pub not_deleted: Option<NotDeleted>,
}

impl Rotated {
    pub(super) fn new(name: &str, username: &str) -> Self {
        Self {
            name: name.to_owned(),
            username: username.to_owned(),
            reason: None,
            is_first: false,
            created: None,
            current: None,
            expiry: String::new(),
            removed_never_handed_over: Vec::new(),
            deleted: Vec::new(),
            kept: Vec::new(),
            spared: None,
            not_deleted: None,
        }
    }

    /// What the state is after everything was done.
    pub(super) fn conclude(&mut self, listed: &[V2KeyDetails], after: Plan, keep_old: bool) {
        self.expiry = match &self.created {
            Some(created) => created.expiry_date.clone(),
            None => {
                let found = listed.iter().find(|key| Some(&key.key_id) == after.current.as_ref());
                found.map(|key| key.expiry_date.to_string()).unwrap_or_default()
            }
        };
        self.kept = after.in_grace;
        if keep_old {
            self.kept.extend(after.outlived.into_iter().map(|id| (id, None)));
        }
        self.current = after.current;
    }

    /// `rotated`, `cleaned_up` or `nothing_to_do`.
    pub fn action(&self) -> &'static str {
        let cleaned = !self.deleted.is_empty() || !self.removed_never_handed_over.is_empty();
        match (&self.created, cleaned) {
            (Some(_), _) => "rotated",
            (None, true) => "cleaned_up",
            (None, false) => "nothing_to_do",
        }
    }
}
