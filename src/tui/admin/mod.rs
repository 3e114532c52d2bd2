//! The Admin tab: users and their API keys, the expiration setting, collaborators of projects, and
//! the API keys of all users in one list.
//!
//! API v2 cannot say whether a user is an administrator (SPEC). All users see what the workbench
//! shows them, and a refusal is shown where it happened.

mod all_keys;
mod areas;
mod collaborator_form;
mod collaborators;
mod directory;
mod expiration_form;
mod previews;
mod project_list;
mod projects;
mod section;
mod security;
mod setting;
mod user_keys;
mod users;

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use strum::VariantArray as _;

use self::all_keys::AllKeys;
use self::projects::Projects;
use self::section::Section;
use self::users::Users;
use super::call::{Answer, Call, DeletedKeys};
use super::command::{Command, KeyContext};
use super::decision::Decision;
use super::event::{Destination, Event};
use super::key_list::deletion;
use super::layer::{Layer, Outcome, Readiness};
use super::requests::{Kind, RequestId};
use super::shared::Shared;

/// The tab.
#[derive(Debug, Default)]
pub struct Admin {
    section: Section,
    users: Users,
    projects: Projects,
    all_keys: AllKeys,
}

impl Admin {
    /// Shows another section; cancels the reads of the previous one.
    fn show(&mut self, shared: &mut Shared, section: Section) -> Outcome {
        let given_up = Outcome::from(shared.abandon());
        self.section = section;
        given_up.and(self.enter(shared))
    }

    /// What the section in sight makes of a command.
    fn section_command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match self.section {
            Section::Users => self.users.command(shared, command),
            Section::Security => security::command(shared, self.users.only_oneself(shared), command),
            Section::Projects => self.projects.command(shared, self.users.names(), command),
            Section::AllKeys => {
                let outcome = self.all_keys.command(shared, command);
                match self.all_keys.selected().filter(|_| command == Command::Open && !outcome.taken) {
                    Some(key) => {
                        self.users.visit(key.username.clone(), &key.key_id);
                        self.show(shared, Section::Users)
                    }
                    None => outcome,
                }
            }
        }
    }
}

