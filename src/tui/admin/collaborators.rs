//! The people of one project, and what each may do there.

use crossterm::event::KeyEvent;
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
use crate::tui::layer::{Outcome, Readiness};
use crate::tui::list::{Column, Fetch, Key, List, ListState, Row, Select, Shown, Width};
use crate::tui::overlays::ColumnChooser;
use crate::tui::overlays::Question;
use crate::tui::parts::pane::{message, pane};
use crate::tui::shared::Shared;
use crate::wire::{Collaborator, Project, ProjectPermissions};

impl Row for Collaborator {
    const NAME: &'static str = "collaborators";
    const COLUMNS: &'static [Column] = &[
        Column::new("USER", Width::Fill(14)).ends(),
        Column::new("PERMISSION", Width::Fixed(12)),
        Column::new("NAME", Width::Fill(10)).optional(1),
    ];

    fn id(&self) -> &str {
        &self.user.username
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        cells(self).into_iter().enumerate().for_each(|(column, text)| add(column, text));
    }

    fn filling(&self, column: usize) -> &str {
        cells(self).get(column).copied().unwrap_or_default()
    }

    fn key(&self, column: usize) -> Key<'_> {
        cells(self).get(column).copied().unwrap_or_default().into()
    }
}

/// What the columns show. A team has permissions of the kind `inherit` (SPEC: teams only).
fn cells(one: &Collaborator) -> [&str; 3] {
    let name = if one.permission == "inherit" { "team; its members' own rights" } else { &one.user.name };
    [&one.user.username, &one.permission, name]
}

/// The people of a project.
#[derive(Debug)]
pub struct Collaborators {
    project: Project,
    /// The owner first.
    people: List<Collaborator>,
    fetch: Fetch,
}

impl Collaborators {
    pub fn of(project: Project) -> Self {
        Self { project, people: List::default(), fetch: Fetch::default() }
    }

    pub fn project(&self) -> &Project {
        &self.project
    }

    pub fn readiness(&self, shared: &Shared) -> Readiness {
        Readiness::of(&self.fetch.listing(shared, ""), self.people.state.is_empty())
    }

    pub fn typing(&self) -> bool {
        self.people.state.filter.is_open()
    }

    /// Names of the people that are known.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.people.all().iter().map(Row::id)
    }

    /// The collaborators, with their permissions.
    pub fn permissions(&self) -> Vec<(String, String)> {
        let people = self.people.all().iter();
        people.map(|one| (one.user.username.clone(), one.permission.clone())).collect()
    }

    /// Whether a collaborator is selected, whose permission can be changed: not the owner.
    pub fn has_selection(&self) -> bool {
        self.selected().is_some()
    }

    /// The selected collaborator; `None` for the owner.
    fn selected(&self) -> Option<&Collaborator> {
        self.people.selected().filter(|one| one.user.username != self.project.owner.username)
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
        self.follow_columns(shared);
        let call = Call::Collaborators { project_id: self.project.id.clone() };
        self.fetch.start(shared, "listing collaborators", call).into()
    }

    /// They could not be listed; there is more to say about it than the pane does only if they were asked
    /// for.
    pub fn failed(&mut self, shared: &Shared, error: &api::Error) {
        self.fetch.problem = Some(shared.instead(error));
    }

    /// Without the traces of its use.
    pub fn plain(mut self) -> Self {
        self.people.state = ListState::default();
        self.people.arrange(Select::Same);
        self
    }

    /// How wide it is if it cuts nothing.
    pub fn needs(&self, shared: &Shared) -> u16 {
        self.people.view(shared).needed() + 2
    }

    pub fn listed(&mut self, shared: &mut Shared, answer: Result<Vec<Collaborator>, api::Error>) {
        let collaborators = match answer {
            Ok(collaborators) => collaborators,
            Err(error) => {
                self.failed(shared, &error);
                return shared.notices.failed(shared.now, &error);
            }
        };
        // The owner is not among the collaborators (INFERRED); if they are, show them once.
        let owner = Collaborator { user: self.project.owner.clone(), permission: "owner".into() };
        let is_other = |one: &Collaborator| one.user.username != self.project.owner.username;
        let others = collaborators.into_iter().filter(is_other);
        self.people.replace(std::iter::once(owner).chain(others).collect());
        self.fetch.succeeded(shared);
    }

    /// Follows the columns that are chosen for such lists.
    pub fn follow_columns(&mut self, shared: &Shared) {
        self.people.follow_columns(shared);
    }

    pub fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::ChangePermission => self.change(shared),
            Command::RemoveCollaborator => self.ask_remove(shared),
            Command::ChooseColumns => Outcome::push(ColumnChooser::of::<Collaborator>(shared)),
            other if self.people.command(other, areas::rows(shared, &self.people.state)) => Outcome::done(),
            _ => Outcome::ignored(),
        }
    }

    pub fn key(&mut self, key: KeyEvent) {
        self.people.key(key);
    }

    pub fn paste(&mut self, text: &str) {
        self.people.paste(text);
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

    pub fn draw(&self, shared: &Shared, focused: bool, frame: &mut Frame<'_>, area: Rect) {
        let title = format!("Collaborators of {}", text::clean(&self.project.name));
        let others = self.people.all().len().saturating_sub(1);
        let note = self.fetch.at.map(|_| format!("owner and {}", text::count(others, "other", "others")));
        let inside = pane(shared, &title, &note.unwrap_or_default(), focused, frame, area);
        if self.fetch.at.is_none() {
            return message(shared, &self.fetch.instead(shared, "listing collaborators"), frame, inside);
        }
        let theme = &shared.preferences.theme;
        let view = self.people.view(shared).focused(focused).framed(area);
        view.draw(frame, inside, |row, shown| {
            let Some(one) = self.people.all().get(row) else { return false };
            let owner = one.user.username == self.project.owner.username;
            let [user, permission, name] = cells(one);
            let style = if owner { theme.accent } else { theme.text };
            shown.extend([Shown::new(user), Shown::styled(permission, style), Shown::new(name)]);
            false
        });
    }
}
