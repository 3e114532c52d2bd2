//! The themes that are built in: each is seen while it is selected.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::config::setting::Setting;
use crate::tui::command::{Command, KeyContext};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::parts::dialog::{centred, frame_box};
use crate::tui::shared::Shared;
use crate::tui::theme::{NAMES, Theme};

/// The list of themes.
#[derive(Debug)]
pub struct Themes {
    /// What Esc brings back.
    before: Theme,
    selected: usize,
}

impl Themes {
    /// With the theme in use selected.
    pub fn new(shared: &Shared) -> Self {
        let before = shared.preferences.theme.clone();
        let selected = NAMES.iter().position(|name| Theme::named(name).as_ref() == Some(&before));
        Self { before, selected: selected.unwrap_or_default() }
    }

    fn go(&mut self, shared: &mut Shared, to: usize) -> Outcome {
        self.selected = to.min(NAMES.len() - 1);
        if let Some(theme) = Theme::named(NAMES[self.selected]) {
            shared.preferences.theme = theme;
        }
        Outcome::done()
    }
}

impl Layer for Themes {
    fn name(&self) -> &'static str {
        "themes"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Choice]
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Up => self.go(shared, self.selected.saturating_sub(1)),
            Command::Down => self.go(shared, self.selected + 1),
            Command::First => self.go(shared, 0),
            Command::Last => self.go(shared, NAMES.len() - 1),
            Command::Submit => {
                let saved = shared.save(Setting::Theme(NAMES[self.selected]));
                if saved.is_none() {
                    let text = "the theme holds for this run only: no folder for the configuration is known";
                    shared.notices.info(shared.now, text);
                }
                self.go(shared, self.selected).and(Outcome::pop()).and(saved.into())
            }
            Command::Back => {
                shared.preferences.theme = self.before.clone();
                Outcome::pop()
            }
            _ => Outcome::ignored(),
        }
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let inside = frame_box(shared, "Theme", frame, centred(area, 40, NAMES.len() as u16 + 2));
        for (row, (at, name)) in inside.rows().zip(NAMES.iter().enumerate()) {
            let chosen = at == self.selected;
            let sign = if chosen { shared.preferences.glyphs.cursor } else { " " };
            let style = if chosen { theme.selected } else { theme.text };
            frame.render_widget(Line::styled(format!("{sign} {name}"), style), row);
        }
    }
}
