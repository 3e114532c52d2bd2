//! Which Key ID a key in the hand has, and which keys are used here.
//!
//! A workbench does not tell which Key ID a key has (SPEC). Keys made here are remembered by a
//! salted hash; that the first half of a key is its id is a guess (INFERRED), which the workbench's
//! own list confirms: 64 hexadecimal digits do not agree by chance.

use crate::config::Session;
use crate::config::made_keys::{self, MadeKey};
use crate::secret::ApiKey;
use crate::wire::V2KeyDetails;

/// Why a key is not deleted along with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spared {
    /// The session is signed in with it: without it nothing more can be asked.
    SignedIn,
    /// The workbench gave it to the session that this runs in, which would go on without one.
    WorkbenchSession,
}

/// The Key IDs that the keys in use here may have.
#[derive(Debug, Clone, Default)]
pub struct Own {
    signed_in: Vec<String>,
    given: Vec<String>,
}

impl Own {
    /// Reads the notes about keys that were made here.
    pub fn of(session: &Session) -> Self {
        let ids = |key: Option<&ApiKey>| {
            let made = key.and_then(|key| made_here(session, key)).map(|made| made.key_id);
            let half = key.map(|key| key.first_half().to_owned()).filter(|half| !half.is_empty());
            made.into_iter().chain(half)
        };
        Self {
            signed_in: session.key_id.clone().into_iter().chain(ids(session.client.key())).collect(),
            given: ids(session.session_key.as_ref()).collect(),
        }
    }

    /// Why the key `key_id` is spared where several are deleted; `None`: it is not in use here, as
    /// far as that can be known.
    pub fn spares(&self, key_id: &str) -> Option<Spared> {
        let is = |ids: &[String]| ids.iter().any(|id| id == key_id);
        match (is(&self.given), is(&self.signed_in)) {
            (true, _) => Some(Spared::WorkbenchSession),
            (false, true) => Some(Spared::SignedIn),
            (false, false) => None,
        }
    }
}

/// The Key ID of `key`, as far as it can be known.
pub fn known_id(session: &Session, key: &ApiKey, listed: &[V2KeyDetails]) -> Option<String> {
    made_here(session, key).map(|made| made.key_id).or_else(|| by_first_half(key, listed))
}

/// What is noted of `key`, if it was made here.
pub fn made_here(session: &Session, key: &ApiKey) -> Option<MadeKey> {
    made_keys::find(session.store.as_ref()?, key).ok().flatten()
}

/// The listed key whose id is the first half of `key`.
pub(in crate::actions) fn by_first_half(key: &ApiKey, listed: &[V2KeyDetails]) -> Option<String> {
    listed.iter().find(|listed| listed.key_id == key.first_half()).map(|listed| listed.key_id.clone())
}
