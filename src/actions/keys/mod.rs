//! API keys: which are listed, made and deleted, and which are never deleted from here.

mod condition;
mod create;
mod delete;
mod deletion_log;
pub mod id;
mod identify;
mod own;
mod replaced;
mod several;

pub use condition::{Change, Condition};
pub use create::{create, create_in_file, expiry};
pub use delete::{
    Choice, Chosen, Deletion, Listing, NotDeleted, Which, Why, choose, chosen_of_all, delete, may_delete,
};
pub use deletion_log::Logging;
pub(in crate::actions) use deletion_log::delete_by_rule;
pub use identify::{How, Identity, identify, validate};
pub(in crate::actions) use own::by_first_half;
pub use own::{Own, Spared, made_here};
pub use replaced::Rotated;
pub use several::{choose_found, choose_named, delete_each};

use super::Exit;
use crate::api;
use crate::config::Session;
use crate::wire::{V2KeyDetails, time};

pub use crate::expiry::SOON_DAYS;

/// Why keys were not created or deleted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Action(#[from] super::Error),
    #[error(transparent)]
    Date(#[from] crate::expiry::BadDate),
    /// The answer to a creation is lost or cannot be used.
    #[error(transparent)]
    MayExist(api::Error),
    /// The file does not take the key that was just created.
    #[error("{} cannot be written: {error}; {}", file.display(), what_became(*deleted))]
    NotSaved { file: std::path::PathBuf, error: std::io::Error, key_id: String, deleted: bool },
    /// The key that was chosen is that of the workbench session that this runs in; or it cannot be
    /// known which of all keys is.
    #[error("this would delete the key of the workbench session that this runs in")]
    SessionKey,
    /// The log that was named cannot be written.
    #[error("{} cannot be written: {error}; nothing was deleted", file.display())]
    NotLogged { file: std::path::PathBuf, error: std::io::Error },
    #[error("{why}; nothing was deleted")]
    Unlogged { why: String },
    #[error("this is an audit of {audited}, and you are signed in to {url}")]
    OtherWorkbench { audited: String, url: String },
    #[error("{finding} is not a finding about keys")]
    NotOfKeys { finding: &'static str },
    /// All keys of a user, of which one is used here, and the workbench does not say which.
    #[error("which of these keys {username} is signed in with cannot be known, and it would be deleted too")]
    OwnUnknown { username: String },
}

fn what_became(deleted: bool) -> &'static str {
    if deleted { "the new key was deleted again" } else { "the new key is still listed: delete it" }
}

impl From<api::Error> for Error {
    fn from(error: api::Error) -> Self {
        Self::Action(error.into())
    }
}

impl Error {
    /// How a command ends with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Action(error) => error.exit(),
            Self::MayExist(error) => error.into(),
            Self::NotLogged { .. } | Self::Unlogged { .. } => Exit::Unwritten,
            _ => Exit::Invalid,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Action(error) => return error.hint(),
            Self::Date(_) | Self::NotSaved { .. } => return None,
            Self::MayExist(_) => {
                "a key may have been created anyway: run `keybench keys list`, and delete it if so".to_owned()
            }
            Self::SessionKey => {
                "name the other keys by their ids, or delete it from outside the session".to_owned()
            }
            Self::NotLogged { .. } | Self::Unlogged { .. } => {
                "name another file with --deletion-log".to_owned()
            }
            Self::OtherWorkbench { .. } => {
                "give an audit of the workbench that you are signed in to".to_owned()
            }
            Self::NotOfKeys { .. } => "name a finding that the audit shows at keys".to_owned(),
            Self::OwnUnknown { .. } => "name the keys by their ids".to_owned(),
        })
    }
}

/// The keys of `user`, or of the session's own user; and whose they are.
///
/// # Errors
/// The workbench refuses or does not answer.
pub async fn list(
    session: &Session,
    user: Option<String>,
) -> Result<(String, Vec<V2KeyDetails>), super::Error> {
    let user = super::user_or_own(session, user).await?;
    let keys = session.client.list_keys(&user).await?;
    Ok((user, keys))
}

/// Whether the expiry of a key cannot be read: it may expire at any moment.
pub fn is_undated(key: &V2KeyDetails) -> bool {
    time::parse(&key.expiry_date).is_none()
}
