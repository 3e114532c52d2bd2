//! Projects, and who may do what in them.

use std::collections::HashMap;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::collaborators::{self, CollaboratorForm};
use super::{Call, Confirmed, Reply, start};
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::Effects;
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::view::is_wide;
use crate::tui::widgets::filter::{Done, Filter};
use crate::tui::widgets::pane::{NO_MATCH, awaited, filter_row, pane, words};
use crate::tui::widgets::table::{Column, Shown, Table, TableState, Width};
use crate::wire::{Collaborator, Project, ProjectPermissions};

const COLUMNS: [Column; 4] = [
    Column::new("PROJECT", Width::Fill(16)),
    Column::new("OWNER", Width::Fixed(14)),
    Column::new("VISIBILITY", Width::Fixed(12)).optional(1),
    Column::new("YOUR RIGHTS", Width::Fixed(12)).optional(2),
];

/// The state of the section.
#[derive(Debug, Default)]
pub struct State {
    projects: Vec<Project>,
    places: HashMap<String, usize>,
    table: TableState,
    filter: Filter,
    loading: Option<RequestId>,
    fetched: Option<Timestamp>,
    problem: Option<String>,
    /// The project whose collaborators are shown, and have the keys.
    open: Option<Open>,
    form: Option<CollaboratorForm>,
}

/// An open project.
#[derive(Debug)]
pub struct Open {
    pub project: Project,
    /// The owner first.
    pub people: Vec<Collaborator>,
    pub table: TableState,
    pub loaded: bool,
    /// The question for them.
    pub loading: Option<RequestId>,
    pub problem: Option<String>,
}

impl Open {
    /// The selected collaborator; `None` for the owner.
    pub fn selected(&self) -> Option<&Collaborator> {
        let row = self.table.selected_row().filter(|row| *row > 0)?;
        self.people.get(row)
    }

    fn set(&mut self, collaborators: Vec<Collaborator>) {
        // The owner is not among the collaborators (INFERRED), and told apart where he is.
        let owner = Collaborator { user: self.project.owner.clone(), permission: "owner".into() };
        let others = collaborators.into_iter().filter(|one| one.user.username != owner.user.username);
        self.people = std::iter::once(owner.clone()).chain(others).collect();
        self.loaded = true;
        self.problem = None;
        self.table.arrange(self.people.len(), |_| true, None::<fn(usize) -> usize>);
    }
}

impl State {
    pub fn typing(&self) -> bool {
        match &self.form {
            Some(form) => form.typing(),
            None => self.open.is_none() && self.filter.is_open(),
        }
    }

    /// Every project that was listed here.
    pub fn all(&self) -> &[Project] {
        &self.projects
    }

    pub fn form_open(&self) -> bool {
        self.form.is_some()
    }

    pub fn form_touched(&self) -> bool {
        self.form.as_ref().is_some_and(CollaboratorForm::touched)
    }

    pub fn close_form(&mut self) {
        self.form = None;
    }

    pub fn form(&self) -> Option<&CollaboratorForm> {
        self.form.as_ref()
    }

    pub fn form_mut(&mut self) -> Option<&mut CollaboratorForm> {
        self.form.as_mut()
    }

    /// Names of people that were seen in projects, for completion.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let owners = self.projects.iter().map(|project| project.owner.username.as_str());
        let people = self.open.iter().flat_map(|open| &open.people).map(|one| one.user.username.as_str());
        owners.chain(people)
    }

    fn arrange(&mut self) {
        let (projects, filter) = (&self.projects, &self.filter);
        let keep = |row: usize| {
            projects
                .get(row)
                .is_some_and(|one| filter.keeps(&[&one.name, &one.owner.username, &one.visibility]))
        };
        let by =
            |text: fn(&Project) -> &str| move |row: usize| projects.get(row).map(text).unwrap_or_default();
        match self.table.sort.map(|(column, _)| column) {
            Some(1) => self.table.arrange(projects.len(), keep, Some(by(|one| &one.owner.username))),
            Some(2) => self.table.arrange(projects.len(), keep, Some(by(|one| &one.visibility))),
            Some(3) => self.table.arrange(projects.len(), keep, Some(by(|one| rights(&one.permissions)))),
            _ => self.table.arrange(projects.len(), keep, Some(by(|one| &one.name))),
        }
    }
}

pub fn contexts(app: &App) -> Vec<Context> {
    let state = &app.admin.projects;
    if state.form.is_some() {
        return vec![Context::Form];
    }
    match &state.open {
        Some(_) => vec![Context::Collaborators, Context::Choice],
        None if state.filter.is_open() => vec![Context::FilterField, Context::List],
        None => vec![Context::Projects, Context::List],
    }
}

pub fn enter(app: &mut App) -> Effects {
    if let Some(open) = &app.admin.projects.open {
        let project_id = open.project.id.clone();
        return list_collaborators(app, project_id);
    }
    if app.admin.projects.loading.is_some_and(|id| app.requests.waits_for(id)) {
        return Effects::new();
    }
    let (id, effect) = start(app, Kind::Read, "listing projects", Call::Projects);
    app.admin.projects.loading = Some(id);
    app.admin.projects.problem = None;
    vec![effect]
}

