//! An editor for the JSON of a model request, which shows errors while one types.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use serde::de::IgnoredAny;
use tui_textarea::{CursorMove, TextArea};
use unicode_width::UnicodeWidthChar;

use super::{Edit, Styles};
use crate::text;

/// A request of up to this many characters is formatted on one line if possible.
const SHORT: usize = 36;

/// Where JSON breaks, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct JsonProblem {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub message: String,
}

/// Text in lines, read as JSON after every change.
#[derive(Debug, Clone)]
pub struct JsonEditor {
    lines: TextArea<'static>,
    /// The text, if it is JSON.
    value: Result<String, JsonProblem>,
    /// Text as it was set last; typing that leads back to it counts as nothing typed.
    original: String,
}

impl Default for JsonEditor {
    fn default() -> Self {
        Self::new("{}")
    }
}

impl JsonEditor {
    pub fn new(json: &str) -> Self {
        let mut lines = TextArea::new(json.lines().map(text::clean_lines).collect());
        lines.set_tab_length(2);
        lines.move_cursor(CursorMove::Bottom);
        lines.move_cursor(CursorMove::End);
        let mut editor =
            Self { lines, value: Ok(String::new()), original: json.lines().collect::<Vec<_>>().join("\n") };
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
        self.lines.select_all();
        self.lines.cut();
        if !json.is_empty() {
            self.lines.insert_str(text::clean_lines(json));
        }
        self.read();
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

    /// Takes the last change back.
    pub fn undo(&mut self) {
        self.lines.undo();
        self.read();
    }

    /// Makes the change again that was taken back last.
    pub fn redo(&mut self) {
        self.lines.redo();
        self.read();
    }

    /// Selects everything: what is typed or pasted next replaces it.
    pub fn select_all(&mut self) {
        self.lines.select_all();
    }

    /// Inserts `pasted` at the cursor.
    pub fn paste(&mut self, pasted: &str) -> Edit {
        // Terminals send a carriage return for each line break of a paste.
        let pasted = pasted.replace("\r\n", "\n").replace('\r', "\n");
        if !self.lines.insert_str(text::clean_lines(&pasted)) {
            return Edit::Ignored;
        }
        self.read();
        Edit::Changed
    }

    pub fn on_key(&mut self, key: KeyEvent) -> Edit {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.contains(KeyModifiers::ALT) {
            return Edit::Ignored;
        }
        let changed = match key.code {
            KeyCode::Char('w') if ctrl => self.lines.delete_word(),
            KeyCode::Char('k') if ctrl => self.lines.delete_line_by_end(),
            KeyCode::Char('u') if ctrl => self.lines.delete_line_by_head(),
            // Terminals send Ctrl-_ as what Ctrl-7 is.
            KeyCode::Char('_' | '7') if ctrl => self.lines.undo(),
            KeyCode::Char('a') if ctrl => return self.go(CursorMove::Head),
            KeyCode::Char('y') if ctrl => self.lines.redo(),
            KeyCode::Char('e') if ctrl => return self.go(CursorMove::End),
            KeyCode::Char(c) if !ctrl && !c.is_control() => {
                self.lines.insert_char(c);
                true
            }
            KeyCode::Enter if !ctrl => {
                self.break_line();
                true
            }
            KeyCode::Backspace => self.lines.delete_char(),
            KeyCode::Delete => self.lines.delete_next_char(),
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
        if !changed {
            return Edit::Moved;
        }
        self.read();
        Edit::Changed
    }

    /// A new line is indented like the previous one.
    fn break_line(&mut self) {
        let row = self.lines.cursor().0;
        let line = self.lines.lines().get(row).map_or("", String::as_str);
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        self.lines.insert_newline();
        if !indent.is_empty() {
            self.lines.insert_str(indent);
        }
    }

    fn go(&mut self, to: CursorMove) -> Edit {
        self.lines.cancel_selection();
        self.lines.move_cursor(to);
        Edit::Moved
    }

    pub fn line_count(&self) -> usize {
        self.lines.lines().len()
    }

    /// The first line that is drawn, from 0, if there is room for `height` lines.
    pub fn first_in_sight(&self, height: usize, focused: bool) -> usize {
        if focused { (self.lines.cursor().0 + 1).saturating_sub(height) } else { 0 }
    }

    fn read(&mut self) {
        self.value = read_json(&self.text());
    }

    /// Draws the text, with its error underlined. The host draws the message.
    pub fn render(&self, area: Rect, buf: &mut Buffer, focused: bool, styles: &Styles) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let (height, columns) = (usize::from(area.height), usize::from(area.width));
        let cursor = self.lines.cursor();
        let top = self.first_in_sight(height, focused);
        let broken = self.value.as_ref().err();
        for (row, line) in self.lines.lines().iter().enumerate().skip(top).take(height) {
            let y = area.y + (row - top) as u16;
            let here = focused && row == cursor.0;
            let start = if here { first_column(line, cursor.1, columns) } else { 0 };
            let shown = line.char_indices().nth(start).map_or("", |(at, _)| &line[at..]);
            let selected = focused && self.lines.is_selecting();
            buf.set_stringn(area.x, y, shown, columns, if selected { styles.cursor } else { styles.text });
            if let Some(column) =
                broken.filter(|problem| problem.line == row + 1).map(|problem| problem.column)
            {
                let at = columns_before(shown, column.saturating_sub(1 + start)).min(columns - 1);
                buf[(area.x + at as u16, y)]
                    .set_style(styles.error.add_modifier(Modifier::UNDERLINED | Modifier::BOLD));
            }
            if here {
                let at = columns_before(shown, cursor.1 - start).min(columns - 1);
                buf[(area.x + at as u16, y)].set_style(styles.cursor);
            }
        }
    }
}

/// The first character to draw, so that the one at `cursor` is within `columns`.
fn first_column(line: &str, cursor: usize, columns: usize) -> usize {
    let widths: Vec<usize> = line.chars().map(|c| c.width().unwrap_or(0)).collect();
    let mut wide: usize = widths[..cursor.min(widths.len())].iter().sum::<usize>() + 1;
    let mut start = 0;
    while wide > columns && start < cursor {
        wide -= widths[start];
        start += 1;
    }
    start
}

fn columns_before(line: &str, characters: usize) -> usize {
    line.chars().take(characters).map(|c| c.width().unwrap_or(0)).sum()
}

/// Returns `json` if it is JSON; an error has its line and column, counted in characters.
fn read_json(json: &str) -> Result<String, JsonProblem> {
    if json.trim().is_empty() {
        let message = "no request; write JSON, {} for an empty one".to_owned();
        return Err(JsonProblem { line: 1, column: 1, message });
    }
    serde_json::from_str::<IgnoredAny>(json).map(|_| json.to_owned()).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let message = explained(message.split(" at line ").next().unwrap_or_default());
        // serde_json counts bytes, and from 0 in a line without any.
        let text = json.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let bytes = column.saturating_sub(1).min(text.len());
        let characters = text.char_indices().take_while(|(at, _)| *at < bytes).count();
        JsonProblem { line, column: characters + 1, message }
    })
}

