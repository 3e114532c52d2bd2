//! The state that a rotation starts from, read while no other run can change it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Error;
use super::group::Group;
use super::hand_over::Locks;
use super::plan::{HandedOver, Plan, Reason, plan_in_order};
use super::record::{Listed, Record, Source, read_note};
use super::request::Request;
use crate::actions::{key_file, keys};
use crate::config::Session;
use crate::config::made_keys;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION, V2KeyDetails};

/// What is known before anything is done.
#[derive(Debug)]
pub(in crate::actions) struct State {
    pub user: String,
    pub group: Group,
    pub source: Source,
    /// What the service has, as far as that is written somewhere.
    pub record: Option<Record>,
    /// What it has where nothing is written: no key was handed over, however long the newest
    /// key lasts.
    pub absent: Option<Record>,
    /// When keys were handed over from here.
    pub noted: HandedOver,
    /// The Key IDs that rotations from here came to know, in that order.
    pub order: Vec<String>,
    /// Whether a note tells of creations that are over.
    pub has_old_intents: bool,
    /// A file whose key the workbench does not know any more.
    pub revoked: Option<PathBuf>,
    /// Held until the rotation has ended.
    pub locks: Locks,
}

impl State {
    /// What should be done at `now`.
    pub fn plan(&self, request: &Request, now: Timestamp) -> Plan {
        let known = self.record.as_ref().or(self.absent.as_ref());
        let noted = request.in_use.as_ref().unwrap_or(&self.noted);
        let (keys, order) = (&self.group.keys, &self.order);
        let mut plan = plan_in_order(keys, known, noted, order, request.due_days, request.grace, now);
        let current = self.group.keys.iter().find(|key| Some(&key.key_id) == plan.current.as_ref());
        if plan.create.is_none() && current.is_some_and(|key| request.wants_other_audiences(key)) {
            plan.create = Some(Reason::Audience);
        }
        plan
    }
}

impl State {
    /// The file that says which key the service has, where it is not there although a key of the name
    /// may be in use.
    pub fn missing<'a>(&self, request: &'a Request, plan: &Plan) -> Option<&'a Path> {
        let file = request.hand_over.file().or(request.record.as_deref())?;
        let may_be_in_use = |key: &V2KeyDetails| !plan.never_handed_over.contains(&key.key_id);
        let is_missing = plan.create == Some(Reason::NothingHandedOver);
        (is_missing && self.group.keys.iter().any(may_be_in_use)).then_some(file)
    }
}

/// What the state is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::actions) enum Purpose {
    /// Something will be done: the name and the file are locked.
    Rotate,
    /// Nothing is written.
    Look,
}

/// Reads the state.
pub(super) async fn read(session: &Session, request: &Request, purpose: Purpose) -> Result<State, Error> {
    let url = session.client.url();
    let store = session.store.as_ref();
    let known = store.and_then(|store| made_keys::rotated(store, url).ok()).unwrap_or_default();
    let (user, listed_keys) = keys::list(session, request.user.clone()).await.map_err(keys::Error::from)?;
    let file = request.hand_over.file().or(request.record.as_deref());
    let listed = Listed { session, user: &user, keys: &listed_keys };
    let named = Group::find(&request.name, listed, &known, file)?;
    if let Some(manifest) = request.services.get(&named.name) {
        return Err(Error::OfService { name: named.name, manifest: manifest.clone() });
    }
    let note = super::hand_over::note(session, &user, &named.name);
    let locks = match purpose {
        Purpose::Rotate => Locks::take(&request.hand_over, note.as_deref(), &named.name)?,
        Purpose::Look => Locks::default(),
    };
    // Once more: another run may have done something until it released the lock.
    let listed_keys = session.client.list_keys(&user).await.map_err(keys::Error::from)?;
    let listed = Listed { keys: &listed_keys, ..listed };
    let mut group = Group::find(&named.wanted, listed, &known, file)?;
    let source = request.hand_over.source(request.record.as_deref(), note.clone());
    let mut revoked = None;
    let mut record = match source.read(listed) {
        Err(Error::Holds { file, is_key: true }) => {
            let record = revoked_in(session, &file).await?;
            revoked = Some(file);
            Some(record)
        }
        read => read?,
    };
    if let (Some(key_id), Some(file)) = (record.as_ref().and_then(Record::key_id), file) {
        group.take_in(key_id, listed, file)?;
    }
    let newest = || group.newest().map(|key| key.key_id.clone());
    if record.is_none() {
        record = request.known.as_ref().map(|key_id| Record::new(key_id, None));
    }
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
    // What neither a listed key nor a coming one needs is dropped.
    let now = session.client.clock().now();
    let mut has_old_intents = false;
    if let Some(record) = &mut record {
        let before = record.intents.len();
        record.intents.retain(|intent| intent.matters(&group.keys, now));
        has_old_intents = record.intents.len() < before;
    }
    let order = known.into_iter().map(|key| key.key_id).collect();
    Ok(State { user, group, source, record, absent, noted, order, has_old_intents, revoked, locks })
}

/// The record of a file with a key that is not listed, and that the workbench accepts no more: it was
/// revoked. One that is accepted is another user's, one that was made on another workbench is not
/// lost here.
async fn revoked_in(session: &Session, file: &Path) -> Result<Record, Error> {
    let held = || Error::Holds { file: file.to_owned(), is_key: true };
    let key = key_file::read(file).map_err(|_| held())?;
    if keys::made_here(session, &key).is_some_and(|made| made.url != session.client.url()) {
        return Err(held());
    }
    let id = key.first_half().to_owned();
    let client = session.client.with_key(key);
    for audience in [AUDIENCE_API, AUDIENCE_APPLICATION] {
        match client.validate_key(audience).await {
            Ok(answer) if answer.valid => return Err(held()),
            Ok(_) => {}
            Err(error) if error.status() == Some(401) => {}
            // It is for another audience (OBSERVED, cai-connector).
            Err(error) if error.status() == Some(403) => return Err(held()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Record::new(id, None))
}
