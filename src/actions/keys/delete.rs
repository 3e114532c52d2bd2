//! Deleting keys: one, several or all of a user.
//!
//! Two steps with a question between them: [`choose`] says which keys are meant and which are
//! spared, [`delete`] deletes what was agreed to. A refusal in the middle leaves no other key
//! untried.

use super::condition::{Change, Condition, Current};
use super::deletion_log::{DeletionLog, Logging};
use super::id::{find, is_whole, may_mean};
use super::{Error, Own, Spared};
use crate::actions::sign_in::owner;
use crate::actions::{self, Event, Progress, may_change, user_or_own};
use crate::api;
use crate::config::Session;
use crate::wire::V2KeyDetails;

/// Which keys of a user are to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Key IDs in full, their unambiguous beginnings, or as tables show them.
    These(Vec<String>),
    /// All but those that are in use here.
    All,
}

/// Whether the keys of a user are listed, to know more of those that are named than their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Only where an id is not in full.
    AsNeeded,
    /// They are; what is not listed is tried all the same.
    Wanted,
    /// They are; what is not listed is refused.
    Required,
}

/// Keys that were chosen, to be shown before they are deleted.
#[derive(Debug, Clone)]
pub struct Choice {
    pub username: String,
    pub keys: Vec<Chosen>,
    /// Keys that stay: of all, those that are in use here; of several, these too.
    pub spared: Vec<(String, Spared)>,
    /// What must still hold of each just before it is deleted.
    pub condition: Condition,
    /// All keys of the user, and none is spared: one request may delete them.
    all: bool,
}

/// A key that is to be deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    pub key_id: String,
    /// What the workbench lists of it; `None` where nothing was listed, and where it lists no such
    /// key: the workbench then says so itself.
    pub listed: Option<V2KeyDetails>,
    /// It was in a list that the workbench gave: if it knows no such key any more, it is gone.
    pub was_listed: bool,
    /// The session is signed in with it: it was named alone, which deserves a warning.
    pub signed_in: bool,
}

/// What came of a deletion.
#[derive(Debug, Default)]
pub struct Deletion {
    pub username: String,
    pub deleted: Vec<String>,
    /// Keys that were listed, and were deleted elsewhere before they were deleted here.
    pub gone: Vec<String>,
    /// Keys that are still there, as far as is known.
    pub failed: Vec<NotDeleted>,
    pub spared: Vec<(String, Spared)>,
}

#[derive(Debug)]
pub struct NotDeleted {
    pub key_id: String,
    pub why: Why,
}

/// Why a key was not deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("{0}")]
    Refused(api::Error),
    /// It would fail too: the workbench does not answer, or the credential is not accepted at all.
    #[error("it was not tried any more")]
    NotTried,
    /// It is not what it was when it was chosen.
    #[error("{0}")]
    Changed(Change),
    /// A deletion must be logged, and this one could not be.
    #[error("{why}")]
    NotLogged { why: String },
}

impl Why {
    /// The workbench knows no such key.
    fn is_unknown(&self) -> bool {
        matches!(self, Self::Refused(error @ api::Error::Refused { .. }) if error.status() == Some(404))
    }
}

impl Choice {
    /// Keys that were chosen from a list by hand.
    pub fn of(session: &Session, username: &str, key_ids: impl IntoIterator<Item = String>) -> Self {
        let own = Own::of(session);
        let chosen = |key_id: String| Chosen {
            signed_in: own.spares(&key_id) == Some(Spared::SignedIn),
            listed: None,
            was_listed: true,
            key_id,
        };
        let keys = key_ids.into_iter().map(chosen).collect();
        let (spared, condition) = (Vec::new(), Condition::Nothing);
        Self { username: username.to_owned(), keys, spared, condition, all: false }
    }
}

/// Whether a key may be deleted from this session at all.
///
/// # Errors
/// The session is read-only, or it is the key of the workbench session that this runs in.
pub fn may_delete(session: &Session, key_id: &str) -> Result<(), Error> {
    may_change(session, "deleting keys")?;
    match Own::of(session).spares(key_id) {
        Some(Spared::WorkbenchSession) => Err(Error::SessionKey),
        _ => Ok(()),
    }
}

