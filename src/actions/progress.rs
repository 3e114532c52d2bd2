//! How an action says how far it is.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::audit::{AuditedKey, Read};
use super::check::RowReport;
use super::rotation::Notice;

/// Something that happened in the meantime.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A key was created; giving up now leaves it behind.
    KeyCreated { key_id: &'a str },
    /// A key reached its service.
    KeyHandedOver { key_id: &'a str },
    /// A rotation is about to do something that a person should know, or did.
    Rotation(Notice<'a>),
    /// What is known of a created key could not be noted, as `why` says: it works all the same.
    NotNoted { why: &'a str, hint: Option<&'a str> },
    /// A key was deleted.
    KeyDeleted { key_id: &'a str },
    /// A deletion could not be logged, and was not held up by that.
    DeletionNotLogged { file: &'a Path, why: &'a str },
    /// An audit goes on with one that broke off, in which the keys of so many users were read.
    AuditResumed { users: usize, since: Timestamp },
    /// The keys of one more user were read.
    KeysAudited(&'a [AuditedKey]),
    /// How far an audit is.
    AuditRead(Read),
    /// `done` of `of` rows are answered. `may_have_run_twice`: rows that an earlier run may have sent
    /// without recording the answer.
    Scoring { done: u64, of: u64, may_have_run_twice: u64 },
    /// A model that proves a key is busy or being deployed: it is asked again after this time.
    AskedAgain { model: &'a str, after: Duration },
    /// A build or a deployment (`of`) that is waited for has this status now.
    Status { of: &'static str, status: &'a str },
    /// `done` of `of` rows are compared; the worst so far.
    Checking { done: u64, of: u64, worst: &'a [RowReport] },
    /// The service at this position of the manifest is being applied.
    ServiceBegun { at: usize, name: &'a str },
    /// All was done for a service that can be done now, or something failed.
    ServiceEnded { at: usize, name: &'a str, failed: bool },
    /// `done` of `of` requests about `what` (`users`, `projects`) are answered.
    Counted { what: &'static str, done: usize, of: usize },
}

/// Receives the events of an action while it runs. `()` ignores them.
pub trait Progress: Sync {
    fn on(&self, event: Event<'_>);
}

impl Progress for () {
    fn on(&self, _: Event<'_>) {}
}
