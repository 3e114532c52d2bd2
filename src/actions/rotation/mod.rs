//! A service's key is kept fresh by runs that may fail or be killed at any point.
//!
//! A run reads the state, makes a plan, takes its steps and reports, in that order and each once:
//!
//! | module | what it does |
//! |---|---|
//! | [`read`] | which keys there are, and which one the service has |
//! | [`plan`] | what should be done about that; pure |
//! | [`steps`] | creates, proves, hands over, notes; the order is what makes it safe |
//! | [`hand_over`], [`exec`] | how a key reaches its service |
//! | [`machine`] | the workbench, files and processes that all of these act on |
//! | [`proof`] | whether a key works |
//! | [`report`] | the result |
//! | [`look`] | what a run would do |
//! | [`intent`] | which keys are this machine's, where no answer says so |
//! | [`by_hand`] | the same plan where a user takes the steps, in the interface |
//!
//! Up to the note of a hand-over the key before is current and untouched; what a broken run leaves
//! behind is found by the next one. A key that a command was started with may be in use, however
//! the command ended: it is never deleted before a later hand-over is noted and its grace has passed.

mod by_hand;
mod error;
pub(in crate::actions) mod exec;
pub(in crate::actions) mod group;
pub(in crate::actions) mod hand_over;
mod intent;
pub(in crate::actions) mod look;
pub(in crate::actions) mod machine;
mod plan;
pub(in crate::actions) mod proof;
pub(in crate::actions) mod read;
pub(in crate::actions) mod record;
mod report;
mod request;
pub(in crate::actions) mod steps;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::actions::keys::{self, Spared};
use crate::actions::{Event, Progress, may_change};
use crate::api::{NewKey, ServerClock};
use crate::config::Session;
use crate::config::made_keys::RotatedKey;
use crate::wire::{CreateV2KeyResponse, V2KeyDetails, time};

pub use by_hand::{ByHand, handed_over, note_by_hand};
pub use error::{Error, Left};
pub use hand_over::HandOver;
pub use look::{Outlook, look};
pub use plan::{HandedOver, MOST_IN_DOUBT, Plan, Reason, plan, successor};
pub use proof::{BUSY, Verify, can_prove};
pub use record::{Current, Record};
pub use report::{Notice, Rotated};
pub use request::Request;

use machine::{Acting, Machine, Real};
use read::{Purpose, State};
use steps::Steps;

/// Rotates the key of a name, if it is due, and deletes the keys that are no longer needed.
///
/// # Errors
/// The current key goes on working. [`Error::Broken`] says what became of a new one.
pub async fn run(session: &Session, request: Request, progress: &dyn Progress) -> Result<Rotated, Error> {
    may_change(session, "rotating a key").map_err(keys::Error::from)?;
    run_on(&Real { session, progress }, request, progress).await
}

