//! What the Settings tab asks the workbench, and the files that it writes.

use std::path::{Path, PathBuf};

use super::rotation;
use crate::api::{self, NewKey};
use crate::config::paths::process_env;
use crate::config::{Session, Store, made_keys, private_file};
use crate::diagnosis::Diagnosis;
use crate::probe::CallResult;
use crate::secret::ApiKey;
use crate::tui::effect::Context;
use crate::tui::screens::listed_keys::ListedKeys;
use crate::tui::screens::models::calls::{self as model_calls, Explain, Test};
use crate::wire::{CreateV2KeyResponse, RotateV1KeyResponse};

/// One question.
#[derive(Debug)]
pub enum Call {
    List {
        username: String,
    },
    Create {
        username: String,
        new: NewKey,
    },
    /// One after the other; the first refusal ends it.
    Delete {
        username: String,
        key_ids: Vec<String>,
    },
    DeleteAll {
        username: String,
    },
    RotateLegacy {
        username: String,
    },
    /// Signs in with another key, and stores it in the profile in use.
    Adopt {
        store: Option<Store>,
        key: ApiKey,
        key_id: String,
    },
    /// Writes a key to a file that only its owner can read.
    Save {
        key: ApiKey,
        path: String,
    },
    /// One model call with a new key.
    Test(Box<Test>),
    /// Why it failed.
    Explain(Box<Explain>),
}

/// Its answer.
#[derive(Debug)]
pub enum Reply {
    Listed(Result<ListedKeys, api::Error>),
    Created(Result<Box<CreateV2KeyResponse>, api::Error>),
    Deleted {
        done: Vec<String>,
        failed: Option<(String, api::Error)>,
    },
    DeletedAll(Result<(), api::Error>),
    LegacyRotated(Result<Box<RotateV1KeyResponse>, api::Error>),
    /// The session with the other key, or why the profile was not changed.
    Adopted(Result<Box<Session>, String>),
    /// Where the key is now, or why it is not.
    Saved(Result<PathBuf, String>),
    /// `sent` is the request as it went over the wire, keys masked.
    Tested {
        test: Box<Test>,
        sent: String,
        call: Box<CallResult>,
    },
    Explained(Box<Diagnosis>),
}

impl Call {
    /// Carries the call out.
    pub async fn run(self, context: Context) -> Reply {
        let client = &context.session.client;
        match self {
            Self::List { username } => Reply::Listed(client.list_keys(&username).await.map(ListedKeys::from)),
            Self::Create { username, new } => {
                let created = client.create_key(&username, &new).await.map(Box::new);
                if let Ok(created) = &created {
                    note_made_key(&context.session, &username, created);
                }
                Reply::Created(created)
            }
            Self::Delete { username, key_ids } => {
                let mut done = Vec::new();
                for key_id in key_ids {
                    match client.delete_key(&username, &key_id).await {
                        Ok(()) => done.push(key_id),
                        Err(error) => return Reply::Deleted { done, failed: Some((key_id, error)) },
                    }
                }
                Reply::Deleted { done, failed: None }
            }
            Self::DeleteAll { username } => Reply::DeletedAll(client.delete_all_keys(&username).await),
            Self::RotateLegacy { username } => {
                Reply::LegacyRotated(client.rotate_legacy_key(&username, None, "").await.map(Box::new))
            }
            Self::Adopt { store, key, key_id } => {
                let session = context.session.clone();
                let adopted =
                    tokio::task::spawn_blocking(move || rotation::adopt(&session, store, &key, key_id));
                let adopted = adopted.await.unwrap_or_else(|error| Err(error.to_string()));
                Reply::Adopted(adopted.map(Box::new))
            }
            Self::Save { key, path } => {
                let saved = tokio::task::spawn_blocking(move || save(&key, &path)).await;
                Reply::Saved(saved.unwrap_or_else(|error| Err(error.to_string())))
            }
            Self::Test(test) => {
                let (sent, call) = model_calls::call(client, &test).await;
                Reply::Tested { test, sent, call: Box::new(call) }
            }
            Self::Explain(explain) => {
                Reply::Explained(Box::new(model_calls::explain(client, *explain).await))
            }
        }
    }
}

impl Reply {
    /// The error of an answer that is one.
    pub fn error(&self) -> Option<&api::Error> {
        match self {
            Self::Listed(Err(error))
            | Self::Created(Err(error))
            | Self::DeletedAll(Err(error))
            | Self::LegacyRotated(Err(error)) => Some(error),
            Self::Deleted { failed, .. } => failed.as_ref().map(|(_, error)| error),
            _ => None,
        }
    }
}

/// Notes which Key ID a new key has, so that it can be named later. Only for a profile: what a
/// demo makes concerns nobody afterwards, and a workbench's home directory has other readers.
fn note_made_key(session: &Session, username: &str, created: &CreateV2KeyResponse) {
    if session.profile.is_none() || session.inside_workbench {
        return;
    }
    let noted = Store::from_env(&process_env).and_then(|store| {
        made_keys::remember(&store, session.client.url(), username, &created.key_id, &created.api_key)
    });
    if let Err(error) = noted {
        tracing::warn!(%error, "the new key's id could not be noted");
    }
}

/// Writes `key` and a line break to a new file with mode 0600.
fn save(key: &ApiKey, path: &str) -> Result<PathBuf, String> {
    let path = expand_home(path);
    if path.exists() {
        return Err(format!("{} is there already; give another name", path.display()));
    }
    let line = secrecy::zeroize::Zeroizing::new(format!("{}\n", key.expose()));
    private_file::write(&path, line.as_bytes()).map_err(|error| {
        // The error's own words name a temporary file, which means nothing to anybody.
        let cause = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such folder".to_owned(),
            kind => kind.to_string(),
        };
        format!("{} cannot be written: {cause}; give another place", path.display())
    })?;
    Ok(std::path::absolute(&path).unwrap_or(path))
}

/// `~/keys/x` as a shell would read it.
fn expand_home(path: &str) -> PathBuf {
    let home = std::env::home_dir();
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_saved_key_is_private_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key").display().to_string();
        let key = ApiKey::from_workbench("0a.9f");
        let saved = save(&key, &path).unwrap();
        assert_eq!(std::fs::read_to_string(&saved).unwrap(), "0a.9f\n");
        assert_eq!(std::fs::metadata(&saved).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(save(&key, &path).unwrap_err().contains("is there already"));
        let refused = save(&key, "/nowhere/at/all").unwrap_err();
        assert!(
            refused.contains("/nowhere/at/all cannot be written") && !refused.contains(".keybench"),
            "{refused}"
        );
    }
}
