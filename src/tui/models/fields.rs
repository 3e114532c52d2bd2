//! A form of one-line fields, each with a name and what to type into it.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Rows};

use super::draw::{cell, put};
use crate::text;
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

/// A field: its name, its first text, and what to type.
pub type About = (&'static str, &'static str, &'static str);

#[derive(Debug)]
struct Line {
    name: &'static str,
    field: Field,
    explanation: &'static str,
}

/// The fields, one of which has the focus. Texts that nobody typed are defaults: what is typed first
/// replaces them.
#[derive(Debug)]
pub struct Fields {
    lines: Vec<Line>,
    pub focus: usize,
}

impl Fields {
    /// Fields with names, first texts and explanations; `limit` as in [`Field::with_limit`].
    pub fn new<T: Into<String>>(
        about: impl IntoIterator<Item = (&'static str, T, &'static str)>,
        limit: usize,
    ) -> Self {
        let line = |(name, text, explanation): (_, T, _)| {
            let field = Field::new(text).with_limit(limit);
            Line { name, field, explanation }
        };
        let mut fields = Self { lines: about.into_iter().map(line).collect(), focus: 0 };
        fields.offer();
        fields
    }

    /// Changes what is said about a field.
    pub fn explain(&mut self, at: usize, explanation: &'static str) {
        self.lines[at].explanation = explanation;
    }

    pub fn name(&self, at: usize) -> &'static str {
        self.lines[at].name
    }

    /// The text of a field without blanks around it.
    pub fn text(&self, at: usize) -> &str {
        self.lines[at].field.text().trim()
    }

    pub fn texts(&self) -> Vec<String> {
        self.lines.iter().map(|line| line.field.text().to_owned()).collect()
    }

    pub fn set(&mut self, texts: &[String]) {
        self.lines.iter_mut().zip(texts).for_each(|(line, text)| line.field.set(text));
        self.offer();
    }

    /// Makes every text a default: the form was opened again.
    pub fn offer(&mut self) {
        self.lines.iter_mut().for_each(|line| line.field.offer());
    }

    /// Gives the focus to the next field.
    pub fn next(&mut self) {
        self.focus = (self.focus + 1) % self.lines.len();
    }

    /// Gives the focus to the field before.
    pub fn previous(&mut self) {
        self.focus = (self.focus + self.lines.len() - 1) % self.lines.len();
    }

    /// Up and down change the field; anything else is for the focused one.
    pub fn key(&mut self, key: KeyEvent) -> Edit {
        match key.code {
            KeyCode::Down => self.next(),
            KeyCode::Up => self.previous(),
            _ => return self.lines[self.focus].field.on_key(key),
        }
        Edit::Moved
    }

    pub fn paste(&mut self, pasted: &str) {
        self.lines[self.focus].field.paste(pasted.trim());
    }

    /// Columns before what is typed: the mark of the focus, and the names.
    fn indent(&self) -> u16 {
        let longest = self.lines.iter().map(|line| text::width(line.name)).max().unwrap_or_default();
        4 + u16::try_from(longest).unwrap_or_default()
    }

    /// Draws a line for each field into `rows`, `width` columns for what is typed, the explanation
    /// `beside` it or not at all.
    pub fn draw_lines(&self, shared: &Shared, buf: &mut Buffer, rows: &mut Rows, width: u16, beside: bool) {
        let (theme, indent) = (&shared.preferences.theme, self.indent());
        for ((at, line), row) in self.lines.iter().enumerate().zip(rows) {
            let here = at == self.focus;
            put(buf, row, row.x, if here { shared.preferences.glyphs.cursor } else { " " }, theme.accent);
            let style = if here { theme.title } else { theme.dim };
            let x = cell(buf, row, row.x + 2, indent - 2, line.name, style);
            let width = width.min(row.right().saturating_sub(x));
            line.field.render(Rect { x, width, ..row }, buf, here, &shared.styles());
            if beside {
                put(buf, row, x + width + 1, line.explanation, theme.dim);
            }
        }
    }

    /// Draws them, `width` columns for what is typed; below stands `problem`, or else `note`.
    pub fn draw(
        &self,
        shared: &Shared,
        buf: &mut Buffer,
        area: Rect,
        width: u16,
        (problem, note): (Option<&str>, &str),
    ) {
        let theme = &shared.preferences.theme;
        let room = usize::from(area.width.saturating_sub(self.indent() + width + 1));
        // If the explanations do not fit beside the fields, the focused field's is shown below.
        let beside = self.lines.iter().all(|line| text::width(line.explanation) <= room);
        let mut rows = area.rows();
        rows.next();
        self.draw_lines(shared, buf, &mut rows, width, beside);
        rows.next();
        let columns = usize::from(area.width.saturating_sub(2));
        if !beside && problem.is_none() {
            let Line { name, explanation, .. } = &self.lines[self.focus];
            for line in text::wrap(&format!("{name}: {explanation}"), columns) {
                let Some(row) = rows.next() else { return };
                put(buf, row, row.x + 2, &line, theme.text);
            }
        }
        let (text, style) = problem.map_or((note, theme.dim), |problem| (problem, theme.error));
        for (row, line) in rows.zip(text::wrap(&text::clean(text), columns)) {
            put(buf, row, row.x + 2, &line, style);
        }
    }
}
