//! The Settings tab: API keys, the legacy key, new keys, profiles.

mod calls;
mod details;
mod key_form;
mod key_test;
mod reveal;
mod rotation;
mod view;

pub use calls::{Call, Reply};

use crossterm::event::KeyEvent;

use self::key_form::KeyForm;
use self::key_test::KeyTest;
use self::reveal::Reveal;
use super::key_list::{KeyList, Selected, describe};
use super::models;
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{COMMANDS, Command, Context};
use crate::tui::effect::{self, Copied, Effect, Effects};
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::session::{self, KnownKey};
use crate::wire::{CreateV2KeyResponse, time};

pub(super) use rotation::mark as rotation_mark;
pub(super) use view::view;

/// The state of the tab.
#[derive(Debug)]
pub struct State {
    pub keys: KeyList,
    pub dialog: Option<Dialog>,
    rotations: rotation::Rotations,
    /// The id of the model that a new key was tested with last.
    last_tested: Option<String>,
    /// Key IDs that are being deleted.
    deleting: Option<RequestId>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            keys: KeyList::with_legacy(),
            dialog: None,
            rotations: rotation::Rotations::default(),
            last_tested: None,
            deleting: None,
        }
    }
}

/// A dialog of the tab's own.
#[derive(Debug)]
pub enum Dialog {
    NewKey(Box<KeyForm>),
    Reveal(Box<Reveal>),
    /// A new key's test against a model, over the dialog that it was opened from.
    KeyTest(Box<KeyTest>),
    /// The rotation of the key with this id, which was left with both keys.
    Rotation(String),
    /// Details of the selected key, scrolled down by so many lines.
    Details(u16),
}

/// What a yes to a question of this tab does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// Delete these Key IDs of the signed-in user.
    Delete(Vec<String>),
    DeleteAll,
    /// Create a successor of this key.
    Rotate(String),
    /// Delete this key, which has a successor.
    DeleteOld(String),
    RotateLegacy,
    /// Leave the dialog and what was typed or not kept.
    Discard,
}

pub(super) fn contexts(app: &App) -> Vec<Context> {
    match &app.settings.dialog {
        None if app.settings.keys.filter.is_open() => vec![Context::FilterField, Context::List],
        None => vec![Context::Keys, Context::List],
        Some(Dialog::NewKey(_)) => vec![Context::KeyForm, Context::Form],
        Some(Dialog::Reveal(reveal)) if reveal.typing() => vec![Context::Form],
        Some(Dialog::Reveal(_)) => vec![Context::Reveal],
        Some(Dialog::KeyTest(test)) => test.contexts(),
        Some(Dialog::Rotation(_)) => vec![Context::Rotation],
        Some(Dialog::Details(_)) => vec![Context::Reader],
    }
}

pub(super) fn typing(app: &App) -> bool {
    match &app.settings.dialog {
        None => app.settings.keys.filter.is_open(),
        Some(Dialog::NewKey(form)) => form.typing(),
        Some(Dialog::Reveal(reveal)) => reveal.typing(),
        Some(Dialog::KeyTest(test)) => test.typing(),
        Some(Dialog::Rotation(_) | Dialog::Details(_)) => false,
    }
}

/// What Enter does in the open dialog.
pub(super) fn submit_word(app: &App) -> Option<&'static str> {
    match app.settings.dialog.as_ref()? {
        Dialog::NewKey(form) => Some(form.submit_word()),
        Dialog::Reveal(_) => Some("write file"),
        Dialog::KeyTest(test) => Some(test.submit_word()),
        Dialog::Rotation(_) | Dialog::Details(_) => None,
    }
}

/// What a command does in the open dialog; an empty word where it does nothing.
pub(super) fn word(app: &App, command: Command) -> Option<&'static str> {
    let Some(dialog) = &app.settings.dialog else {
        return match (app.settings.keys.selected(), command) {
            // What stands here for one row stands here for all: moving in the list changes no footer.
            (
                None,
                Command::RotateKey
                | Command::DeleteKey
                | Command::TestWithKey
                | Command::KeyDetails
                | Command::CopyKeyId,
            ) => Some(""),
            _ => None,
        };
    };
    match (dialog, command) {
        (Dialog::Reveal(reveal), Command::Back) => Some(reveal.back_word()),
        (Dialog::Reveal(reveal), Command::TestWithKey) if reveal.is_legacy() => Some(""),
        _ => None,
    }
}

