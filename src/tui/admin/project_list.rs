//! The list of projects.

use std::collections::HashMap;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::areas;
use crate::actions::projects::strongest_right;
use crate::api;
use crate::text;
use crate::tui::call::Call;
use crate::tui::command::Command;
use crate::tui::event::Listing;
use crate::tui::layer::Outcome;
use crate::tui::parts::pane::{awaited, filter_row, message, no_match, pane};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::tui::widgets::filter::{Done, Filter};
use crate::tui::widgets::table::{Column, Shown, Table, TableState, Width};
use crate::wire::Project;

const COLUMNS: [Column; 4] = [
    Column::new("PROJECT", Width::Fill(16)),
    Column::new("OWNER", Width::Fixed(14)),
    Column::new("VISIBILITY", Width::Fixed(12)).optional(1),
    Column::new("YOUR RIGHTS", Width::Fixed(12)).optional(2),
];

/// The projects.
#[derive(Debug, Default)]
pub struct ProjectList {
    projects: Vec<Project>,
    /// Index into `projects` by project id.
    index: HashMap<String, usize>,
    table: TableState,
    filter: Filter,
    loading: Option<RequestId>,
    fetched: Option<Timestamp>,
    /// A page of the list that comes brought something new.
    changing: bool,
    problem: Option<String>,
}

impl ProjectList {
    pub fn typing(&self) -> bool {
        self.filter.is_open()
    }

    /// Every project that was listed.
    pub fn all(&self) -> &[Project] {
        &self.projects
    }

    pub fn is_empty(&self) -> bool {
        self.projects.is_empty()
    }

    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.projects.iter().map(|project| project.owner.username.as_str())
    }

    pub fn selected(&self) -> Option<&Project> {
        self.table.selected_row().and_then(|row| self.projects.get(row))
    }

    /// Selects a project by its ID, if it is listed.
    pub fn select(&mut self, project_id: &str) {
        if let Some(row) = self.index.get(project_id) {
            self.table.select_row(*row);
        }
    }

    /// How far the list has come.
    pub fn state(&self, shared: &Shared) -> Listing {
        match (&self.problem, self.fetched) {
            _ if self.loading.is_some_and(|id| shared.requests.waits_for(id)) => Listing::Reading,
            (Some(problem), _) => Listing::Failed(problem.clone()),
            (None, Some(_)) => Listing::Complete("all you may see"),
            (None, None) => Listing::Unread,
        }
    }

    fn arrange(&mut self) {
        let (projects, filter) = (&self.projects, &self.filter);
        let keep = |row: usize| {
            projects
                .get(row)
                .is_some_and(|one| filter.keeps(&[&one.name, &one.owner.username, &one.visibility]))
        };
        let of: fn(&Project) -> &str = match self.table.sort.map(|(column, _)| column) {
            Some(1) => |one| &one.owner.username,
            Some(2) => |one| &one.visibility,
            Some(3) => |one| strongest_right(&one.permissions),
            _ => |one| &one.name,
        };
        let key = |row: usize| projects.get(row).map(of).unwrap_or_default();
        self.table.arrange(projects.len(), keep, Some(key));
    }

    /// Requests the projects, unless a request is in flight.
    pub fn enter(&mut self, shared: &mut Shared) -> Outcome {
        if self.loading.is_some_and(|id| shared.requests.waits_for(id)) {
            return Outcome::done();
        }
        let (id, effect) = shared.start(Kind::Read, "listing projects", Call::Projects);
        self.loading = Some(id);
        self.problem = None;
        effect.into()
    }

    /// Moves, filters, sorts; ignores other commands.
    pub fn command(&mut self, shared: &Shared, command: Command) -> Outcome {
        match self.filter.command(command) {
            Done::Changed => self.arrange(),
            Done::Same => {}
            Done::Not if self.table.sort_command(command, COLUMNS.len()) => self.arrange(),
            Done::Not if self.table.command(command, areas::rows(shared, &self.filter)) => {}
            Done::Not => return Outcome::ignored(),
        }
        Outcome::done()
    }

    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        if self.filter.on_key(key) {
            self.arrange();
        }
        Outcome::done()
    }

    pub fn paste(&mut self, text: &str) -> Outcome {
        if self.filter.paste(text) {
            self.arrange();
        }
        Outcome::done()
    }

    /// Takes a page of the list.
    pub fn add(&mut self, projects: Vec<Project>) {
        for project in projects {
            match self.index.get(&project.id) {
                Some(&at) => {
                    self.changing |= self.projects[at] != project;
                    self.projects[at] = project;
                }
                None => {
                    self.changing = true;
                    self.index.insert(project.id.clone(), self.projects.len());
                    self.projects.push(project);
                }
            }
        }
        self.arrange();
    }

    /// There are no more pages.
    pub fn listed(&mut self, shared: &mut Shared, answer: Result<(), api::Error>) {
        self.loading = None;
        match answer {
            // The time in the title is that of the last change.
            Ok(()) if std::mem::take(&mut self.changing) || self.fetched.is_none() => {
                self.fetched = Some(shared.now);
            }
            Ok(()) => {}
            Err(error) => {
                self.problem = Some(error.to_string());
                shared.notices.failed(shared.now, &error);
            }
        }
    }

    /// The note to the right of the title: how many projects, and how many are listed so far.
    fn note(&self, shared: &Shared) -> String {
        let mut note = text::count(self.projects.len(), "project", "projects");
        if self.projects.is_empty() && self.fetched.is_none() {
            note.clear();
        }
        if self.filter.is_shown() {
            note.insert_str(0, &format!("{} of ", self.table.len()));
        }
        if self.loading.is_some_and(|id| shared.requests.is_awaited(id)) {
            note.push_str(if note.is_empty() { "listing" } else { ", listing" });
        } else if let Some(at) = self.fetched {
            let separator = shared.preferences.glyphs.separator;
            note.push_str(&format!(" {separator} {}", at.strftime("%H:%M UTC")));
        }
        note
    }

    pub fn draw(&self, shared: &Shared, focused: bool, frame: &mut Frame<'_>, area: Rect) {
        let inside = pane(shared, "Projects", &self.note(shared), focused, frame, area);
        if self.projects.is_empty() {
            let text = match (&self.problem, self.fetched) {
                (Some(problem), _) => problem.clone(),
                (None, Some(_)) => "No projects that you may see.".into(),
                (None, None) => awaited(shared, self.loading, "listing projects"),
            };
            return message(shared, &text, frame, inside);
        }
        let inside = filter_row(shared, &self.filter, frame, inside);
        if self.table.is_empty() {
            return message(shared, &no_match(shared), frame, inside);
        }
        let table = Table {
            columns: &COLUMNS,
            theme: &shared.preferences.theme,
            glyphs: shared.preferences.glyphs,
            focused,
            needle: self.filter.text(),
        };
        table.render(&self.table, inside, frame.buffer_mut(), |row, cells| {
            let Some(project) = self.projects.get(row) else { return false };
            cells.push(Shown::new(project.name.as_str()));
            cells.push(Shown::new(project.owner.username.as_str()));
            cells.push(Shown::new(project.visibility.as_str()));
            cells.push(Shown::new(strongest_right(&project.permissions)));
            false
        });
    }
}
