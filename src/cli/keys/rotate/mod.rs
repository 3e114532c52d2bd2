//! `keys rotate`: a service's key is kept fresh by runs that may fail or be killed at any point.
//!
//! The order is what makes it safe: create, prove, hand over, record, and only then delete. Up to
//! the record the key before is current and untouched; what a broken run leaves behind is found by
//! the next one, because it is newer than the record. [`plan`] decides, this file acts.

mod group;
mod hand_over;
mod plan;
mod record;

use jiff::Timestamp;
use serde_json::{Value, json};

use group::Group;
use hand_over::HandOver;
use plan::{HandedOver, Plan, Reason, plan};
use record::{Listed, Place, Record};

use super::in_utc;
use crate::actions::keys::{self, known_id};
use crate::actions::models::{self, KeyChoice, ModelCall};
use crate::api::{Client, NewKey};
use crate::cli::args::RotateArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::models::test::{no_answer, read_request};
use crate::config::Session;
use crate::config::made_keys::{self, RotatedKey};
use crate::probe::ModelRequest;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION, CreateV2KeyResponse, V2KeyDetails, time};

pub async fn run(context: &Context, args: RotateArgs) -> Result<Exit, Failure> {
    let session = context.session_to_change("rotating a key")?;
    let hand_over = HandOver::new(context, &session, &args)?;
    let request = args.request.as_deref().map(read_request).transpose()?;
    let user = context.user(&session, args.user.clone()).await?;
    let url = session.client.url();
    let noted = context.store().and_then(|store| made_keys::rotated(&store, url)).unwrap_or_default();
    let keys = session.client.list_keys(&user).await?;
    let listed = Listed { session: &session, url, user: &user, keys: &keys };
    let named = Group::find(&args.name, listed, &noted, hand_over.file())?;
    let _alone = hand_over.lock(&user, &named.name)?;
    // Once more: another run may have done something until it gave up the lock.
    let keys = session.client.list_keys(&user).await?;
    let listed = Listed { keys: &keys, ..listed };
    let mut group = Group::find(&named.wanted, listed, &noted, hand_over.file())?;
    let place = hand_over.place(&user, &group.name);
    let mut record = place.read(listed)?;
    if let (Some(record), Some(file)) = (&record, hand_over.file()) {
        group.take_in(&record.key_id, listed, file)?;
    }
    let group = group;
    if record.is_none() && args.record.is_some() {
        // Whoever names a record says that it exists once something was handed over.
        record = Some(Record::pending(group.newest().map(|key| key.key_id.clone())));
    }
    // A file that is not there was handed to nobody, however long the newest key lasts.
    let absent = (record.is_none() && matches!(place, Place::Output(_)))
        .then(|| Record::pending(group.newest().map(|key| key.key_id.clone())));
    let known = record.as_ref().or(absent.as_ref());
    let mut handed_over: HandedOver =
        noted.iter().filter_map(|key| Some((key.key_id.clone(), key.handed_over()?))).collect();
    let before = plan(&group.keys, known, &handed_over, args.due, args.grace, context.now());
    let rotation = Rotation { context, session: &session, args: &args, user: &user, group: &group };
    rotation.spare_session_key()?;

    let mut report = Report::default();
    if let Some(warning) = hand_over.exposed() {
        context.out.warn("rotation", &warning, None);
    }
    let stale = rotation.spare_own(&before.never_handed_over, &mut report);
    for key in group.keys.iter().filter(|key| stale.contains(&key.key_id)) {
        let made = in_utc(&key.created_at).unwrap_or_else(|| "at an unknown time".to_owned());
        let warning = format!(
            "{}: removing key {}, made {made}: it is newer than the key that was handed over, so its own \
             hand-over never came about; whoever else makes keys of this name loses them",
            group.name, key.key_id
        );
        context.out.warn("rotation", &warning, None);
    }
    rotation.delete(&stale, &mut report.removed_never_handed_over).await?;
    let (created, after) = match before.create {
        None => (None, before),
        Some(reason) => {
            let words = match group.keys.is_empty() {
                true => "no key has this name yet, so it is a new one",
                false => reason.words(),
            };
            context.out.note(&format!("{}: {words}, creating a key", group.name));
            let begins = record.is_none().then(|| Record::pending(before.current.clone()));
            let model = group.model_for(before.current.as_deref());
            if let Some(warning) = group.other_audiences(model) {
                context.out.warn("rotation", &warning, None);
            }
            let new = rotation.new_key(model).await?;
            let way = (&hand_over, &place);
            let (created, warning) = rotation.create(request, new, way, record.as_ref(), begins).await?;
            if let Some(warning) = warning {
                context.out.warn("rotation", &warning, None);
            }
            report.reason = Some(words);
            let now = context.now();
            handed_over.insert(created.key_id.clone(), now);
            rotation.remember(&created, now);
            let mut keys = group.keys.clone();
            keys.retain(|key| !report.removed_never_handed_over.contains(&key.key_id));
            keys.push(details(&created));
            let record = Record::new(&created.key_id, Some(now));
            let after = plan(&keys, Some(&record), &handed_over, args.due, args.grace, now);
            if after.create == Some(Reason::Due) {
                let warning = format!(
                    "{}: the new key is due already, as it expires {} and --due is {} days: each run will \
                     make another one; give a smaller --due, or a longer --expires",
                    group.name,
                    super::day(&created.expiry_date),
                    args.due
                );
                context.out.warn("rotation", &warning, None);
            }
            (Some(created), after)
        }
    };
    let outlived = if args.keep_old { Vec::new() } else { rotation.spare_own(&after.outlived, &mut report) };
    // What is handed over is told even where an older key could not be deleted.
    let deleted = rotation.delete(&outlived, &mut report.deleted).await;
    let told = report.print(&rotation, created.as_ref(), &after, &hand_over);
    told.map_err(|failure| match &created {
        Some(created) => hand_over.not_told(failure, created),
        None => failure,
    })?;
    deleted.map(|()| Exit::Done)
}

