//! Rotating an API key: a successor first, shown and kept, proven by a model if one likes, and only
//! then the old one deleted, after a yes.
//!
//! At every step both the dialog and the notices say what exists. A failure or a quit leaves the
//! old key working. The key that keybench itself is signed in with is replaced in the profile
//! before anything is deleted. [`steps`] has the whole course on one page; here are its questions
//! and requests.

mod adopt;
mod dialog;
mod steps;

pub(super) use adopt::adopt;
pub(super) use dialog::view;
pub use steps::{Proof, Rotations};

use self::dialog::state_lines;
use super::key_test::KeyTest;
use super::reveal::Reveal;
use super::{Call, Confirmed, Dialog, is_own};
use crate::api::{self, NewKey};
use crate::config::Session;
use crate::text;
use crate::tui::app::App;
use crate::tui::command::Command;
use crate::tui::effect::{self, Effect, Effects};
use crate::tui::overlays::{self, Confirm, Overlay};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::screens::key_list::{Selected, describe};
use crate::wire::{CreateV2KeyResponse, V2KeyDetails};

/// Asks whether the selected key shall get a successor; where it has one, what shall become of both.
pub(super) fn ask(app: &mut App) -> Effects {
    let Some(Selected::Key(key)) = app.settings.keys.selected() else { return Effects::new() };
    let key = key.clone();
    if app.settings.rotations.of(&key.key_id).is_some_and(|rotation| rotation.successor().is_some()) {
        app.settings.dialog = Some(Dialog::Rotation(key.key_id));
        return Effects::new();
    }
    ask_create(app, &key)
}

fn ask_create(app: &mut App, key: &V2KeyDetails) -> Effects {
    let own = is_own(app, &key.key_id);
    if app.session.was_given(&key.key_id) {
        let text =
            "this key was given to the workbench session that keybench runs in; it is not rotated here";
        app.notices.warning(app.now, text);
        return Effects::new();
    }
    let mut lines = vec![
        format!("  {}", describe(key)),
        String::new(),
        "A new key with the same audience and comment is created and shown once.".into(),
        "The old one works on until you say yes to deleting it.".into(),
    ];
    if own {
        lines.push("keybench is signed in with it, and changes to the new one first.".into());
    }
    if let Some(new) = app.settings.rotations.of(&key.key_id).and_then(|rotation| rotation.successor()) {
        lines.push(format!("{} is its successor so far, and stays.", text::short_id(&new.key_id)));
    }
    let then = overlays::Confirmed::Settings(Confirmed::Rotate(key.key_id.clone()));
    Confirm::new("Rotate this API key?", lines, "Create successor", then).ask(app)
}

/// Creates the successor.
pub(super) fn begin(app: &mut App, username: String, key_id: &str) -> Effects {
    let Some(old) = app.settings.keys.all().iter().find(|key| key.key_id == key_id).cloned() else {
        return Effects::new();
    };
    if app.settings.dialog.as_ref().is_some_and(|dialog| matches!(dialog, Dialog::Rotation(_))) {
        app.settings.dialog = None;
    }
    let new = NewKey { expiry: None, comment: old.comments.clone(), audiences: old.audiences.clone() };
    let what = format!("creating the successor of {}", text::short_id(key_id));
    let call = effect::Call::Settings(Call::Create { username, new });
    let (id, effect) = app.start(Scope::Settings, Kind::Change, what, call);
    app.settings.rotations.creating(id, old);
    vec![effect]
}

/// The successor is there, or not: then the old key works on.
pub(super) fn created(
    app: &mut App,
    id: RequestId,
    answer: Result<Box<CreateV2KeyResponse>, api::Error>,
) -> Effects {
    let created = match answer {
        Ok(created) => *created,
        Err(error) => {
            let Some(old) = app.settings.rotations.not_created(id) else { return Effects::new() };
            let old = text::short_id(&old.key_id);
            // A refusal creates nothing; after silence nobody knows.
            let refused = matches!(error, api::Error::Refused { .. } | api::Error::Invalid { .. });
            let exists = if refused {
                format!("no key was created; {old} works on")
            } else {
                format!("{old} works on; a new key may have been created: look at the list")
            };
            app.notices.failed_but(app.now, &error, &exists);
            return if refused { Effects::new() } else { super::list_anew(app) };
        }
    };
    let Some(old) = app.settings.rotations.created(id, &created.key_id) else { return Effects::new() };
    super::remember_created(app, &created);
    app.settings.keys.select_key(&created.key_id);
    let mut effects = super::list_anew(app);
    if is_own(app, &old.key_id) {
        let call = Call::Adopt {
            store: app.preferences.store.clone(),
            key: created.api_key.clone(),
            key_id: created.key_id.clone(),
        };
        let what = "signing in with the new key";
        effects.push(app.start(Scope::Settings, Kind::Change, what, effect::Call::Settings(call)).1);
    }
    app.settings.dialog = Some(Dialog::Reveal(Box::new(Reveal::successor(created, old.key_id))));
    effects
}

/// The person gave a request up: what it may have done all the same is told.
pub(super) fn cancelled(app: &mut App, id: RequestId) {
    let text = if let Some(old) = app.settings.rotations.not_created(id) {
        let old = text::short_id(&old.key_id);
        format!("{old} works on; its successor may have been created all the same: look at the list")
    } else if let Some(old) = app.settings.rotations.not_deleted(id) {
        let old = text::short_id(&old.key_id);
        format!("{old} may have been deleted all the same: look at the list")
    } else {
        return;
    };
    app.notices.warning(app.now, text);
}

