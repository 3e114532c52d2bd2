//! Deletes API keys from a list: the question before, and the notice after.
//!
//! If several are deleted, the key that keybench is signed in with and the key of the surrounding
//! workbench session are kept: without them nothing would work any more.

use super::describe;
use crate::actions::keys::Spared;
use crate::api;
use crate::text;
use crate::tui::decision::Decision;
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::shared::Shared;
use crate::wire::V2KeyDetails;

/// Keys that are named one by one; the others are counted.
const NAMED: usize = 8;

/// Why a key is not deleted along with others: `5b1c…9f0a stays: keybench is signed in with it.`
pub fn stays(key_id: &str, why: Spared) -> String {
    let why = match why {
        Spared::WorkbenchSession => "the workbench session that keybench runs in uses it",
        Spared::SignedIn => "keybench is signed in with it",
    };
    format!("{} stays: {why}.", text::short_id(key_id))
}

/// Asks whether to delete these keys of a user. If there are several, those in use here are kept.
/// `more` is added to the question.
pub fn ask(shared: &mut Shared, username: &str, chosen: &[&V2KeyDetails], more: Vec<String>) -> Outcome {
    let (going, spared) = shared.session.own.spare(chosen.to_vec(), |key| &key.key_id);
    let spared: Vec<String> = spared.iter().map(|(id, why)| stays(id, *why)).collect();
    if going.is_empty() {
        if chosen.len() == 1 {
            let text =
                "the key that was given to the workbench session that keybench runs in is not deleted here";
            shared.notices.warning(shared.now, text);
        } else if !spared.is_empty() {
            shared.notices.warning(shared.now, spared.join(" "));
        }
        return Outcome::done();
    }
    let key_ids: Vec<String> = going.iter().map(|key| key.key_id.clone()).collect();
    let count = text::count(key_ids.len(), "key", "keys");
    let mut lines = vec![format!("{count} of {username} at {}:", shared.session.label)];
    lines.extend(going.iter().take(NAMED).map(|key| format!("  {}", describe(key))));
    if going.len() > NAMED {
        lines.push(format!("  and {} more", going.len() - NAMED));
    }
    lines.extend(spared);
    lines.extend(more);
    lines.push(String::new());
    let one = key_ids.len() == 1;
    let it = if one { "it" } else { "one" };
    lines.push(format!("Clients that use {it} will be refused. This cannot be undone."));
    if key_ids.iter().any(|id| shared.session.is_own(id)) {
        lines.push(String::new());
        lines.push("keybench itself is signed in with it: afterwards nothing works".into());
        lines.push("here until you sign in with another key.".into());
    }
    let title = if one { "Delete this API key?" } else { "Delete these API keys?" };
    let then = Decision::DeleteKeys { username: username.to_owned(), key_ids };
    Question::new(title, lines, "Delete", then).ask()
}

/// Reports which keys of a user were deleted and which were not.
pub fn report(
    shared: &mut Shared,
    username: &str,
    deleted: &[String],
    failed: &[(String, api::Error)],
    spared: &[String],
) {
    let mut parts = Vec::new();
    if !deleted.is_empty() {
        let count = text::count(deleted.len(), "API key", "API keys");
        parts.push(format!("deleted {count} of {username}: {}", ids(deleted)));
    } else if failed.is_empty() && !spared.is_empty() {
        parts.push(format!("no API key of {username} was deleted"));
    } else if failed.is_empty() {
        parts.push(format!("{username} has no API key to delete"));
    }
    if !spared.is_empty() {
        parts.push(format!("kept, since it is in use here: {}", ids(spared)));
    }
    let Some((_, error)) = failed.first() else {
        return shared.notices.info(shared.now, parts.join("; "));
    };
    // An answer without an ID is about the list of keys: none was tried.
    let left: Vec<String> = failed.iter().map(|(id, _)| id.clone()).filter(|id| !id.is_empty()).collect();
    if !left.is_empty() {
        parts.push(format!("not deleted, as far as is known: {}", ids(&left)));
    }
    shared.notices.failed_but(shared.now, error, &parts.join("; "));
}

/// `5b1c…9f0a, 77d0…41bb and 3 more`
fn ids(ids: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<_> = ids.iter().take(SHOWN).map(|id| text::short_id(id)).collect();
    match ids.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
