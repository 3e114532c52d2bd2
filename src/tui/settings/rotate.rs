//! The tab's part of a rotation: it holds the steps, sends the requests and informs the user.

use jiff::Timestamp;

use super::created;
use super::reveal::Reveal;
use super::rotate_marked::Queue;
use super::rotation::dialog::RotationDialog;
use super::rotation::expiry::SuccessorExpiry;
use super::rotation::questions::{ask_create, ask_delete_old, refuse_delete_old};
use super::rotation::steps::{Rotation, Successor};
use super::tab::Settings;
use crate::actions::rotation::{self, ByHand, Plan};
use crate::api;
use crate::text;
use crate::tui::call::{Call, Opened, ToDelete};
use crate::tui::decision::Decision;
use crate::tui::effect::Effect;
use crate::tui::event::{Event, Proof};
use crate::tui::key_list::Selected;
use crate::tui::key_list::when::works;
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::wire::{CreateV2KeyResponse, V2KeyDetails};

impl Settings {
    pub(super) fn key(&self, key_id: &str) -> Option<&V2KeyDetails> {
        self.keys.all().find(|key| key.key_id == key_id)
    }

    /// The new key of the rotation of `old_id`, as the workbench lists it.
    fn listed_successor(&self, old_id: &str) -> Option<&V2KeyDetails> {
        self.key(&self.rotations.of(old_id)?.successor()?.key_id)
    }

    /// What should be done about the keys of a rotation: the plan that `keys rotate` has.
    pub(super) fn plan(&self, shared: &Shared, rotation: ByHand<'_>) -> Plan {
        rotation.plan(self.keys.all(), &shared.session.handed_over, shared.now)
    }

    /// A list came: goes on with rotations that were begun before this run. The keys of a service are
    /// those of the next apply.
    pub(super) fn take_up_rotations(&mut self, shared: &Shared) {
        let is_new = |id: &&String| self.rotations.of(id).is_none() && !self.of_services.contains_key(*id);
        let begun: Vec<_> = self.keys.replaced_ids().filter(is_new).filter_map(|id| self.key(id)).collect();
        let handed_over = &shared.session.handed_over;
        let taken_up = begun.into_iter().filter_map(|old| {
            let plan = self.plan(shared, ByHand { old, successor: None, handed_over: None });
            let newest = plan.newer().filter_map(|id| Some((*handed_over.get(id)?, id))).max();
            let (at, key_id) = newest.map(|(at, id)| (at, id.to_owned()))?;
            Some((old.clone(), Successor { key_id, handed_over: Some(at), proof: Proof::Untried }))
        });
        for (old, successor) in taken_up.collect::<Vec<_>>() {
            self.rotations.take_up(old, successor);
        }
    }

    /// Asks whether to create a successor of the selected key; if there is one, what to do with the
    /// two keys.
    pub(super) fn ask_rotate(&self, shared: &mut Shared) -> Outcome {
        if !self.keys.marked.is_empty() {
            return self.ask_rotate_marked(shared);
        }
        match self.keys.selected() {
            None => Outcome::done(),
            Some(Selected::Legacy) => {
                let lines = vec![
                    "cdswctl and API v1 use it; model calls do not need it.".into(),
                    "The current one stops working at once; the new one is shown once.".into(),
                ];
                let then = Decision::RotateLegacyKey;
                Question::new("Replace the legacy key?", lines, "Replace", then).ask()
            }
            Some(Selected::Key(key)) => self.ask_rotate_one(shared, key),
        }
    }

    /// The same of one key.
    pub(super) fn ask_rotate_one(&self, shared: &mut Shared, key: &V2KeyDetails) -> Outcome {
        match self.rotations.of(&key.key_id) {
            Some(rotation) if rotation.successor().is_some() => {
                let listed = self.listed_successor(&key.key_id).cloned();
                let plan = self.plan(shared, rotation.by_hand());
                Outcome::push(RotationDialog::new(rotation.clone(), listed, plan))
            }
            _ => {
                let begun = ByHand { old: key, successor: None, handed_over: None };
                let plan = self.plan(shared, begun);
                ask_create(shared, key, None, &plan)
            }
        }
    }

