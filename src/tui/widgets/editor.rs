//! An editor for the JSON of a model request, which shows errors while one types.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use tui_textarea::{CursorMove, TextArea};
use unicode_width::UnicodeWidthChar;

use super::editor_steps::{Kind, State, Steps};
use super::json_problem::{JsonProblem, read_json};
use super::{Edit, Styles};
use crate::text;

/// A request of up to this many characters is formatted on one line if possible.
const SHORT: usize = 36;

/// Text in lines, read as JSON after every change.
#[derive(Debug, Clone)]
pub struct JsonEditor {
    lines: TextArea<'static>,
    /// The text, if it is JSON.
    value: Result<String, JsonProblem>,
    /// Text as it was set last; typing that leads back to it counts as nothing typed.
    original: String,
    steps: Steps,
}

impl Default for JsonEditor {
    fn default() -> Self {
        Self::new("{}")
    }
}

impl JsonEditor {
    pub fn new(json: &str) -> Self {
        let original = json.lines().collect::<Vec<_>>().join("\n");
        let shown = json.lines().map(text::clean_lines).collect::<Vec<_>>().join("\n");
        let lines = text_area(&shown, "");
        let mut editor = Self { lines, value: Ok(String::new()), original, steps: Steps::default() };
        editor.read();
        editor
    }

    pub fn text(&self) -> String {
        self.lines.lines().join("\n")
    }

    /// The text if it is JSON, or its error.
    pub fn value(&self) -> Result<&str, &JsonProblem> {
        self.value.as_deref()
    }

    /// Whether something was typed since the text was set.
    pub fn is_touched(&self) -> bool {
        self.text() != self.original
    }

    /// Replaces everything; can be undone.
    pub fn replace(&mut self, json: &str) {
        let json = text::clean_lines(json);
        if json != self.text() {
            self.change(Kind::Whole, |lines| {
                *lines = text_area(&json, "");
                true
            });
        }
    }

    /// Lays the JSON out again, every number as it was typed; nothing happens while it is broken.
    pub fn format(&mut self) -> Edit {
        let Ok(value) = &self.value else {
            return Edit::Ignored;
        };
        let formatted = text::json::pretty_or_short(value, SHORT);
        if formatted == self.text() {
            return Edit::Moved;
        }
        self.replace(&formatted);
        Edit::Changed
    }

    /// Takes the last change back; what was typed in one go is one.
    pub fn undo(&mut self) {
        self.go_to(Steps::undo);
    }

    /// Makes the change again that was taken back last.
    pub fn redo(&mut self) {
        self.go_to(Steps::redo);
    }

    fn go_to(&mut self, step: fn(&mut Steps, State) -> Option<State>) {
        let now = (self.text(), self.cursor());
        let Some((text, cursor)) = step(&mut self.steps, now) else { return };
        let (before, after) = text.split_at(offset(&text, cursor));
        self.lines = text_area(before, after);
        self.read();
    }

