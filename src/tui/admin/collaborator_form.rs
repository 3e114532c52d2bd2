//! The form that gives a user permission in a project, or changes it.

use std::borrow::Cow;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::areas;
use crate::api;
use crate::text;
use crate::tui::call::{Answer, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::event::Event;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::list::Pattern;
use crate::tui::overlays::Question;
use crate::tui::parts::dialog::Dialog;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;
use crate::wire::Project;

/// Permissions to choose from, with what they allow (DOCS, ml-collaborating-on-projects).
const PERMISSIONS: [(&str, &str); 4] = [
    ("read", "Viewer: read the project, call its models"),
    ("write", "Contributor: change files, run work"),
    ("operator", "Operator: start and stop existing jobs"),
    ("admin", "Administrator: all of it, and collaborators"),
];

/// Columns for the name of a user.
const FIELD: usize = 42;

/// What the list of collaborators says of the owner.
const OWNER: &str = "owner";

/// Suggestions that are shown at once.
const SUGGESTIONS: usize = 5;

/// Index of a permission; the least for one that is not known.
fn index_of(permission: &str) -> usize {
    PERMISSIONS.iter().position(|(name, _)| *name == permission).unwrap_or_default()
}

/// The form.
#[derive(Debug)]
pub struct CollaboratorForm {
    project_id: String,
    project: String,
    user: Field,
    /// The user's current permission, if there is one: then it is changed.
    now: Option<String>,
    /// The user is chosen, and only the permission is asked for.
    is_change: bool,
    /// User names that may be meant.
    names: Vec<String>,
    /// Collaborators, with their permissions: who is chosen of them is not added but changed.
    already: Vec<(String, String)>,
    /// Index of the marked suggestion.
    suggestion: usize,
    /// Index of the permission.
    permission: usize,
    on_permission: bool,
    /// Why this will be refused, if that is known beforehand.
    closed: Option<String>,
    touched: bool,
    sending: Option<RequestId>,
    problem: Option<String>,
}

impl CollaboratorForm {
    /// For a new collaborator, suggested from `names`. `closed` says why the workbench will refuse,
    /// if that is known.
    pub fn add(project: &Project, names: Vec<String>, closed: Option<String>) -> Self {
        Self {
            project_id: project.id.clone(),
            project: project.name.clone(),
            user: Field::default().with_limit(100),
            now: None,
            is_change: false,
            names,
            already: Vec::new(),
            suggestion: 0,
            permission: 0,
            on_permission: false,
            closed,
            touched: false,
            sending: None,
            problem: None,
        }
    }

    /// For a user who has `permission`.
    pub fn change(project: &Project, username: &str, permission: &str, closed: Option<String>) -> Self {
        Self {
            user: Field::new(username),
            now: Some(permission.to_owned()),
            is_change: true,
            permission: index_of(permission),
            on_permission: true,
            ..Self::add(project, Vec::new(), closed)
        }
    }

    /// Who is a collaborator already, with which permission.
    pub fn knowing(self, already: Vec<(String, String)>) -> Self {
        Self { already, ..self }
    }

    fn in_name(&self) -> bool {
        !self.on_permission
    }

    /// What a user is in the project already: a permission, or `owner`.
    fn has(&self, username: &str) -> Option<&str> {
        let found = self.already.iter().find(|(name, _)| name == username);
        found.map(|(_, permission)| permission.as_str())
    }

    /// User names that match what was typed, best first; none if it is exactly one of them. Who has no
    /// rights yet comes first.
    fn suggestions<'a>(&'a self, shared: &'a Shared) -> Vec<&'a str> {
        let typed = self.user.text().trim();
        let pattern = Pattern::new(typed);
        let known = shared.session.known_keys.iter().map(|known| known.username.as_str());
        let all = self.names.iter().map(String::as_str).chain(known);
        let mut names: Vec<&str> = all.filter(|name| pattern.keeps(&[name])).collect();
        names.sort_by_key(|name| {
            (self.has(name).is_some(), pattern.marks(name).next().map(|found| found.start), *name)
        });
        names.dedup();
        if names.contains(&typed) { Vec::new() } else { names }
    }

    fn move_suggestion(&mut self, shared: &Shared, by: isize) {
        let last = isize::try_from(self.suggestions(shared).len().min(SUGGESTIONS)).unwrap_or_default() - 1;
        let to = isize::try_from(self.suggestion).unwrap_or_default() + by;
        self.suggestion = usize::try_from(to.clamp(0, last.max(0))).unwrap_or_default();
    }

    /// Takes the marked suggestion, else goes on to the permission.
    fn take_name(&mut self, shared: &Shared) {
        let marked = self.suggestions(shared).get(self.suggestion).map(|name| (*name).to_owned());
        if let Some(name) = marked {
            self.user.set(name);
            self.suggestion = 0;
        } else if self.user.text().trim().is_empty() {
            self.problem = Some("type the name of a user".into());
        } else {
            let has = self.has(self.user.text().trim()).map(str::to_owned);
            self.take_typed(has);
        }
    }

    /// Takes the typed name of a user who has this permission.
    fn take_typed(&mut self, has: Option<String>) {
        if has.as_deref() == Some(OWNER) {
            let typed = self.user.text().trim();
            self.problem = Some(format!("{typed} owns the project, and has all rights"));
        } else {
            self.go_on(has);
        }
    }

    /// To the permission of a user who has this one: it is the one that is proposed.
    fn go_on(&mut self, has: Option<String>) {
        self.on_permission = true;
        if let Some(has) = &has {
            self.permission = index_of(has);
        }
        self.now = has;
    }

    fn step_permission(&mut self, by: usize) {
        self.permission = (self.permission + by) % PERMISSIONS.len();
        self.touched = true;
    }

    fn send(&mut self, shared: &mut Shared) -> Outcome {
        let username = self.user.text().trim().to_owned();
        let what = format!("setting the permission of {username}");
        let (permission, _) = PERMISSIONS[self.permission % PERMISSIONS.len()];
        let (project_id, project) = (self.project_id.clone(), self.project.clone());
        let permission = permission.to_owned();
        let call = match self.now {
            Some(_) => Call::SetPermission { project_id, project, username, permission },
            None => Call::AddCollaborator { project_id, project, username, permission },
        };
        let (id, effect) = shared.start(Kind::Change, what, call);
        self.sending = Some(id);
        self.problem = None;
        effect.into()
    }

    fn refused(&mut self, error: &api::Error) {
        let who = "; the owner and administrators of the project may";
        let why = if error.status() == Some(403) { who } else { "" };
        self.problem = Some(format!("{error}{why}"));
    }

    /// The name, and the users that match it.
    fn name_lines(&self, shared: &Shared) -> Vec<Line<'static>> {
        let theme = &shared.preferences.theme;
        let names = self.suggestions(shared);
        let mut lines = Vec::new();
        for (n, name) in names.iter().take(SUGGESTIONS).enumerate() {
            let style = if n == self.suggestion { theme.selected } else { theme.text };
            let has = match self.has(name) {
                Some(OWNER) => "  owner".to_owned(),
                Some(has) => format!("  has {has}"),
                None => String::new(),
            };
            let name = Span::styled(format!(" {} ", text::clean(name)), style);
            lines.push(Line::from(vec![Span::raw("            "), name, Span::styled(has, theme.dim)]));
        }
        if names.len() > SUGGESTIONS {
            let more = format!("             and {} more", names.len() - SUGGESTIONS);
            lines.push(Line::styled(more, theme.dim));
        }
        let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
        let hint = match names.is_empty() {
            true => format!("{submit} continues, {back} leaves"),
            false => format!("{submit} takes the marked name"),
        };
        lines.push(Line::default());
        lines.push(Line::styled(hint, theme.dim));
        lines
    }

    /// The permissions, the chosen one with what it allows.
    fn permission_lines(&self, shared: &Shared) -> Vec<Line<'static>> {
        let theme = &shared.preferences.theme;
        let mut lines = Vec::new();
        for (n, (name, meaning)) in PERMISSIONS.iter().enumerate() {
            let chosen = n == self.permission;
            let label = if n == 0 { "permission  " } else { "            " };
            let has = if self.now.as_deref() == Some(*name) { "has now" } else { "" };
            let sign = if chosen { shared.preferences.glyphs.cursor } else { " " };
            let style = if chosen { theme.selected } else { theme.text };
            lines.push(Line::from(vec![
                Span::styled(label, theme.key),
                Span::styled(format!("{sign}{name:<9}"), style),
                Span::styled(format!(" {has}"), theme.dim),
            ]));
            if chosen {
                lines.push(Line::styled(format!("             {meaning}"), theme.dim));
            }
        }
        let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
        let hint = match self.sending {
            Some(_) => "setting the permission".to_owned(),
            None => format!("↑ ↓ choose  {submit} sets it  {back} leaves"),
        };
        lines.push(Line::default());
        lines.push(Line::styled(hint, theme.dim));
        lines
    }
}