    /// Lets the user choose when the successor of a key expires.
    pub(super) fn choose_expiry(&self, shared: &Shared, key_id: String) -> Outcome {
        let old = self.key(&key_id);
        let dialog = old.map(|old| SuccessorExpiry::new(shared, old));
        dialog.map_or_else(Outcome::done, Outcome::push)
    }

    /// Creates the successor, after a yes.
    pub(super) fn create_successor(
        &mut self,
        shared: &mut Shared,
        username: String,
        key_id: &str,
        expiry: Option<Timestamp>,
    ) -> Outcome {
        let Some(old) = self.key(key_id).cloned() else { return Outcome::done() };
        let new = rotation::successor(&old, expiry);
        let what = format!("creating the successor of {}", text::short_id(key_id));
        let (id, effect) = shared.start(Kind::Change, what, Call::CreateKey { username, new });
        self.rotations.creating(id, old);
        effect.into()
    }

    /// The successor is there, or not: then the old key works on.
    pub(super) fn successor_created(
        &mut self,
        shared: &mut Shared,
        id: RequestId,
        answer: Result<Box<CreateV2KeyResponse>, api::Error>,
    ) -> Outcome {
        let created = match answer {
            Ok(created) => *created,
            Err(error) => return self.not_created(shared, id, &error),
        };
        let Some(old) = self.rotations.created(id, &created.key_id) else { return Outcome::done() };
        created::remember(shared, &created);
        self.keys.select_key(&created.key_id);
        let mut effects = self.list_anew(shared);
        if shared.session.is_own(&old.key_id) {
            let call = Call::AdoptKey { key: created.api_key.clone(), key_id: created.key_id.clone() };
            effects.push(shared.start(Kind::Change, "signing in with the new key", call).1);
        }
        let number = self.queue.as_ref().map(Queue::number);
        let reveal = Reveal::successor(created, old.key_id.clone(), works(shared, &old), number);
        Outcome::push(reveal).and(effects.into())
    }

    fn not_created(&mut self, shared: &mut Shared, id: RequestId, error: &api::Error) -> Outcome {
        let Some(old) = self.rotations.not_created(id) else { return Outcome::done() };
        let works = works(shared, &old);
        let old = text::short_id(&old.key_id);
        // Most refusals create nothing; without an answer a key may exist.
        let refused = !error.may_be_done();
        let exists = if refused {
            format!("no key was created; {old} {works}")
        } else {
            format!("{old} {works}; a new key may have been created: look at the list")
        };
        shared.notices.failed_but(shared.now, error, &exists);
        self.stop_rotating(shared, false);
        if refused { Outcome::done() } else { self.list_anew(shared).into() }
    }

    /// The user cancelled a request: the notice says what it may still have done.
    pub(super) fn rotation_cancelled(&mut self, shared: &mut Shared, id: RequestId) -> Outcome {
        let text = if let Some(old) = self.rotations.not_created(id) {
            let (old, works) = (text::short_id(&old.key_id), works(shared, &old));
            let text = format!("{old} {works}; its successor may have been created anyway: look at the list");
            self.stop_rotating(shared, false);
            text
        } else if let Some(old) = self.rotations.not_deleted(id) {
            let old = text::short_id(&old.key_id);
            format!("{old} may have been deleted anyway: look at the list")
        } else {
            return Outcome::done();
        };
        shared.notices.warning(shared.now, text);
        Outcome::done()
    }

    /// The session was changed to the new key, or not.
    pub(super) fn adopted(&mut self, shared: &mut Shared, answer: Result<Box<Opened>, String>) -> Outcome {
        match answer {
            Ok(opened) => {
                let Opened { session, own, .. } = *opened;
                shared.session.own = own;
                let stored = session.profile.is_some() && session.store.is_some();
                let and_stored = if stored { ", and has stored it" } else { "" };
                let text = format!("keybench is signed in with the new key now{and_stored}");
                shared.notices.info(shared.now, text);
                let key_id = session.key_id.clone();
                let used = Outcome::effect(Effect::UseSession(Box::new(session)));
                let Some(key_id) = key_id else { return used };
                let handed_over = self.handed_over(shared, &key_id).and(used);
                if stored { handed_over.and_event(Event::KeyKept(key_id)) } else { handed_over }
            }
            Err(problem) => {
                let hint = "keybench still uses the old key: do not delete it yet".to_owned();
                shared.notices.error(shared.now, problem, Some(hint));
                Outcome::done()
            }
        }
    }

