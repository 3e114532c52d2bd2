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
        let lines = TextArea::default();
        let mut editor = Self { lines, value: Ok(String::new()), original, steps: Steps::default() };
        editor.set_lines(&json.lines().map(text::clean_lines).collect::<Vec<_>>().join("\n"));
        editor.lines.move_cursor(CursorMove::Bottom);
        editor.lines.move_cursor(CursorMove::End);
        editor
    }

    /// Shows another text.
    fn set_lines(&mut self, text: &str) {
        self.lines = TextArea::new(text.split('\n').map(str::to_owned).collect());
        self.lines.set_tab_length(2);
        // It takes single characters back, and halves of a replacement.
        self.lines.set_max_histories(0);
        self.read();
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
        self.change(Kind::Whole, |lines| {
            lines.select_all();
            lines.cut() | lines.insert_str(text::clean_lines(json))
        });
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
        let Some((text, (row, column))) = step(&mut self.steps, now) else { return };
        self.set_lines(&text);
        let at = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.lines.move_cursor(CursorMove::Jump(at(row), at(column)));
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
        self.lines.select_all();
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
    fn formatting_keeps_the_value_and_can_be_undone() {
        let mut editor = JsonEditor::new("{\"rows\":[{\"x\":1},{\"x\":2}]}");
        assert_eq!(editor.format(), Edit::Changed);
        assert!(editor.text().lines().count() > 3);
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
        assert_eq!(editor.text(), before);
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
    fn what_is_typed_in_one_go_is_taken_back_at_once() {
        let mut editor = JsonEditor::new("[]");
        press(&mut editor, KeyCode::Left);
        "12".chars().for_each(|c| assert_eq!(press(&mut editor, KeyCode::Char(c)), Edit::Changed));
        press(&mut editor, KeyCode::Backspace);
        press(&mut editor, KeyCode::End);
        "34".chars().for_each(|c| assert_eq!(press(&mut editor, KeyCode::Char(c)), Edit::Changed));
        let texts = |editor: &mut JsonEditor, go: fn(&mut JsonEditor)| -> Vec<String> {
            let text = |_| {
                go(editor);
                editor.text()
            };
            (0..4).map(text).collect()
        };
        assert_eq!(texts(&mut editor, JsonEditor::undo), ["[1]", "[12]", "[]", "[]"]);
        assert_eq!(editor.cursor(), (0, 1));
        assert_eq!(texts(&mut editor, JsonEditor::redo), ["[12]", "[1]", "[1]34", "[1]34"]);
        editor.undo();
        press(&mut editor, KeyCode::Char('x'));
        editor.redo();
        assert_eq!(editor.text(), "[1]x", "a change ends what was taken back");
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
    fn a_long_line_goes_on_in_the_next_row_and_the_cursor_with_it() {
        let area = Rect::new(0, 0, 9, 3);
        let drawn = |editor: &JsonEditor, focused| {
            let mut buf = Buffer::empty(area);
            editor.render(area, &mut buf, focused, &Styles::default());
            let row = |y| (0..9).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
            let reversed = Styles::default().cursor.add_modifier;
            let cursor = area.positions().find(|at| buf[*at].modifier == reversed).map(|at| (at.x, at.y));
            ([row(0), row(1), row(2)], cursor)
        };
        let mut editor = JsonEditor::new("{\"months\": 5, \"calls\": 4}");
        assert_eq!(editor.row_count(9), 4);
        assert_eq!(drawn(&editor, false).0, ["{\"months", "\": 5, \"c", "alls\": 4"]);
        let (rows, cursor) = drawn(&editor, true);
        assert_eq!((rows[2].as_str(), cursor), ("}", Some((1, 2))), "the end is in sight");
        press(&mut editor, KeyCode::Home);
        for _ in 0..8 {
            press(&mut editor, KeyCode::Right);
        }
        assert_eq!(drawn(&editor, true).1, Some((0, 1)), "at a break it is in the row below");
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