pub(super) fn modal(app: &App) -> bool {
    app.settings.dialog.is_some()
}

pub(super) fn unsaved(app: &App) -> Option<String> {
    let unkept = reveal::unkept(app)
        .then(|| "The new API key was neither copied nor saved; it is shown only this once.".to_owned());
    let parts: Vec<String> = match &app.settings.dialog {
        Some(Dialog::NewKey(form)) if form.touched() => {
            vec!["The form for a new API key is filled in.".into()]
        }
        _ => [rotation::unsaved(app), unkept].into_iter().flatten().collect(),
    };
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Which keys exist of which nobody may know, where the program ends without a question.
pub(super) fn left_behind(app: &App) -> Option<String> {
    let unkept = reveal::shown(app).filter(|reveal| !reveal.kept()).map(reveal::left_behind);
    let parts: Vec<String> = [rotation::unsaved(app), unkept].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

pub(super) fn enter(app: &mut App) -> Effects {
    list(app)
}

/// Asks for the list, unless that question is under way.
fn list(app: &mut App) -> Effects {
    let Some(username) = app.session.username.clone() else { return Effects::new() };
    if app.settings.keys.loading.is_some_and(|id| app.requests.waits_for(id)) {
        return Effects::new();
    }
    let what = format!("listing the API keys of {username}");
    let call = effect::Call::Settings(Call::List { username });
    let (id, effect) = app.start(Scope::Settings, Kind::Read, what, call);
    app.settings.keys.loading = Some(id);
    vec![effect]
}

/// Asks for the list again, although it may be under way: what was asked before a change does
/// not show it.
fn list_anew(app: &mut App) -> Effects {
    let before = app.settings.keys.loading.take();
    let mut effects: Effects = before.and_then(|id| app.cancel(id)).into_iter().collect();
    effects.extend(list(app));
    effects
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    match &mut app.settings.dialog {
        Some(Dialog::NewKey(_)) => return key_form::command(app, command),
        Some(Dialog::Reveal(_)) => return reveal::command(app, command),
        Some(Dialog::KeyTest(_)) => return key_test::command(app, command),
        Some(Dialog::Rotation(_)) => return rotation::command(app, command),
        Some(Dialog::Details(scroll)) => {
            *scroll = match command {
                Command::Up => scroll.saturating_sub(1),
                Command::Down => scroll.saturating_add(1),
                Command::Back | Command::KeyDetails => {
                    app.settings.dialog = None;
                    return Some(Effects::new());
                }
                _ => return None,
            };
            return Some(Effects::new());
        }
        None => {}
    }
    match command {
        Command::NewKey => {
            let form = KeyForm::new(app);
            app.settings.dialog = Some(Dialog::NewKey(Box::new(form)));
        }
        Command::DeleteKey => return Some(ask_delete(app)),
        Command::DeleteAllKeys => return Some(ask_delete_all(app)),
        Command::RotateKey => return Some(rotate(app)),
        Command::CopyKeyId => return Some(copy_id(app)),
        Command::TestWithKey => return Some(test_with_selected(app)),
        Command::KeyDetails => app.settings.dialog = Some(Dialog::Details(0)),
        Command::Refresh => {
            let mut effects = if app.session.username.is_none() { session::ask_who(app) } else { list(app) };
            effects.extend(session::ask_expiration(app));
            return Some(effects);
        }
        other => return app.settings.keys.command(other).then(Effects::new),
    }
    Some(Effects::new())
}

/// To the Models tab with the selected key, if this run knows its text.
fn test_with_selected(app: &mut App) -> Effects {
    let Some(Selected::Key(key)) = app.settings.keys.selected() else {
        app.notices.warning(app.now, "models are called with an API key, not with the legacy key");
        return Effects::new();
    };
    let key_id = key.key_id.clone();
    let known = app.session.known_keys.iter().find(|known| known.key_id.as_ref() == Some(&key_id)).cloned();
    match known {
        Some(known) => models::test_with(app, known),
        None => {
            let text =
                "the text of this key is not known here, only to who kept it: paste it in a Test panel";
            app.notices.warning(app.now, text);
            Effects::new()
        }
    }
}

pub(super) fn key(app: &mut App, key: KeyEvent) -> Effects {
    match &mut app.settings.dialog {
        None => {
            if app.settings.keys.filter.on_key(key) {
                app.settings.keys.arrange();
            }
        }
        Some(Dialog::NewKey(_)) => return key_form::key(app, key),
        Some(Dialog::Reveal(reveal)) => reveal.key(key),
        Some(Dialog::KeyTest(_)) => key_test::key(app, key),
        Some(Dialog::Rotation(_) | Dialog::Details(_)) => {}
    }
    Effects::new()
}

pub(super) fn paste(app: &mut App, text: &str) -> Effects {
    match &mut app.settings.dialog {
        None => {
            if app.settings.keys.filter.paste(text) {
                app.settings.keys.arrange();
            }
        }
        Some(Dialog::NewKey(_)) => key_form::paste(app, text),
        Some(Dialog::Reveal(reveal)) => reveal.paste(text),
        Some(Dialog::KeyTest(_)) => key_test::paste(app, text),
        Some(Dialog::Rotation(_) | Dialog::Details(_)) => {}
    }
    Effects::new()
}

pub(super) fn reply(app: &mut App, id: RequestId, reply: Reply) -> Effects {
    let now = app.now;
    match reply {
        Reply::Listed(Ok(keys)) => {
            app.session.recognise_own_key(keys.keys());
            app.settings.keys.set(keys, now, app.preferences.soon_days);
            rotation::listed(app);
        }
        Reply::Listed(Err(error)) => {
            app.settings.keys.problem = Some(error.to_string());
            app.notices.failed(now, &error);
        }
        Reply::Created(answer) if app.settings.rotations.awaits(id) => {
            return rotation::created(app, id, answer);
        }
        Reply::Created(answer) => return key_form::created(app, id, answer),
        Reply::Adopted(answer) => return rotation::adopted(app, answer),
        Reply::LegacyRotated(Ok(answer)) => {
            app.settings.dialog = Some(Dialog::Reveal(Box::new(Reveal::legacy(*answer))));
        }
        Reply::Deleted { done, failed } => {
            app.settings.deleting = None;
            // Refused, both keys are there; else the next line ends the rotation.
            app.settings.rotations.not_deleted(id);
            rotation::deleted(app, |id| done.iter().any(|gone| gone == id));
            app.settings.keys.remove(app.preferences.soon_days, |id| done.iter().any(|gone| gone == id));
            app.session.known_keys.retain(|known| known.key_id.as_ref().is_none_or(|id| !done.contains(id)));
            if !done.is_empty() {
                let ids: Vec<_> = done.iter().take(4).map(|id| text::short_id(id).into_owned()).collect();
                let more =
                    if done.len() > 4 { format!(" and {} more", done.len() - 4) } else { String::new() };
                app.notices.info(now, format!("deleted {}{more}", ids.join(", ")));
            }
            if let Some((key_id, error)) = failed {
                let exists = format!("{} was not deleted, as far as is known", text::short_id(&key_id));
                app.notices.failed_but(now, &error, &exists);
            }
            if done.iter().any(|id| is_own(app, id)) {
                return own_key_deleted(app);
            }
            return list_anew(app);
        }
        Reply::DeletedAll(Ok(())) => {
            app.settings.deleting = None;
            rotation::deleted(app, |_| true);
            app.settings.keys.remove(app.preferences.soon_days, |_| true);
            return own_key_deleted(app);
        }
        Reply::DeletedAll(Err(error)) | Reply::LegacyRotated(Err(error)) => {
            app.settings.deleting = None;
            app.notices.failed(now, &error);
        }
        Reply::Saved(answer) => reveal::saved(app, answer),
        Reply::Tested { test, sent, call } => return key_test::tested(app, id, *test, sent, *call),
        Reply::Explained(diagnosis) => key_test::explained(app, id, diagnosis),
    }
    Effects::new()
}

pub(super) fn cancelled(app: &mut App, id: RequestId) {
    if app.settings.deleting == Some(id) {
        app.settings.deleting = None;
    }
    rotation::cancelled(app, id);
    key_test::cancelled(app, id);
    if let Some(Dialog::NewKey(form)) = &mut app.settings.dialog {
        form.cancelled(id);
    }
}

pub(super) fn policy_changed(app: &mut App) {
    let rules = key_form::rules(app);
    if let Some(Dialog::NewKey(form)) = &mut app.settings.dialog {
        form.rules_changed(&rules);
    }
}

pub(in crate::tui) fn confirmed(app: &mut App, what: Confirmed) -> Effects {
    let Some(username) = app.session.username.clone() else { return Effects::new() };
    let (what, call) = match what {
        Confirmed::Discard => {
            app.settings.dialog = None;
            return list(app);
        }
        Confirmed::Delete(key_ids) => (
            format!("deleting {}", text::count(key_ids.len(), "API key", "API keys")),
            Call::Delete { username, key_ids },
        ),
        Confirmed::DeleteAll => {
            (format!("deleting all API keys of {username}"), Call::DeleteAll { username })
        }
        Confirmed::Rotate(key_id) => return rotation::begin(app, username, &key_id),
        Confirmed::DeleteOld(old_id) => return rotation::delete_old(app, username, old_id),
        Confirmed::RotateLegacy => ("rotating the legacy key".into(), Call::RotateLegacy { username }),
    };
    let (id, effect) = app.start(Scope::Settings, Kind::Change, what, effect::Call::Settings(call));
    app.settings.deleting = Some(id);
    vec![effect]
}

/// Nothing more can be asked with a key that is gone, so nothing is: what to do is told instead.
fn own_key_deleted(app: &mut App) -> Effects {
    app.session.own_key_id = None;
    let profiles = COMMANDS.iter().find(|entry| entry.command == Command::Profiles);
    let key = profiles.map(|entry| app.keymap.key_of(entry)).unwrap_or_default();
    let hint = format!("{key} signs in with another key, or chooses another profile");
    let text = "deleted, and with it the key of this session: the workbench refuses everything from now on";
    app.notices.error(app.now, text, Some(hint));
    Effects::new()
}

/// Whether a key is certain to be the one that this program is signed in with.
pub(super) fn is_own(app: &App, key_id: &str) -> bool {
    app.session.own_key_id.as_deref() == Some(key_id)
}

/// What is said instead of deleting the key of a workbench session.
pub(in crate::tui::screens) const SESSION_KEY_STAYS: &str =
    "the key that was given to the workbench session that keybench runs in is not deleted here";

fn ask_delete(app: &mut App) -> Effects {
    let chosen = app.settings.keys.chosen();
    if chosen.is_empty() {
        if matches!(app.settings.keys.selected(), Some(Selected::Legacy)) {
            app.notices.warning(
                app.now,
                "the legacy key cannot be deleted; r replaces it, and nothing here needs it",
            );
        }
        return Effects::new();
    }
    if chosen.iter().any(|key| app.session.was_given(&key.key_id)) {
        app.notices.warning(app.now, SESSION_KEY_STAYS);
        return Effects::new();
    }
    let mut lines = Vec::new();
    let mut ids: Vec<String> = chosen.iter().map(|key| key.key_id.clone()).collect();
    // The others are deleted with the key that is signed in with, so that one goes last.
    ids.sort_by_key(|id| is_own(app, id));
    lines.push(format!(
        "{} of {} at {}:",
        text::count(ids.len(), "key", "keys"),
        app.session.user(),
        app.session.label
    ));
    lines.extend(chosen.iter().take(8).map(|key| format!("  {}", describe(key))));
    if chosen.len() > 8 {
        lines.push(format!("  and {} more", chosen.len() - 8));
    }
    lines.extend(chosen.iter().filter_map(|key| rotation::on_deletion(app, &key.key_id)));
    lines.push(String::new());
    let it = if ids.len() == 1 { "it" } else { "one" };
    lines.push(format!("Whoever uses {it} is refused from then on. This cannot be undone."));
    if ids.iter().any(|id| is_own(app, id)) {
        lines.push(String::new());
        lines.push("keybench itself is signed in with it: afterwards nothing can be asked".into());
        lines.push("here until you sign in with another key.".into());
    }
    let title = if ids.len() == 1 { "Delete this API key?" } else { "Delete these API keys?" };
    Confirm::new(title, lines, "Delete", overlays::Confirmed::Settings(Confirmed::Delete(ids))).ask(app)
}

fn ask_delete_all(app: &mut App) -> Effects {
    let Some(username) = app.session.username.clone() else { return Effects::new() };
    let given = app.settings.keys.all().iter().any(|key| app.session.was_given(&key.key_id));
    if given || app.session.inside_workbench {
        app.notices.warning(app.now, SESSION_KEY_STAYS);
        return Effects::new();
    }
    let lines = vec![
        format!("All API keys of {username} at {} stop working at once,", app.session.label),
        "the one that keybench is signed in with among them.".into(),
        format!("Now listed: {}.", text::count(app.settings.keys.all().len(), "key", "keys")),
    ];
    Confirm::new(
        "Delete all API keys?",
        lines,
        "Delete all",
        overlays::Confirmed::Settings(Confirmed::DeleteAll),
    )
    .typing_name(username)
    .ask(app)
}

fn rotate(app: &mut App) -> Effects {
    match app.settings.keys.selected() {
        Some(Selected::Legacy) => {
            let lines = vec![
                "cdswctl and the v1 API use it; model calls do not need it.".into(),
                "The one there is now stops working at once; the new one is shown once.".into(),
            ];
            let then = overlays::Confirmed::Settings(Confirmed::RotateLegacy);
            Confirm::new("Replace the legacy key?", lines, "Replace", then).ask(app)
        }
        _ => rotation::ask(app),
    }
}

fn copy_id(app: &mut App) -> Effects {
    match app.settings.keys.selected() {
        Some(Selected::Key(key)) => {
            let id = key.key_id.clone();
            app.notices.info(app.now, sent_to_terminal(app, "Key ID"));
            vec![Effect::Copy(Copied::Text(id))]
        }
        Some(Selected::Legacy) => {
            app.notices.warning(app.now, "the legacy key has no Key ID");
            Effects::new()
        }
        None => Effects::new(),
    }
}

/// `Key ID sent to your terminal`: whether it took it cannot be known.
pub(in crate::tui) fn sent_to_terminal(app: &App, what: &str) -> String {
    let Some(path) = app.preferences.clipboard else {
        return format!("{what} not sent: the clipboard is switched off in config.toml");
    };
    let caveat = path.caveat().map(|caveat| format!(" ({caveat})")).unwrap_or_default();
    format!("{what} sent to your terminal's clipboard{caveat}")
}

/// Keeps a created key, for tests, and what its date teaches.
fn remember_created(app: &mut App, created: &CreateV2KeyResponse) {
    if let Some(at) = time::parse(&created.expiry_date) {
        let today = app.today();
        app.session.limit_seen.accepted(today, time::utc_day(at));
    }
    let label = if created.comments.is_empty() {
        text::short_id(&created.key_id).into_owned()
    } else {
        created.comments.clone()
    };
    let known = KnownKey {
        label,
        username: app.session.user().to_owned(),
        key_id: Some(created.key_id.clone()),
        key: created.api_key.clone(),
        tests: 0,
    };
    remember(app, known);
}

/// Keeps a key that was made here, for tests.
fn remember(app: &mut App, key: KnownKey) {
    app.session.known_keys.retain(|known| known.key != key.key);
    app.session.known_keys.push(key);
}
