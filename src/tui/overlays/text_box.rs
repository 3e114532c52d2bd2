//! A text in a box, to read.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::command::{Command, KeyContext};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout::body;
use crate::tui::parts::reader::{Scroll, reader};
use crate::tui::shared::Shared;

/// A text in a box: one service, what an apply did, why a key is not rotated here.
#[derive(Debug)]
pub struct TextBox {
    title: &'static str,
    lines: Vec<Line<'static>>,
    scroll: Scroll,
}

impl TextBox {
    pub fn new(title: &'static str, lines: Vec<Line<'static>>) -> Self {
        Self { title, lines, scroll: Scroll::default() }
    }
}

impl Layer for TextBox {
    fn name(&self) -> &'static str {
        "text"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Reader]
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match self.scroll.command(command, self.lines.clone(), body(shared)) {
            true => Outcome::done(),
            false => Outcome::ignored(),
        }
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        reader(shared, self.title, self.lines.clone(), self.scroll, frame, area);
    }
}
