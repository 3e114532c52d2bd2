//! The Admin tab: users and their API keys, the expiration setting, collaborators of projects.
//!
//! Nobody is asked whether they are an administrator: there is no such question in API v2 (SPEC).
//! Everybody sees what the workbench shows them, and its refusal is told where it happens.

mod calls;
mod collaborators;
mod projects;
mod security;
mod users;

pub use calls::{Call, Reply};

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::app::{App, Tab};
use crate::tui::command::{Command, Context};
use crate::tui::effect::{self, Effect, Effects};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::update;

/// The parts of the tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    #[default]
    Users,
    Security,
    Projects,
}

impl Section {
    const ALL: [Self; 3] = [Self::Users, Self::Security, Self::Projects];

    fn name(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Security => "Security",
            Self::Projects => "Projects",
        }
    }

    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|section| *section == self).unwrap_or_default();
        Self::ALL[(at + by) % Self::ALL.len()]
    }
}

/// The state of the tab.
#[derive(Debug, Default)]
pub struct State {
    pub section: Section,
    pub users: users::State,
    pub security: security::State,
    pub projects: projects::State,
}

/// What a yes to a question of this tab does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    DeleteKeys {
        username: String,
        key_ids: Vec<String>,
    },
    DeleteAllKeys {
        username: String,
    },
    SetExpiration {
        days: u32,
    },
    RemoveCollaborator {
        project_id: String,
        username: String,
    },
    /// Leave the open form and what was typed into it.
    Discard,
}

pub(super) fn contexts(app: &App) -> Vec<Context> {
    let mut contexts = match app.admin.section {
        Section::Users => users::contexts(app),
        Section::Security => security::contexts(app),
        Section::Projects => projects::contexts(app),
    };
    if !modal(app) && !typing(app) {
        contexts.push(Context::Admin);
    }
    contexts
}

pub(super) fn typing(app: &App) -> bool {
    match app.admin.section {
        Section::Users => app.admin.users.typing(),
        Section::Security => app.admin.security.typing(),
        Section::Projects => app.admin.projects.typing(),
    }
}

/// What Enter does in the form that has the keys.
pub(super) fn submit_word(app: &App) -> Option<&'static str> {
    match app.admin.section {
        Section::Users => None,
        Section::Security => Some("change"),
        Section::Projects => Some(if typing(app) { "go on" } else { "give it" }),
    }
}

/// What a command does now; an empty word where it does nothing.
pub(super) fn word(app: &App, command: Command) -> Option<&'static str> {
    let about_a_user = matches!(command, Command::Open | Command::DeleteAllKeys);
    match app.admin.section {
        Section::Users => (about_a_user && app.admin.users.is_empty()).then_some(""),
        Section::Security => security::word(app, command),
        Section::Projects => None,
    }
}

pub(super) fn modal(app: &App) -> bool {
    match app.admin.section {
        Section::Users => false,
        Section::Security => app.admin.security.typing(),
        Section::Projects => app.admin.projects.form_open(),
    }
}

pub(super) fn unsaved(app: &App) -> Option<String> {
    let open = app.admin.security.touched() || app.admin.projects.form_touched();
    open.then(|| "A form of the Admin tab is filled in.".into())
}

pub(super) fn enter(app: &mut App) -> Effects {
    match app.admin.section {
        Section::Users => users::enter(app),
        Section::Security => security::enter(app),
        Section::Projects => projects::enter(app),
    }
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let answer = match app.admin.section {
        Section::Users => users::command(app, command),
        Section::Security => security::command(app, command),
        Section::Projects => projects::command(app, command),
    };
    if answer.is_some() || modal(app) {
        return answer;
    }
    match command {
        Command::NextSection | Command::NextPart => Some(show(app, 1)),
        Command::PreviousSection | Command::PreviousPart => Some(show(app, Section::ALL.len() - 1)),
        Command::Refresh => Some(enter(app)),
        _ => None,
    }
}