struct Rotation<'a> {
    context: &'a Context,
    session: &'a Session,
    args: &'a RotateArgs,
    user: &'a str,
    group: &'a Group,
}

impl Rotation<'_> {
    fn client(&self) -> &Client {
        &self.session.client
    }

    /// A successor of `model`.
    async fn new_key(&self, model: Option<&V2KeyDetails>) -> Result<NewKey, Failure> {
        Ok(NewKey {
            expiry: keys::expiry(self.client(), &self.args.expires, self.context.now()).await?,
            comment: self.group.name.clone(),
            audiences: model.map(|key| key.audiences.clone()).unwrap_or_default(),
        })
    }

    /// So that older keys have a grace time of their own, and that any of them names the others when
    /// it is gone; not being able to is no reason to fail.
    fn remember(&self, created: &CreateV2KeyResponse, now: Timestamp) {
        let (url, name) = (self.client().url(), &self.group.name);
        let known = self.group.keys.iter().map(|key| RotatedKey::new(url, &key.key_id, name, None));
        let keys = known.chain([RotatedKey::new(url, &created.key_id, name, Some(now))]).collect();
        if let Err(error) = self.context.store().and_then(|store| made_keys::remember_rotation(&store, keys))
        {
            tracing::info!(%error, "the rotation is not remembered");
        }
    }

    /// Creates a key, proves it and hands it over. A key that did not get that far is deleted again.
    async fn create(
        &self,
        request: Option<ModelRequest>,
        new: NewKey,
        (hand_over, place): (&HandOver, &Place),
        before: Option<&Record>,
        begins: Option<Record>,
    ) -> Result<(CreateV2KeyResponse, Option<String>), Failure> {
        let proof = match &self.args.verify {
            Some(model) => {
                let model = models::find(self.session, model).await?;
                Some(ModelCall::new(self.session, model, &KeyChoice::Nothing, request)?)
            }
            None => None,
        };
        if let Some(record) = &begins {
            hand_over.begin(place, record)?;
        }
        let created = match keys::create(self.session, self.user, &new, &()).await {
            Ok(created) => created,
            Err(error) => {
                if begins.is_some() && !matches!(error, keys::Error::MayExist(_)) {
                    hand_over.take_back(place);
                }
                return Err(error.into());
            }
        };
        self.context.done(format!(
            "key {} was created; unless it was handed over, the next run removes it",
            created.key_id
        ));
        let outcome = async {
            self.prove(&created, proof.as_ref()).await?;
            hand_over.carry_out(place, &created, before.or(begins.as_ref())).await
        };
        let mut failure = match outcome.await {
            Ok(warning) => {
                self.context.done(format!("key {} was handed over", created.key_id));
                return Ok((created, warning));
            }
            Err(failure) => failure,
        };
        let undone = self.client().delete_key(self.user, &created.key_id).await.is_ok();
        if undone && begins.is_some() {
            hand_over.take_back(place);
        }
        let rest = if undone { "the new key was deleted again" } else { "the next run removes the new key" };
        let message = failure.message.trim_end_matches('.');
        failure.message = match before.is_some() || !self.group.keys.is_empty() {
            true => format!("{message}; the current key goes on working, {rest}"),
            false => format!("{message}; {rest}"),
        };
        Err(failure)
    }

    /// The key is accepted, is this user's, and the model answers with it.
    async fn prove(&self, created: &CreateV2KeyResponse, proof: Option<&ModelCall>) -> Result<(), Failure> {
        let client = self.client().with_key(created.api_key.clone());
        let only_application =
            created.audiences.iter().all(|a| a == AUDIENCE_APPLICATION) && !created.audiences.is_empty();
        let audience = if only_application { AUDIENCE_APPLICATION } else { AUDIENCE_API };
        let answer = client.validate_key(audience).await.map_err(|error| {
            let mut failure = Failure::from(error);
            failure.message = format!("the new key was not accepted: {}", failure.message);
            // Not the signed-in credential was rejected but the one under test.
            match failure.exit {
                Exit::Rejected => failure.exit = Exit::No,
                // As a key that cannot even be sent.
                Exit::Invalid => (failure.exit, failure.kind) = (Exit::No, "not_proven"),
                _ => {}
            }
            failure
        })?;
        if !answer.valid {
            return Err(Failure::new(
                Exit::No,
                "not_proven",
                format!("the new key is not valid: {}", answer.message),
            ));
        }
        match proof {
            Some(proof) => prove_by_call(&proof.with_key(created.api_key.clone())).await,
            None => Ok(()),
        }
    }

    /// `ids` without the key that this program is signed in with, so that it does not lock itself out.
    fn spare_own(&self, ids: &[String], report: &mut Report) -> Vec<String> {
        let own = self.own_id();
        let (spared, rest): (Vec<_>, Vec<_>) = ids.iter().cloned().partition(|id| Some(id) == own.as_ref());
        if let Some(id) = spared.into_iter().next() {
            self.context
                .out
                .note(&format!("key {id} is the one that you are signed in with: it is not deleted"));
            report.spared = Some(id);
        }
        rest
    }

    /// The key that a workbench gave to this session is not the person's to replace or to delete.
    fn spare_session_key(&self) -> Result<(), Failure> {
        let key = self.session.session_key.as_ref();
        let own = key.and_then(|key| known_id(self.session, key, &self.group.keys));
        match own.filter(|own| self.group.keys.iter().any(|key| key.key_id == *own)) {
            None => Ok(()),
            Some(id) => Err(Failure::invalid(format!(
                "{} is the name of key {id}, which the workbench gave to this session",
                self.group.name
            ))
            .hint("rotate a key of another name, or rotate this one from outside of the session")),
        }
    }

    fn own_id(&self) -> Option<String> {
        known_id(self.session, self.client().key()?, &self.group.keys)
    }

    async fn delete(&self, ids: &[String], deleted: &mut Vec<String>) -> Result<(), Failure> {
        for id in ids {
            match self.client().delete_key(self.user, id).await {
                Err(error) if error.status() != Some(404) => {
                    let mut failure = Failure::from(error);
                    failure.message = format!("{} (key {id}); the next run tries again", failure.message);
                    return Err(failure);
                }
                _ => {
                    self.context.done(format!("key {id} was deleted"));
                    deleted.push(id.clone());
                }
            }
        }
        Ok(())
    }
}

