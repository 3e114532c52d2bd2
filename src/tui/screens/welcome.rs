//! The first run: sign in to a workbench, or try the embedded one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::Effects;
use crate::tui::embedded::Wish;
use crate::tui::overlays;
use crate::tui::session::{self, SessionState};
use crate::tui::widgets::dialog::Dialog;

/// Which of the two is marked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    second: bool,
}

pub(super) fn contexts(_app: &App) -> Vec<Context> {
    vec![Context::Choice]
}

pub(super) fn typing(_app: &App) -> bool {
    false
}

pub(super) fn modal(_app: &App) -> bool {
    false
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    match command {
        Command::Up | Command::Down | Command::NextPart | Command::PreviousPart => {
            app.welcome.second = !app.welcome.second;
            Some(Effects::new())
        }
        Command::First | Command::Last => {
            app.welcome.second = command == Command::Last;
            Some(Effects::new())
        }
        Command::Submit if app.welcome.second => {
            let wish = Wish::default();
            app.session = SessionState::opening("demo", &wish.user);
            Some(session::start_embedded(app, wish))
        }
        Command::Submit => Some(overlays::show_sign_in(app)),
        _ => None,
    }
}

pub(super) fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let cursor = app.preferences.glyphs.cursor;
    let choice = |second: bool, text: &'static str| {
        let chosen = app.welcome.second == second;
        let sign = if chosen { cursor } else { " " };
        Line::from(vec![
            Span::raw(format!("{sign} ")),
            Span::styled(format!(" {text} "), if chosen { theme.selected } else { theme.text }),
        ])
    };
    let lines = vec![
        Line::from("API keys and models of a Cloudera AI Workbench, from the terminal."),
        Line::default(),
        choice(false, "Sign in to a workbench"),
        Line::styled("    its URL and an API key; both are kept as a profile", theme.dim),
        Line::default(),
        choice(true, "Try the embedded workbench"),
        Line::styled("    demo data inside this process; nothing of it stays", theme.dim),
        Line::default(),
        Line::styled("Enter chooses, q leaves", theme.dim),
    ];
    Dialog::new("Welcome", lines).render(app, frame, area);
}
