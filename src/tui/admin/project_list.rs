//! The list of projects.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::areas;
use crate::actions::projects::strongest_right;
use crate::api;
use crate::tui::call::Call;
use crate::tui::command::Command;
use crate::tui::event::Listing;
use crate::tui::layer::{Outcome, Readiness};
use crate::tui::list::{Column, Fetch, Key, List, Row, Shown, Width};
use crate::tui::overlays::ColumnChooser;
use crate::tui::parts::pane::{message, pane};
use crate::tui::shared::Shared;
use crate::wire::Project;

/// What the columns show.
fn cells(project: &Project) -> [&str; 4] {
    let Project { name, owner, visibility, permissions, .. } = project;
    [name, &owner.username, visibility, strongest_right(permissions)]
}

impl Row for Project {
    const NAME: &'static str = "projects";
    const COLUMNS: &'static [Column] = &[
        Column::new("PROJECT", Width::Fill(16)).ends(),
        Column::new("OWNER", Width::Fill(10)).ends(),
        Column::new("VISIBILITY", Width::Fixed(12)).optional(1),
        Column::new("YOUR RIGHTS", Width::Fixed(12)).optional(2),
    ];
    const FIRST: Option<usize> = Some(0);

    fn id(&self) -> &str {
        &self.id
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        cells(self).into_iter().enumerate().for_each(|(column, text)| add(column, text));
    }

    fn filling(&self, column: usize) -> &str {
        cells(self).get(column).copied().unwrap_or_default()
    }

    fn renew(&mut self, newer: Self) -> bool {
        let changed = *self != newer;
        *self = newer;
        changed
    }

    fn key(&self, column: usize) -> Key<'_> {
        cells(self).get(column).copied().unwrap_or_default().into()
    }
}

/// The projects.
#[derive(Debug, Default)]
pub struct ProjectList {
    projects: List<Project>,
    fetch: Fetch,
}

impl ProjectList {
    pub fn typing(&self) -> bool {
        self.projects.state.filter.is_open()
    }

    /// Every project that was listed.
    pub fn all(&self) -> &[Project] {
        self.projects.all()
    }

    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.all().iter().map(|project| project.owner.username.as_str())
    }

    pub fn selected(&self) -> Option<&Project> {
        self.projects.selected()
    }

    /// Selects a project by its ID, if it is listed.
    pub fn select(&mut self, project_id: &str) {
        self.projects.select(project_id);
    }

    pub fn readiness(&self, shared: &Shared) -> Readiness {
        Readiness::of(&self.state(shared), self.projects.state.is_empty())
    }

    /// How far the list has come.
    pub fn state(&self, shared: &Shared) -> Listing {
        self.fetch.listing(shared, "all you may see")
    }

    /// Requests the projects, unless a request is in flight.
    pub fn enter(&mut self, shared: &mut Shared) -> Outcome {
        if self.fetch.is_running(shared) {
            return Outcome::done();
        }
        self.fetch.problem = None;
        self.follow_columns(shared);
        self.fetch.start(shared, "listing projects", Call::Projects).into()
    }

    /// Follows the columns that are chosen for such lists.
    pub fn follow_columns(&mut self, shared: &Shared) {
        self.projects.follow_columns(shared);
    }

    /// Moves, filters, sorts; ignores other commands.
    pub fn command(&mut self, shared: &Shared, command: Command) -> Outcome {
        match self.projects.command(command, areas::rows(shared, &self.projects.state)) {
            _ if command == Command::ChooseColumns => Outcome::push(ColumnChooser::of::<Project>(shared)),
            true => Outcome::done(),
            false => Outcome::ignored(),
        }
    }

    pub fn key(&mut self, key: KeyEvent) {
        self.projects.key(key);
    }

    pub fn paste(&mut self, text: &str) {
        self.projects.paste(text);
    }

    /// Takes a page of the list.
    pub fn add(&mut self, projects: Vec<Project>) {
        self.fetch.changing |= self.projects.add(projects);
    }

    /// There are no more pages.
    pub fn listed(&mut self, shared: &mut Shared, answer: Result<(), api::Error>) {
        self.fetch.request = None;
        match answer {
            Ok(()) => self.fetch.succeeded(shared),
            Err(error) => {
                self.fetch.problem = Some(shared.instead(&error));
                shared.notices.failed(shared.now, &error);
            }
        }
    }

    /// How wide it is if it cuts nothing.
    pub fn needs(&self, shared: &Shared) -> u16 {
        self.projects.view(shared).needed() + 2
    }

    pub fn draw(&self, shared: &Shared, focused: bool, frame: &mut Frame<'_>, area: Rect) {
        let all = (self.all().len(), "project", "projects");
        let note = self.fetch.note(shared, &self.projects.state, all);
        let inside = pane(shared, "Projects", &note, focused, frame, area);
        if self.is_empty() {
            let text = match self.fetch.at {
                Some(_) if self.fetch.problem.is_none() => "No projects that you may see.".into(),
                _ => self.fetch.instead(shared, "listing projects"),
            };
            return message(shared, &text, frame, inside);
        }
        let view = self.projects.view(shared).focused(focused).framed(area);
        view.draw(frame, inside, |row, shown| {
            let Some(project) = self.all().get(row) else { return false };
            shown.extend(cells(project).map(Shown::new));
            false
        });
    }
}