/// Calls the model once; an error says that the key is not proven.
async fn prove_by_call(call: &ModelCall) -> Result<(), Failure> {
    let result = call.send().await;
    if result.failure().is_none() {
        return Ok(());
    }
    let why = call.diagnose(&result).await;
    match &result.outcome {
        Ok(_) => {
            let message = format!("the model test with the new key failed: {}", why.sentence);
            let failure = Failure::new(Exit::No, "not_proven", message);
            Err(match why.remedy {
                Some(remedy) => failure.hint(remedy),
                None => failure,
            })
        }
        Err(error) => Err(no_answer(error, Some(&why))),
    }
}

#[derive(Default)]
struct Report {
    reason: Option<&'static str>,
    removed_never_handed_over: Vec<String>,
    deleted: Vec<String>,
    spared: Option<String>,
}

impl Report {
    fn print(
        &self,
        rotation: &Rotation<'_>,
        created: Option<&CreateV2KeyResponse>,
        after: &Plan,
        hand_over: &HandOver,
    ) -> Result<(), Failure> {
        let cleaned = !self.deleted.is_empty() || !self.removed_never_handed_over.is_empty();
        let action = match (created, cleaned) {
            (Some(_), _) => "rotated",
            (None, true) => "cleaned_up",
            (None, false) => "nothing_to_do",
        };
        let current = after.current.as_deref().unwrap_or_default();
        let expiry = match created {
            Some(created) => created.expiry_date.clone(),
            None => {
                let found = rotation.group.keys.iter().find(|key| key.key_id == current);
                found.map(|key| key.expiry_date.clone()).unwrap_or_default()
            }
        };
        let mut kept: Vec<(&String, Option<Timestamp>)> =
            after.in_grace.iter().map(|(id, until)| (id, *until)).collect();
        if rotation.args.keep_old {
            kept.extend(after.outlived.iter().map(|id| (id, None)));
        }
        let out = &rotation.context.out;
        if out.json {
            let mut document = json!({
                "name": rotation.group.name,
                "username": rotation.user,
                "action": action,
                "reason": self.reason,
                "key_id": current,
                "expiry_date": in_utc(&expiry),
                "deleted": self.deleted,
                "removed_never_handed_over": self.removed_never_handed_over,
                "kept": kept.iter().map(|(id, until)| json!({ "key_id": id, "until": until.map(time::format) })).collect::<Vec<Value>>(),
                "kept_own": self.spared,
            });
            if let Some(created) = created {
                hand_over.tell(&mut document, created);
            }
            return out.document(&document);
        }
        let mut lines = Vec::new();
        if let Some(created) = created {
            lines.extend(hand_over.lines(created));
        }
        lines.push(match action {
            "rotated" => format!(
                "{}: rotated, the current key is {current}, expires {}",
                rotation.group.name,
                super::day(&expiry)
            ),
            "cleaned_up" => format!("{}: cleaned up, the current key stays {current}", rotation.group.name),
            _ => format!(
                "{}: nothing to do, the current key {current} expires {}",
                rotation.group.name,
                super::day(&expiry)
            ),
        });
        lines.extend(
            self.removed_never_handed_over
                .iter()
                .map(|id| format!("removed {id}, which was never handed over")),
        );
        lines.extend(self.deleted.iter().map(|id| format!("deleted {id}")));
        lines.extend(kept.iter().map(|(id, until)| match until {
            Some(until) => format!("kept {id} until {}", time::format(*until)),
            None => format!("kept {id}"),
        }));
        out.lines(&lines)
    }
}

fn details(created: &CreateV2KeyResponse) -> V2KeyDetails {
    V2KeyDetails {
        key_id: created.key_id.clone(),
        created_at: created.created_at.clone(),
        expiry_date: created.expiry_date.clone(),
        comments: created.comments.clone(),
        audiences: created.audiences.clone(),
    }
}