    /// Makes a change that can be undone. `change` says whether it changed anything.
    fn change(&mut self, kind: Kind, change: impl FnOnce(&mut TextArea<'static>) -> bool) -> bool {
        let before = (self.text(), self.cursor());
        let changed = change(&mut self.lines);
        if changed {
            self.steps.note(kind, before);
            self.read();
        }
        changed
    }

    /// Selects everything: what is typed or pasted next replaces it.
    pub fn select_all(&mut self) {
        self.lines = text_area("", &self.text());
        self.lines.start_selection();
        self.lines.move_cursor(CursorMove::Bottom);
        self.lines.move_cursor(CursorMove::End);
    }

    /// Inserts `pasted` at the cursor.
    pub fn paste(&mut self, pasted: &str) -> Edit {
        // Terminals send a carriage return for each line break of a paste.
        let pasted = pasted.replace("\r\n", "\n").replace('\r', "\n");
        match self.change(Kind::Whole, |lines| lines.insert_str(text::clean_lines(&pasted))) {
            true => Edit::Changed,
            false => Edit::Ignored,
        }
    }

    pub fn on_key(&mut self, key: KeyEvent) -> Edit {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.contains(KeyModifiers::ALT) {
            return Edit::Ignored;
        }
        let changed = match key.code {
            KeyCode::Char('w') if ctrl => self.change(Kind::Whole, TextArea::delete_word),
            KeyCode::Char('k') if ctrl => self.change(Kind::Whole, TextArea::delete_line_by_end),
            KeyCode::Char('u') if ctrl => self.change(Kind::Whole, TextArea::delete_line_by_head),
            // Terminals send Ctrl-_ as what Ctrl-7 is.
            KeyCode::Char('_' | '7') if ctrl => {
                self.undo();
                true
            }
            KeyCode::Char('a') if ctrl => return self.go(CursorMove::Head),
            KeyCode::Char('y') if ctrl => {
                self.redo();
                true
            }
            KeyCode::Char('e') if ctrl => return self.go(CursorMove::End),
            KeyCode::Char(c) if !ctrl && !c.is_control() => self.change(Kind::Typed, |lines| {
                lines.insert_char(c);
                true
            }),
            KeyCode::Enter if !ctrl => self.change(Kind::Whole, break_line),
            KeyCode::Backspace => self.change(Kind::Erased, TextArea::delete_char),
            KeyCode::Delete => self.change(Kind::Erased, TextArea::delete_next_char),
            KeyCode::Left if ctrl => return self.go(CursorMove::WordBack),
            KeyCode::Right if ctrl => return self.go(CursorMove::WordForward),
            KeyCode::Left => return self.go(CursorMove::Back),
            KeyCode::Right => return self.go(CursorMove::Forward),
            // At the first and the last line the focus may move on to what is above and below.
            KeyCode::Up if self.lines.cursor().0 == 0 => return Edit::Ignored,
            KeyCode::Down if self.lines.cursor().0 + 1 == self.lines.lines().len() => return Edit::Ignored,
            KeyCode::Up => return self.go(CursorMove::Up),
            KeyCode::Down => return self.go(CursorMove::Down),
            KeyCode::Home if ctrl => return self.go(CursorMove::Top),
            KeyCode::End if ctrl => return self.go(CursorMove::Bottom),
            KeyCode::Home => return self.go(CursorMove::Head),
            KeyCode::End => return self.go(CursorMove::End),
            _ => return Edit::Ignored,
        };
        if changed { Edit::Changed } else { Edit::Moved }
    }

    fn go(&mut self, to: CursorMove) -> Edit {
        self.steps.pause();
        self.lines.cancel_selection();
        self.lines.move_cursor(to);
        Edit::Moved
    }

    /// Line and character of the cursor, from 0.
    fn cursor(&self) -> (usize, usize) {
        let cursor = self.lines.cursor();
        (cursor.0, cursor.1)
    }

    /// How many rows the text takes in so many columns.
    pub fn row_count(&self, columns: usize) -> usize {
        self.lines.lines().iter().map(|line| parts(line, columns).len()).sum()
    }

    /// The first row that is drawn, from 0, if there is room for `height` rows.
    pub fn first_in_sight(&self, columns: usize, height: usize, focused: bool) -> usize {
        if !focused {
            return 0;
        }
        let (row, column) = self.cursor();
        let lines = self.lines.lines();
        let above: usize = lines.iter().take(row).map(|line| parts(line, columns).len()).sum();
        let here = lines.get(row).map_or(0, |line| {
            parts(line, columns).iter().filter(|(first, _)| *first > 0 && *first <= column).count()
        });
        (above + here + 1).saturating_sub(height)
    }

    fn read(&mut self) {
        self.value = read_json(&self.text());
    }

    /// Draws the text, with its error underlined; a long line goes on in the next row. The host draws the
    /// message.
    pub fn render(&self, area: Rect, buf: &mut Buffer, focused: bool, styles: &Styles) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let (height, columns) = (usize::from(area.height), usize::from(area.width));
        let cursor = Some(self.cursor()).filter(|_| focused);
        let broken = self.value.as_ref().err().map(|problem| (problem.line - 1, problem.column - 1));
        let broken_style = styles.error.add_modifier(Modifier::UNDERLINED | Modifier::BOLD);
        let text = if focused && self.lines.is_selecting() { styles.cursor } else { styles.text };
        let rows = self.lines.lines().iter().enumerate().flat_map(|(line, whole)| {
            let parts = parts(whole, columns);
            let last = parts.len() - 1;
            parts.into_iter().enumerate().map(move |(n, part)| (line, part, n == last))
        });
        let rows = rows.skip(self.first_in_sight(columns, height, focused));
        for (row, (line, (first, shown), last)) in area.rows().zip(rows) {
            buf.set_stringn(row.x, row.y, shown, columns, text);
            let end = first + shown.chars().count();
            let mut mark = |at: Option<(usize, usize)>, style| {
                let here = at.filter(|at| at.0 == line && at.1 >= first && (at.1 < end || last));
                if let Some((_, column)) = here {
                    let at = columns_before(shown, column - first).min(columns - 1);
                    buf[(row.x + at as u16, row.y)].set_style(style);
                }
            };
            mark(broken, broken_style);
            mark(cursor, styles.cursor);
        }
    }
}

/// A text with the cursor in it. `TextArea` itself jumps, and selects everything, in 16 bits: what lies
/// beyond the 65 535th line or character would be out of reach.
fn text_area(before: &str, after: &str) -> TextArea<'static> {
    let mut lines = TextArea::new(after.split('\n').map(str::to_owned).collect());
    lines.set_tab_length(2);
    // It takes single characters back, and halves of a replacement.
    lines.set_max_histories(0);
    lines.insert_str(before);
    lines
}

/// Where a line and a character of it, from 0, are in a text, in bytes.
fn offset(text: &str, (row, column): (usize, usize)) -> usize {
    let start: usize = text.split_inclusive('\n').take(row).map(str::len).sum();
    let rest = &text[start..];
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// A new line is indented like the previous one.
fn break_line(lines: &mut TextArea<'static>) -> bool {
    let row = lines.cursor().0;
    let line = lines.lines().get(row).map_or("", String::as_str);
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    lines.insert_newline();
    lines.insert_str(indent);
    true
}

/// A line in parts that have room in `columns`, with a cell for the cursor after each; with the number
/// of its first character.
fn parts(line: &str, columns: usize) -> Vec<(usize, &str)> {
    let room = columns.saturating_sub(1).max(1);
    let (mut parts, mut from, mut first, mut used) = (Vec::new(), 0, 0, 0);
    for (n, (at, c)) in line.char_indices().enumerate() {
        let wide = c.width().unwrap_or(0);
        if used + wide > room && at > from {
            parts.push((first, &line[from..at]));
            (from, first, used) = (at, n, 0);
        }
        used += wide;
    }
    parts.push((first, &line[from..]));
    parts
}

fn columns_before(line: &str, characters: usize) -> usize {
    line.chars().take(characters).map(|c| c.width().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests;