fn list_collaborators(app: &mut App, project_id: String) -> Effects {
    let (id, effect) = start(app, Kind::Read, "listing collaborators", Call::Collaborators { project_id });
    if let Some(open) = &mut app.admin.projects.open {
        open.loading = Some(id);
    }
    vec![effect]
}

pub fn command(app: &mut App, command: Command) -> Option<Effects> {
    if app.admin.projects.form.is_some() {
        return collaborators::command(app, command);
    }
    if app.admin.projects.open.is_some() {
        return people_command(app, command);
    }
    let state = &mut app.admin.projects;
    match state.filter.command(command) {
        Done::Changed => state.arrange(),
        Done::Same => {}
        Done::Not => match command {
            _ if state.table.sort_command(command, COLUMNS.len()) => state.arrange(),
            Command::Open | Command::Right => return Some(open(app)),
            Command::AddCollaborator => {
                let effects = open(app);
                if let Some(open) = &app.admin.projects.open {
                    let closed = closed(app, &open.project);
                    app.admin.projects.form = Some(CollaboratorForm::add(closed));
                }
                return Some(effects);
            }
            other if state.table.command(other) => {}
            _ => return None,
        },
    }
    Some(Effects::new())
}

fn open(app: &mut App) -> Effects {
    let state = &mut app.admin.projects;
    let selected = state.table.selected_row().and_then(|row| state.projects.get(row));
    let Some(project) = selected.cloned() else { return Effects::new() };
    let project_id = project.id.clone();
    open_project(app, project);
    list_collaborators(app, project_id)
}

/// Shows the people of a project; they are asked for when the section is entered.
pub fn open_project(app: &mut App, project: Project) {
    let state = &mut app.admin.projects;
    if let Some(&place) = state.places.get(&project.id) {
        state.table.select_row(place);
    }
    let table = TableState::default();
    state.open =
        Some(Open { project, people: Vec::new(), table, loaded: false, loading: None, problem: None });
}

fn people_command(app: &mut App, command: Command) -> Option<Effects> {
    let mut closed = app.admin.projects.open.as_ref().and_then(|open| closed(app, &open.project));
    let open = app.admin.projects.open.as_mut()?;
    match command {
        Command::Back | Command::Left => {
            app.admin.projects.open = None;
            if app.admin.projects.projects.is_empty() {
                return Some(enter(app));
            }
        }
        Command::AddCollaborator => {
            let closed = closed.take();
            app.admin.projects.form = Some(CollaboratorForm::add(closed));
        }
        Command::ChangePermission => match open.selected() {
            Some(one) => {
                let form = CollaboratorForm::change(&one.user.username, &one.permission, closed.take());
                app.admin.projects.form = Some(form);
            }
            None => {
                let text = "the owner has all rights; only the web page hands a project to somebody else";
                app.notices.warning(app.now, text);
            }
        },
        Command::RemoveCollaborator => {
            let Some(one) = open.selected() else {
                app.notices.warning(app.now, "the owner cannot be removed from a project");
                return Some(Effects::new());
            };
            let (project, username) = (&open.project, one.user.username.clone());
            let lines = vec![
                format!("{username} ({}) loses all rights in {}", one.permission, project.name),
                format!("at {}: its files, and calling its models.", app.session.label),
            ];
            let project_id = project.id.clone();
            let lines = lines.into_iter().chain(closed.take()).collect();
            let then = overlays::Confirmed::Admin(Confirmed::RemoveCollaborator { project_id, username });
            return Some(Confirm::new("Remove this collaborator?", lines, "Remove", then).ask(app));
        }
        other if open.table.command(other) => {}
        _ => return None,
    }
    Some(Effects::new())
}

/// Sends what the form says.
pub fn submit(app: &mut App, username: String, permission: String) -> Effects {
    let Some(open) = &app.admin.projects.open else { return Effects::new() };
    let call =
        Call::SetPermission { project_id: open.project.id.clone(), username: username.clone(), permission };
    let (id, effect) = start(app, Kind::Change, format!("setting the permission of {username}"), call);
    if let Some(form) = &mut app.admin.projects.form {
        form.sending(id);
    }
    vec![effect]
}

pub fn key(app: &mut App, key: KeyEvent) -> Effects {
    if app.admin.projects.form.is_some() {
        collaborators::key(app, key);
    } else if app.admin.projects.open.is_none() && app.admin.projects.filter.on_key(key) {
        app.admin.projects.arrange();
    }
    Effects::new()
}

pub fn paste(app: &mut App, text: &str) -> Effects {
    let state = &mut app.admin.projects;
    if let Some(form) = &mut state.form {
        form.paste(text);
    } else if state.open.is_none() && state.filter.paste(text) {
        state.arrange();
    }
    Effects::new()
}

