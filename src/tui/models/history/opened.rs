//! One entry over the whole screen: a run in figures and pictures, two runs beside each other, or a
//! test without an answer.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::details;
use crate::actions::history::Entry;
use crate::probe::run::Summary;
use crate::text;
use crate::tui::command::{Command, KeyContext};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout::body;
use crate::tui::models::run::{comparison, report};
use crate::tui::parts::dialog::frame_box;
use crate::tui::parts::reader::{Scroll, reader};
use crate::tui::shared::Shared;

/// What is opened.
#[derive(Debug)]
pub enum Opened {
    Entry(Box<Entry>, Scroll),
    /// Two runs, the earlier one first, each with its id.
    Pair(Box<[(i64, Summary); 2]>),
}

impl Opened {
    pub fn entry(entry: Entry) -> Self {
        Self::Entry(Box::new(entry), Scroll::default())
    }

    /// A test, as a text.
    fn lines(&self) -> Vec<Line<'static>> {
        match self {
            Self::Entry(entry, _) => {
                let lines = details::lines(entry, usize::MAX).into_iter();
                lines.map(|line| Line::raw(text::clean(&line).into_owned())).collect()
            }
            Self::Pair(_) => Vec::new(),
        }
    }
}

impl Layer for Opened {
    fn name(&self) -> &'static str {
        "entry of the history"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        match self {
            Self::Entry(entry, _) if entry.summary.is_none() => vec![KeyContext::Reader],
            _ => Vec::new(),
        }
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let lines = self.lines();
        let scrolled = match self {
            Self::Entry(_, scroll) => scroll.command(command, lines, body(shared)),
            Self::Pair(_) => false,
        };
        if scrolled { Outcome::done() } else { Outcome::ignored() }
    }

    fn hides_opener(&self) -> bool {
        true
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        match self {
            Self::Entry(entry, scroll) => {
                let title = super::title(&entry.line);
                let Some(summary) = &entry.summary else {
                    return reader(shared, &title, self.lines(), *scroll, frame, area);
                };
                let inside = frame_box(shared, &title, frame, area);
                report::draw(shared, frame.buffer_mut(), inside, summary);
            }
            Self::Pair(runs) => {
                let [(earlier, before), (later, after)] = &**runs;
                let model = |summary: &Summary| summary.plan.label.clone().unwrap_or_default();
                let title = match (model(before), model(after)) {
                    (one, other) if one == other => format!("{one}: two runs"),
                    (one, other) => format!("{one} and {other}"),
                };
                let inside = frame_box(shared, &text::clean(&title), frame, area);
                let heads = [format!("run {earlier}"), format!("run {later}")];
                comparison::draw(shared, frame.buffer_mut(), inside, &heads, before, after);
            }
        }
    }
}