/// The workbench gave the permission, or why it did not.
pub fn set(
    shared: &mut Shared,
    project_id: String,
    username: &str,
    permission: &str,
    done: Result<(), api::Error>,
) -> Result<Outcome, api::Error> {
    done?;
    shared.notices.info(shared.now, format!("{username} now has {permission}"));
    Ok(Outcome::event(Event::CollaboratorsChanged(project_id)))
}

impl Layer for CollaboratorForm {
    fn name(&self) -> &'static str {
        "collaborator"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Form]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        self.in_name()
    }

    fn label(&self, shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        let label = match self.in_name() {
            true if self.suggestions(shared).is_empty() => "continue",
            true => "take name",
            false => "set it",
        };
        (command == Command::Submit).then_some(label.into())
    }

    fn unsaved(&self, _shared: &Shared) -> Option<String> {
        self.touched.then(|| "A form of the Admin tab is filled in.".into())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::NextField | Command::Submit if self.in_name() => self.take_name(shared),
            Command::NextField | Command::PreviousField => {
                self.on_permission = self.is_change || !self.on_permission;
            }
            Command::Submit if self.sending.is_some() => {}
            Command::Submit => return self.send(shared),
            Command::Back if self.touched && self.sending.is_none() => {
                let lines = vec!["What was typed about the collaborator is lost.".into()];
                let question = Question::new("Discard the form?", lines, "Discard", Decision::Discard);
                return question.or("Keep editing").esc_discards().ask();
            }
            Command::Back => return Outcome::pop(),
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn decided(&mut self, _shared: &mut Shared, _decision: Decision) -> Outcome {
        Outcome::pop()
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        if self.in_name() {
            match (self.user.on_key(key), key.code) {
                (Edit::Changed, _) => {
                    self.touched = true;
                    self.suggestion = 0;
                    self.problem = None;
                }
                (Edit::Ignored, KeyCode::Down) => self.move_suggestion(shared, 1),
                (Edit::Ignored, KeyCode::Up) => self.move_suggestion(shared, -1),
                _ => {}
            }
            return Outcome::done();
        }
        match key.code {
            KeyCode::Down | KeyCode::Right | KeyCode::Char('j' | 'l' | ' ') => self.step_permission(1),
            KeyCode::Up | KeyCode::Left | KeyCode::Char('k' | 'h') => {
                self.step_permission(PERMISSIONS.len() - 1);
            }
            _ => {}
        }
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        if self.in_name() {
            self.user.paste(text.trim());
            self.touched = true;
        }
        Outcome::done()
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        let Answer::PermissionSet { project_id, username, permission, done, .. } = answer else {
            return Outcome::done();
        };
        self.sending = None;
        match set(shared, project_id, &username, &permission, done) {
            Ok(outcome) => Outcome::pop().and(outcome),
            Err(error) => {
                self.refused(&error);
                // They are a collaborator already, which was not known here.
                if self.now.is_none() && permission != PERMISSIONS[self.permission].0 {
                    self.go_on(Some(permission));
                }
                Outcome::done()
            }
        }
    }

    /// The collaborators came after the form was opened: who is chosen may be one of them.
    fn event(&mut self, _shared: &mut Shared, event: &Event) -> Outcome {
        match event {
            Event::CollaboratorsListed { project_id, permissions } if *project_id == self.project_id => {
                self.already.clone_from(permissions);
                let has = self.has(self.user.text().trim()).map(str::to_owned);
                if self.on_permission && self.now.is_none() && has.is_some() && self.sending.is_none() {
                    self.on_permission = false;
                    self.take_typed(has);
                }
            }
            _ => {}
        }
        Outcome::done()
    }

    fn cancelled(&mut self, _shared: &mut Shared, id: RequestId) -> Outcome {
        if self.sending == Some(id) {
            self.sending = None;
            self.problem = Some("cancelled; the permission may have been set anyway".into());
        }
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let title = if self.now.is_some() { "Change a permission" } else { "Add a collaborator" };
        let now = self.now.as_ref().map(|now| {
            let now = text::clean(now).into_owned();
            Line::from(vec![Span::styled("has now      ", theme.dim), Span::raw(now)])
        });
        let label = Span::styled("user        ", if self.in_name() { theme.key } else { theme.dim });
        let mut lines = vec![Line::from(vec![label, Span::raw(" ".repeat(FIELD))]), now.unwrap_or_default()];
        lines.extend(if self.in_name() { self.name_lines(shared) } else { self.permission_lines(shared) });
        if let Some(problem) = &self.problem {
            let text = format!("{} {}", shared.preferences.glyphs.bad, text::clean(problem));
            lines.push(Line::styled(text, theme.error));
        } else if let Some(closed) = &self.closed {
            lines.push(Line::styled(closed.as_str(), theme.warn));
        }
        let inside = Dialog::new(title, lines).render(shared, frame, areas::section(area));
        let (x, width) = (inside.x + inside.width.min(13), inside.width.saturating_sub(13));
        let field = Rect { x, width, height: 1, ..inside };
        self.user.render(field.intersection(inside), frame.buffer_mut(), self.in_name(), &shared.styles());
    }
}