pub fn reply(app: &mut App, reply: Reply) -> Effects {
    let now = app.now;
    let state = &mut app.admin.projects;
    match reply {
        Reply::ProjectsPage(projects) => {
            for project in projects {
                match state.places.get(&project.id) {
                    Some(&place) => state.projects[place] = project,
                    None => {
                        state.places.insert(project.id.clone(), state.projects.len());
                        state.projects.push(project);
                    }
                }
            }
            state.arrange();
        }
        Reply::ProjectsListed(answer) => {
            state.loading = None;
            match answer {
                Ok(()) => state.fetched = Some(now),
                Err(error) => {
                    state.problem = Some(error.to_string());
                    app.notices.failed(now, &error);
                }
            }
        }
        Reply::Collaborators { project_id, answer } => {
            let Some(open) = state.open.as_mut().filter(|open| open.project.id == project_id) else {
                return Effects::new();
            };
            match answer {
                Ok(collaborators) => open.set(collaborators),
                Err(error) => {
                    open.problem = Some(error.to_string());
                    app.notices.failed(now, &error);
                }
            }
        }
        Reply::PermissionSet { project_id, done, answer } => match answer {
            Ok(()) => {
                state.form = None;
                app.notices.info(now, done);
                return list_collaborators(app, project_id);
            }
            Err(error) => match &mut state.form {
                Some(form) => form.refused(&error),
                None => app.notices.failed(now, &error),
            },
        },
        _ => {}
    }
    Effects::new()
}

/// Why changing the people of a project will be refused, as far as the workbench told: a site
/// administrator may have rights that are not among those of the project.
fn closed(app: &App, project: &Project) -> Option<String> {
    let mine = rights(&project.permissions);
    let owner = app.session.username.as_deref() == Some(project.owner.username.as_str());
    let told = project.permissions != ProjectPermissions::default();
    (told && !owner && !project.permissions.admin).then(|| {
        format!("You have {mine} here: only its owner and administrators may change who may do what.")
    })
}

/// The caller's strongest right in a project, in the words of the permission column.
fn rights(permissions: &ProjectPermissions) -> &'static str {
    match permissions {
        ProjectPermissions { admin: true, .. } => "admin",
        ProjectPermissions { write: true, .. } => "write",
        ProjectPermissions { operator: true, .. } => "operator",
        ProjectPermissions { read: true, .. } => "read",
        ProjectPermissions { business_user: true, .. } => "applications",
        _ => "none",
    }
}

pub fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let state = &app.admin.projects;
    if is_wide(app) {
        let width = area.width * 45 / 100;
        let right = Rect { x: area.right() - width, width, ..area };
        list(app, state.open.is_none(), frame, Rect { width: area.width - width, ..area });
        match &state.open {
            Some(open) => collaborators::view(app, open, frame, right),
            None => {
                let inside = pane(app, "Collaborators", "", false, frame, right);
                words(app, "Enter shows who may do what in the project.", frame, inside);
            }
        }
    } else {
        match &state.open {
            Some(open) => collaborators::view(app, open, frame, area),
            None => list(app, true, frame, area),
        }
    }
    if let Some(form) = &state.form {
        collaborators::view_form(app, form, frame, area);
    }
}

fn list(app: &App, focused: bool, frame: &mut Frame<'_>, area: Rect) {
    let state = &app.admin.projects;
    let theme = &app.preferences.theme;
    let mut note = text::count(state.projects.len(), "project", "projects");
    if state.projects.is_empty() && state.fetched.is_none() {
        note.clear();
    }
    if state.filter.is_shown() {
        note.insert_str(0, &format!("{} of ", state.table.len()));
    }
    if state.loading.is_some_and(|id| app.requests.waits_for(id)) {
        note.push_str(if note.is_empty() { "listing" } else { ", listing" });
    } else if let Some(at) = state.fetched {
        note.push_str(&format!(" {} {}", app.preferences.glyphs.separator, at.strftime("%H:%M UTC")));
    }
    let inside = pane(app, "Projects", &note, focused, frame, area);
    if state.projects.is_empty() {
        let text = match (&state.problem, state.fetched) {
            (Some(problem), _) => problem.clone(),
            (None, Some(_)) => "No projects that you may see.".into(),
            (None, None) => awaited(app, state.loading, "listing projects"),
        };
        return words(app, &text, frame, inside);
    }
    let inside = filter_row(app, &state.filter, frame, inside);
    if state.table.is_empty() {
        return words(app, NO_MATCH, frame, inside);
    }
    let table = Table {
        columns: &COLUMNS,
        theme,
        glyphs: app.preferences.glyphs,
        focused,
        needle: state.filter.text(),
    };
    table.render(&state.table, inside, frame.buffer_mut(), |row, cells| {
        let Some(project) = state.projects.get(row) else { return false };
        cells.push(Shown::new(project.name.as_str()));
        cells.push(Shown::new(project.owner.username.as_str()));
        cells.push(Shown::new(project.visibility.as_str()));
        cells.push(Shown::new(rights(&project.permissions)));
        false
    });
}