/// The same on any machine.
pub(in crate::actions) async fn run_on<M: Machine>(
    machine: &M,
    request: Request,
    progress: &dyn Progress,
) -> Result<Rotated, Error> {
    let state = machine.read(&request, Purpose::Rotate).await?;
    let rotation = Rotation { machine, request: &request, state: &state, progress };
    if machine.clock() == ServerClock::Unsaid {
        rotation.notice(Notice::NoTime);
    }
    let before = state.plan(&request, machine.now());
    if !before.contested.is_empty() {
        return Err(Error::Contested { name: state.group.name.clone(), key_ids: before.contested });
    }
    if let Some(file) = &state.revoked {
        rotation.notice(Notice::Revoked { file });
    }
    rotation.spare_session_key()?;
    if let Some(problem) = request.hand_over.exposed() {
        rotation.notice(Notice::Exposed { problem: &problem });
    }
    let mut rotated = Rotated::new(&state.group.name, &state.user);
    // What was never handed over goes once a later hand-over has succeeded: at once, unless one is
    // about to.
    let stale = rotation.spare_own(&before.never_handed_over, &mut rotated);
    for key in state.group.keys.iter().filter(|key| stale.contains(&key.key_id)) {
        rotation.notice(Notice::Removing { name: &state.group.name, key });
    }
    let after = match before.create {
        None => {
            machine::settle_note(machine, &state);
            before
        }
        Some(_) if before.has_too_many_in_doubt() => {
            return Err(Error::TooManyInDoubt { name: state.group.name.clone(), key_ids: before.in_doubt });
        }
        Some(reason) => {
            let created = rotation.create(reason, &before, &mut rotated).await?;
            let now = machine.now();
            rotation.remember(&created, now);
            let after = rotation.after(&created, now);
            rotated.created = Some(created);
            after
        }
    };
    let outlived = match request.keep_old {
        true => Vec::new(),
        false => rotation.spare_own(&after.outlived, &mut rotated),
    };
    // What is handed over is reported even where an older key could not be deleted.
    let mut removed = Vec::new();
    let mut undone = rotation.delete(&stale, &mut removed).await.err();
    let mut deleted = Vec::new();
    if undone.is_none() {
        undone = rotation.delete(&outlived, &mut deleted).await.err();
    }
    (rotated.removed_never_handed_over, rotated.deleted, rotated.not_deleted) = (removed, deleted, undone);
    rotated.conclude(&state.group.keys, after, request.keep_old);
    Ok(rotated)
}

struct Rotation<'a, M> {
    machine: &'a M,
    request: &'a Request,
    state: &'a State,
    progress: &'a dyn Progress,
}

