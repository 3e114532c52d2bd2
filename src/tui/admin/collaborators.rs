//! The people of one project, and the form that adds one or changes a permission.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::Confirmed;
use super::projects::{self, Open};
use crate::api;
use crate::text;
use crate::tui::app::App;
use crate::tui::command::Command;
use crate::tui::effect::Effects;
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::RequestId;
use crate::tui::widgets::Edit;
use crate::tui::widgets::dialog::{centred, frame_box};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::filter::find;
use crate::tui::widgets::pane::{awaited, pane, words};
use crate::tui::widgets::table::{Column, Shown, Table, Width};
use crate::wire::Collaborator;

/// Permissions that can be given, with what they allow (DOCS, ml-collaborating-on-projects).
const PERMISSIONS: [(&str, &str); 4] = [
    ("read", "Viewer: read the project, call its models"),
    ("write", "Contributor: change files, run work"),
    ("operator", "Operator: start and stop existing jobs"),
    ("admin", "Administrator: all of it, and collaborators"),
];

/// Suggestions that are shown at once.
const SUGGESTIONS: usize = 5;

const COLUMNS: [Column; 3] = [
    Column::new("USER", Width::Fill(14)),
    Column::new("PERMISSION", Width::Fixed(12)),
    Column::new("NAME", Width::Fill(10)).optional(1),
];

/// The form.
#[derive(Debug)]
pub struct CollaboratorForm {
    user: Field,
    /// The user stands already; only the permission changes.
    fixed_user: bool,
    permission: usize,
    on_permission: bool,
    /// The permission as it is, where the user has one.
    now: Option<String>,
    /// Why this will be refused, where that is known before.
    closed: Option<String>,
    /// Place of the marked suggestion.
    suggestion: usize,
    touched: bool,
    sending: Option<RequestId>,
    problem: Option<String>,
}

impl CollaboratorForm {
    /// For somebody new; `closed` says why it will be refused, where that is known.
    pub fn add(closed: Option<String>) -> Self {
        Self {
            user: Field::default().with_limit(100),
            fixed_user: false,
            permission: 0,
            on_permission: false,
            now: None,
            closed,
            suggestion: 0,
            touched: false,
            sending: None,
            problem: None,
        }
    }

    /// For somebody who has `permission`.
    pub fn change(username: &str, permission: &str, closed: Option<String>) -> Self {
        let known = PERMISSIONS.iter().position(|(name, _)| *name == permission);
        Self {
            user: Field::new(username),
            fixed_user: true,
            on_permission: true,
            permission: known.unwrap_or_default(),
            now: Some(permission.to_owned()),
            ..Self::add(closed)
        }
    }

    pub fn typing(&self) -> bool {
        !self.on_permission
    }

    pub fn touched(&self) -> bool {
        self.touched
    }

    pub fn paste(&mut self, text: &str) {
        if self.typing() {
            self.user.paste(text.trim());
            self.touched = true;
        }
    }

    pub fn sending(&mut self, id: RequestId) {
        self.sending = Some(id);
        self.problem = None;
    }

    pub fn refused(&mut self, error: &api::Error) {
        self.sending = None;
        let why = if error.status() == Some(403) {
            "; the owner and administrators of the project may"
        } else {
            ""
        };
        self.problem = Some(format!("{error}{why}"));
    }

    fn move_suggestion(&mut self, by: isize, count: usize) {
        let last = isize::try_from(count.min(SUGGESTIONS)).unwrap_or_default() - 1;
        let to = isize::try_from(self.suggestion).unwrap_or_default() + by;
        self.suggestion = usize::try_from(to.clamp(0, last.max(0))).unwrap_or_default();
    }
}

/// User names that what was typed may mean, best first: none where it names one exactly.
fn suggestions(app: &App, form: &CollaboratorForm) -> Vec<String> {
    let typed = form.user.text().trim();
    if form.fixed_user || typed.is_empty() {
        return Vec::new();
    }
    let known = app.session.known_keys.iter().map(|known| known.username.as_str());
    let all = app.admin.users.names().chain(app.admin.projects.names()).chain(known);
    let mut names: Vec<&str> = all.filter(|name| find(name, typed).is_some()).collect();
    names.sort_by_key(|name| (find(name, typed), *name));
    names.dedup();
    if names.contains(&typed) { Vec::new() } else { names.into_iter().map(str::to_owned).collect() }
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let names = names(app);
    let form = app.admin.projects.form_mut()?;
    match command {
        Command::NextField | Command::Submit if form.typing() => {
            if let Some(name) = names.get(form.suggestion) {
                form.user.set(name.clone());
                form.suggestion = 0;
            } else if form.user.text().trim().is_empty() {
                form.problem = Some("type the name of a user".into());
            } else {
                form.on_permission = true;
            }
        }
        Command::NextField | Command::PreviousField => {
            form.on_permission = form.fixed_user || !form.on_permission
        }
        Command::Submit if form.sending.is_some() => {}
        Command::Submit => {
            let username = form.user.text().trim().to_owned();
            let (permission, _) = PERMISSIONS[form.permission % PERMISSIONS.len()];
            return Some(projects::submit(app, username, permission.to_owned()));
        }
        Command::Back if form.touched && form.sending.is_none() => {
            let lines = vec!["What was typed about the collaborator is lost.".into()];
            let then = overlays::Confirmed::Admin(Confirmed::Discard);
            return Some(
                Confirm::new("Discard the form?", lines, "Discard", then)
                    .or("Keep editing")
                    .esc_discards()
                    .ask(app),
            );
        }
        Command::Back => app.admin.projects.close_form(),
        _ => return None,
    }
    Some(Effects::new())
}

