//! A few things to choose one from: an API key, a language, an earlier request.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw::{cursor, put};
use crate::text;
use crate::tui::choice::Choice;
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::parts::dialog::{centred, frame_box};
use crate::tui::shared::Shared;

/// The list. The layer that opens it gets the choice.
#[derive(Debug)]
pub struct Chooser {
    title: &'static str,
    /// Each row, and what choosing it means.
    options: Vec<(String, Decision)>,
    selected: usize,
}

impl Chooser {
    /// With the row at `selected` selected.
    pub fn new(
        title: &'static str,
        options: impl Iterator<Item = (String, Choice)>,
        selected: usize,
    ) -> Self {
        let options = options.map(|(label, choice)| (label, Decision::Chosen(choice))).collect();
        Self { title, options, selected }
    }
}

impl Layer for Chooser {
    fn name(&self) -> &'static str {
        "chooser"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Choice]
    }

    fn asks(&self) -> Option<&Decision> {
        self.options.get(self.selected).map(|(_, decision)| decision)
    }

    fn command(&mut self, _shared: &mut Shared, command: Command) -> Outcome {
        let last = self.options.len().saturating_sub(1);
        match command {
            Command::Up => self.selected = self.selected.saturating_sub(1),
            Command::Down => self.selected = (self.selected + 1).min(last),
            Command::First => self.selected = 0,
            Command::Last => self.selected = last,
            Command::Submit => {
                return Outcome { decision: self.asks().cloned(), ..Outcome::pop() };
            }
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let rows = u16::try_from(self.options.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = frame_box(shared, self.title, frame, centred(area, 68, rows));
        let top = (self.selected + 1).saturating_sub(inside.height.into());
        for (row, (at, (label, _))) in inside.rows().zip(self.options.iter().enumerate().skip(top)) {
            let (sign, style) = cursor(shared, at == self.selected, true);
            let line = format!("{sign} {}", text::clean(label));
            put(frame.buffer_mut(), row, row.x, &text::truncate(&line, row.width.into()), style);
        }
    }
}