impl<M: Machine> Rotation<'_, M> {
    fn notice(&self, notice: Notice<'_>) {
        self.progress.on(Event::Rotation(notice));
    }

    /// Creates a key, proves it and hands it over.
    async fn create(
        &self,
        reason: Reason,
        plan: &Plan,
        rotated: &mut Rotated,
    ) -> Result<CreateV2KeyResponse, Error> {
        let group = &self.state.group;
        let has_keys = !group.keys.is_empty();
        rotated.is_first = reason.is_first(has_keys);
        rotated.reason = Some(reason.text_for(has_keys));
        self.notice(match self.state.missing(self.request, plan) {
            Some(file) => Notice::NoFile { name: &group.name, file },
            None => Notice::Creating { name: &group.name, why: rotated.reason.unwrap_or_default() },
        });
        let model = group.model_for(plan.current.as_deref());
        if self.request.audiences.is_empty()
            && let Some(model) = model
            && let Some(other) = group.other_audiences(model)
        {
            self.notice(Notice::OtherAudiences { name: &group.name, other, model });
        }
        let expiry = self.machine.expiry(&self.request.expires).await?;
        let new = match model {
            Some(model) => plan::successor(model, expiry),
            None => NewKey { expiry, comment: group.name.clone(), audiences: Vec::new() },
        };
        let audiences = match self.request.audiences.as_slice() {
            [] => new.audiences,
            wanted => wanted.to_vec(),
        };
        let new = NewKey { audiences, ..new };
        let call = match &self.request.verify {
            Some(verify) => Some(self.machine.prepare(verify).await?),
            None => None,
        };
        let (created, notice) = Steps {
            world: Acting { machine: self.machine, request: self.request, state: self.state, new, call },
            before: self.state.record.as_ref(),
            begun: Record::begun(plan.current.clone()),
            is_noted: self.request.hand_over.is_noted(),
            listed: &group.keys,
            timeout: self.machine.timeout(),
            current_works: plan.current.is_some(),
            outlives: self.outlives(reason, plan),
        }
        .take()
        .await?;
        self.progress.on(Event::KeyHandedOver { key_id: &created.key_id });
        if let Some(notice) = notice {
            let file = self.request.record.as_deref().unwrap_or(std::path::Path::new(""));
            self.notice(Notice::Unrecorded { file, key_id: &created.key_id, noted: notice.noted });
        }
        Ok(created)
    }

    /// When the key ends that a new one has to outlive.
    fn outlives(&self, reason: Reason, plan: &Plan) -> Option<Timestamp> {
        let keys = self.state.group.keys.iter();
        let current = keys.filter(|key| Some(&key.key_id) == plan.current.as_ref());
        let is_asked = self.request.only_later && reason == Reason::Due;
        current.filter(|_| is_asked).find_map(|key| time::parse(&key.expiry_date))
    }

    /// The plan once `created` was handed over.
    fn after(&self, created: &CreateV2KeyResponse, now: Timestamp) -> Plan {
        let (group, request) = (&self.state.group, self.request);
        let mut keys = group.keys.clone();
        keys.push(details(created));
        let mut noted = self.state.noted.clone();
        noted.insert(created.key_id.clone(), now);
        let record = Record::new(&created.key_id, Some(now));
        let mut after = plan(&keys, Some(&record), &noted, request.due_days, request.grace, now);
        if after.create == Some(Reason::Due) {
            let (name, expiry) = (&group.name, created.expiry_date.as_str());
            self.notice(Notice::DueAlready { name, expiry, due_days: request.due_days });
        }
        // Known from before, whatever the second in which they were made.
        let stale = self.state.plan(request, now).never_handed_over;
        after.outlived.retain(|id| !stale.contains(id));
        after.in_grace.retain(|(id, _)| !stale.contains(id));
        after
    }

    /// So that older keys have a grace time of their own, and that any of them names the others when
    /// it is gone.
    fn remember(&self, created: &CreateV2KeyResponse, now: Timestamp) {
        let (url, group) = (self.machine.url(), &self.state.group);
        let known = group.keys.iter().map(|key| RotatedKey::new(url, &key.key_id, &group.name, None));
        let new = RotatedKey::new(url, &created.key_id, &group.name, Some(now));
        self.machine.remember(known.chain([new.for_grace(self.request.grace)]).collect());
    }

    /// `ids` without the key that this program is signed in with, so that it does not lock itself out.
    fn spare_own(&self, ids: &[String], rotated: &mut Rotated) -> Vec<String> {
        let own = self.machine.own();
        let (spared, rest): (Vec<_>, Vec<_>) = ids.iter().cloned().partition(|id| own.is_signed_in(id));
        if let Some(id) = spared.into_iter().next() {
            self.notice(Notice::OwnSpared { key_id: &id });
            rotated.spared = Some(id);
        }
        rest
    }

    /// The key that a workbench gave to this session is not the person's to replace or to delete.
    fn spare_session_key(&self) -> Result<(), Error> {
        let (own, group) = (self.machine.own(), &self.state.group);
        let is_given = |key: &&V2KeyDetails| own.spares(&key.key_id) == Some(Spared::WorkbenchSession);
        match group.keys.iter().find(is_given) {
            None => Ok(()),
            Some(key) => Err(Error::SessionKey { name: group.name.clone(), key_id: key.key_id.clone() }),
        }
    }

    async fn delete(&self, ids: &[String], deleted: &mut Vec<String>) -> Result<(), report::NotDeleted> {
        for id in ids {
            match self.machine.delete(self.request, self.state, id).await {
                Err(error) if error.status() != Some(404) => {
                    return Err(report::NotDeleted { key_id: id.clone(), error });
                }
                _ => {
                    self.progress.on(Event::KeyDeleted { key_id: id });
                    deleted.push(id.clone());
                }
            }
        }
        Ok(())
    }
}

fn details(created: &CreateV2KeyResponse) -> V2KeyDetails {
    V2KeyDetails {
        key_id: created.key_id.clone(),
        created_at: created.created_at.as_str().into(),
        expiry_date: created.expiry_date.as_str().into(),
        comments: created.comments.clone(),
        audiences: created.audiences.iter().map(Into::into).collect(),
    }
}
