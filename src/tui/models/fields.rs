//! A form of one-line fields, each with a name and what to type into it.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw::{cell, put};
use crate::text;
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

/// Columns of a name.
const NAME: u16 = 11;

/// A field: its name, its first text, and what to type.
pub type About = (&'static str, &'static str, &'static str);

/// The fields, one of which has the focus.
#[derive(Debug)]
pub struct Fields<const N: usize> {
    about: &'static [About; N],
    fields: [Field; N],
    pub focus: usize,
}

impl<const N: usize> Fields<N> {
    /// With their first texts; `limit` as in [`Field::with_limit`].
    pub fn new(about: &'static [About; N], limit: usize) -> Self {
        Self { about, fields: about.map(|(_, text, _)| Field::new(text).with_limit(limit)), focus: 0 }
    }

    pub fn name(&self, at: usize) -> &'static str {
        self.about[at].0
    }

    /// The text of a field without blanks around it.
    pub fn text(&self, at: usize) -> &str {
        self.fields[at].text().trim()
    }

    pub fn texts(&self) -> [String; N] {
        self.fields.each_ref().map(|field| field.text().to_owned())
    }

    pub fn set(&mut self, texts: &[String; N]) {
        self.fields.iter_mut().zip(texts).for_each(|(field, text)| field.set(text));
    }

    /// Gives the focus to the next field.
    pub fn next(&mut self) {
        self.focus = (self.focus + 1) % N;
    }

    /// Gives the focus to the field before.
    pub fn previous(&mut self) {
        self.focus = (self.focus + N - 1) % N;
    }

    /// Up and down change the field; anything else is for the focused one.
    pub fn key(&mut self, key: KeyEvent) -> Edit {
        match key.code {
            KeyCode::Down => self.next(),
            KeyCode::Up => self.previous(),
            _ => return self.fields[self.focus].on_key(key),
        }
        Edit::Moved
    }

    pub fn paste(&mut self, pasted: &str) {
        self.fields[self.focus].paste(pasted.trim());
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
        let room = usize::from(area.width.saturating_sub(2 + NAME + width + 1));
        // If the explanations do not fit beside the fields, the focused field's is shown below.
        let beside = self.about.iter().all(|(_, _, explanation)| text::width(explanation) <= room);
        let mut rows = area.rows();
        rows.next();
        for (at, ((name, _, explanation), field)) in self.about.iter().zip(&self.fields).enumerate() {
            let Some(row) = rows.next() else { return };
            let here = at == self.focus;
            put(buf, row, row.x, if here { shared.preferences.glyphs.cursor } else { " " }, theme.accent);
            let x = cell(buf, row, row.x + 2, NAME, name, if here { theme.title } else { theme.dim });
            let width = width.min(row.right().saturating_sub(x));
            field.render(Rect { x, width, ..row }, buf, here, &shared.styles());
            if beside {
                put(buf, row, x + width + 1, explanation, theme.dim);
            }
        }
        rows.next();
        let columns = usize::from(area.width.saturating_sub(2));
        if !beside && problem.is_none() {
            let (name, _, explanation) = self.about[self.focus];
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