impl Layer for Admin {
    fn name(&self) -> &'static str {
        "admin"
    }

    fn contexts(&self, shared: &Shared) -> Vec<KeyContext> {
        let mut contexts = match self.section {
            Section::Users => self.users.contexts(),
            Section::Security => vec![KeyContext::Security],
            Section::Projects => self.projects.contexts(),
            Section::AllKeys => self.all_keys.contexts(),
        };
        if !self.typing(shared) {
            contexts.push(KeyContext::Admin);
        }
        contexts
    }

    fn typing(&self, _shared: &Shared) -> bool {
        match self.section {
            Section::Users => self.users.typing(),
            Section::Security => false,
            Section::Projects => self.projects.typing(),
            Section::AllKeys => self.all_keys.typing(),
        }
    }

    fn label(&self, shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        if (self.section, command) == (Section::AllKeys, Command::Open) && !self.all_keys.is_empty() {
            return Some("keys".into());
        }
        if command == Command::Back {
            let inside = match self.section {
                Section::Users => self.users.is_open(),
                Section::Projects => self.projects.is_open(),
                Section::Security | Section::AllKeys => false,
            };
            return inside.then_some("back".into());
        }
        let idle = match (self.section, command) {
            (Section::Users, Command::Open | Command::DeleteAllKeys) => self.users.is_empty(),
            (
                Section::AllKeys,
                Command::Open
                | Command::DeleteKey
                | Command::CopyKeyId
                | Command::CopyMessage
                | Command::Mark,
            ) => self.all_keys.is_empty(),
            (Section::Security, Command::EditExpiration) => {
                !security::can_change(shared, self.users.only_oneself(shared))
            }
            (Section::Projects, command) => self.projects.has_nothing_for(command),
            _ => false,
        };
        idle.then_some("".into())
    }

    fn enter(&mut self, shared: &mut Shared) -> Outcome {
        match self.section {
            Section::Users => self.users.enter(shared),
            Section::Security => security::enter(shared),
            Section::Projects => self.projects.enter(shared),
            Section::AllKeys => self.all_keys.enter(shared),
        }
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        self.section_command(shared, command).or_else(|| match command {
            Command::NextSection | Command::NextPart => self.show(shared, self.section.next()),
            Command::PreviousSection | Command::PreviousPart => self.show(shared, self.section.previous()),
            Command::Refresh => self.enter(shared),
            Command::Back if self.section == Section::Users && self.users.end_visit() => {
                self.show(shared, Section::AllKeys)
            }
            _ => Outcome::ignored(),
        })
    }

    fn readiness(&self, shared: &Shared, command: Command) -> Readiness {
        match self.section {
            Section::Users => self.users.readiness(shared),
            Section::Security => Readiness::Ready,
            Section::Projects => self.projects.readiness(shared, command),
            Section::AllKeys => self.all_keys.readiness(shared),
        }
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        match self.section {
            Section::Users => self.users.key(shared, key),
            Section::Security => Outcome::ignored(),
            Section::Projects => self.projects.key(shared, key),
            Section::AllKeys => self.all_keys.key(key),
        }
    }

    fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        match self.section {
            Section::Users => self.users.paste(shared, text),
            Section::Security => Outcome::ignored(),
            Section::Projects => self.projects.paste(shared, text),
            Section::AllKeys => self.all_keys.paste(text),
        }
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::UsersPage(_)
            | Answer::UsersListed(_)
            | Answer::KeysCounted { .. }
            | Answer::Keys { .. }
            | Answer::KeysDeleted(_) => self.users.answer(shared, answer),
            Answer::KeysOfUsersDeleted(Ok(users)) => {
                deletion::report_of(shared, &users);
                users.into_iter().map(DeletedKeys::changed).fold(Outcome::done(), Outcome::and_event)
            }
            Answer::KeysOfUsersDeleted(Err(error)) => {
                shared.notices.failed(shared.now, &error);
                Outcome::done()
            }
            Answer::KeysAudited(_) | Answer::AuditRead(_) | Answer::Audited(_) => {
                self.all_keys.answer(shared, answer)
            }
            // The forms were closed before these came.
            Answer::ExpirationSet(answer) => {
                expiration_form::changed(shared, answer).unwrap_or_else(|error| {
                    shared.notices.failed(shared.now, &error);
                    Outcome::done()
                })
            }
            Answer::PermissionSet { project_id, username, permission, done, .. } => {
                collaborator_form::set(shared, project_id, &username, &permission, done).unwrap_or_else(
                    |error| {
                        shared.notices.failed(shared.now, &error);
                        Outcome::done()
                    },
                )
            }
            answer => self.projects.answer(shared, answer),
        }
    }

    fn decided(&mut self, shared: &mut Shared, decision: Decision) -> Outcome {
        let (what, call) = match decision {
            Decision::DeleteKeys(keys) => (keys.what(), Call::DeleteKeys(keys)),
            Decision::RemoveCollaborator { project_id, username } => {
                (format!("removing {username}"), Call::RemoveCollaborator { project_id, username })
            }
            _ => return Outcome::done(),
        };
        shared.start(Kind::Change, what, call).1.into()
    }

    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        match event {
            Event::KeysChanged { username, deleted } => {
                self.users.keys_changed(shared, username, deleted);
                self.all_keys.remove(deleted);
            }
            Event::ColumnsChanged => {
                self.users.follow_columns(shared);
                self.projects.follow_columns(shared);
                self.all_keys.follow_columns(shared);
            }
            Event::CollaboratorsChanged(project_id) if self.section == Section::Projects => {
                return self.projects.collaborators_changed(shared, project_id);
            }
            Event::FindNames { limit, .. } => return Outcome::event(self.projects.found(shared, *limit)),
            Event::Show(Destination::Part(_, context)) => {
                let section = Section::VARIANTS.iter().find(|section| section.context() == *context);
                if let Some(section) = section.filter(|section| **section != self.section) {
                    return self.show(shared, *section);
                }
            }
            Event::Show(Destination::Collaborators(project)) => {
                self.projects.open(project.as_ref().clone());
                return self.show(shared, Section::Projects);
            }
            _ => {}
        }
        Outcome::done()
    }

    fn look_again(&mut self, shared: &mut Shared, _all: bool) -> Outcome {
        self.enter(shared)
    }

    /// Another size brings other rows into sight.
    fn resized(&mut self, shared: &mut Shared) -> Outcome {
        match self.section {
            Section::Users => return self.users.count_in_sight(shared),
            Section::Projects => self.projects.follow(shared),
            Section::Security | Section::AllKeys => {}
        }
        Outcome::done()
    }

    fn wakes_at(&self, _shared: &Shared) -> Option<Timestamp> {
        match self.section {
            Section::Users => self.users.wakes_at(),
            Section::Projects => self.projects.wakes_at(),
            Section::Security | Section::AllKeys => None,
        }
    }

    fn wake(&mut self, shared: &mut Shared) -> Outcome {
        match self.section {
            Section::Users => self.users.wake(shared),
            Section::Projects => self.projects.wake(shared),
            Section::Security | Section::AllKeys => Outcome::done(),
        }
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let mut spans = vec![Span::raw(" ")];
        for &section in Section::VARIANTS {
            let style = if section == self.section { theme.tab_current } else { theme.tab };
            spans.push(Span::styled(section.name(), style));
            spans.push(Span::raw("   "));
        }
        let keys = [Command::PreviousSection, Command::NextSection, Command::NextPart];
        let [previous, next, part] = keys.map(|command| shared.key_of(command));
        spans.push(Span::styled(format!("{previous} {next} or {part}"), theme.dim));
        frame.render_widget(Line::from(spans), Rect { height: 1, ..area });
        let area = areas::section(area);
        match self.section {
            Section::Users => self.users.draw(shared, frame, area),
            Section::Security => security::draw(shared, self.users.only_oneself(shared), frame, area),
            Section::Projects => self.projects.draw(shared, frame, area),
            Section::AllKeys => self.all_keys.draw(shared, frame, area),
        }
    }
}
