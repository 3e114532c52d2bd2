//! Which keys this program created: a salted hash of each with its Key ID, so that a key can be
//! identified later. The workbench itself never reveals the Key ID of a key (SPEC). And which keys
//! it rotated: their names outlive them, and each has its own grace time.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use super::replace::Replacement;
use super::{Error, json, private_file, store::Store};
use crate::secret::ApiKey;
use crate::text;
use crate::wire::time;

/// The version that this program writes. One with grace times is 2.
const VERSION: u32 = 2;
/// Maximum number of entries; the oldest are dropped first.
const KEPT: usize = 2_000;

/// A key that was created here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeKey {
    /// HMAC-SHA-256 of the key with the file's salt, in hexadecimal.
    hash: String,
    pub url: String,
    pub username: String,
    pub key_id: String,
}

/// A key that a rotation found or created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotatedKey {
    pub url: String,
    pub key_id: String,
    /// The comment.
    pub name: String,
    /// When its service received it, RFC 3339; empty if this program did not hand it over.
    #[serde(default)]
    handed_over: String,
    /// For how many seconds older keys of the name stay from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grace: Option<u64>,
}

impl RotatedKey {
    pub fn new(url: &str, key_id: &str, name: &str, handed_over: Option<Timestamp>) -> Self {
        let handed_over = handed_over.map(time::format).unwrap_or_default();
        Self { url: url.into(), key_id: key_id.into(), name: name.into(), handed_over, grace: None }
    }

    /// Older keys of the name stay for so long once this one was handed over.
    #[must_use]
    pub fn for_grace(self, grace: Duration) -> Self {
        Self { grace: Some(grace.as_secs()), ..self }
    }

    pub fn grace(&self) -> Option<Duration> {
        self.grace.map(Duration::from_secs)
    }

    pub fn handed_over(&self) -> Option<Timestamp> {
        time::parse(&self.handed_over)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MadeKeys {
    version: u32,
    salt: String,
    keys: Vec<MadeKey>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rotated: Vec<RotatedKey>,
}

fn file_of(store: &Store) -> PathBuf {
    store.dir().join("made-keys.json")
}

/// Records that `key` has the ID `key_id`.
pub fn remember(store: &Store, url: &str, username: &str, key_id: &str, key: &ApiKey) -> Result<(), Error> {
    change(store, |made| {
        if made.salt.is_empty() {
            let mut salt = [0u8; 16];
            SystemRandom::new().fill(&mut salt).map_err(|_| io::Error::other("no random numbers"))?;
            made.salt = text::hex(&salt);
        }
        let hash = hash(&made.salt, key);
        made.keys.retain(|known| known.hash != hash);
        made.keys.push(MadeKey { hash, url: url.into(), username: username.into(), key_id: key_id.into() });
        Ok(())
    })
}

/// Records the keys of a rotation, the newest last. A known hand-over is not forgotten, and known keys
/// keep their order.
pub fn remember_rotation(store: &Store, mut keys: Vec<RotatedKey>) -> Result<(), Error> {
    change(store, |made| {
        let same = |known: &RotatedKey, key: &RotatedKey| known.url == key.url && known.key_id == key.key_id;
        keys.sort_by_cached_key(|key| {
            made.rotated.iter().position(|known| same(known, key)).unwrap_or(usize::MAX)
        });
        for key in keys {
            let known = made.rotated.iter().position(|known| same(known, &key));
            let known = known.map(|at| made.rotated.remove(at));
            let known = known.filter(|known| key.handed_over.is_empty() && !known.handed_over.is_empty());
            made.rotated.push(known.unwrap_or(key));
        }
        Ok(())
    })
}

/// The keys that were rotated here on the workbench at `url`.
pub fn rotated(store: &Store, url: &str) -> Result<Vec<RotatedKey>, Error> {
    Ok(load(store)?.rotated.into_iter().filter(|key| key.url == url).collect())
}

fn change(store: &Store, edit: impl FnOnce(&mut MadeKeys) -> io::Result<()>) -> Result<(), Error> {
    let file = file_of(store);
    let failed = |error: io::Error| Error::Write { file: file.clone(), error };
    private_file::make_folder(store.dir()).map_err(failed)?;
    let _alone = store.lock()?;
    let mut made = load(store).map_err(|cause| json::keep_beside(&file, cause))?;
    edit(&mut made).map_err(failed)?;
    let surplus = made.keys.len().saturating_sub(KEPT);
    made.keys.drain(..surplus);
    let surplus = made.rotated.len().saturating_sub(KEPT);
    made.rotated.drain(..surplus);
    made.version = VERSION;
    let text = serde_json::to_vec(&made).map_err(|error| failed(error.into()))?;
    Replacement::of(&file).following_links().write(&text).map_err(failed)
}

/// The record of `key`, if it was created here.
pub fn find(store: &Store, key: &ApiKey) -> Result<Option<MadeKey>, Error> {
    let made = load(store)?;
    let hash = hash(&made.salt, key);
    Ok(made.keys.into_iter().find(|known| known.hash == hash))
}

fn load(store: &Store) -> Result<MadeKeys, Error> {
    Ok(json::read(&file_of(store), VERSION, "the list of keys")?.unwrap_or_default())
}

fn hash(salt: &str, key: &ApiKey) -> String {
    let salted = hmac::Key::new(hmac::HMAC_SHA256, salt.as_bytes());
    text::hex(hmac::sign(&salted, key.expose().as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_made_here_is_known_again_and_not_readable() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let key = ApiKey::from_workbench("0a.0b");
        assert_eq!(find(&store, &key).unwrap(), None);
        remember(&store, "http://x", "owner", "k1", &key).unwrap();
        assert_eq!(find(&store, &key).unwrap().unwrap().key_id, "k1");
        assert_eq!(find(&store, &ApiKey::from_workbench("0a.0c")).unwrap(), None);
        assert!(!std::fs::read_to_string(file_of(&store)).unwrap().contains("0a.0b"));
    }

    #[test]
    fn what_cannot_be_read_as_the_list_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        for text in ["[]", "{\"version\": 3}", "{\"version\": 1, \"others\": []}", "{\"version\": 1", ""] {
            std::fs::write(file_of(&store), text).unwrap();
            let error = remember_rotation(&store, Vec::new()).unwrap_err();
            assert_eq!(std::fs::read_to_string(file_of(&store)).unwrap(), text);
            let Error::LeftAlone { copy, .. } = error else { panic!("{error}") };
            assert_eq!(std::fs::read_to_string(copy).unwrap(), text);
        }
    }

    #[test]
    fn a_hand_over_stays_known_and_so_does_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let at: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        remember_rotation(&store, vec![RotatedKey::new("http://x", "k1", "svc", Some(at))]).unwrap();
        remember(&store, "http://x", "owner", "k2", &ApiKey::from_workbench("0a.0b")).unwrap();
        remember_rotation(&store, vec![RotatedKey::new("http://x", "k1", "svc", None)]).unwrap();
        let known = rotated(&store, "http://x").unwrap();
        assert_eq!(known, [RotatedKey::new("http://x", "k1", "svc", Some(at))]);
        assert_eq!(rotated(&store, "http://y").unwrap(), []);
    }
}
