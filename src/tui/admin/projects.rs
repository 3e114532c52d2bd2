//! The section Projects: the list, and who may do what in one of them.

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::areas;
use super::collaborator_form::CollaboratorForm;
use super::collaborators::Collaborators;
use super::previews::Previews;
use super::project_list::ProjectList;
use crate::api;
use crate::tui::call::Answer;
use crate::tui::command::{Command, KeyContext};
use crate::tui::event::{Destination, Event, Named};
use crate::tui::layer::{Outcome, Readiness};
use crate::tui::layout::{beside, body, is_wide};
use crate::tui::parts::pane::pane;
use crate::tui::shared::Shared;
use crate::tui::tab::Tab;
use crate::wire::{Collaborator, Project};

/// The state of the section.
#[derive(Debug, Default)]
pub struct Projects {
    list: ProjectList,
    /// The project whose collaborators have the keys, and the room that they need.
    open: Option<Collaborators>,
    /// The collaborators of selected projects, beside the list.
    previews: Previews<Collaborators>,
}

/// The width of collaborators beside the list.
const PREVIEW: u16 = 40;
const WIDEST: u16 = 80;

impl Projects {
    pub fn contexts(&self) -> Vec<KeyContext> {
        match &self.open {
            _ if self.typing() => vec![KeyContext::FilterField, KeyContext::List],
            Some(_) => vec![KeyContext::Collaborators, KeyContext::List],
            None => vec![KeyContext::Projects, KeyContext::List],
        }
    }

    /// Whether the collaborators of a project have the focus.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether a command of the section needs a project or a collaborator, and none is selected.
    pub fn has_nothing_for(&self, command: Command) -> bool {
        match (&self.open, command) {
            (None, Command::Open | Command::AddCollaborator) => self.list.selected().is_none(),
            (Some(open), Command::ChangePermission | Command::RemoveCollaborator) => !open.has_selection(),
            _ => false,
        }
    }

    pub fn readiness(&self, shared: &Shared, command: Command) -> Readiness {
        match &self.open {
            // Its form needs no list.
            Some(_) if command == Command::AddCollaborator => Readiness::Ready,
            Some(open) => open.readiness(shared),
            None => self.list.readiness(shared),
        }
    }

    pub fn typing(&self) -> bool {
        self.open.as_ref().map_or_else(|| self.list.typing(), Collaborators::typing)
    }

    /// The areas of the list and of the collaborators of a project.
    fn panes(&self, shared: &Shared, area: Rect) -> [Option<Rect>; 2] {
        let least = self.open.as_ref().map_or(PREVIEW, |open| open.needs(shared).clamp(PREVIEW, WIDEST));
        match beside(area, self.list.needs(shared), least..=WIDEST).filter(|_| is_wide(shared)) {
            Some((list, people)) => [Some(list), Some(people)],
            None if self.open.is_some() => [None, Some(area)],
            None => [Some(area), None],
        }
    }

    /// The preview follows the selection.
    pub fn follow(&mut self, shared: &Shared) {
        let [_, people] = self.panes(shared, areas::section(body(shared)));
        let in_sight = self.open.is_none() && people.is_some();
        let selected = self.list.selected().map(|project| project.id.as_str());
        self.previews.follow(shared.now, selected.filter(|_| in_sight));
    }

