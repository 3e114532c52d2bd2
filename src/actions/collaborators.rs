//! Who may do what in a project.

use std::fmt;
use std::str::FromStr;

use super::{Error, may_change};
use crate::api::Client;
use crate::config::Session;
use crate::wire::Collaborator;

/// What a collaborator may do; each includes those before it but `operator`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Permission {
    /// Enough to call models.
    #[default]
    Read,
    Write,
    Operator,
    Admin,
}

impl Permission {
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Operator, Self::Admin];

    /// As the wire names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|permission| permission.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is no permission; it is read, write, operator or admin"))
    }
}

/// Everybody with rights in a project beside its owner.
///
/// # Errors
/// The workbench refuses or does not answer.
pub async fn list(client: &Client, project_id: &str) -> Result<Vec<Collaborator>, Error> {
    Ok(client.collaborators(project_id).await?)
}

/// Adds a collaborator, or changes the permission of one.
///
/// # Errors
/// Nothing was changed, as far as is known.
pub async fn set(
    session: &Session,
    project_id: &str,
    username: &str,
    permission: Permission,
) -> Result<(), Error> {
    may_change(session, "adding a collaborator")?;
    Ok(session.client.add_collaborator(project_id, username, permission.as_str()).await?)
}

/// Takes a collaborator's rights away.
///
/// # Errors
/// Nothing was changed, as far as is known.
pub async fn remove(session: &Session, project_id: &str, username: &str) -> Result<(), Error> {
    may_change(session, "removing a collaborator")?;
    Ok(session.client.remove_collaborator(project_id, username).await?)
}