/// Finds the keys that are meant. Ids in full are taken as they are, so that a script needs no
/// right to list; [`Which::All`] lists.
///
/// # Errors
/// A beginning fits several keys; the key of the workbench session was named alone; of all keys it
/// cannot be known which one is in use here.
pub async fn choose(
    session: &Session,
    user: Option<String>,
    which: &Which,
    listing: Listing,
) -> Result<Choice, Error> {
    let username = user_or_own(session, user).await?;
    let own = Own::of(session);
    match which {
        Which::All => all(session, username, &own).await,
        Which::These(wanted) => these(session, username, wanted, &own, listing).await,
    }
}

async fn these(
    session: &Session,
    username: String,
    wanted: &[String],
    own: &Own,
    listing: Listing,
) -> Result<Choice, Error> {
    let listed = match listing == Listing::AsNeeded && wanted.iter().all(|id| is_whole(id)) {
        true => Vec::new(),
        false => {
            let is_meant = |key: &V2KeyDetails| wanted.iter().any(|wanted| may_mean(wanted, &key.key_id));
            session.client.find_keys(&username, is_meant).await?
        }
    };
    let mut keys: Vec<Chosen> = Vec::new();
    for wanted in wanted {
        let found = match find(wanted, &listed) {
            Ok(key) => Some(key.clone()),
            Err(actions::Error::NotFound { .. }) if listing != Listing::Required => None,
            Err(error) => return Err(error.into()),
        };
        let key_id = found.as_ref().map_or_else(|| wanted.clone(), |key| key.key_id.clone());
        // Each key once.
        if keys.iter().all(|known| known.key_id != key_id) {
            let signed_in = own.spares(&key_id) == Some(Spared::SignedIn);
            keys.push(Chosen { key_id, was_listed: found.is_some(), listed: found, signed_in });
        }
    }
    let (keys, spared) = own.spare(keys, |key| &key.key_id);
    match spared.iter().any(|(_, why)| *why == Spared::WorkbenchSession) && keys.is_empty() {
        true => Err(Error::SessionKey),
        false => Ok(Choice { username, keys, spared, condition: Condition::Nothing, all: false }),
    }
}

/// The keys of `username` that were chosen from all that are listed, none of which is recognised as that of
/// the workbench session that this runs in.
///
/// # Errors
/// It is the key of `username` nevertheless, and so one of them.
pub async fn chosen_of_all(
    session: &Session,
    username: &str,
    key_ids: impl IntoIterator<Item = String>,
) -> Result<Choice, Error> {
    refuse_if_unrecognised(session, username).await?;
    Ok(Choice::of(session, username, key_ids))
}

/// If the key in use cannot be found among those of a user, asks whose it is.
async fn refuse_if_unrecognised(session: &Session, username: &str) -> Result<(), Error> {
    let Some(key) = &session.session_key else { return Ok(()) };
    let owner = owner(&session.client.with_key(key.clone())).await;
    match owner.is_ok_and(|owner| owner.username == username) {
        true => Err(Error::SessionKey),
        false => Ok(()),
    }
}

async fn all(session: &Session, username: String, own: &Own) -> Result<Choice, Error> {
    let listed = session.client.list_keys(&username).await?;
    let known = |spared| listed.iter().any(|key| own.spares(&key.key_id) == Some(spared));
    if !known(Spared::WorkbenchSession) {
        refuse_if_unrecognised(session, &username).await?;
    }
    let is_used = known(Spared::SignedIn) || known(Spared::WorkbenchSession);
    if !listed.is_empty() && !is_used && super::super::sign_in::username(session).await? == username {
        return Err(Error::OwnUnknown { username });
    }
    let mut choice = Choice { all: true, ..Choice::of(session, &username, []) };
    for key in listed {
        match own.spares(&key.key_id) {
            Some(why) => choice.spared.push((key.key_id, why)),
            None => {
                let key_id = key.key_id.clone();
                let listed = Some(key);
                choice.keys.push(Chosen { key_id, listed, was_listed: true, signed_in: false });
            }
        }
    }
    choice.all = choice.spared.is_empty();
    Ok(choice)
}

/// Deletes the keys of `choice`, and logs it where deletions are logged.
///
/// # Errors
/// As [`delete_logged`].
pub async fn delete(session: &Session, choice: Choice, progress: &dyn Progress) -> Result<Deletion, Error> {
    may_change(session, "deleting keys")?;
    let logging = Logging::default();
    let log = DeletionLog::open(session, &logging, false, progress).await?;
    delete_logged(session, choice, &log, progress).await
}