/// Shows another section; what the one before was reading is given up.
fn show(app: &mut App, by: usize) -> Effects {
    let mut effects = app.abandon(Scope::Admin);
    app.admin.section = app.admin.section.step(by);
    effects.extend(enter(app));
    effects
}

pub(super) fn key(app: &mut App, key: KeyEvent) -> Effects {
    match app.admin.section {
        Section::Users => users::key(app, key),
        Section::Security => security::key(app, key),
        Section::Projects => projects::key(app, key),
    }
}

pub(super) fn paste(app: &mut App, text: &str) -> Effects {
    match app.admin.section {
        Section::Users => users::paste(app, text),
        Section::Security => security::paste(app, text),
        Section::Projects => projects::paste(app, text),
    }
}

pub(super) fn reply(app: &mut App, _id: RequestId, reply: Reply) -> Effects {
    match reply {
        Reply::UsersPage { .. }
        | Reply::UsersListed(_)
        | Reply::Counted { .. }
        | Reply::Keys { .. }
        | Reply::KeysDeleted { .. } => users::reply(app, reply),
        Reply::ExpirationSet(answer) => security::set(app, answer),
        Reply::ProjectsPage(_)
        | Reply::ProjectsListed(_)
        | Reply::Collaborators { .. }
        | Reply::PermissionSet { .. } => projects::reply(app, reply),
    }
}

pub(super) fn cancelled(app: &mut App, id: RequestId) {
    app.admin.security.cancelled(id);
}

pub(super) fn policy_changed(_app: &mut App) {}

/// Another size brings other rows into sight.
pub(super) fn resized(app: &mut App) -> Effects {
    if app.admin.section == Section::Users { users::count_visible(app) } else { Effects::new() }
}

pub(in crate::tui) fn confirmed(app: &mut App, what: Confirmed) -> Effects {
    let (what, call) = match what {
        Confirmed::DeleteKeys { username, key_ids } => {
            (format!("deleting API keys of {username}"), Call::DeleteKeys { username, key_ids })
        }
        Confirmed::DeleteAllKeys { username } => {
            (format!("deleting all API keys of {username}"), Call::DeleteAllKeys { username })
        }
        Confirmed::SetExpiration { days } => return security::send(app, days),
        Confirmed::RemoveCollaborator { project_id, username } => {
            (format!("removing {username}"), Call::RemoveCollaborator { project_id, username })
        }
        Confirmed::Discard => {
            app.admin.security.close();
            app.admin.projects.close_form();
            return Effects::new();
        }
    };
    vec![start(app, Kind::Change, what, call).1]
}

/// Shows who may do what in a project that some screen has read.
pub(in crate::tui) fn show_collaborators(app: &mut App, project_id: &str) -> Effects {
    let listed = app.admin.projects.all().iter().find(|project| project.id == project_id);
    let Some(project) = listed.or_else(|| app.models.projects.get(project_id)).cloned() else {
        return Effects::new();
    };
    app.admin.section = Section::Projects;
    projects::open_project(app, project);
    match app.tab {
        Tab::Admin => enter(app),
        _ => update::show(app, Tab::Admin),
    }
}

/// Starts a request of this tab.
fn start(app: &mut App, kind: Kind, what: impl Into<String>, call: Call) -> (RequestId, Effect) {
    app.start(Scope::Admin, kind, what, effect::Call::Admin(call))
}

pub(super) fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let mut spans = vec![Span::raw(" ")];
    for section in Section::ALL {
        let style = if section == app.admin.section { theme.tab_current } else { theme.tab };
        spans.push(Span::styled(section.name(), style));
        spans.push(Span::raw("   "));
    }
    spans.push(Span::styled("[ ] or Tab", theme.dim));
    frame.render_widget(Line::from(spans), Rect { height: 1, ..area });
    let area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    match app.admin.section {
        Section::Users => users::view(app, frame, area),
        Section::Security => security::view(app, frame, area),
        Section::Projects => projects::view(app, frame, area),
    }
}
