//! What can be known of a key in the hand: whether it is valid, whose it is, which Key ID it has.

use super::own::by_first_half;
use super::{Error, made_here};
use crate::actions::sign_in::owner;
use crate::actions::{self, user_or_own};
use crate::api::{self, Client};
use crate::config::{self, Session};
use crate::wire::{V2KeyDetails, ValidateAPIKeyResponse};

/// What is known of a key.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Whose it is, or was.
    pub username: Option<String>,
    /// The workbench accepts it.
    pub valid: bool,
    pub key_id: Option<String>,
    /// How the Key ID is known, or why it is not.
    pub how: How,
    /// What the workbench lists of it.
    pub listed: Option<V2KeyDetails>,
}

/// How a Key ID is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    MadeHere,
    FirstHalf,
    /// It is not: no listed id resembles it.
    NotListed,
    /// It is not: the workbench does not accept it, and so lists nothing for it.
    NotAccepted,
}

impl How {
    /// `made here`
    pub fn text(self) -> &'static str {
        match self {
            Self::MadeHere => "made here",
            Self::FirstHalf => "its first half is an id that the workbench lists",
            Self::NotListed => "it was not made here, and no Key ID that the workbench lists resembles it",
            Self::NotAccepted => {
                "the workbench does not accept it (expired, deleted or of another workbench), and it was not made here"
            }
        }
    }
}

/// Whether the key of `client` is valid for `audience`. `own`: it is what one is signed in with, so
/// that its rejection is an error and not an answer.
///
/// # Errors
/// The workbench does not say.
pub async fn validate(
    client: &Client,
    audience: &str,
    own: bool,
) -> Result<ValidateAPIKeyResponse, api::Error> {
    match client.validate_key(audience).await {
        // A key for another audience is refused with 403 (OBSERVED, cai-connector).
        Err(api::Error::Refused { status, message, .. }) if status == 403 || status == 401 && !own => {
            Ok(ValidateAPIKeyResponse { valid: false, username: String::new(), message })
        }
        answer => answer,
    }
}

/// Finds out what can be known of the key that `subject` is signed with. A key that is not accepted
/// is looked for among those of the user of `signed_in`; `own` as for [`validate`].
///
/// # Errors
/// The workbench refuses one's own key, does not answer, or does not list the keys among which that of
/// `subject` is looked for.
pub async fn identify(subject: &Session, signed_in: Option<&Session>, own: bool) -> Result<Identity, Error> {
    let client = &subject.client;
    let Some(key) = client.key() else {
        return Err(actions::Error::from(config::Error::NoKey { url: client.url().to_owned() }).into());
    };
    let made = made_here(subject, key).filter(|made| made.url == client.url());
    let owner = match owner(client).await {
        Ok(owner) => Some(owner.username),
        Err(error) if error.is_rejection() && (!own || made.is_some()) => None,
        Err(error) => return Err(error.into()),
    };
    let is_it = |listed: &V2KeyDetails| {
        listed.key_id == key.first_half() || made.as_ref().is_some_and(|made| made.key_id == listed.key_id)
    };
    // The key's own rights serve to list its owner's keys; for a dead key those of the session.
    let listed = match (&owner, signed_in) {
        (Some(owner), _) => client.find_keys(owner, is_it).await.map_err(Error::from),
        (None, Some(session)) => {
            let own = user_or_own(session, None).await?;
            session.client.find_keys(&own, is_it).await.map_err(Error::from)
        }
        (None, None) => Ok(Vec::new()),
    };
    let listed = match listed {
        // A list that could not be read says nothing about what is in it.
        Err(error) if made.is_none() => return Err(error),
        listed => listed.unwrap_or_default(),
    };
    let valid = owner.is_some();
    let (key_id, how) = match (&made, by_first_half(key, &listed)) {
        (Some(made), _) => (Some(made.key_id.clone()), How::MadeHere),
        (None, Some(id)) => (Some(id), How::FirstHalf),
        (None, None) => (None, if valid { How::NotListed } else { How::NotAccepted }),
    };
    Ok(Identity {
        listed: listed.into_iter().find(|listed| Some(&listed.key_id) == key_id.as_ref()),
        username: owner.or_else(|| made.map(|made| made.username)),
        valid,
        key_id,
        how,
    })
}
