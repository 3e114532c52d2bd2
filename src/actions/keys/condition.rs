//! What must still hold of a key just before it is deleted: hours may lie between an audit and what is
//! done about it.

use std::fmt;

use crate::actions::audit::{self, Finding, Person, Rules, judge};
use crate::api::{self, Client};
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

/// Reads a key again, as it was `before` if that is known: what has changed, if anything has.
///
/// # Errors
/// It cannot be read.
pub async fn changed(
    client: &Client,
    username: &str,
    (key_id, before): (&str, Option<&V2KeyDetails>),
    condition: Condition,
) -> Result<Option<Change>, api::Error> {
    if condition == Condition::Nothing {
        return Ok(None);
    }
    let listed = client.list_keys(username).await?;
    let Some(now) = listed.iter().find(|listed| listed.key_id == key_id) else {
        return Ok(Some(Change::NotListed));
    };
    if before.is_some_and(|before| before.comments != now.comments) {
        return Ok(Some(Change::Renamed { now: now.comments.clone() }));
    }
    let Condition::Found { finding, rules } = condition else { return Ok(None) };
    let member = match finding {
        Finding::UserDeactivated => Some("deactivated"),
        Finding::UserBanned => Some("banned"),
        _ => None,
    };
    let is_closed = match member {
        None => false,
        Some(member) => match audit::having(client, member).await {
            None => return Ok(Some(Change::CannotTell { finding })),
            Some(users) => users.contains(username),
        },
    };
    let person = Person { deactivated: is_closed, banned: is_closed, ..Person::default() };
    let judged = judge(&person, listed, &rules, client.clock().now());
    let holds = judged.iter().any(|judged| judged.key_id == key_id && judged.findings.contains(&finding));
    Ok((!holds).then_some(Change::NotFound { finding }))
}
