//! API keys of a user.

use super::Answer;
use crate::api::{Client, NewKey};
use crate::config::paths::process_env;
use crate::config::{Session, Store, made_keys};
use crate::secret::ApiKey;
use crate::tui::key_list::ListedKeys;
use crate::wire::{CreateV2KeyResponse, time};

pub(super) async fn list(client: &Client, username: String) -> Answer {
    let answer = client.list_keys(&username).await.map(ListedKeys::from);
    Answer::Keys { username, answer }
}

pub(super) async fn count(client: &Client, username: String) -> Answer {
    let keys = client.list_keys(&username).await;
    let answer = keys.map(|keys| keys.iter().map(|key| time::parse(&key.expiry_date)).collect());
    Answer::KeysCounted { username, answer }
}

pub(super) async fn create(session: &Session, username: String, new: NewKey) -> Answer {
    let created = session.client.create_key(&username, &new).await.map(Box::new);
    if let Ok(created) = &created {
        note_made_key(session, &username, created);
    }
    Answer::KeyCreated(created)
}

pub(super) async fn delete(client: &Client, username: String, key_ids: Vec<String>) -> Answer {
    let (mut deleted, mut failed) = (Vec::new(), Vec::new());
    for key_id in key_ids {
        match client.delete_key(&username, &key_id).await {
            Ok(()) => deleted.push(key_id),
            Err(error) => failed.push((key_id, error)),
        }
    }
    Answer::KeysDeleted { username, deleted, failed, spared: Vec::new() }
}

/// Deletes the keys of a user one by one, so that those which are in use here can be left out: nothing
/// more could be asked without them.
pub(super) async fn delete_all(session: &Session, username: String) -> Answer {
    let client = &session.client;
    let keys = match client.list_keys(&username).await {
        Ok(keys) => keys,
        Err(error) => {
            let failed = vec![(String::new(), error)];
            return Answer::KeysDeleted { username, deleted: Vec::new(), failed, spared: Vec::new() };
        }
    };
    let ids = keys.into_iter().map(|key| key.key_id);
    let (in_use, others) = ids.partition(|id| is_in_use(session, id));
    match delete(client, username, others).await {
        Answer::KeysDeleted { username, deleted, failed, .. } => {
            Answer::KeysDeleted { username, deleted, failed, spared: in_use }
        }
        answer => answer,
    }
}

/// Whether keybench is signed in with this key, or the workbench session that it runs in has it. A
/// key's id is taken for its first half (INFERRED), as long as nothing better is known.
fn is_in_use(session: &Session, key_id: &str) -> bool {
    let is = |key: Option<&ApiKey>| key.is_some_and(|key| key.first_half() == key_id);
    session.key_id.as_deref() == Some(key_id) || is(session.client.key()) || is(session.session_key.as_ref())
}

pub(super) async fn rotate_legacy(client: &Client, username: String) -> Answer {
    Answer::LegacyKeyRotated(client.rotate_legacy_key(&username, None, "").await.map(Box::new))
}

/// Notes which Key ID a new key has, so that it can be named later. Only for a profile: the keys of
/// a demo mean nothing afterwards, and a workbench's home directory has other readers.
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
