//! The state that a rotation starts from, read while no other run can change it.

use jiff::Timestamp;

use super::Error;
use super::group::Group;
use super::hand_over::Locks;
use super::plan::{HandedOver, Plan, plan};
use super::record::{Listed, Record, Source, read_note};
use super::request::Request;
use crate::actions::keys;
use crate::config::Session;
use crate::config::made_keys;

/// What is known before anything is done.
#[derive(Debug)]
pub(super) struct State {
    pub user: String,
    pub group: Group,
    pub source: Source,
    /// What the service has, as far as that is written somewhere.
    pub record: Option<Record>,
    /// What it has where nothing is written: no key was handed over, however long the newest
    /// key lasts.
    absent: Option<Record>,
    /// When keys were handed over from here.
    pub noted: HandedOver,
    /// Held until the rotation has ended.
    pub locks: Locks,
}

impl State {
    /// What should be done at `now`.
    pub fn plan(&self, request: &Request, now: Timestamp) -> Plan {
        let known = self.record.as_ref().or(self.absent.as_ref());
        plan(&self.group.keys, known, &self.noted, request.due_days, request.grace, now)
    }
}

/// Reads the state, and locks the name and the file.
pub(super) async fn read(session: &Session, request: &Request) -> Result<State, Error> {
    let url = session.client.url();
    let store = session.store.as_ref();
    let known = store.and_then(|store| made_keys::rotated(store, url).ok()).unwrap_or_default();
    let (user, listed_keys) = keys::list(session, request.user.clone()).await.map_err(keys::Error::from)?;
    let file = request.hand_over.file().or(request.record.as_deref());
    let listed = Listed { session, user: &user, keys: &listed_keys };
    let named = Group::find(&request.name, listed, &known, file)?;
    let note = super::hand_over::note(session, &user, &named.name);
    let locks = Locks::take(&request.hand_over, note.as_deref(), &named.name)?;
    // Once more: another run may have done something until it released the lock.
    let listed_keys = session.client.list_keys(&user).await.map_err(keys::Error::from)?;
    let listed = Listed { keys: &listed_keys, ..listed };
    let mut group = Group::find(&named.wanted, listed, &known, file)?;
    let source = request.hand_over.source(request.record.as_deref(), note.clone());
    let mut record = source.read(listed)?;
    if let (Some(key_id), Some(file)) = (record.as_ref().and_then(Record::key_id), file) {
        group.take_in(key_id, listed, file)?;
    }
    let newest = || group.newest().map(|key| key.key_id.clone());
    if record.is_none() && request.record.is_some() {
        // Naming a record means that it exists once something was handed over.
        record = Some(Record::begun(newest()));
    }
    let mut noted: HandedOver =
        known.iter().filter_map(|key| Some((key.key_id.clone(), key.handed_over()?))).collect();
    if let Some(other) = note.as_deref().map(read_note).transpose()?.flatten() {
        if let Some((key_id, Some(at))) = other.handed_over() {
            noted.entry(key_id.to_owned()).or_insert(at);
        }
        // A command that was started for this name may have handed a key over, however it is done now.
        if let Source::Output(_) = source {
            let record = record.get_or_insert_with(|| Record::begun(newest()));
            let current = record.key_id().map(str::to_owned);
            let doubted = other.in_doubt.iter().filter(|id| Some(*id) != current.as_ref());
            doubted.for_each(|id| record.doubt(id));
        }
    }
    let absent = (record.is_none() && matches!(source, Source::Output(_))).then(|| Record::begun(newest()));
    Ok(State { user, group, source, record, absent, noted, locks })
}
