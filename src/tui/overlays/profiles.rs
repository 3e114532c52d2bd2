//! The profiles: one a workbench and user. Switch, sign in to another, sign out.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::{Question, SignIn};
use crate::config::{Profile, Profiles};
use crate::text;
use crate::tui::call::{Answer, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::layer::{Layer, Outcome, Readiness};
use crate::tui::layout::body;
use crate::tui::list::view::headless_rows_in;
use crate::tui::list::{Column, Key, List, ListView, Row, Shown, Width};
use crate::tui::parts::dialog::{centred, frame_box, inside_box, key_hints};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// A profile, by name.
#[derive(Debug)]
struct Item {
    name: String,
    profile: Profile,
}

impl Row for Item {
    const COLUMNS: &'static [Column] = &[
        Column::new("", Width::Fixed(18)).unsorted(),
        Column::new("", Width::Fixed(14)).unsorted(),
        Column::new("", Width::Fill(10)).unsorted(),
    ];

    fn id(&self) -> &str {
        &self.name
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        add(0, &self.name);
        add(1, &self.profile.username);
        add(2, &self.profile.url);
    }

    fn key(&self, _column: usize) -> Key<'_> {
        Key::None
    }
}

/// The list.
#[derive(Debug, Default)]
pub struct ProfileList {
    profiles: List<Item>,
    /// Whether the files were read.
    is_read: bool,
    problem: Option<String>,
}

impl ProfileList {
    fn selected_name(&self) -> Option<&str> {
        self.profiles.selected().map(|item| item.name.as_str())
    }

    /// The box, in the area of a tab.
    fn area(&self, area: Rect) -> Rect {
        let rows = self.profiles.all().len() + usize::from(self.profiles.state.filter.is_shown()) + 4;
        centred(area, 74, u16::try_from(rows).unwrap_or(u16::MAX).max(7))
    }

    /// The list and, after a blank row, the keys.
    fn parts(inside: Rect) -> [Rect; 2] {
        let rows = [Constraint::Fill(1), Constraint::Length(1), Constraint::Length(1)];
        let [list, _, hints] = inside.layout(&Layout::vertical(rows));
        [list, hints]
    }

    fn read(&mut self, answer: Result<Profiles, String>) {
        match answer {
            Ok(profiles) => {
                let items = profiles.profiles.into_iter().map(|(name, profile)| Item { name, profile });
                self.profiles.replace(items.collect());
                (self.is_read, self.problem) = (true, None);
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    fn ask_remove(&self, shared: &Shared) -> Outcome {
        let Some(name) = self.selected_name() else { return Outcome::done() };
        let mut lines = vec![
            format!("The profile {name} and the API key that it stores are removed from this machine."),
            "The key stays valid at the workbench until it is deleted there.".into(),
        ];
        if shared.session.profile.as_deref() == Some(name) {
            lines.push("This keybench stays signed in with it until it ends.".into());
        }
        let then = Decision::RemoveProfile(name.to_owned());
        Question::new("Sign out?", lines, "Sign out", then).ask()
    }

    fn open_selected(&self, shared: &mut Shared) -> Outcome {
        let (Some(name), Some(store)) = (self.selected_name(), shared.preferences.store.clone()) else {
            return Outcome::done();
        };
        let what = format!("opening the profile {name}");
        let call = Call::OpenProfile {
            store,
            name: name.to_owned(),
            given: Box::new(shared.preferences.given.clone()),
        };
        shared.start(Kind::Read, what, call).1.into()
    }
}

impl Layer for ProfileList {
    fn name(&self) -> &'static str {
        "profiles"
    }

    fn contexts(&self, shared: &Shared) -> Vec<KeyContext> {
        if self.typing(shared) {
            return vec![KeyContext::FilterField, KeyContext::Choice];
        }
        vec![KeyContext::Profiles, KeyContext::Choice]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        self.profiles.state.filter.is_open()
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        match command {
            Command::Submit | Command::RemoveProfile | Command::Filter if self.selected_name().is_none() => {
                Some("".into())
            }
            Command::Submit => Some("switch".into()),
            _ => None,
        }
    }

    /// Reads the profiles.
    fn enter(&mut self, shared: &mut Shared) -> Outcome {
        let Some(store) = shared.preferences.store.clone() else { return Outcome::done() };
        shared.start(Kind::Read, "reading the profiles", Call::Profiles { store }).1.into()
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::AddProfile => return Outcome::push(SignIn::default()),
            Command::Submit => return self.open_selected(shared),
            Command::RemoveProfile => return self.ask_remove(shared),
            _ => {}
        }
        let [list, _] = Self::parts(inside_box(self.area(body(shared))));
        let rows = headless_rows_in(list, &self.profiles.state);
        if self.profiles.command(command, rows) { Outcome::done() } else { Outcome::ignored() }
    }

    fn readiness(&self, _shared: &Shared, _command: Command) -> Readiness {
        match self.problem {
            Some(_) => Readiness::Missing,
            None if self.is_read => Readiness::Ready,
            None => Readiness::Awaited,
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.profiles.key(key);
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.profiles.paste(text);
        Outcome::done()
    }

    fn decided(&mut self, shared: &mut Shared, decision: Decision) -> Outcome {
        let (Decision::RemoveProfile(name), Some(store)) = (decision, shared.preferences.store.clone())
        else {
            return Outcome::done();
        };
        let what = format!("signing out of {name}");
        shared.start(Kind::Change, what, Call::RemoveProfile { store, name }).1.into()
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::Profiles(answer) => self.read(answer),
            Answer::ProfileRemoved { name, answer } => {
                if answer.is_ok() {
                    let text = format!("signed out of {name}; its key is gone from this machine");
                    shared.notices.info(shared.now, text);
                }
                self.read(answer);
            }
            Answer::Opened(Err(refusal)) => shared.notices.error(shared.now, refusal.message, refusal.hint),
            _ => {}
        }
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let around = self.area(area);
        let inside = frame_box(shared, "Profiles", frame, around);
        let [list, hints] = Self::parts(inside);
        let text = match &self.problem {
            Some(problem) => Some(Line::styled(text::clean(problem).into_owned(), theme.error)),
            None if !self.is_read => Some(Line::styled("reading the profiles", theme.dim)),
            None if self.profiles.all().is_empty() => {
                let add = shared.key_of(Command::AddProfile);
                Some(Line::styled(format!("No profiles yet: {add} signs in to a workbench."), theme.dim))
            }
            None => None,
        };
        match text {
            Some(text) => frame.render_widget(text, list),
            None => {
                let view = ListView::new(shared, &self.profiles.state, Item::COLUMNS).framed(around);
                view.draw(frame, list, |row, cells| {
                    let Some(Item { name, profile }) = self.profiles.all().get(row) else { return false };
                    cells.extend(
                        [name, &profile.username, &profile.url].map(|text| Shown::new(text.as_str())),
                    );
                    shared.session.profile.as_ref() == Some(name)
                });
            }
        }
        let mut keys = vec![
            (Command::Submit, "switch"),
            (Command::AddProfile, "sign in to another"),
            (Command::RemoveProfile, "sign out"),
            (Command::Back, "back"),
        ];
        if self.selected_name().is_none() {
            keys.retain(|(command, _)| !matches!(command, Command::Submit | Command::RemoveProfile));
        }
        let contexts = [KeyContext::Profiles, KeyContext::Choice, KeyContext::Global];
        frame.render_widget(key_hints(shared, &contexts, &keys, "   "), hints);
    }
}
