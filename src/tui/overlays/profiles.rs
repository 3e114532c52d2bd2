//! The profiles: one a workbench and user. Switch, sign in to another, sign out.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Confirm, Confirmed, Overlay, SignIn};
use crate::config::Profiles;
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::{self, Effects};
use crate::tui::requests::{Kind, Scope};
use crate::tui::session::Call;
use crate::tui::widgets::dialog::{centred, frame_box, key_hints};

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

    pub(super) fn read(&mut self, answer: Result<Profiles, String>) {
        match answer {
            Ok(profiles) => {
                self.profiles = Some(profiles);
                self.selected = self.selected.min(self.len().saturating_sub(1));
                self.problem = None;
            }
            Err(problem) => self.problem = Some(problem),
        }
    }
}

/// Opens the list and reads the profiles.
pub(super) fn show(app: &mut App) -> Effects {
    app.overlays.push(Overlay::Profiles(ProfileList::default()));
    let Some(store) = app.preferences.store.clone() else { return Effects::new() };
    let call = effect::Call::Session(Call::Profiles { store });
    vec![app.start(Scope::Dialog, Kind::Read, "reading the profiles", call).1]
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let Some(Overlay::Profiles(list)) = app.overlays.last_mut() else { return None };
    let last = list.len().saturating_sub(1);
    match command {
        Command::Up => list.selected = list.selected.saturating_sub(1),
        Command::Down => list.selected = (list.selected + 1).min(last),
        Command::First => list.selected = 0,
        Command::Last => list.selected = last,
        Command::AddProfile => app.overlays.push(Overlay::SignIn(Box::<SignIn>::default())),
        Command::Submit => {
            let (name, store) = (list.selected_name()?.to_owned(), app.preferences.store.clone()?);
            let what = format!("opening the profile {name}");
            let call = effect::Call::Session(Call::OpenProfile { store, name });
            return Some(vec![app.start(Scope::Dialog, Kind::Read, what, call).1]);
        }
        Command::RemoveProfile => {
            let name = list.selected_name()?.to_owned();
            let mut lines = vec![
                format!("The profile {name} and the API key that it stores are removed from this machine."),
                "The key itself stays valid at the workbench until it is deleted there.".into(),
            ];
            if app.session.profile.as_deref() == Some(name.as_str()) {
                lines.push("This run stays signed in with it.".into());
            }
            let then = Confirmed::RemoveProfile(name);
            return Some(Confirm::new("Sign out?", lines, "Sign out", then).ask(app));
        }
        _ => return None,
    }
    Some(Effects::new())
}

/// Forgets a profile.
pub(super) fn remove(app: &mut App, name: String) -> Effects {
    let Some(store) = app.preferences.store.clone() else { return Effects::new() };
    let what = format!("signing out of {name}");
    let call = effect::Call::Session(Call::RemoveProfile { store, name });
    vec![app.start(Scope::Dialog, Kind::Change, what, call).1]
}

pub(super) fn view(app: &App, list: &ProfileList, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let mut lines = Vec::new();
    match (&list.profiles, &list.problem) {
        (_, Some(problem)) => lines.push(Line::styled(text::clean(problem).into_owned(), theme.error)),
        (None, None) => lines.push(Line::styled("reading the profiles", theme.dim)),
        (Some(profiles), None) => {
            for (n, (name, profile)) in profiles.profiles.iter().enumerate() {
                let chosen = n == list.selected;
                let sign = if chosen { app.preferences.glyphs.cursor } else { " " };
                let current =
                    if app.session.profile.as_ref() == Some(name) { app.preferences.glyphs.ok } else { " " };
                let text = format!("{sign} {current} {:<18} {:<14} {}", name, profile.username, profile.url);
                let style = if chosen { theme.selected } else { theme.text };
                lines.push(Line::styled(text::clean(&text).into_owned(), style));
            }
            if profiles.profiles.is_empty() {
                lines.push(Line::styled("No profiles yet: n signs in to a workbench.", theme.dim));
            }
        }
    }
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let outer = centred(area, 74, rows.saturating_add(4).max(7));
    let inside = frame_box(app, "Profiles", frame, outer);
    let hints = [
        (Command::Submit, "switch"),
        (Command::AddProfile, "sign in to another"),
        (Command::RemoveProfile, "sign out"),
        (Command::Back, "back"),
    ];
    let hints = key_hints(app, &[Context::Profiles, Context::Choice, Context::Global], &hints, "   ");
    let above = inside.height.saturating_sub(2);
    let first = list.selected.saturating_sub(usize::from(above).saturating_sub(1));
    let shown: Vec<Line<'_>> = lines.into_iter().skip(first).take(above.into()).collect();
    frame.render_widget(ratatui::text::Text::from(shown), Rect { height: above, ..inside });
    if inside.height > 1 {
        let row = Rect { y: inside.bottom() - 1, height: 1, ..inside };
        frame.render_widget(hints, row);
    }
}
