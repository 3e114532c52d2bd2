//! `keys rotate`: a service's key is kept fresh by runs that may fail or be killed at any point.
//!
//! The order is what makes it safe: create, prove, hand over, record, and only then delete. Up to
//! the record the key before is current and untouched; what a broken run leaves behind is found by
//! the next one, because it is newer than the record. [`plan`] decides, this file acts.

mod hand_over;
mod plan;
mod record;

use jiff::Timestamp;
use serde_json::{Value, json};

use hand_over::HandOver;
use plan::{Plan, plan};
use record::{Place, Record};

use super::create::{expiry_of, remember};
use super::identify::by_first_half;
use super::{in_utc, key_id};
use crate::api::{Client, NewKey};
use crate::cli::args::RotateArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::models::test::{Proof, read_request};
use crate::config::{Session, made_keys};
use crate::probe::ModelRequest;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION, CreateV2KeyResponse, V2KeyDetails, time};

pub async fn run(context: &Context, args: RotateArgs) -> Result<Exit, Failure> {
    let session = context.session_to_change("rotating a key")?;
    let hand_over = HandOver::new(context, &session, &args)?;
    let request = args.request.as_deref().map(read_request).transpose()?;
    let user = context.user(&session, args.user.clone()).await?;
    let named = Group::find(&args.name, &session.client.list_keys(&user).await?)?;
    let _alone = hand_over.lock(&user, &named.name)?;
    // Once more: another run may have done something until it gave up the lock.
    let listed = session.client.list_keys(&user).await?;
    let group = Group::find(&named.wanted, &listed)?;
    let place = hand_over.place(&user, &group.name);
    let mut record = place.read(context, &listed)?;
    if record.is_none() && args.record.is_some() {
        // Whoever names a record says that it exists once something was handed over.
        record = Some(Record::pending(group.newest().map(|key| key.key_id.clone())));
    }
    // A file that is not there was handed to nobody, however long the newest key lasts.
    let absent = (record.is_none() && matches!(place, Place::Output(_)))
        .then(|| Record::pending(group.newest().map(|key| key.key_id.clone())));
    let known = record.as_ref().or(absent.as_ref());
    let before = plan(&group.keys, known, args.due, args.grace, context.now());
    let rotation = Rotation { context, session: &session, args: &args, user: &user, group: &group };
    rotation.spare_session_key()?;

    let mut report = Report::default();
    let stale = rotation.spare_own(&before.never_handed_over, &mut report);
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
            let created = rotation.create(request, &hand_over, &place, record.as_ref(), begins).await?;
            report.reason = Some(words);
            let now = context.now();
            let mut keys = group.keys.clone();
            keys.retain(|key| !report.removed_never_handed_over.contains(&key.key_id));
            keys.push(details(&created));
            let record = Record::new(&created.key_id, Some(now));
            let after = plan(&keys, Some(&record), args.due, args.grace, now);
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

/// The keys of one name.
struct Group {
    /// What finds it again: the name, or the id of a key that has none.
    wanted: String,
    name: String,
    keys: Vec<V2KeyDetails>,
}

impl Group {
    fn find(wanted: &str, listed: &[V2KeyDetails]) -> Result<Self, Failure> {
        let named =
            |name: &str| listed.iter().filter(|key| key.comments == name).cloned().collect::<Vec<_>>();
        let mut keys = named(wanted);
        let meant = match listed.iter().find(|key| key.key_id == wanted) {
            None if keys.is_empty() => by_id(wanted, listed)?,
            exact => exact,
        };
        let (wanted, name) = match meant {
            Some(key) if key.comments.is_empty() => {
                keys = vec![key.clone()];
                (key.key_id.clone(), String::new())
            }
            Some(key) => {
                keys = named(&key.comments);
                (key.comments.clone(), key.comments.clone())
            }
            None => (wanted.to_owned(), wanted.to_owned()),
        };
        if wanted.trim().is_empty() {
            return Err(Failure::invalid("a key is rotated by its name, and this one is empty")
                .hint("`keybench keys list` shows names and ids; a key without a name goes by its id"));
        }
        Ok(Self { wanted, name, keys })
    }

    fn newest(&self) -> Option<&V2KeyDetails> {
        self.keys.iter().max_by_key(|key| time::parse(&key.created_at))
    }
}

/// The key whose id a text that is no key's name stands for. `None`: it is a new name, for which a
/// number may serve too as long as no id begins with it.
fn by_id<'a>(text: &str, listed: &'a [V2KeyDetails]) -> Result<Option<&'a V2KeyDetails>, Failure> {
    const BEGINNING: usize = 8;
    let digits = text.replace(['…', '.'], "");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let certainly = key_id::is_whole(text) || key_id::is_short_form(text);
    let perhaps = digits.len() >= BEGINNING && !key_id::candidates(text, listed).is_empty();
    if certainly || perhaps { key_id::find(text, listed).map(Some) } else { Ok(None) }
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

    /// Creates a key, proves it and hands it over. A key that did not get that far is deleted again.
    async fn create(
        &self,
        request: Option<ModelRequest>,
        hand_over: &HandOver,
        place: &Place,
        before: Option<&Record>,
        begins: Option<Record>,
    ) -> Result<CreateV2KeyResponse, Failure> {
        let new = NewKey {
            expiry: expiry_of(self.context, self.client(), &self.args.expires).await?,
            comment: self.group.name.clone(),
            audiences: self.group.newest().map(|key| key.audiences.clone()).unwrap_or_default(),
        };
        let proof = match &self.args.verify {
            Some(model) => Some(Proof::new(self.context, self.session, model, request).await?),
            None => None,
        };
        if let Some(record) = &begins {
            hand_over.begin(place, record)?;
        }
        let created = match self.client().create_key(self.user, &new).await {
            Ok(created) => created,
            Err(error) => {
                if begins.is_some() && !error.may_be_done() {
                    hand_over.take_back(place);
                }
                return Err(error.into());
            }
        };
        self.context.done(format!(
            "key {} was created; unless it was handed over, the next run removes it",
            created.key_id
        ));
        remember(self.context, self.client(), self.user, &created);
        let outcome = async {
            self.prove(&created, proof.as_ref()).await?;
            hand_over.carry_out(place, &created, before.or(begins.as_ref())).await
        };
        if let Err(mut failure) = outcome.await {
            let undone = self.client().delete_key(self.user, &created.key_id).await.is_ok();
            if undone && begins.is_some() {
                hand_over.take_back(place);
            }
            let rest =
                if undone { "the new key was deleted again" } else { "the next run removes the new key" };
            let message = failure.message.trim_end_matches('.');
            failure.message = match before.is_some() || !self.group.keys.is_empty() {
                true => format!("{message}; the current key goes on working, {rest}"),
                false => format!("{message}; {rest}"),
            };
            return Err(failure);
        }
        self.context.done(format!("key {} was handed over", created.key_id));
        Ok(created)
    }

    /// The key is accepted, is this user's, and the model answers with it.
    async fn prove(&self, created: &CreateV2KeyResponse, proof: Option<&Proof>) -> Result<(), Failure> {
        let client = self.client().with_key(created.api_key.clone());
        let only_application =
            created.audiences.iter().all(|a| a == AUDIENCE_APPLICATION) && !created.audiences.is_empty();
        let audience = if only_application { AUDIENCE_APPLICATION } else { AUDIENCE_API };
        let answer = client.validate_key(audience).await.map_err(|error| {
            let mut failure = Failure::from(error);
            failure.message = format!("the new key was not accepted: {}", failure.message);
            // Not the signed-in credential was rejected but the one under test.
            failure.exit = if failure.exit == Exit::Rejected { Exit::No } else { failure.exit };
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
            Some(proof) => proof.call(self.context, self.session, created.api_key.clone()).await,
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
        if !self.session.inside_workbench || !self.context.resolve()?.is_session_key() {
            return Ok(());
        }
        let own = self.client().key().and_then(|key| by_first_half(key, &self.group.keys));
        match own {
            None => Ok(()),
            Some(id) => Err(Failure::invalid(format!(
                "{} is the name of key {id}, which the workbench gave to this session",
                self.group.name
            ))
            .hint("rotate a key of another name, or rotate this one from outside of the session")),
        }
    }

    fn own_id(&self) -> Option<String> {
        let key = self.client().key()?;
        let made = self.context.store().and_then(|store| made_keys::find(&store, key)).ok().flatten();
        made.map(|made| made.key_id).or_else(|| by_first_half(key, &self.group.keys))
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
