//! The questions before keys are deleted, and what came of it.
//!
//! Where several keys or all are deleted, the one that keybench is signed in with and the one of
//! the workbench session that it runs in stay: with either gone, nothing could go on.

use super::rotation::questions::on_deletion;
use super::rotation::steps::Rotations;
use crate::api;
use crate::text;
use crate::tui::command::Command;
use crate::tui::decision::Decision;
use crate::tui::key_list::{KeyList, Selected, describe};
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::shared::Shared;
use crate::wire::V2KeyDetails;

/// Keys that a question names; it counts the others.
const NAMED: usize = 8;

const SESSION_KEY_STAYS: &str =
    "the key that was given to the workbench session that keybench runs in is not deleted here";

/// Why a key is not deleted along with others.
fn why_it_stays(shared: &Shared, key_id: &str) -> Option<&'static str> {
    if shared.session.was_given(key_id) {
        Some("the workbench session that keybench runs in uses it")
    } else if shared.session.is_own(key_id) {
        Some("keybench is signed in with it")
    } else {
        None
    }
}

/// `5b1c…9f0a stays: keybench is signed in with it.`
fn stays(shared: &Shared, key_id: &str) -> Option<String> {
    let why = why_it_stays(shared, key_id)?;
    Some(format!("{} stays: {why}.", text::short_id(key_id)))
}

fn warn(shared: &mut Shared, text: impl Into<String>) -> Outcome {
    shared.notices.warning(shared.now, text);
    Outcome::done()
}

/// Asks about the marked keys, or about the selected one.
pub fn ask(shared: &mut Shared, keys: &KeyList, rotations: &Rotations) -> Outcome {
    let chosen = keys.chosen();
    let (going, spared): (Vec<&V2KeyDetails>, Vec<String>) = match chosen.as_slice() {
        [] => {
            return match keys.selected() {
                Some(Selected::Legacy) => {
                    warn(shared, "the legacy key cannot be deleted; r replaces it, and nothing here needs it")
                }
                _ => Outcome::done(),
            };
        }
        [one] if shared.session.was_given(&one.key_id) => return warn(shared, SESSION_KEY_STAYS),
        // Whoever wants to delete the signed-in key has to choose it alone.
        [one] => (vec![*one], Vec::new()),
        several => (
            several.iter().copied().filter(|key| why_it_stays(shared, &key.key_id).is_none()).collect(),
            several.iter().filter_map(|key| stays(shared, &key.key_id)).collect(),
        ),
    };
    if going.is_empty() {
        return warn(shared, spared.join(" "));
    }
    let ids: Vec<String> = going.iter().map(|key| key.key_id.clone()).collect();
    let (user, label) = (shared.session.user(), &shared.session.label);
    let mut lines = vec![format!("{} of {user} at {label}:", text::count(ids.len(), "key", "keys"))];
    lines.extend(going.iter().take(NAMED).map(|key| format!("  {}", describe(key))));
    if going.len() > NAMED {
        lines.push(format!("  and {} more", going.len() - NAMED));
    }
    lines.extend(spared);
    lines.extend(ids.iter().filter_map(|id| on_deletion(rotations, id)));
    lines.push(String::new());
    let it = if ids.len() == 1 { "it" } else { "one" };
    lines.push(format!("Whoever uses {it} is refused from then on. This cannot be undone."));
    if ids.iter().any(|id| shared.session.is_own(id)) {
        lines.push(String::new());
        lines.push("keybench itself is signed in with it: afterwards nothing can be asked".into());
        lines.push("here until you sign in with another key.".into());
    }
    let title = if ids.len() == 1 { "Delete this API key?" } else { "Delete these API keys?" };
    let then = Decision::DeleteKeys { username: user.to_owned(), key_ids: ids };
    Question::new(title, lines, "Delete", then).ask()
}

/// Asks about all keys of the signed-in user.
pub fn ask_all(shared: &mut Shared, keys: &KeyList) -> Outcome {
    let Some(username) = shared.session.username.clone() else { return Outcome::done() };
    let all = keys.all();
    let mut lines: Vec<String> = all.iter().filter_map(|key| stays(shared, &key.key_id)).collect();
    if lines.is_empty() {
        let text = "not all are deleted: which of the listed keys keybench is signed in with is not known; \
                    mark keys, and delete those";
        return warn(shared, text);
    }
    let going = all.len() - lines.len();
    if going == 0 {
        lines.push("There is no other key to delete.".into());
        return warn(shared, lines.join(" "));
    }
    let label = &shared.session.label;
    lines.push(format!("All other API keys of {username} at {label} stop working at once:"));
    lines.push(format!("{going} of the {} listed now.", all.len()));
    let then = Decision::DeleteAllKeys { username: username.clone() };
    Question::new("Delete all API keys?", lines, "Delete all", then).typing_name(username).ask()
}

/// Says which keys were deleted and which were not.
pub fn report(shared: &mut Shared, deleted: &[String], mut failed: Vec<(String, api::Error)>) {
    if !deleted.is_empty() {
        shared.notices.info(shared.now, format!("deleted {}", named(deleted)));
    }
    // One notice for each reason.
    while let Some((first, error)) = failed.first().cloned() {
        let (same, other): (Vec<_>, Vec<_>) =
            failed.into_iter().partition(|(_, another)| another.to_string() == error.to_string());
        failed = other;
        let ids: Vec<String> = same.into_iter().map(|(id, _)| id).collect();
        match first.as_str() {
            // The list of what to delete was refused.
            "" => shared.notices.failed(shared.now, &error),
            _ => {
                let were = if ids.len() == 1 { "was" } else { "were" };
                let exists = format!("{} {were} not deleted, as far as is known", named(&ids));
                shared.notices.failed_but(shared.now, &error, &exists);
            }
        }
    }
}

/// `5b1c…9f0a, 77d0…41bb and 3 more`
fn named(key_ids: &[String]) -> String {
    const MOST: usize = 4;
    let ids: Vec<_> = key_ids.iter().take(MOST).map(|id| text::short_id(id)).collect();
    let more = match key_ids.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", ids.join(", "))
}

/// Nothing more can be asked with a key that is gone, so nothing is: the notice says what to do.
pub fn own_key_deleted(shared: &mut Shared) {
    shared.session.own_key_id = None;
    let key = shared.key_of(Command::Profiles);
    let hint = format!("{key} signs in with another key, or chooses another profile");
    let text = "deleted, and with it the key of this session: the workbench refuses everything from now on";
    shared.notices.error(shared.now, text, Some(hint));
}
