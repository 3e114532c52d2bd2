//! A form of a few lines of text: a deployment's size, what a new build is made from.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::text;
use crate::tui::command::Command;
use crate::tui::decision::Decision;
use crate::tui::layer::Outcome;
use crate::tui::models::draw::put;
use crate::tui::models::fields::Fields;
use crate::tui::overlays::Question;
use crate::tui::requests::RequestId;
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;

/// Fields, and what became of the request.
#[derive(Debug)]
pub struct Form {
    fields: Fields,
    /// What they held at first: leaving anything else asks.
    first: Vec<String>,
    pub problem: Option<String>,
    pub sending: Option<RequestId>,
}

impl Form {
    /// Fields with names, first values and explanations, which take at most `limit` characters.
    pub fn new<const N: usize>(fields: [(&'static str, String, &'static str); N], limit: usize) -> Self {
        let fields = Fields::new(fields, limit);
        Self { first: fields.texts(), fields, problem: None, sending: None }
    }

    /// Begins in the field `at`.
    pub fn focused(mut self, at: usize) -> Self {
        self.fields.focus = at;
        self
    }

    /// What is typed in a field.
    pub fn text(&self, at: usize) -> &str {
        self.fields.text(at)
    }

    /// Reads a field; an empty one is `None`. What cannot be read gets the focus.
    pub fn read<T>(&mut self, at: usize, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, ()> {
        let text = self.text(at);
        if text.is_empty() {
            return Ok(None);
        }
        parse(text).map(Some).map_err(|problem| {
            let problem = format!("{}: {problem}", self.fields.name(at));
            (self.fields.focus, self.problem) = (at, Some(problem));
        })
    }

    /// Whether something else is typed than what was there.
    pub fn is_touched(&self) -> bool {
        self.fields.texts() != self.first
    }

    /// Moves between fields, and leaves; what was typed is asked about.
    pub fn command(&mut self, command: Command) -> Outcome {
        match command {
            Command::NextField => self.fields.next(),
            Command::PreviousField => self.fields.previous(),
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

    /// A key that is no command.
    pub fn key(&mut self, key: KeyEvent) {
        if self.fields.key(key) == Edit::Changed {
            self.problem = None;
        }
    }

    pub fn paste(&mut self, pasted: &str) {
        self.fields.paste(pasted);
        self.problem = None;
    }

    /// Why nothing was sent, or what the workbench refused.
    pub fn refused(&mut self, problem: String) {
        (self.sending, self.problem) = (None, Some(problem));
    }

    /// Draws the fields, `width` columns wide, and below them the problem or else `notes`.
    pub fn draw(&self, shared: &Shared, buf: &mut Buffer, area: Rect, width: u16, notes: &[(String, bool)]) {
        let theme = &shared.preferences.theme;
        let mut rows = area.rows();
        self.fields.draw_lines(shared, buf, &mut rows, width, true);
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
