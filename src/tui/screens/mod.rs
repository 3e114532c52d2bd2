//! The screens of the three tabs.
//!
//! A screen is a module with a `State` inside [`App`] and these functions, all of them pure but
//! `Call::run`:
//!
//! | function | does |
//! |---|---|
//! | `contexts(app)` | which contexts of the command table have the keys, innermost first |
//! | `typing(app)` | whether characters are text now |
//! | `modal(app)` | whether a dialog of the screen's own is open |
//! | `unsaved(app)` | what would be lost by leaving the program |
//! | `enter(app)` | the tab is shown: ask for what it needs |
//! | `command(app, command)` | does a command; `None` where it has no use for it |
//! | `key(app, key)`, `paste(app, text)` | a key that is no command, pasted text |
//! | `reply(app, id, reply)` | takes an answer |
//! | `cancelled(app, id)` | a request was given up by the person |
//! | `resized(app)` | other rows are in sight (for the screens that read what is in sight) |
//! | `watches(app)`, `tick(app)` | whether something changes by itself; a quarter of a second passed |
//! | `policy_changed(app)` | the expiration setting became known |
//! | `confirmed(app, what)` | a question was answered with yes |
//! | `view(app, frame, area)` | draws, reads only |
//!
//! Its requests are a `Call` (data, run on tokio by `Call::run`) and come back as its `Reply`.

pub mod admin;
pub mod key_list;
pub mod listed_keys;
pub mod models;
pub mod settings;
pub mod welcome;

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::app::{App, Tab};
use super::command::{Command, Context};
use super::effect::Effects;
use super::msg::Reply;
use super::requests::RequestId;

/// A project that some screen has seen, for the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownProject {
    pub id: String,
    pub name: String,
    /// The signed-in user may change who may do what there, as far as the workbench told.
    pub manageable: bool,
}

/// The projects that the program knows, by name.
pub(super) fn projects(app: &App) -> Vec<KnownProject> {
    let mut known: BTreeMap<String, KnownProject> = BTreeMap::new();
    let short = models::short_projects(app).map(|project| {
        let (id, name) = (project.public_identifier.clone(), project.name.clone());
        KnownProject { id, name, manageable: false }
    });
    let whole = app.models.projects.values().chain(app.admin.projects.all()).map(|project| KnownProject {
        id: project.id.clone(),
        name: project.name.clone(),
        manageable: project.permissions.admin
            || app.session.username.as_deref() == Some(project.owner.username.as_str()),
    });
    for project in short.chain(whole) {
        known.insert(project.id.clone(), project);
    }
    let mut projects: Vec<_> = known.into_values().collect();
    projects.sort_by(|a, b| a.name.cmp(&b.name));
    projects
}

/// Calls a function of the current tab's screen.
macro_rules! current {
    ($app:expr, $function:ident $(, $argument:expr)*) => {
        match $app.tab {
            Tab::Settings => settings::$function($app $(, $argument)*),
            Tab::Models => models::$function($app $(, $argument)*),
            Tab::Admin => admin::$function($app $(, $argument)*),
        }
    };
}

pub(super) fn contexts(app: &App) -> Vec<Context> {
    if !app.session.signed_in {
        return welcome::contexts(app);
    }
    // While a session is being opened there is nothing to do in a screen.
    if app.session.url.is_empty() {
        return Vec::new();
    }
    current!(app, contexts)
}

pub(super) fn typing(app: &App) -> bool {
    if !app.session.signed_in {
        return welcome::typing(app);
    }
    current!(app, typing)
}

pub(super) fn modal(app: &App) -> bool {
    if !app.session.signed_in {
        return welcome::modal(app);
    }
    current!(app, modal)
}

/// What Enter does now, where a screen has a better word than the command table.
pub(super) fn submit_word(app: &App) -> Option<&'static str> {
    match app.tab {
        _ if !app.session.signed_in => None,
        Tab::Models if app.models.viewer.is_some() && app.models.prompt.is_none() => {
            app.models.is_typing().then_some("keep")
        }
        _ if contexts(app).first() == Some(&Context::FilterField) => Some("keep filter"),
        Tab::Settings => settings::submit_word(app),
        Tab::Models => models::submit_word(app),
        Tab::Admin => admin::submit_word(app),
    }
}

/// What another command does now, the same way; an empty word where it does nothing.
pub(super) fn word(app: &App, command: Command) -> Option<&'static str> {
    match app.tab {
        _ if !app.session.signed_in => None,
        Tab::Settings => settings::word(app, command),
        Tab::Models => models::word(app, command),
        Tab::Admin => admin::word(app, command),
    }
}

/// What any screen would lose.
pub(super) fn unsaved(app: &App) -> Vec<String> {
    [settings::unsaved(app), models::unsaved(app), admin::unsaved(app)].into_iter().flatten().collect()
}

/// What exists at the workbench that nobody may know of when the program ends without a question.
pub fn left_behind(app: &App) -> Option<String> {
    let changing = app.requests.changing();
    let changing = changing.map(|request| format!("It was still {}: look at the list.", request.what));
    let parts: Vec<String> = settings::left_behind(app).into_iter().chain(changing).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

pub(super) fn enter(app: &mut App) -> Effects {
    // Before there is a session there is nobody to ask.
    if app.session.url.is_empty() {
        return Effects::new();
    }
    current!(app, enter)
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    if !app.session.signed_in {
        return welcome::command(app, command);
    }
    if app.session.url.is_empty() {
        return None;
    }
    current!(app, command, command)
}

pub(super) fn key(app: &mut App, key: KeyEvent) -> Effects {
    if !app.session.signed_in {
        return Effects::new();
    }
    current!(app, key, key)
}

pub(super) fn paste(app: &mut App, text: &str) -> Effects {
    if !app.session.signed_in {
        return Effects::new();
    }
    current!(app, paste, text)
}

/// An answer goes to the screen that asked, whichever tab is shown.
pub(super) fn reply(app: &mut App, id: RequestId, reply: Reply) -> Effects {
    match reply {
        Reply::Settings(reply) => settings::reply(app, id, reply),
        Reply::Models(reply) => models::reply(app, id, reply),
        Reply::Admin(reply) => admin::reply(app, id, reply),
        Reply::Session(_) => Effects::new(),
    }
}

pub(super) fn cancelled(app: &mut App, id: RequestId) -> Effects {
    settings::cancelled(app, id);
    models::cancelled(app, id);
    admin::cancelled(app, id);
    Effects::new()
}

/// Another size brings other rows into sight.
pub(super) fn resized(app: &mut App) -> Effects {
    match app.tab {
        Tab::Models => models::resized(app),
        Tab::Admin => admin::resized(app),
        Tab::Settings => Effects::new(),
    }
}

/// Time has passed: what changes by itself may be looked at again.
pub(super) fn tick(app: &mut App) -> Effects {
    match app.tab {
        Tab::Models => models::tick(app),
        Tab::Settings | Tab::Admin => Effects::new(),
    }
}

/// Whether the screen shows something that changes by itself.
pub(super) fn watches(app: &App) -> bool {
    app.tab == Tab::Models && models::watches(app)
}

pub(super) fn policy_changed(app: &mut App) -> Effects {
    settings::policy_changed(app);
    admin::policy_changed(app);
    Effects::new()
}

pub(super) fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if !app.session.signed_in {
        return welcome::view(app, frame, area);
    }
    current!(app, view, frame, area);
}
