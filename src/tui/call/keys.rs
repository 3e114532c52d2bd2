//! API keys of a user.

use super::deleted_keys::DeletedKeys;
use super::key_end::KeyEnd;
use super::{Answer, ToDelete, site};
use crate::actions::fleet::held::Held;
use crate::actions::keys::{self, Choice, Deletion, Listing, Logging, Rotated, Which, Why};
use crate::api::{self, Client, NewKey};
use crate::config::Session;
use crate::tui::key_list::ListedKeys;
use crate::wire::{V2KeyDetails, time};

pub(super) async fn list(session: &Session, username: String) -> Answer {
    let answer = session.client.list_keys(&username).await.map(|keys| {
        let replaced = Rotated::here(session).replaced(&keys, session.client.clock().now());
        // After the list, so that no key of it is newer than what is known of services.
        ListedKeys::from(keys).with_replaced(replaced).with_services(Held::known(session))
    });
    Answer::Keys { username, answer }
}

pub(super) async fn count(session: &Session, username: String) -> Answer {
    let rotated = Rotated::here(session);
    let end = |key: &V2KeyDetails| time::parse(&key.expiry_date);
    let take = |(ends, later): &mut (Vec<KeyEnd>, Vec<V2KeyDetails>), key: V2KeyDetails| match rotated
        .knows(&key.key_id)
    {
        true => later.push(key),
        false => ends.push(end(&key).into()),
    };
    let answer = session.client.fold_keys(&username, take).await.map(|(mut ends, later)| {
        let replaced = rotated.replaced(&later, session.client.clock().now());
        let known = |key: &V2KeyDetails| KeyEnd { at: end(key), replaced: replaced.contains(&key.key_id) };
        ends.extend(later.iter().map(known));
        ends
    });
    Answer::KeysCounted { username, answer }
}

pub(super) async fn create(session: &Session, username: String, new: NewKey) -> Answer {
    let created = keys::create(session, &username, &new, &()).await;
    Answer::KeyCreated(created.map(Box::new).map_err(api_error))
}

pub(super) async fn delete(session: &Session, keys: ToDelete) -> Answer {
    let (username, choice) = match keys {
        ToDelete::OfUsers(users) => return delete_of(session, users).await,
        ToDelete::Keys { username, key_ids } => {
            let choice = Choice::of(session, &username, key_ids);
            (username, Ok(choice))
        }
        ToDelete::UnlessGiven { username, key_ids } => {
            let choice = keys::chosen_of_all(session, &username, key_ids).await;
            (username, choice)
        }
        ToDelete::All { username } => {
            let choice = keys::choose(session, Some(username.clone()), &Which::All, Listing::Required).await;
            (username, choice)
        }
    };
    let deletion = match choice {
        Ok(choice) => keys::delete(session, choice, &()).await,
        Err(error) => Err(error),
    };
    answer(username, deletion)
}

async fn delete_of(session: &Session, users: Vec<(String, Vec<String>)>) -> Answer {
    let choices = users.into_iter().map(|(username, ids)| Choice::of(session, &username, ids)).collect();
    let deletions = keys::delete_each(session, choices, &Logging::default(), &()).await;
    let deleted = |deletions: Vec<Deletion>| deletions.into_iter().map(deleted).collect();
    Answer::KeysOfUsersDeleted(deletions.map(deleted).map_err(api_error))
}

pub(super) async fn rotate_legacy(client: &Client, username: String) -> Answer {
    Answer::LegacyKeyRotated(client.rotate_legacy_key(&username, None, "").await.map(Box::new))
}

fn answer(username: String, deletion: Result<Deletion, keys::Error>) -> Answer {
    match deletion.map(deleted) {
        Ok(deleted) => Answer::KeysDeleted(DeletedKeys { username, ..deleted }),
        Err(error) => {
            let failed = vec![(String::new(), api_error(error))];
            Answer::KeysDeleted(DeletedKeys { username, failed, ..DeletedKeys::default() })
        }
    }
}

fn deleted(deletion: Deletion) -> DeletedKeys {
    let Deletion { username, deleted, gone, spared, .. } = deletion;
    let mut failed: Vec<(String, api::Error)> = Vec::new();
    for key in deletion.failed {
        let error = match (key.why, failed.last()) {
            (Why::Refused(error), _) => error,
            // It failed with the one before.
            (Why::NotTried, Some((_, error))) => error.clone(),
            (why, _) => api::Error::invalid(why.to_string(), ""),
        };
        failed.push((key.key_id, error));
    }
    let spared = spared.into_iter().map(|(id, _)| id).collect();
    DeletedKeys { username, deleted, gone, failed, spared }
}

/// The workbench's error, or a local problem in the same form.
fn api_error(error: keys::Error) -> api::Error {
    match error {
        keys::Error::Action(error) => site::api_error(error),
        keys::Error::MayExist(error) => error,
        other => api::Error::invalid(other.to_string(), other.hint().unwrap_or_default()),
    }
}
