//! The Jobs tab: empty so far.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::command::{Command, KeyContext};
use super::layer::{Layer, Outcome};
use super::parts::pane::pane;
use super::shared::Shared;

/// The tab.
#[derive(Debug)]
pub struct Jobs;

impl Layer for Jobs {
    fn name(&self) -> &'static str {
        "jobs"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        Vec::new()
    }

    fn command(&mut self, _shared: &mut Shared, _command: Command) -> Outcome {
        Outcome::ignored()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        pane(shared, "Jobs", "", true, frame, area);
    }
}