    /// When to ask for the collaborators of the selected project.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        self.previews.wakes_at()
    }

    pub fn wake(&mut self, shared: &mut Shared) -> Outcome {
        let due = self.previews.due(shared.now);
        let project = self.list.selected().filter(|project| due.as_ref() == Some(&project.id));
        let Some(mut people) = project.cloned().map(Collaborators::of) else { return Outcome::done() };
        let listing = shared.quietly(|shared| people.list(shared));
        self.previews.put(people.project().id.clone(), people);
        listing
    }

    pub fn enter(&mut self, shared: &mut Shared) -> Outcome {
        if let Some(open) = &mut self.open {
            return open.list(shared);
        }
        let listing = self.list.enter(shared);
        if !shared.quiet {
            self.previews.clear();
        }
        self.follow(shared);
        let preview = self.list.selected().and_then(|project| self.previews.get_mut(&project.id));
        listing.and(preview.map_or_else(Outcome::done, |people| people.list(shared)))
    }

    /// Follows the columns that are chosen.
    pub fn follow_columns(&mut self, shared: &Shared) {
        self.previews.clear();
        self.list.follow_columns(shared);
        self.open.iter_mut().for_each(|open| open.follow_columns(shared));
    }

    /// Shows the people of a project; they are asked for when the section is entered.
    pub fn open(&mut self, project: Project) {
        self.list.select(&project.id);
        let known = self.previews.take(&project.id);
        self.open = Some(known.unwrap_or_else(|| Collaborators::of(project)));
    }

    /// `users` are names for completion, beside those that were seen here.
    pub fn command<'a>(
        &'a mut self,
        shared: &mut Shared,
        users: impl Iterator<Item = &'a str>,
        command: Command,
    ) -> Outcome {
        if self.open.is_some() {
            return self.people_command(shared, users, command);
        }
        let outcome = self.list.command(shared, command);
        self.follow(shared);
        let opens = matches!(command, Command::Open | Command::Right | Command::AddCollaborator);
        let Some(project) = self.list.selected().cloned().filter(|_| opens && !outcome.taken) else {
            return outcome;
        };
        self.open(project);
        let listing = self.enter(shared);
        match command {
            Command::AddCollaborator => listing.and(self.add(shared, users)),
            _ => listing,
        }
    }

    fn people_command<'a>(
        &'a mut self,
        shared: &mut Shared,
        users: impl Iterator<Item = &'a str>,
        command: Command,
    ) -> Outcome {
        match command {
            Command::AddCollaborator => self.add(shared, users),
            other => {
                let outcome = self.open.as_mut().map(|open| open.command(shared, other)).unwrap_or_default();
                if outcome.taken || !matches!(other, Command::Back | Command::Left) {
                    return outcome;
                }
                if let Some(open) = self.open.take() {
                    self.previews.put(open.project().id.clone(), open.plain());
                }
                self.follow(shared);
                if self.list.is_empty() { self.list.enter(shared) } else { Outcome::done() }
            }
        }
    }

    /// Opens the form for a new collaborator.
    fn add<'a>(&'a self, shared: &Shared, users: impl Iterator<Item = &'a str>) -> Outcome {
        let Some(open) = &self.open else { return Outcome::done() };
        let names = users.chain(self.list.owners()).chain(open.names()).map(str::to_owned).collect();
        let form = CollaboratorForm::add(open.project(), names, open.closed(shared));
        Outcome::push(form.knowing(open.permissions()))
    }

    pub fn key(&mut self, shared: &Shared, key: KeyEvent) -> Outcome {
        match &mut self.open {
            Some(open) => open.key(key),
            None => self.list.key(key),
        }
        self.follow(shared);
        Outcome::done()
    }

    pub fn paste(&mut self, shared: &Shared, text: &str) -> Outcome {
        match &mut self.open {
            Some(open) => open.paste(text),
            None => self.list.paste(text),
        }
        self.follow(shared);
        Outcome::done()
    }

    pub fn answer(&mut self, shared: &mut Shared, answer: Answer) -> Outcome {
        match answer {
            Answer::ProjectsPage(projects) => self.list.add(projects),
            Answer::ProjectsListed(answer) => self.list.listed(shared, answer),
            Answer::Collaborators { project_id, answer } => match (self.opened(&project_id), answer) {
                (Some(open), answer) => {
                    open.listed(shared, answer);
                    // A form may have been opened before they came.
                    let permissions = open.permissions();
                    self.follow(shared);
                    return Outcome::event(Event::CollaboratorsListed { project_id, permissions });
                }
                (None, answer) => self.preview_listed(shared, &project_id, answer),
            },
            Answer::CollaboratorRemoved { project_id, username, done } => match done {
                Ok(()) => {
                    shared.notices.info(shared.now, format!("{username} was removed"));
                    return Outcome::event(Event::CollaboratorsChanged(project_id));
                }
                Err(error) => shared.notices.failed(shared.now, &error),
            },
            _ => {}
        }
        self.follow(shared);
        Outcome::done()
    }

    fn preview_listed(
        &mut self,
        shared: &mut Shared,
        project_id: &str,
        answer: Result<Vec<Collaborator>, api::Error>,
    ) {
        match (self.previews.get_mut(project_id), answer) {
            (Some(preview), Ok(people)) => preview.listed(shared, Ok(people)),
            (Some(preview), Err(error)) => preview.failed(shared, &error),
            (None, _) => {}
        }
    }

    fn opened(&mut self, project_id: &str) -> Option<&mut Collaborators> {
        self.open.as_mut().filter(|open| open.project().id == project_id)
    }

    pub fn collaborators_changed(&mut self, shared: &mut Shared, project_id: &str) -> Outcome {
        self.previews.take(project_id);
        self.follow(shared);
        self.opened(project_id).map_or_else(Outcome::done, |open| open.list(shared))
    }

    /// The projects by name. Each leads to its models, and to its collaborators if the signed-in user
    /// may change them.
    pub fn found(&self, shared: &Shared, limit: usize) -> Event {
        let mut projects: Vec<&Project> = self.list.all().iter().collect();
        projects.sort_by(|one, other| one.name.cmp(&other.name));
        let own = shared.session.username.as_deref();
        let mut names = Vec::new();
        for project in projects.into_iter().take(limit) {
            let name = || project.name.clone();
            let destination = Destination::Project(project.id.clone());
            names.push(Named { name: name(), note: "models", destination });
            if project.permissions.admin || own == Some(project.owner.username.as_str()) {
                let destination = Destination::Collaborators(Box::new(project.clone()));
                names.push(Named { name: name(), note: "collaborators", destination });
            }
        }
        Event::NamesFound { from: Tab::Admin, names, state: self.list.state(shared) }
    }

    pub fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let [list, people] = self.panes(shared, area);
        if let Some(area) = list {
            self.list.draw(shared, self.open.is_none(), frame, area);
        }
        let selected = || self.list.selected().and_then(|project| self.previews.get(&project.id));
        match (people, &self.open) {
            (Some(area), Some(open)) => open.draw(shared, true, frame, area),
            (Some(area), None) => match selected() {
                Some(preview) => preview.draw(shared, false, frame, area),
                None => drop(pane(shared, "Collaborators", "", false, frame, area)),
            },
            (None, _) => {}
        }
    }
}
