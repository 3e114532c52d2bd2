//! Which Key ID a key in the hand has, and which keys are used here.
//!
//! A workbench does not say which Key ID a key has (SPEC). Keys made here are remembered by a
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

/// The Key IDs that the keys in use here may have. Where such an id is in a workbench's list, it is
/// that key's.
#[derive(Debug, Clone, Default)]
pub struct Own {
    signed_in: Vec<String>,
    given: Vec<String>,
    has_given: bool,
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
            has_given: session.session_key.is_some(),
        }
    }

    /// With `key_id` as an id of the key that is signed in with.
    #[must_use]
    pub fn signed_in_with(mut self, key_id: impl Into<String>) -> Self {
        self.signed_in.push(key_id.into());
        self
    }

    /// With `key_id` as an id of the key of the workbench session that this runs in.
    #[must_use]
    pub fn given(mut self, key_id: impl Into<String>) -> Self {
        self.given.push(key_id.into());
        self.has_given = true;
        self
    }

    /// Whether keybench is signed in with this key, whatever its source.
    pub fn is_signed_in(&self, key_id: &str) -> bool {
        self.signed_in.iter().any(|id| id == key_id)
    }

    /// The Key IDs under which the session's key may be listed.
    pub fn signed_in_ids(&self) -> impl Iterator<Item = &str> {
        self.signed_in.iter().map(String::as_str)
    }

    /// Whether a workbench gave a key to the session that this runs in.
    pub fn has_given(&self) -> bool {
        self.has_given
    }

    /// Of the chosen keys, those to delete and those to keep. The signed-in key goes
    /// only where it is chosen alone; the key of the workbench session never does.
    pub fn spare<T>(&self, chosen: Vec<T>, id: impl Fn(&T) -> &str) -> (Vec<T>, Vec<(String, Spared)>) {
        let alone = chosen.len() == 1;
        let mut spared = Vec::new();
        let mut going = Vec::new();
        for key in chosen {
            match self.spares(id(&key)) {
                None => going.push(key),
                Some(Spared::SignedIn) if alone => going.push(key),
                Some(why) => spared.push((id(&key).to_owned(), why)),
            }
        }
        (going, spared)
    }

    /// Why the key `key_id` is spared where several are deleted; `None`: it is not in use here, as
    /// far as that can be known.
    pub fn spares(&self, key_id: &str) -> Option<Spared> {
        if self.given.iter().any(|id| id == key_id) {
            return Some(Spared::WorkbenchSession);
        }
        self.is_signed_in(key_id).then_some(Spared::SignedIn)
    }
}

/// What is noted of `key`, if it was made here.
pub fn made_here(session: &Session, key: &ApiKey) -> Option<MadeKey> {
    made_keys::find(session.store.as_ref()?, key).ok().flatten()
}

/// The listed key whose id is the first half of `key`.
pub(in crate::actions) fn by_first_half(key: &ApiKey, listed: &[V2KeyDetails]) -> Option<String> {
    listed.iter().find(|listed| listed.key_id == key.first_half()).map(|listed| listed.key_id.clone())
}
