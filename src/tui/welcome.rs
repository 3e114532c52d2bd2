//! The first run: sign in to a workbench, or try the embedded one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::command::{Command, KeyContext};
use super::embedded::Wish;
use super::layer::{Layer, Outcome};
use super::overlays::SignIn;
use super::parts::dialog::Dialog;
use super::session;
use super::shared::Shared;

/// The first-run screen, with one of the two selected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Welcome {
    second: bool,
}

impl Layer for Welcome {
    fn name(&self) -> &'static str {
        "welcome"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Choice]
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Up | Command::Down | Command::NextPart | Command::PreviousPart => {
                self.second = !self.second;
                Outcome::done()
            }
            Command::First | Command::Last => {
                self.second = command == Command::Last;
                Outcome::done()
            }
            Command::Submit if self.second => session::start_embedded(shared, Wish::default()).into(),
            Command::Submit => Outcome::push(SignIn::default()),
            _ => Outcome::ignored(),
        }
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let cursor = shared.preferences.glyphs.cursor;
        let choice = |second: bool, text: &'static str| {
            let chosen = self.second == second;
            let sign = if chosen { cursor } else { " " };
            Line::from(vec![
                Span::raw(format!("{sign} ")),
                Span::styled(format!(" {text} "), if chosen { theme.selected } else { theme.text }),
            ])
        };
        let (submit, quit) = (shared.key_of(Command::Submit), shared.key_of(Command::Quit));
        let lines = vec![
            Line::from("API keys and models of a Cloudera AI Workbench, from the terminal."),
            Line::default(),
            choice(false, "Sign in to a workbench"),
            Line::styled("    its URL and an API key; both are kept as a profile", theme.dim),
            Line::default(),
            choice(true, "Try the embedded workbench"),
            Line::styled("    demo data inside this process; nothing is kept", theme.dim),
            Line::default(),
            Line::styled(format!("{submit} chooses, {quit} quits"), theme.dim),
        ];
        Dialog::new("Welcome", lines).render(shared, frame, area);
    }
}
