//! What must still hold of a key just before it is deleted: hours may lie between an audit and what is
//! done about it.

use std::fmt;
use std::time::{Duration, Instant};

use super::Rotated;
use crate::actions::audit::{self, Finding, Person, Rules, judge};
use crate::api;
use crate::config::Session;
use crate::wire::V2KeyDetails;

/// What must still hold of a key just before it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing: one user named their keys.
    Nothing,
    /// It is listed under the name that it had when it was chosen.
    Listed,
    /// And it has the finding.
    Found { finding: Finding, rules: Rules },
}

/// What changed of a key since it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    NotListed,
    Renamed {
        now: String,
    },
    NotFound {
        finding: Finding,
    },
    /// The workbench no longer says whose accounts are closed.
    CannotTell {
        finding: Finding,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotListed => write!(f, "it is not listed any more"),
            Self::Renamed { now } => write!(f, "its name is now {now:?}"),
            Self::NotFound { finding } => write!(f, "the finding {} no longer holds", finding.name()),
            Self::CannotTell { finding } => {
                write!(f, "whether the finding {} still holds cannot be read", finding.name())
            }
        }
    }
}

/// What was read is believed for so long: with many keys the list is not read for each of them.
const FRESH: Duration = Duration::from_secs(5);

/// The keys of one user, read again while some of them are deleted.
pub struct Current<'a> {
    session: &'a Session,
    username: &'a str,
    condition: Condition,
    read: Option<Read>,
}

/// What was read, and when.
struct Read {
    at: Instant,
    listed: Vec<V2KeyDetails>,
    /// Whether the user's account is closed in the way that the finding says; `None`: the workbench does not say.
    closed: Option<bool>,
}

impl<'a> Current<'a> {
    pub fn new(session: &'a Session, username: &'a str, condition: Condition) -> Self {
        Self { session, username, condition, read: None }
    }

    /// What has changed of a key, as it was `before` if that is known; `None`: nothing has.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn change(
        &mut self,
        key_id: &str,
        before: Option<&V2KeyDetails>,
    ) -> Result<Option<Change>, api::Error> {
        let condition = self.condition;
        if condition == Condition::Nothing {
            return Ok(None);
        }
        let now = self.session.client.clock().now();
        let read = self.read().await?;
        let Some(key) = read.listed.iter().find(|listed| listed.key_id == key_id) else {
            // One that was not listed when it was named is for the workbench to refuse.
            return Ok(before.is_some().then_some(Change::NotListed));
        };
        if before.is_some_and(|before| before.comments != key.comments) {
            return Ok(Some(Change::Renamed { now: key.comments.clone() }));
        }
        let Condition::Found { finding, rules } = condition else { return Ok(None) };
        let Some(closed) = read.closed else { return Ok(Some(Change::CannotTell { finding })) };
        let person = Person { deactivated: closed, banned: closed, ..Person::default() };
        // Of the other keys, those of the same name alone matter to a finding.
        let alike = read.listed.iter().filter(|other| other.comments == key.comments).cloned().collect();
        let judged = judge(&person, alike, &rules, &Rotated::here(self.session), now);
        let holds = judged.iter().any(|judged| judged.key_id == key_id && judged.findings.contains(&finding));
        Ok((!holds).then_some(Change::NotFound { finding }))
    }

    /// The key is gone.
    pub fn deleted(&mut self, key_id: &str) {
        if let Some(read) = &mut self.read {
            read.listed.retain(|listed| listed.key_id != key_id);
        }
    }

    async fn read(&mut self) -> Result<&Read, api::Error> {
        let read = match self.read.take().filter(|read| read.at.elapsed() < FRESH) {
            Some(read) => read,
            None => {
                let at = Instant::now();
                let listed = self.session.client.list_keys(self.username).await?;
                Read { at, listed, closed: self.is_closed().await }
            }
        };
        Ok(self.read.insert(read))
    }

    async fn is_closed(&self) -> Option<bool> {
        let Condition::Found { finding, .. } = self.condition else { return Some(false) };
        let member = match finding {
            Finding::UserDeactivated => "deactivated",
            Finding::UserBanned => "banned",
            _ => return Some(false),
        };
        audit::having(&self.session.client, member).await.map(|users| users.contains(self.username))
    }
}
