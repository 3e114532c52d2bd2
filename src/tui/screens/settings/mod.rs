//! The Settings tab: API keys, the legacy key, profiles.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::api;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::{self, Effects};
use crate::tui::requests::RequestId;

/// The state of the tab.
#[derive(Debug, Default)]
pub struct State {}

/// What the tab asks the workbench.
#[derive(Debug)]
pub enum Call {}

/// What it answered.
#[derive(Debug)]
pub enum Reply {}

/// What a yes to a question of this tab does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {}

impl Call {
    /// Carries the call out.
    pub async fn run(self, _context: effect::Context) -> Reply {
        match self {}
    }
}

impl Reply {
    /// The error of an answer that is one.
    pub fn error(&self) -> Option<&api::Error> {
        None
    }
}

pub(super) fn contexts(_app: &App) -> Vec<Context> {
    vec![Context::Keys, Context::List]
}

pub(super) fn typing(_app: &App) -> bool {
    false
}

pub(super) fn modal(_app: &App) -> bool {
    false
}

pub(super) fn unsaved(_app: &App) -> Option<String> {
    None
}

pub(super) fn enter(_app: &mut App) -> Effects {
    Effects::new()
}

pub(super) fn command(_app: &mut App, _command: Command) -> Option<Effects> {
    None
}

pub(super) fn key(_app: &mut App, _key: KeyEvent) -> Effects {
    Effects::new()
}

pub(super) fn paste(_app: &mut App, _text: &str) -> Effects {
    Effects::new()
}

pub(super) fn reply(_app: &mut App, _id: RequestId, reply: Reply) -> Effects {
    match reply {}
}

pub(super) fn cancelled(_app: &mut App, _id: RequestId) {}

pub(super) fn policy_changed(_app: &mut App) {}

pub(in crate::tui) fn confirmed(_app: &mut App, what: Confirmed) -> Effects {
    match what {}
}

pub(super) fn view(_app: &App, frame: &mut Frame<'_>, area: Rect) {
    frame.render_widget("API keys", area);
}
