//! Deletes API keys from a list: the question before, and the notice after.
//!
//! If several are deleted, the key that keybench is signed in with and the key of the surrounding
//! workbench session are kept: without them nothing would work any more.

use super::of_service::on_deletion;
use super::status::describe;
use super::when::expired;
use crate::actions::keys::Spared;
use crate::api;
use crate::text;
use crate::tui::call::{DeletedKeys, ToDelete};
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

/// What a question says if the filter hides marked keys: those in sight are not all, or not the ones.
pub fn hidden(hidden: usize, marked: usize) -> Option<String> {
    match hidden {
        0 => None,
        _ if hidden == marked => Some("The filter hides all marked keys.".into()),
        _ => Some(format!("The filter hides {hidden} of the {marked} marked keys.")),
    }
}

/// Asks whether to delete these keys of a user. If there are several, those in use here are kept.
/// `more` is added to the question.
pub fn ask(shared: &mut Shared, username: &str, chosen: &[&V2KeyDetails], more: Vec<String>) -> Outcome {
    ask_of(shared, chosen.iter().map(|key| (username, *key)).collect(), more)
}

/// The same of keys that each have their user.
pub fn ask_of(shared: &mut Shared, chosen: Vec<(&str, &V2KeyDetails)>, more: Vec<String>) -> Outcome {
    let alone = chosen.len() == 1;
    let (going, spared) = shared.session.own.spare(chosen, |(_, key)| &key.key_id);
    let spared: Vec<String> = spared.iter().map(|(id, why)| stays(id, *why)).collect();
    if going.is_empty() {
        if alone {
            let text =
                "the key that was given to the workbench session that keybench runs in is not deleted here";
            shared.notices.warning(shared.now, text);
        } else if !spared.is_empty() {
            shared.notices.warning(shared.now, spared.join(" "));
        }
        return Outcome::done();
    }
    let mut users: Vec<(String, Vec<String>)> = Vec::new();
    for (username, key) in &going {
        match users.iter_mut().find(|(known, _)| known == username) {
            Some((_, ids)) => ids.push(key.key_id.clone()),
            None => users.push(((*username).to_owned(), vec![key.key_id.clone()])),
        }
    }
    let count = text::count(going.len(), "key", "keys");
    let whose = match &users[..] {
        [(username, _)] => username.clone(),
        several => format!("{} users", several.len()),
    };
    let mut lines = vec![format!("{count} of {whose} at {}:", shared.session.label)];
    let widest = users.iter().map(|(username, _)| text::width(username)).max().unwrap_or_default();
    lines.extend(going.iter().take(NAMED).map(|(username, key)| match users.len() {
        1 => format!("  {}", describe(key)),
        _ => format!("  {username:<widest$}  {}", describe(key)),
    }));
    if going.len() > NAMED {
        lines.push(format!("  and {} more", going.len() - NAMED));
    }
    lines.extend(spared);
    lines.extend(more);
    lines.extend(on_deletion(shared, &going));
    lines.push(String::new());
    let one = going.len() == 1;
    lines.push(format!("{} This cannot be undone.", for_clients(shared, &going)));
    if going.iter().any(|(_, key)| shared.session.is_own(&key.key_id)) {
        lines.push(String::new());
        lines.push("keybench itself is signed in with it: afterwards nothing works".into());
        lines.push("here until you sign in with another key.".into());
    }
    let title = if one { "Delete this API key?" } else { "Delete these API keys?" };
    let keys = match users.pop() {
        Some((username, key_ids)) if users.is_empty() => ToDelete::Keys { username, key_ids },
        last => ToDelete::OfUsers(users.into_iter().chain(last).collect()),
    };
    let question = Question::new(title, lines, "Delete", Decision::DeleteKeys(keys));
    // Not all of them are named, so their number is to be noticed.
    if going.len() > NAMED { question.typing_name(going.len().to_string()) } else { question }.ask()
}

/// What the clients of `keys` notice.
fn for_clients(shared: &Shared, keys: &[(&str, &V2KeyDetails)]) -> &'static str {
    match (keys, keys.iter().all(|(_, key)| expired(shared, key).is_some())) {
        ([_], true) => "It has expired: no client can use it any more.",
        (_, true) => "They have expired: no client can use them any more.",
        ([_], false) => "Clients that use it will be refused.",
        (_, false) => "Clients that use one will be refused.",
    }
}

/// Reports what came of deleting keys of several users.
pub fn report_of(shared: &mut Shared, users: &[DeletedKeys]) {
    let deleted: usize = users.iter().map(|user| user.deleted.len()).sum();
    let of = users.iter().filter(|user| !user.deleted.is_empty()).count();
    let (keys, of) = (text::count(deleted, "API key", "API keys"), text::count(of, "user", "users"));
    let gone: Vec<String> = users.iter().flat_map(|user| user.gone.clone()).collect();
    let mut parts = Vec::new();
    if deleted > 0 {
        parts.push(format!("deleted {keys} of {of}"));
    } else if gone.is_empty() {
        parts.push("no API key was deleted".to_owned());
    }
    parts.extend(gone_already(&gone));
    let spared: Vec<String> = users.iter().flat_map(|user| user.spared.clone()).collect();
    let failed: Vec<&(String, api::Error)> = users.iter().flat_map(|user| &user.failed).collect();
    report_rest(shared, parts, &spared, &failed);
}

/// Reports which keys of a user were deleted and which were not.
pub fn report(shared: &mut Shared, keys: &DeletedKeys) {
    let DeletedKeys { username, deleted, gone, failed, spared } = keys;
    let mut parts = Vec::new();
    if !deleted.is_empty() {
        let count = text::count(deleted.len(), "API key", "API keys");
        parts.push(format!("deleted {count} of {username}: {}", ids(deleted)));
    } else if !gone.is_empty() {
        // That says it.
    } else if failed.is_empty() && !spared.is_empty() {
        parts.push(format!("no API key of {username} was deleted"));
    } else if failed.is_empty() {
        parts.push(format!("{username} has no API key to delete"));
    }
    parts.extend(gone_already(gone));
    report_rest(shared, parts, spared, &failed.iter().collect::<Vec<_>>());
}

/// `deleted elsewhere already: 5b1c…9f0a`
fn gone_already(gone: &[String]) -> Option<String> {
    (!gone.is_empty()).then(|| format!("deleted elsewhere already: {}", ids(gone)))
}

/// Adds what stays to what was deleted, and notes it.
fn report_rest(
    shared: &mut Shared,
    mut parts: Vec<String>,
    spared: &[String],
    failed: &[&(String, api::Error)],
) {
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
