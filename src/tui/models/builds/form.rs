//! A form of a few lines of text: a deployment's size, what a new build is made from.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::text;
use crate::tui::command::Command;
use crate::tui::decision::Decision;
use crate::tui::layer::Outcome;
use crate::tui::models::draw::{cell, put};
use crate::tui::overlays::Question;
use crate::tui::requests::RequestId;
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

/// Columns of a field's name.
const NAME: u16 = 10;

/// One line of a form.
#[derive(Debug)]
struct Line {
    name: &'static str,
    field: Field,
    /// What it held at first: leaving anything else asks.
    first: String,
    explanation: &'static str,
}

/// Fields, which of them has the focus, and what became of the request.
#[derive(Debug)]
pub struct Form {
    lines: Vec<Line>,
    focus: usize,
    pub problem: Option<String>,
    pub sending: Option<RequestId>,
}

impl Form {
    /// Fields with names, first values and explanations, which take at most `limit` characters.
    pub fn new<const N: usize>(fields: [(&'static str, String, &'static str); N], limit: usize) -> Self {
        let line = |(name, first, explanation): (_, String, _)| {
            let field = Field::new(&first).with_limit(limit);
            Line { name, field, first, explanation }
        };
        Self { lines: fields.into_iter().map(line).collect(), focus: 0, problem: None, sending: None }
    }

    /// Begins in the field `at`.
    pub fn focused(mut self, at: usize) -> Self {
        self.focus = at;
        self
    }

    /// What is typed in a field.
    pub fn text(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", |line| line.field.text().trim())
    }

    /// Reads a field; an empty one is `None`. What cannot be read gets the focus.
    pub fn read<T>(&mut self, at: usize, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, ()> {
        let text = self.text(at);
        if text.is_empty() {
            return Ok(None);
        }
        parse(text).map(Some).map_err(|problem| {
            let name = self.lines.get(at).map_or("", |line| line.name);
            (self.focus, self.problem) = (at, Some(format!("{name}: {problem}")));
        })
    }

    /// Whether something else is typed than what was there.
    pub fn is_touched(&self) -> bool {
        self.lines.iter().any(|line| line.field.text() != line.first)
    }

    /// Moves between fields, and leaves; what was typed is asked about.
    pub fn command(&mut self, command: Command) -> Outcome {
        match command {
            Command::NextField => self.step(1),
            Command::PreviousField => self.step(self.lines.len().saturating_sub(1)),
            Command::Back if self.is_touched() && self.sending.is_none() => {
                let lines = vec!["What was typed is lost.".to_owned()];
                let question = Question::new("Discard the form?", lines, "Discard", Decision::Discard);
                return question.or("Keep editing").esc_discards().ask();
            }
            Command::Back => return Outcome::pop(),
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn step(&mut self, by: usize) {
        self.focus = (self.focus + by) % self.lines.len().max(1);
    }

    /// A key that is no command.
    pub fn key(&mut self, key: KeyEvent) {
        let last = self.lines.len().saturating_sub(1);
        match key.code {
            KeyCode::Down => self.step(1),
            KeyCode::Up => self.step(last),
            _ => {
                if let Some(line) = self.lines.get_mut(self.focus)
                    && line.field.on_key(key) == Edit::Changed
                {
                    self.problem = None;
                }
            }
        }
    }

    pub fn paste(&mut self, pasted: &str) {
        if let Some(line) = self.lines.get_mut(self.focus) {
            line.field.paste(pasted.trim());
            self.problem = None;
        }
    }

    /// Why nothing was sent, or what the workbench refused.
    pub fn refused(&mut self, problem: String) {
        (self.sending, self.problem) = (None, Some(problem));
    }

    /// Draws the fields, `width` columns wide, and below them the problem or else `notes`.
    pub fn draw(&self, shared: &Shared, buf: &mut Buffer, area: Rect, width: u16, notes: &[(String, bool)]) {
        let theme = &shared.preferences.theme;
        let mut rows = area.rows();
        for (at, line) in self.lines.iter().enumerate() {
            let Some(row) = rows.next() else { return };
            let here = at == self.focus;
            let marker = if here { shared.preferences.glyphs.cursor } else { " " };
            put(buf, row, row.x, marker, theme.accent);
            let x = cell(buf, row, row.x + 2, NAME, line.name, if here { theme.title } else { theme.dim });
            let width = width.min(row.right().saturating_sub(x));
            line.field.render(Rect { x, width, ..row }, buf, here, &shared.styles());
            put(buf, row, x + width + 1, line.explanation, theme.dim);
        }
        rows.next();
        let problem = self.problem.iter().map(|problem| (problem, theme.error));
        let notes = notes.iter().map(|(note, warns)| (note, if *warns { theme.warn } else { theme.dim }));
        let shown: Vec<_> = if self.problem.is_some() { problem.collect() } else { notes.collect() };
        for (text, style) in shown {
            if text.is_empty() {
                rows.next();
            }
            for line in text::wrap(&text::clean(text), area.width.into()) {
                let Some(row) = rows.next() else { return };
                put(buf, row, row.x, &line, style);
            }
        }
    }
}
