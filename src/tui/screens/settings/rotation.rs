//! Rotating an API key: a successor first, shown and kept, and only then the old one deleted, after
//! a yes.
//!
//! At every step both the dialog and the notices say what exists. A failure or a quit leaves the
//! old key working. The key that keybench itself is signed in with is replaced in the profile
//! before anything is deleted.

use super::reveal::Reveal;
use super::{Call, Confirmed, Dialog, is_own};
use crate::api::{self, NewKey};
use crate::config::Session;
use crate::secret::ApiKey;
use crate::text;
use crate::tui::app::App;
use crate::tui::effect::{self, Effect, Effects};
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::screens::key_list::{Selected, describe};
use crate::wire::{CreateV2KeyResponse, V2KeyDetails};

/// A successor that is being created.
#[derive(Debug)]
pub struct Rotation {
    id: RequestId,
    old: V2KeyDetails,
}

/// Asks whether the selected key shall get a successor.
pub(super) fn ask(app: &mut App) -> Effects {
    let Some(Selected::Key(key)) = app.settings.keys.selected() else { return Effects::new() };
    let own = is_own(app, &key.key_id);
    if own && app.session.inside_workbench {
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
    let then = overlays::Confirmed::Settings(Confirmed::Rotate(key.key_id.clone()));
    Confirm::new("Rotate this API key?", lines, "Create successor", then).ask(app)
}

/// Creates the successor.
pub(super) fn begin(app: &mut App, username: String, key_id: &str) -> Effects {
    let Some(old) = app.settings.keys.keys.iter().find(|key| key.key_id == key_id).cloned() else {
        return Effects::new();
    };
    let new = NewKey { expiry: None, comment: old.comments.clone(), audiences: old.audiences.clone() };
    let what = format!("creating the successor of {}", text::short_id(key_id));
    let call = effect::Call::Settings(Call::Create { username, new });
    let (id, effect) = app.start(Scope::Settings, Kind::Change, what, call);
    app.settings.rotation = Some(Rotation { id, old });
    vec![effect]
}

/// Whether `id` creates a successor.
pub(super) fn awaits(app: &App, id: RequestId) -> bool {
    app.settings.rotation.as_ref().is_some_and(|rotation| rotation.id == id)
}

/// The successor is there, or not: then the old key works on and nothing has changed.
pub(super) fn created(app: &mut App, answer: Result<Box<CreateV2KeyResponse>, api::Error>) -> Effects {
    let Some(Rotation { old, .. }) = app.settings.rotation.take() else { return Effects::new() };
    let created = match answer {
        Ok(created) => *created,
        Err(error) => {
            app.notices.failed(app.now, &error);
            return Effects::new();
        }
    };
    super::remember_created(app, &created);
    let mut effects = super::list(app);
    if is_own(app, &old.key_id) {
        let call = Call::Adopt {
            store: app.preferences.store.clone(),
            key: created.api_key.clone(),
            key_id: created.key_id.clone(),
        };
        let what = "signing in with the new key";
        effects.push(app.start(Scope::Settings, Kind::Change, what, effect::Call::Settings(call)).1);
    }
    app.settings.dialog = Some(Dialog::Reveal(Box::new(Reveal::successor(created, old))));
    effects
}

/// Signs in with a key and stores it in the profile.
pub(super) fn adopt(
    session: &Session,
    store: Option<crate::config::Store>,
    key: &ApiKey,
    key_id: String,
) -> Result<Session, String> {
    let mut adopted = session.clone();
    adopted.client = session.client.with_key(key.clone());
    adopted.key_id = Some(key_id.clone());
    if let (Some(name), Some(store)) = (&session.profile, store) {
        let loaded = store.load();
        if let Some(problem) = loaded.problems.first() {
            return Err(problem.to_string());
        }
        let profile = loaded
            .profiles
            .profiles
            .get(name)
            .cloned()
            .ok_or_else(|| format!("there is no profile {name}"))?;
        // A profile whose key comes from a command has no key to replace here.
        if profile.credential_command.is_some() {
            return Err(format!(
                "the profile {name} takes its key from a command: store the new key there yourself"
            ));
        }
        let credential = crate::config::Credential {
            url: session.client.url().to_owned(),
            api_key: key.clone(),
            key_id,
            legacy_api_key: None,
        };
        store.save(name, profile, Some(credential)).map_err(|error| error.to_string())?;
    }
    Ok(adopted)
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

/// Asks about the old key, once the new one is kept.
pub(super) fn ask_delete_old(app: &mut App, old: &V2KeyDetails, new_id: &str) -> Effects {
    let mut lines = vec![
        format!("new  {}  works, and you have kept it", text::short_id(new_id)),
        format!("old  {}", describe(old)),
        String::new(),
        "Delete the old key when whoever used it has the new one.".into(),
    ];
    if is_own(app, &old.key_id) {
        lines.push("keybench is still signed in with the old one: it will be signed out.".into());
    }
    let then = overlays::Confirmed::Settings(Confirmed::Delete(vec![old.key_id.clone()]));
    Confirm::new("Delete the old key now?", lines, "Delete the old key", then).or("Keep both").ask(app)
}