/// The session was changed to the new key, or not.
pub(super) fn adopted(app: &mut App, answer: Result<Box<Session>, String>) -> Effects {
    match answer {
        Ok(session) => {
            app.session.own_key_id = session.key_id.clone();
            app.notices.info(app.now, "keybench is signed in with the new key now");
            vec![Effect::UseSession(session)]
        }
        Err(problem) => {
            let hint = "keybench still uses the old key: do not delete it yet".to_owned();
            app.notices.error(app.now, problem, Some(hint));
            Effects::new()
        }
    }
}

/// The command of the dialog about a rotation that was left with both keys.
pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let Some(Dialog::Rotation(old_id)) = &app.settings.dialog else { return None };
    let Some(rotation) = app.settings.rotations.of(old_id).cloned() else {
        app.settings.dialog = None;
        return Some(Effects::new());
    };
    match command {
        Command::Back => app.settings.dialog = None,
        Command::DeleteOldKey => return Some(ask_delete_old(app, &rotation.old.key_id)),
        Command::RotateKey => return Some(ask_create(app, &rotation.old)),
        Command::TestWithKey => {
            let id = rotation.successor().map(|new| new.key_id.clone());
            let known = app.session.known_keys.iter().find(|known| known.key_id == id).cloned()?;
            let behind = app.settings.dialog.take()?;
            return Some(KeyTest::open(app, known, behind));
        }
        _ => return None,
    }
    Some(Effects::new())
}

/// Asks about the old key: what exists is told, and Keep both has the focus whatever was proven.
pub(super) fn ask_delete_old(app: &mut App, old_id: &str) -> Effects {
    let Some(rotation) = app.settings.rotations.of(old_id) else { return Effects::new() };
    let mut lines = state_lines(app, rotation);
    lines.push(String::new());
    lines.push("Delete the old key when whoever used it has the new one.".into());
    if is_own(app, old_id) {
        lines.push("keybench is still signed in with the old one: it will be signed out.".into());
    }
    let then = overlays::Confirmed::Settings(Confirmed::DeleteOld(old_id.to_owned()));
    Confirm::new("Delete the old key now?", lines, "Delete the old key", then).or("Keep both").ask(app)
}

/// Deletes the old key, after a yes.
pub(super) fn delete_old(app: &mut App, username: String, old_id: String) -> Effects {
    app.settings.dialog = None;
    let what = format!("deleting the old key {}", text::short_id(&old_id));
    let call = effect::Call::Settings(Call::Delete { username, key_ids: vec![old_id.clone()] });
    let (id, effect) = app.start(Scope::Settings, Kind::Change, what, call);
    app.settings.rotations.deleting(&old_id, id);
    vec![effect]
}

/// Keys were deleted: a successor whose old key is gone is the one to go on with.
pub(super) fn deleted(app: &mut App, is_gone: impl Fn(&str) -> bool) {
    for rotation in app.settings.rotations.gone(&is_gone) {
        if let Some(new) = rotation.successor().filter(|new| !is_gone(&new.key_id)) {
            app.settings.keys.select_key(&new.key_id);
        }
    }
}

/// A list came: a rotation one of whose keys is not in it any more has ended elsewhere.
pub(super) fn listed(app: &mut App) {
    let keys = app.settings.keys.all();
    let ended = app.settings.rotations.gone(|id| !keys.iter().any(|key| key.key_id == id));
    for rotation in ended {
        let old = text::short_id(&rotation.old.key_id).into_owned();
        if let Some(new) = rotation.successor().filter(|_| has(app, &rotation.old.key_id)) {
            let new = text::short_id(&new.key_id);
            let text = format!("{new} is not listed any more: {old} is no longer being replaced");
            app.notices.warning(app.now, text);
        }
    }
}

fn has(app: &App, key_id: &str) -> bool {
    app.settings.keys.all().iter().any(|key| key.key_id == key_id)
}

/// What stands beside a key that has a successor: `replaced by 5b1c…9f0a`, as short as the list
/// needs it; that it still works tells its status.
pub(in crate::tui::screens) fn mark(app: &App, key_id: &str) -> Option<String> {
    let new = app.settings.rotations.of(key_id)?.successor()?;
    Some(format!("replaced by {}", text::short_id(&new.key_id)))
}

/// What deleting a key would mean for its rotation.
pub(super) fn on_deletion(app: &App, key_id: &str) -> Option<String> {
    if let Some(mark) = mark(app, key_id) {
        return Some(format!("{} is being {mark}, which stays.", text::short_id(key_id)));
    }
    let rotation = app.settings.rotations.to(key_id)?;
    let (new, old) = (text::short_id(key_id), text::short_id(&rotation.old.key_id));
    Some(format!("{new} was to replace {old}, which then has no successor."))
}

/// What a quit in the middle leaves behind.
pub(super) fn unsaved(app: &App) -> Option<String> {
    let asked = app.overlays.iter().rev().find_map(|overlay| match overlay {
        Overlay::Confirm(confirm) => match confirm.then() {
            overlays::Confirmed::Settings(Confirmed::DeleteOld(old_id)) => Some(old_id.as_str()),
            _ => None,
        },
        _ => None,
    });
    let old_id = asked.or_else(|| match app.settings.dialog.as_ref()? {
        Dialog::Reveal(reveal) => reveal.old(),
        Dialog::KeyTest(test) => match test.behind() {
            Dialog::Reveal(reveal) => reveal.old(),
            _ => None,
        },
        _ => None,
    })?;
    let new = app.settings.rotations.of(old_id)?.successor()?;
    let (old, new) = (text::short_id(old_id), text::short_id(&new.key_id));
    Some(format!("{new} was created to replace {old}: both work on."))
}
