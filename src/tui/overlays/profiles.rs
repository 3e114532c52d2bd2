//! The profiles: one a workbench and user. Switch, sign in to another, sign out.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Question, SignIn};
use crate::config::Profiles;
use crate::text;
use crate::tui::call::{Answer, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::parts::dialog::{centred, frame_box, key_hints};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// The list.
#[derive(Debug, Default)]
pub struct ProfileList {
    /// `None` until the files were read.
    profiles: Option<Profiles>,
    selected: usize,
    problem: Option<String>,
}

impl ProfileList {
    fn selected_name(&self) -> Option<&str> {
        self.profiles.as_ref()?.profiles.keys().nth(self.selected).map(String::as_str)
    }

    fn len(&self) -> usize {
        self.profiles.as_ref().map_or(0, |profiles| profiles.profiles.len())
    }

    fn read(&mut self, answer: Result<Profiles, String>) {
        match answer {
            Ok(profiles) => {
                self.profiles = Some(profiles);
                self.selected = self.selected.min(self.len().saturating_sub(1));
                self.problem = None;
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

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Profiles, KeyContext::Choice]
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit).then_some("switch".into())
    }

    /// Reads the profiles.
    fn enter(&mut self, shared: &mut Shared) -> Outcome {
        let Some(store) = shared.preferences.store.clone() else { return Outcome::done() };
        shared.start(Kind::Read, "reading the profiles", Call::Profiles { store }).1.into()
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let last = self.len().saturating_sub(1);
        match command {
            Command::Up => self.selected = self.selected.saturating_sub(1),
            Command::Down => self.selected = (self.selected + 1).min(last),
            Command::First => self.selected = 0,
            Command::Last => self.selected = last,
            Command::AddProfile => return Outcome::push(SignIn::default()),
            Command::Submit => return self.open_selected(shared),
            Command::RemoveProfile => return self.ask_remove(shared),
            _ => return Outcome::ignored(),
        }
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
        let mut lines = Vec::new();
        match (&self.profiles, &self.problem) {
            (_, Some(problem)) => lines.push(Line::styled(text::clean(problem).into_owned(), theme.error)),
            (None, None) => lines.push(Line::styled("reading the profiles", theme.dim)),
            (Some(profiles), None) => {
                for (n, (name, profile)) in profiles.profiles.iter().enumerate() {
                    let chosen = n == self.selected;
                    let sign = if chosen { shared.preferences.glyphs.cursor } else { " " };
                    let current = if shared.session.profile.as_ref() == Some(name) {
                        shared.preferences.glyphs.ok
                    } else {
                        " "
                    };
                    let text =
                        format!("{sign} {current} {:<18} {:<14} {}", name, profile.username, profile.url);
                    let style = if chosen { theme.selected } else { theme.text };
                    lines.push(Line::styled(text::clean(&text).into_owned(), style));
                }
                if profiles.profiles.is_empty() {
                    let add = shared.key_of(Command::AddProfile);
                    let text = format!("No profiles yet: {add} signs in to a workbench.");
                    lines.push(Line::styled(text, theme.dim));
                }
            }
        }
        let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let outer = centred(area, 74, rows.saturating_add(4).max(7));
        let inside = frame_box(shared, "Profiles", frame, outer);
        let hints = [
            (Command::Submit, "switch"),
            (Command::AddProfile, "sign in to another"),
            (Command::RemoveProfile, "sign out"),
            (Command::Back, "back"),
        ];
        let hints =
            key_hints(shared, &[KeyContext::Profiles, KeyContext::Choice, KeyContext::Global], &hints, "   ");
        let above = inside.height.saturating_sub(2);
        let first = self.selected.saturating_sub(usize::from(above).saturating_sub(1));
        let shown: Vec<Line<'_>> = lines.into_iter().skip(first).take(above.into()).collect();
        frame.render_widget(ratatui::text::Text::from(shown), Rect { height: above, ..inside });
        if inside.height > 1 {
            let row = Rect { y: inside.bottom() - 1, height: 1, ..inside };
            frame.render_widget(hints, row);
        }
    }
}
