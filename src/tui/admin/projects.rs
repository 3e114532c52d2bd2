//! The section Projects: the list, and who may do what in one of them.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::collaborator_form::CollaboratorForm;
use super::collaborators::Collaborators;
use super::project_list::ProjectList;
use crate::tui::call::Answer;
use crate::tui::command::{Command, KeyContext};
use crate::tui::event::{Destination, Event, Named};
use crate::tui::layer::Outcome;
use crate::tui::layout::is_wide;
use crate::tui::parts::pane::{message, pane};
use crate::tui::shared::Shared;
use crate::tui::tab::Tab;
use crate::wire::Project;

/// The state of the section.
#[derive(Debug, Default)]
pub struct Projects {
    list: ProjectList,
    /// The project whose collaborators are shown, and have the keys.
    open: Option<Collaborators>,
}

impl Projects {
    pub fn contexts(&self) -> Vec<KeyContext> {
        match &self.open {
            _ if self.typing() => vec![KeyContext::FilterField, KeyContext::List],
            Some(_) => vec![KeyContext::Collaborators, KeyContext::List],
            None => vec![KeyContext::Projects, KeyContext::List],
        }
    }

    /// Whether a command of the section needs a project or a collaborator, and none is selected.
    pub fn has_nothing_for(&self, command: Command) -> bool {
        match (&self.open, command) {
            (None, Command::Open | Command::AddCollaborator) => self.list.selected().is_none(),
            (Some(open), Command::ChangePermission | Command::RemoveCollaborator) => !open.has_selection(),
            _ => false,
        }
    }

    pub fn typing(&self) -> bool {
        self.open.as_ref().map_or_else(|| self.list.typing(), Collaborators::typing)
    }

    pub fn enter(&mut self, shared: &mut Shared) -> Outcome {
        match &mut self.open {
            Some(open) => open.list(shared),
            None => self.list.enter(shared),
        }
    }

    /// Follows the columns that are chosen.
    pub fn follow_columns(&mut self, shared: &Shared) {
        self.list.follow_columns(shared);
        self.open.iter_mut().for_each(|open| open.follow_columns(shared));
    }

    /// Shows the people of a project; they are asked for when the section is entered.
    pub fn open(&mut self, project: Project) {
        self.list.select(&project.id);
        self.open = Some(Collaborators::of(project));
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
                self.open = None;
                if self.list.is_empty() { self.list.enter(shared) } else { Outcome::done() }
            }
        }
    }

    /// Opens the form for a new collaborator.
    fn add<'a>(&'a self, shared: &Shared, users: impl Iterator<Item = &'a str>) -> Outcome {
        let Some(open) = &self.open else { return Outcome::done() };
        let names = users.chain(self.list.owners()).chain(open.names()).map(str::to_owned).collect();
        Outcome::push(CollaboratorForm::add(open.project(), names, open.closed(shared)))
    }

    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        match &mut self.open {
            Some(open) => open.key(key),
            None => self.list.key(key),
        }
        Outcome::done()
    }

    pub fn paste(&mut self, text: &str) -> Outcome {
        match &mut self.open {
            Some(open) => open.paste(text),
            None => self.list.paste(text),
        }
        Outcome::done()
    }

    pub fn answer(&mut self, shared: &mut Shared, answer: Answer) -> Outcome {
        match answer {
            Answer::ProjectsPage(projects) => self.list.add(projects),
            Answer::ProjectsListed(answer) => self.list.listed(shared, answer),
            Answer::Collaborators { project_id, answer } => {
                if let Some(open) = self.opened(&project_id) {
                    open.listed(shared, answer);
                }
            }
            Answer::CollaboratorRemoved { project_id, username, done } => match done {
                Ok(()) => {
                    shared.notices.info(shared.now, format!("{username} was removed"));
                    return Outcome::event(Event::CollaboratorsChanged(project_id));
                }
                Err(error) => shared.notices.failed(shared.now, &error),
            },
            _ => {}
        }
        Outcome::done()
    }

    fn opened(&mut self, project_id: &str) -> Option<&mut Collaborators> {
        self.open.as_mut().filter(|open| open.project().id == project_id)
    }

    pub fn collaborators_changed(&mut self, shared: &mut Shared, project_id: &str) -> Outcome {
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
        if is_wide(shared) {
            let width = area.width * 45 / 100;
            let right = Rect { x: area.right() - width, width, ..area };
            self.list.draw(shared, self.open.is_none(), frame, Rect { width: area.width - width, ..area });
            match &self.open {
                Some(open) => open.draw(shared, frame, right),
                None => {
                    let inside = pane(shared, "Collaborators", "", false, frame, right);
                    let text = format!("{} shows the project's collaborators.", shared.key_of(Command::Open));
                    message(shared, &text, frame, inside);
                }
            }
        } else {
            match &self.open {
                Some(open) => open.draw(shared, frame, area),
                None => self.list.draw(shared, true, frame, area),
            }
        }
    }
}