pub(super) fn key(app: &mut App, key: KeyEvent) {
    let count = names(app).len();
    let Some(form) = app.admin.projects.form_mut() else { return };
    if form.typing() {
        match form.user.on_key(key) {
            Edit::Changed => {
                form.touched = true;
                form.suggestion = 0;
                form.problem = None;
            }
            Edit::Ignored if key.code == KeyCode::Down => form.move_suggestion(1, count),
            Edit::Ignored if key.code == KeyCode::Up => form.move_suggestion(-1, count),
            _ => {}
        }
        return;
    }
    let step = match key.code {
        KeyCode::Down | KeyCode::Right | KeyCode::Char('j' | 'l' | ' ') => 1,
        KeyCode::Up | KeyCode::Left | KeyCode::Char('k' | 'h') => PERMISSIONS.len() - 1,
        _ => return,
    };
    form.permission = (form.permission + step) % PERMISSIONS.len();
    form.touched = true;
}

pub(super) fn view(app: &App, open: &Open, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let title = format!("Collaborators of {}", text::clean(&open.project.name));
    let note = if open.loaded {
        let others = open.people.len().saturating_sub(1);
        format!("owner and {}", text::count(others, "other", "others"))
    } else {
        String::new()
    };
    let inside = pane(app, &title, &note, true, frame, area);
    if !open.loaded {
        let asking = || awaited(app, open.loading, "listing collaborators");
        return words(app, &open.problem.clone().unwrap_or_else(asking), frame, inside);
    }
    let table = Table { columns: &COLUMNS, theme, glyphs: app.preferences.glyphs, focused: true, needle: "" };
    table.render(&open.table, inside, frame.buffer_mut(), |row, cells| {
        let Some(one) = open.people.get(row) else { return false };
        cells.push(Shown::new(one.user.username.as_str()));
        cells.push(Shown::styled(one.permission.as_str(), if row == 0 { theme.accent } else { theme.text }));
        cells.push(Shown::new(full_name(one)));
        false
    });
}

/// The name of a person; a team has rights of the kind `inherit` (SPEC: teams only).
fn full_name(one: &Collaborator) -> String {
    if one.permission == "inherit" { "team; its members' own rights".into() } else { one.user.name.clone() }
}

pub(super) fn view_form(app: &App, form: &CollaboratorForm, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let title = if form.fixed_user { "Change a permission" } else { "Add a collaborator" };
    let inside = frame_box(app, title, frame, centred(area, 58, 15));
    let names = suggestions(app, form);
    let mut lines = vec![
        Line::from(Span::styled("user        ", if form.typing() { theme.key } else { theme.dim })),
        form.now.as_ref().map_or_else(Line::default, |now| {
            Line::from(vec![
                Span::styled("has now      ", theme.dim),
                Span::raw(text::clean(now).into_owned()),
            ])
        }),
    ];
    if form.typing() {
        for (n, name) in names.iter().take(SUGGESTIONS).enumerate() {
            let style = if n == form.suggestion { theme.selected } else { theme.text };
            lines.push(Line::from(vec![Span::raw("            "), Span::styled(format!(" {name} "), style)]));
        }
        if names.len() > SUGGESTIONS {
            lines.push(Line::styled(
                format!("             and {} more", names.len() - SUGGESTIONS),
                theme.dim,
            ));
        }
        let hint = if names.is_empty() { "Enter goes on, Esc leaves" } else { "Enter takes the marked name" };
        lines.push(Line::default());
        lines.push(Line::styled(hint, theme.dim));
    } else {
        for (n, (name, meaning)) in PERMISSIONS.iter().enumerate() {
            let chosen = n == form.permission;
            let label = if n == 0 { "permission  " } else { "            " };
            lines.push(Line::from(vec![
                Span::styled(label, theme.key),
                Span::styled(
                    format!("{}{name:<9}", if chosen { app.preferences.glyphs.cursor } else { " " }),
                    if chosen { theme.selected } else { theme.text },
                ),
            ]));
            if chosen {
                lines.push(Line::styled(format!("             {meaning}"), theme.dim));
            }
        }
        lines.push(Line::default());
        let hint = if form.sending.is_some() {
            "setting the permission"
        } else {
            "↑ ↓ choose  Enter gives it  Esc leaves"
        };
        lines.push(Line::styled(hint, theme.dim));
    }
    if let Some(problem) = &form.problem {
        lines.push(Line::styled(
            format!("{} {}", app.preferences.glyphs.bad, text::clean(problem)),
            theme.error,
        ));
    } else if let Some(closed) = &form.closed {
        lines.push(Line::styled(closed.as_str(), theme.warn));
    }
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), inside);
    let field = Rect {
        x: inside.x + inside.width.min(13),
        width: inside.width.saturating_sub(13),
        height: 1,
        ..inside
    };
    form.user.render(field.intersection(inside), frame.buffer_mut(), form.typing(), &app.styles());
}

fn names(app: &App) -> Vec<String> {
    app.admin.projects.form().map(|form| suggestions(app, form)).unwrap_or_default()
}