/// Rewords an error of serde_json for a user who rarely writes JSON. Unknown errors stay unchanged.
fn explained(message: &str) -> String {
    let text = match message {
        "EOF while parsing an object" => "} is missing at the end",
        "EOF while parsing a list" => "] is missing at the end",
        "EOF while parsing a string" => "a text has no \" at its end",
        "EOF while parsing a value" => "a value is missing",
        "trailing characters" => "there is text after the end",
        "trailing comma" => "nothing follows the comma",
        "expected value" => "no value; texts stand in \"",
        "key must be a string" => "a name must stand in \"",
        "expected `:`" => "a : is missing after the name",
        "expected `,` or `}`" => "a , or } is missing",
        "expected `,` or `]`" => "a , or ] is missing",
        "expected ident" => "true, false or null is misspelt",
        "invalid number" => "this is not a number",
        "invalid escape" => "no such escape; \\\\ is a backslash",
        other if other.starts_with("control character") => "line break in a text: write \\n",
        other => other,
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(editor: &mut JsonEditor, code: KeyCode) -> Edit {
        editor.on_key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn the_place_where_json_breaks_is_named_while_typing() {
        let mut editor = JsonEditor::new("{\"a\": 3}");
        assert!(!editor.is_touched());
        press(&mut editor, KeyCode::Backspace);
        let problem = editor.value().unwrap_err();
        assert_eq!((problem.line, problem.column), (1, 7));
        assert!(problem.message.starts_with("} is missing"), "{problem}");
        assert!(editor.is_touched());
        press(&mut editor, KeyCode::Char('}'));
        assert_eq!(editor.value(), Ok("{\"a\": 3}"));
        assert!(!editor.is_touched());
    }

    #[test]
    fn a_column_counts_characters_and_not_bytes() {
        let problem = read_json("{\n  \"ü日\": x}").unwrap_err();
        assert_eq!((problem.line, problem.column), (2, 9));
        let shown = problem.to_string();
        assert_eq!(shown, "line 2, column 9: no value; texts stand in \"");
        assert_eq!(read_json(" \n").unwrap_err().line, 1);
    }

    #[test]
    fn formatting_keeps_the_value_and_can_be_undone() {
        let mut editor = JsonEditor::new("{\"rows\":[{\"x\":1},{\"x\":2}]}");
        assert_eq!(editor.format(), Edit::Changed);
        assert!(editor.text().lines().count() > 3);
        editor.on_key(KeyEvent::new(KeyCode::Char('7'), KeyModifiers::CONTROL));
        editor.on_key(KeyEvent::new(KeyCode::Char('7'), KeyModifiers::CONTROL));
        assert_eq!(editor.text(), "{\"rows\":[{\"x\":1},{\"x\":2}]}");
        editor.replace("{");
        assert_eq!(editor.format(), Edit::Ignored);
        assert_eq!(editor.text(), "{");
    }

    #[test]
    fn everything_selected_is_replaced_by_what_is_typed_and_comes_back() {
        let mut editor = JsonEditor::new("{\"a\": 1,\n\"b\": 2}");
        let before = editor.text();
        editor.select_all();
        press(&mut editor, KeyCode::Char('8'));
        assert_eq!(editor.value(), Ok("8"));
        editor.undo();
        editor.undo();
        assert_eq!(editor.text(), before);
        editor.redo();
        editor.redo();
        assert_eq!(editor.text(), "8");
        editor.select_all();
        press(&mut editor, KeyCode::Left);
        press(&mut editor, KeyCode::Char('1'));
        assert_eq!(editor.text().len(), 2, "moving ends the selection");
        editor.replace("");
        editor.undo();
        assert_eq!(editor.text().len(), 2, "cleared, and brought back");
    }

    #[test]
    fn lines_are_cleared_as_in_a_shell() {
        let ctrl = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        let mut editor = JsonEditor::new("{\"a\": 1,\n\"b\": 2}");
        editor.on_key(ctrl('u'));
        assert_eq!(editor.text(), "{\"a\": 1,\n");
        editor.on_key(ctrl('u'));
        editor.on_key(ctrl('a'));
        editor.on_key(ctrl('k'));
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn a_short_request_stays_on_one_line_and_digits_stay() {
        for (typed, formatted) in [
            ("{\"a\":3,\n\"b\":5}", "{\"a\": 3, \"b\": 5}"),
            ("{ }", "{}"),
            ("{\"n\":12345678901234567890123}", "{\"n\": 12345678901234567890123}"),
            ("{\"n\":9007199254740993.5}", "{\"n\": 9007199254740993.5}"),
            ("[1e999]", "[\n  1e999\n]"),
        ] {
            let mut editor = JsonEditor::new(typed);
            assert_eq!(editor.format(), Edit::Changed);
            assert_eq!(editor.text(), formatted);
        }
    }

    #[test]
    fn lines_can_be_pasted_and_broken() {
        let mut editor = JsonEditor::new("");
        editor.paste("{\r  \"a\": 1,");
        press(&mut editor, KeyCode::Enter);
        editor.paste("\"b\": 2\u{1b}}");
        assert_eq!(editor.text(), "{\n  \"a\": 1,\n  \"b\": 2\u{fffd}}");
        press(&mut editor, KeyCode::Backspace);
        press(&mut editor, KeyCode::Backspace);
        press(&mut editor, KeyCode::Char('}'));
        assert!(editor.value().unwrap().contains("\"b\": 2"), "{}", editor.text());
    }

    #[test]
    fn at_its_edges_the_arrows_are_left_to_the_host() {
        let mut editor = JsonEditor::new("{\n}");
        assert_eq!(press(&mut editor, KeyCode::Down), Edit::Ignored);
        assert_eq!(press(&mut editor, KeyCode::Up), Edit::Moved);
        assert_eq!(press(&mut editor, KeyCode::Up), Edit::Ignored);
        assert_eq!(press(&mut editor, KeyCode::Tab), Edit::Ignored);
    }

    #[test]
    fn it_draws_at_every_size() {
        let mut editor = JsonEditor::new("{\n  \"text\": \"日本語 and more than fits\",\n  x\n}");
        press(&mut editor, KeyCode::Up);
        for width in 0..12 {
            for height in 0..6 {
                let area = Rect::new(0, 0, width, height);
                let mut buf = Buffer::empty(area);
                editor.render(area, &mut buf, true, &Styles::default());
                editor.render(Rect::new(3, 2, 40, 9), &mut buf, false, &Styles::default());
            }
        }
    }
}