    /// A key was copied, saved or signed in with. If it is a successor, that is noted for `keys rotate`.
    pub(super) fn handed_over(&mut self, shared: &mut Shared, key_id: &str) -> Outcome {
        // Copying it again changes nothing.
        let Some(rotation) = self.rotations.handed_over(key_id, shared.now) else { return Outcome::done() };
        shared.session.handed_over.insert(key_id.to_owned(), shared.now);
        let call = Call::NoteHandOver { old: Box::new(rotation.old.clone()), key_id: key_id.to_owned() };
        shared.start(Kind::Background, "noting the hand-over", call).1.into()
    }

    /// Whether the plan says that the old key of a rotation may go.
    fn may_delete_old(&self, shared: &Shared, rotation: &Rotation) -> bool {
        let rotation = rotation.by_hand();
        rotation.may_delete_old(&self.plan(shared, rotation))
    }

    /// Asks about the old key of a rotation.
    pub(super) fn ask_delete_old(&self, shared: &mut Shared, old_id: &str) -> Outcome {
        match self.rotations.of(old_id) {
            Some(rotation) if self.may_delete_old(shared, rotation) => {
                ask_delete_old(shared, rotation, self.listed_successor(old_id))
            }
            Some(_) => {
                refuse_delete_old(shared);
                Outcome::done()
            }
            None => Outcome::done(),
        }
    }

    /// Deletes the old key, after a yes, if it still has a successor.
    pub(super) fn delete_old(&mut self, shared: &mut Shared, username: String, old_id: String) -> Outcome {
        let old = text::short_id(&old_id);
        if self.rotations.of(&old_id).and_then(|rotation| rotation.successor()).is_none() {
            let text = format!("{old} has no successor any more and was not deleted");
            shared.notices.warning(shared.now, text);
            return Outcome::done();
        }
        if self.rotations.of(&old_id).is_some_and(|rotation| !self.may_delete_old(shared, rotation)) {
            refuse_delete_old(shared);
            return Outcome::done();
        }
        let what = format!("deleting the old key {old}");
        let call = Call::DeleteKeys(ToDelete::Keys { username, key_ids: vec![old_id.clone()] });
        let (id, effect) = shared.start(Kind::Change, what, call);
        self.rotations.deleting(&old_id, id);
        effect.into()
    }

    /// Keys were deleted: if the old key of a rotation is among them, the rotation ends and the
    /// successor remains. It is selected where the cursor was on the old key, and no other one went.
    pub(super) fn end_rotations(&mut self, deleted: &[String]) -> Outcome {
        let is_gone = |id: &str| deleted.iter().any(|gone| gone == id);
        let selected = matches!((self.keys.selected(), deleted), (Some(Selected::Key(key)), [one]) if key.key_id == *one);
        let mut outcome = Outcome::done();
        for rotation in self.rotations.gone(is_gone) {
            if let Some(new) = rotation.successor().filter(|new| selected && !is_gone(&new.key_id)) {
                self.keys.select_key(&new.key_id);
            }
            outcome = outcome.and_event(Event::RotationEnded(rotation.old.key_id));
        }
        outcome
    }

    /// A list came: a rotation one of whose keys is not in it any more has ended elsewhere.
    pub(super) fn end_what_is_not_listed(&mut self, shared: &mut Shared) -> Outcome {
        let keys = &self.keys;
        let ended = self.rotations.gone(|id| !keys.all().any(|key| key.key_id == id));
        let mut outcome = Outcome::done();
        for rotation in ended {
            let old_id = &rotation.old.key_id;
            if let Some(new) = rotation.successor().filter(|_| self.key(old_id).is_some()) {
                let (new, old) = (text::short_id(&new.key_id), text::short_id(old_id));
                let text = format!("{new} is no longer listed: {old} is no longer being replaced");
                shared.notices.warning(shared.now, text);
            }
            outcome = outcome.and_event(Event::RotationEnded(rotation.old.key_id));
        }
        outcome
    }
}