/// Deletes the keys of `choice`, each by its id; all keys of a user of whom none is spared with one
/// request, which takes those that came since the list was read as well.
///
/// # Errors
/// Nothing was deleted: the session is read-only, or that one request was refused.
pub async fn delete_logged(
    session: &Session,
    choice: Choice,
    log: &DeletionLog<'_>,
    progress: &dyn Progress,
) -> Result<Deletion, Error> {
    if choice.all {
        return delete_all(session, choice, log, progress).await;
    }
    let own = Own::of(session);
    let Choice { username, keys, spared, condition, .. } = choice;
    let mut current = Current::new(session, &username, condition);
    let mut deletion = Deletion { username: username.clone(), spared, ..Deletion::default() };
    for key in keys {
        if own.spares(&key.key_id) == Some(Spared::WorkbenchSession) {
            deletion.spared.push((key.key_id, Spared::WorkbenchSession));
            continue;
        }
        let done = match deletion.is_hopeless() {
            true => Err(Why::NotTried),
            false => delete_one(session, &username, &key, &mut current, log, progress).await,
        };
        match done {
            Ok(()) => deletion.deleted.push(key.key_id),
            Err(why) if key.was_listed && why.is_unknown() => deletion.gone.push(key.key_id),
            Err(why) => deletion.failed.push(NotDeleted { key_id: key.key_id, why }),
        }
    }
    Ok(deletion)
}

async fn delete_one(
    session: &Session,
    username: &str,
    key: &Chosen,
    current: &mut Current<'_>,
    log: &DeletionLog<'_>,
    progress: &dyn Progress,
) -> Result<(), Why> {
    let change = current.change(&key.key_id, key.listed.as_ref()).await.map_err(Why::Refused)?;
    if let Some(change) = change {
        return Err(Why::Changed(change));
    }
    let name = key.listed.as_ref().map(|listed| listed.comments.as_str());
    let entry = log.begin(username, &key.key_id, name, progress);
    let entry = entry.map_err(|why| Why::NotLogged { why })?;
    let answer = session.client.delete_key_for_log(username, &key.key_id).await;
    log.complete(entry, answer.as_ref().map(Option::as_deref), progress);
    answer.map_err(Why::Refused)?;
    current.deleted(&key.key_id);
    progress.on(Event::KeyDeleted { key_id: &key.key_id });
    Ok(())
}

async fn delete_all(
    session: &Session,
    choice: Choice,
    log: &DeletionLog<'_>,
    progress: &dyn Progress,
) -> Result<Deletion, Error> {
    let Choice { username, keys, spared, .. } = choice;
    let mut deletion = Deletion { username, spared, ..Deletion::default() };
    let mut entries = Vec::with_capacity(keys.len());
    for key in &keys {
        let name = key.listed.as_ref().map(|listed| listed.comments.as_str());
        match log.begin(&deletion.username, &key.key_id, name, progress) {
            Ok(entry) => entries.push(entry),
            Err(why) => return Err(Error::Unlogged { why }),
        }
    }
    let answer = session.client.delete_all_keys(&deletion.username).await;
    for entry in entries {
        log.complete(entry, answer.as_ref().map(Option::as_deref), progress);
    }
    answer?;
    for key in keys {
        progress.on(Event::KeyDeleted { key_id: &key.key_id });
        deletion.deleted.push(key.key_id);
    }
    Ok(deletion)
}

impl Deletion {
    /// No key of `choice` was tried.
    pub(super) fn not_tried(choice: Choice) -> Self {
        let Choice { username, keys, spared, .. } = choice;
        let failed = keys.into_iter().map(|key| NotDeleted { key_id: key.key_id, why: Why::NotTried });
        Self { username, spared, failed: failed.collect(), ..Self::default() }
    }

    /// The other keys would fail too: the workbench does not answer, the credential is not accepted, or
    /// nothing can be logged.
    pub(super) fn is_hopeless(&self) -> bool {
        match self.failed.last().map(|failed| &failed.why) {
            None | Some(Why::Changed(_)) => false,
            Some(Why::NotTried | Why::NotLogged { .. }) => true,
            Some(Why::Refused(error)) => {
                matches!(error, api::Error::NoAnswer { .. }) || error.status() == Some(401)
            }
        }
    }
}
