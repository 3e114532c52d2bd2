//! Which keys this program made: a salted hash of each with its Key ID, so that a key in the hand
//! can be named later. The workbench itself never tells which Key ID a key has (SPEC).

use std::io;
use std::path::PathBuf;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use super::{Error, private_file, store::Store};
use crate::bounded;
use crate::secret::ApiKey;

/// Entries kept; the oldest go first.
const KEPT: usize = 2_000;

/// A key that was made here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeKey {
    /// HMAC-SHA-256 of the key with the file's salt, in hexadecimal.
    hash: String,
    pub url: String,
    pub username: String,
    pub key_id: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct MadeKeys {
    version: u32,
    salt: String,
    keys: Vec<MadeKey>,
}

fn file_of(store: &Store) -> PathBuf {
    store.dir().join("made-keys.json")
}

/// Notes that `key` has the id `key_id`.
pub fn remember(store: &Store, url: &str, username: &str, key_id: &str, key: &ApiKey) -> Result<(), Error> {
    let file = file_of(store);
    let failed = |error: io::Error| Error::Write { file: file.clone(), error };
    private_file::make_folder(store.dir()).map_err(failed)?;
    let _alone = store.lock()?;
    let mut made = load(store)?;
    if made.salt.is_empty() {
        let mut salt = [0u8; 16];
        SystemRandom::new().fill(&mut salt).map_err(|_| failed(io::Error::other("no random numbers")))?;
        made.salt = hexadecimal(&salt);
    }
    let hash = hash(&made.salt, key);
    made.keys.retain(|known| known.hash != hash);
    made.keys.push(MadeKey { hash, url: url.into(), username: username.into(), key_id: key_id.into() });
    let surplus = made.keys.len().saturating_sub(KEPT);
    made.keys.drain(..surplus);
    made.version = 1;
    let text = serde_json::to_vec(&made).map_err(|error| failed(error.into()))?;
    private_file::write(&file, &text).map_err(failed)
}

/// The note about `key`, if it was made here.
pub fn find(store: &Store, key: &ApiKey) -> Result<Option<MadeKey>, Error> {
    let made = load(store)?;
    let hash = hash(&made.salt, key);
    Ok(made.keys.into_iter().find(|known| known.hash == hash))
}

fn load(store: &Store) -> Result<MadeKeys, Error> {
    let file = file_of(store);
    let text = match bounded::read(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(MadeKeys::default()),
        Err(error) => return Err(Error::Read { file, error }),
    };
    let made: MadeKeys = serde_json::from_slice(&text).map_err(|error| Error::Malformed {
        file: file.clone(),
        line: error.line(),
        what: "not the list of keys that this program writes".to_owned(),
    })?;
    match made.version {
        0 | 1 => Ok(made),
        found => Err(Error::Newer { file, found, known: 1 }),
    }
}

fn hash(salt: &str, key: &ApiKey) -> String {
    let salted = hmac::Key::new(hmac::HMAC_SHA256, salt.as_bytes());
    hexadecimal(hmac::sign(&salted, key.expose().as_bytes()).as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
}
