//! The questions of a rotation, and its marks in the list and in other questions.

use super::steps::{Rotation, Rotations, Successor};
use crate::actions::rotation::Plan;
use crate::expiry;
use crate::text;
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::key_list::when::{expired, works};
use crate::tui::key_list::{BEING_REPLACED, describe, of_service};
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::session::Expiration;
use crate::tui::shared::Shared;
use crate::wire::V2KeyDetails;

/// Asks whether `key` should get a successor; it may have one that was created `before`. `plan` is
/// that of its name.
pub fn ask_create(
    shared: &mut Shared,
    key: &V2KeyDetails,
    before: Option<&Successor>,
    plan: &Plan,
) -> Outcome {
    if shared.session.was_given(&key.key_id) {
        let text =
            "this key was given to the workbench session that keybench runs in; it is not rotated here";
        shared.notices.warning(shared.now, text);
        return Outcome::done();
    }
    if let Some(member) = shared.session.service_of_own(key) {
        return of_service::ask_to_show(shared, key, member);
    }
    if plan.has_too_many_in_doubt() {
        let count = plan.in_doubt.len();
        let text = format!("{count} newer keys of this name may be in use: delete those that are not");
        shared.notices.warning(shared.now, text);
        return Outcome::done();
    }
    let mut lines = vec![
        format!("  {}", describe(key)),
        String::new(),
        "A new key with the same audience and comment is created and shown once.".into(),
        match expired(shared, key) {
            Some(when) => format!("The old one {when}; it stays until you agree to delete it."),
            None => "The old one keeps working until you agree to delete it.".to_owned(),
        },
    ];
    lines.push(successor_expires(shared, 1));
    if shared.session.is_own(&key.key_id) {
        lines.push("keybench is signed in with it, and changes to the new one first.".into());
    }
    if let Some(before) = before {
        lines.push(format!("{} is its successor so far, and stays.", text::short_id(&before.key_id)));
    }
    lines.extend(newer(plan, before));
    let then = Decision::Rotate { key_id: key.key_id.clone(), expiry: None };
    Question::new("Rotate this API key?", lines, "Create successor", then)
        .also(KeyContext::Successor, Command::ChooseExpiry, Decision::ChooseExpiry(key.key_id.clone()))
        .ask()
}

/// When so many successors will expire: the workbench decides, by its setting.
pub fn successor_expires(shared: &Shared, keys: usize) -> String {
    let they = if keys == 1 { "It" } else { "They" };
    match shared.session.expiration {
        Expiration::Setting { .. } => {
            let day = shared.session.policy().default_day(shared.today());
            let days = expiry::days_between(shared.today(), day);
            format!("{they} will expire {day}, in {days} days, as the workbench has it for new keys.")
        }
        _ => format!("{they} will expire when the workbench decides, which it does not say before."),
    }
}

/// Keys of the same name that are newer than the one to replace: one of them may be in use instead.
fn newer(plan: &Plan, before: Option<&Successor>) -> Option<String> {
    let is_before = |id: &&str| before.is_some_and(|before| before.key_id == *id);
    let ids: Vec<_> = plan.newer().filter(|id| !is_before(id)).map(text::short_id).collect();
    (!ids.is_empty()).then(|| format!("Newer, with the same name, and perhaps in use: {}.", ids.join(", ")))
}

/// Asks about the old key: lists what exists, and Keep both has the focus even after a passed test.
/// `listed` is the new key as the workbench lists it.
pub fn ask_delete_old(shared: &Shared, rotation: &Rotation, listed: Option<&V2KeyDetails>) -> Outcome {
    let old_id = &rotation.old.key_id;
    let mut lines = state_lines(shared, rotation, listed);
    lines.push(String::new());
    lines.push("Delete the old key once everything that uses it has the new one.".into());
    if shared.session.is_own(old_id) {
        lines.push("keybench is still signed in with the old one: it will be signed out.".into());
    }
    let then = Decision::DeleteOldKey(old_id.clone());
    let works = works(shared, &rotation.old);
    let left = rotation.successor().map(|new| both_are_left(old_id, &new.key_id, &works));
    Question::new("Delete the old key now?", lines, "Delete the old key", then)
        .or("Keep both")
        .leaving(left)
        .ask()
}

/// Says why the old key is not deleted while the plan keeps it.
pub fn refuse_delete_old(shared: &mut Shared) {
    let text = "the new key was neither copied nor saved, so the old one is still in use: it is not deleted";
    shared.notices.warning(shared.now, text);
}

/// What exists: the old key, the new one, and how far the new one is proven.
pub fn state_lines(shared: &Shared, rotation: &Rotation, listed: Option<&V2KeyDetails>) -> Vec<String> {
    let mut lines = vec![format!("old  {}", describe(&rotation.old))];
    let Some(new) = rotation.successor() else { return lines };
    lines.push(match listed {
        Some(key) => format!("new  {}", describe(key)),
        None => format!("new  {}", text::short_id(&new.key_id)),
    });
    lines.push(format!("     {}", new.proof.text()));
    if new.handed_over.is_none() {
        lines.push(match shared.session.known_key(&new.key_id) {
            Some(_) => "     neither copied nor saved yet: the old key is the one in use".to_owned(),
            None => "     neither copied nor saved, and its text is lost".to_owned(),
        });
    }
    lines
}

/// What a quit in the middle leaves behind, where the old key `still works` or `expired 52 days ago`.
pub fn both_are_left(old_id: &str, new_id: &str, works: &str) -> String {
    format!("{} was created to replace {}, which {works}.", text::short_id(new_id), text::short_id(old_id))
}

/// By what a key is being replaced: `replaced by 5b1c…9f0a`.
pub fn mark(rotations: &Rotations, key_id: &str) -> Option<String> {
    let new = rotations.of(key_id)?.successor()?;
    Some(format!("replaced by {}", text::short_id(&new.key_id)))
}

/// What the list says of all keys that have a successor, by Key ID. The successor is not named there: the
/// key's own comment needs the room.
pub fn marks(rotations: &Rotations) -> impl Iterator<Item = (String, String)> {
    let begun = rotations.all().iter().filter(|rotation| rotation.successor().is_some());
    begun.map(|rotation| (rotation.old.key_id.clone(), BEING_REPLACED.to_owned()))
}

/// What deleting a key would mean for its rotation, where all keys that are `going` are deleted.
pub fn on_deletion(rotations: &Rotations, key_id: &str, going: &[&str]) -> Option<String> {
    if let Some(mark) = mark(rotations, key_id) {
        let successor = rotations.of(key_id)?.successor()?;
        if going.contains(&&*successor.key_id) {
            return None;
        }
        return Some(format!("{} is being {mark}, which stays.", text::short_id(key_id)));
    }
    let rotation = rotations.to(key_id)?;
    if going.contains(&&*rotation.old.key_id) {
        return None;
    }
    let (new, old) = (text::short_id(key_id), text::short_id(&rotation.old.key_id));
    Some(format!("{new} was to replace {old}, which then has no successor."))
}
