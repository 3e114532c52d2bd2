//! The people of one project, and what each may do there.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::areas;
use super::collaborator_form::CollaboratorForm;
use crate::actions::projects::strongest_right;
use crate::api;
use crate::text;
use crate::tui::call::Call;
use crate::tui::command::Command;
use crate::tui::decision::Decision;
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::parts::pane::{awaited, message, pane};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::table::{Column, Shown, Table, TableState, Width};
use crate::wire::{Collaborator, Project, ProjectPermissions};

const COLUMNS: [Column; 3] = [
    Column::new("USER", Width::Fill(14)),
    Column::new("PERMISSION", Width::Fixed(12)),
    Column::new("NAME", Width::Fill(10)).optional(1),
];

/// The people of a project.
#[derive(Debug)]
pub struct Collaborators {
    project: Project,
    /// The owner first; `None` until the list arrives.
    people: Option<Vec<Collaborator>>,
    table: TableState,
    loading: Option<RequestId>,
    problem: Option<String>,
}

impl Collaborators {
    pub fn of(project: Project) -> Self {
        Self { project, people: None, table: TableState::default(), loading: None, problem: None }
    }

    pub fn project(&self) -> &Project {
        &self.project
    }

    /// Names of the people that are known.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.people.iter().flatten().map(|one| one.user.username.as_str())
    }

    /// Whether a collaborator is selected, whose permission can be changed: not the owner.
    pub fn has_selection(&self) -> bool {
        self.selected().is_some()
    }

    /// The selected collaborator; `None` for the owner.
    fn selected(&self) -> Option<&Collaborator> {
        let row = self.table.selected_row().filter(|row| *row > 0)?;
        self.people.as_ref()?.get(row)
    }

    /// Why the workbench will refuse changes of the collaborators, if that is known. It is only a
    /// guess: a site administrator may have rights that the project does not list.
    pub fn closed(&self, shared: &Shared) -> Option<String> {
        let Project { permissions, owner, .. } = &self.project;
        let own = shared.session.username.as_deref() == Some(owner.username.as_str());
        let known = *permissions != ProjectPermissions::default();
        (known && !own && !permissions.admin).then(|| {
            let mine = strongest_right(permissions);
            format!(
                "You have {mine} here: only the project's owner and administrators may change collaborators."
            )
        })
    }

    /// Asks for the people.
    pub fn list(&mut self, shared: &mut Shared) -> Outcome {
        let call = Call::Collaborators { project_id: self.project.id.clone() };
        let (id, effect) = shared.start(Kind::Read, "listing collaborators", call);
        self.loading = Some(id);
        effect.into()
    }

    pub fn listed(&mut self, shared: &mut Shared, answer: Result<Vec<Collaborator>, api::Error>) {
        let collaborators = match answer {
            Ok(collaborators) => collaborators,
            Err(error) => {
                self.problem = Some(error.to_string());
                return shared.notices.failed(shared.now, &error);
            }
        };
        // The owner is not among the collaborators (INFERRED); if they are, show them once.
        let owner = Collaborator { user: self.project.owner.clone(), permission: "owner".into() };
        let is_other = |one: &Collaborator| one.user.username != self.project.owner.username;
        let others = collaborators.into_iter().filter(is_other);
        let people: Vec<_> = std::iter::once(owner).chain(others).collect();
        self.table.arrange(people.len(), |_| true, None::<fn(usize) -> usize>);
        self.people = Some(people);
        self.problem = None;
    }

    pub fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::ChangePermission => self.change(shared),
            Command::RemoveCollaborator => self.ask_remove(shared),
            other if self.table.command(other, areas::rows(shared, &Filter::default())) => Outcome::done(),
            _ => Outcome::ignored(),
        }
    }

    /// Opens the form for another permission.
    fn change(&self, shared: &mut Shared) -> Outcome {
        let Some(one) = self.selected() else {
            let text = "the owner has all rights; a project can be transferred only on the web page";
            shared.notices.warning(shared.now, text);
            return Outcome::done();
        };
        let closed = self.closed(shared);
        Outcome::push(CollaboratorForm::change(&self.project, &one.user.username, &one.permission, closed))
    }

    fn ask_remove(&self, shared: &mut Shared) -> Outcome {
        let Some(one) = self.selected() else {
            shared.notices.warning(shared.now, "the owner cannot be removed from a project");
            return Outcome::done();
        };
        let (project, username) = (&self.project, one.user.username.clone());
        let lines = [
            format!("{username} ({}) loses all rights in {}", one.permission, project.name),
            format!("at {}: its files, and calling its models.", shared.session.label),
        ];
        let lines = lines.into_iter().chain(self.closed(shared)).collect();
        let then = Decision::RemoveCollaborator { project_id: project.id.clone(), username };
        Question::new("Remove this collaborator?", lines, "Remove", then).ask()
    }

    pub fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let title = format!("Collaborators of {}", text::clean(&self.project.name));
        let note = self.people.as_ref().map(|people| {
            format!("owner and {}", text::count(people.len().saturating_sub(1), "other", "others"))
        });
        let inside = pane(shared, &title, &note.unwrap_or_default(), true, frame, area);
        let Some(people) = &self.people else {
            let asking = || awaited(shared, self.loading, "listing collaborators");
            return message(shared, &self.problem.clone().unwrap_or_else(asking), frame, inside);
        };
        let glyphs = shared.preferences.glyphs;
        let table = Table { columns: &COLUMNS, theme, glyphs, focused: true, needle: "" };
        table.render(&self.table, inside, frame.buffer_mut(), |row, cells| {
            let Some(one) = people.get(row) else { return false };
            let style = if row == 0 { theme.accent } else { theme.text };
            cells.push(Shown::new(one.user.username.as_str()));
            cells.push(Shown::styled(one.permission.as_str(), style));
            cells.push(Shown::new(full_name(one)));
            false
        });
    }
}

/// The name of a user; a team has permissions of the kind `inherit` (SPEC: teams only).
fn full_name(one: &Collaborator) -> String {
    if one.permission == "inherit" { "team; its members' own rights".into() } else { one.user.name.clone() }
}
