//! One line of text with a cursor.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use secrecy::zeroize::Zeroize as _;
use unicode_width::UnicodeWidthChar;

use super::{Edit, Styles};
use crate::text;

/// A one-line text field. Line breaks become blanks, and control characters are removed.
///
/// No library's, since the field for keys is one of these: its text has to be wiped from memory.
#[derive(Debug, Clone, Default)]
pub struct Field {
    text: String,
    /// A byte position on a character boundary.
    cursor: usize,
    /// The maximum number of characters; 0 for no limit.
    limit: usize,
    /// The text is a default that nothing was done to: what is typed first replaces it.
    offered: bool,
}

impl Field {
    pub fn new(text: impl Into<String>) -> Self {
        let mut field = Self::default();
        field.set(text);
        field
    }

    /// As [`Field::new`], for at most `limit` characters.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Allocates room for `bytes`, so that [`Self::wipe`] reaches every copy of a text up to that size.
    #[must_use]
    pub fn with_room(mut self, bytes: usize) -> Self {
        self.text.reserve(bytes.saturating_sub(self.text.len()));
        self
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Replaces the text and puts the cursor after it.
    pub fn set(&mut self, text: impl Into<String>) {
        self.text = text.into();
        self.cursor = self.text.len();
        self.offered = false;
    }

    /// Makes the text a default, shown as selected: the first character that is typed or pasted
    /// replaces it; a key that moves or deletes keeps it.
    pub fn offer(&mut self) {
        self.offered = !self.text.is_empty();
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
        self.offered = false;
    }

    /// Overwrites the text in memory and clears the field: it held a secret.
    pub fn wipe(&mut self) {
        self.text.zeroize();
        self.cursor = 0;
    }

    /// Inserts `pasted` at the cursor.
    pub fn paste(&mut self, pasted: &str) -> Edit {
        let cleaned = text::clean(pasted.trim_matches(['\r', '\n']));
        let mut changed = false;
        for c in cleaned.chars() {
            changed |= self.insert(c);
        }
        if changed { Edit::Changed } else { Edit::Ignored }
    }

    pub fn on_key(&mut self, key: KeyEvent) -> Edit {
        let edit = self.edit(key);
        self.offered &= edit == Edit::Ignored;
        edit
    }

    fn edit(&mut self, key: KeyEvent) -> Edit {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.contains(KeyModifiers::ALT) {
            return Edit::Ignored;
        }
        match key.code {
            KeyCode::Char('w') if ctrl => self.delete_to(self.word_left()),
            KeyCode::Char('u') if ctrl => self.delete_to(0),
            KeyCode::Char('k') if ctrl => self.delete_to(self.text.len()),
            KeyCode::Char('a') if ctrl => self.go(0),
            KeyCode::Char('e') if ctrl => self.go(self.text.len()),
            KeyCode::Char(c) if !ctrl && !c.is_control() => {
                if self.insert(c) {
                    Edit::Changed
                } else {
                    Edit::Moved
                }
            }
            KeyCode::Backspace if ctrl => self.delete_to(self.word_left()),
            KeyCode::Backspace => self.delete_to(self.left()),
            KeyCode::Delete => self.delete_to(self.right()),
            KeyCode::Left if ctrl => self.go(self.word_left()),
            KeyCode::Right if ctrl => self.go(self.word_right()),
            KeyCode::Left => self.go(self.left()),
            KeyCode::Right => self.go(self.right()),
            KeyCode::Home => self.go(0),
            KeyCode::End => self.go(self.text.len()),
            _ => Edit::Ignored,
        }
    }

    fn insert(&mut self, c: char) -> bool {
        if self.offered {
            self.clear();
        }
        if self.limit > 0 && self.text.chars().count() >= self.limit {
            return false;
        }
        self.text.insert(self.cursor, c);
        self.cursor += c.len_utf8();
        true
    }

    fn go(&mut self, to: usize) -> Edit {
        self.cursor = to;
        Edit::Moved
    }

    fn delete_to(&mut self, to: usize) -> Edit {
        let (start, end) = (to.min(self.cursor), to.max(self.cursor));
        if start == end {
            return Edit::Moved;
        }
        self.text.replace_range(start..end, "");
        self.cursor = start;
        Edit::Changed
    }

    /// One step left; marks that combine with a character go with it.
    fn left(&self) -> usize {
        let before = &self.text[..self.cursor];
        before.char_indices().rev().find(|&(_, c)| c.width() != Some(0)).map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        let after = &self.text[self.cursor..];
        let next = after.char_indices().skip(1).find(|&(_, c)| c.width() != Some(0));
        next.map_or(self.text.len(), |(at, _)| self.cursor + at)
    }

    fn word_left(&self) -> usize {
        let before = self.text[..self.cursor].trim_end_matches(|c: char| !c.is_alphanumeric());
        before.char_indices().rev().find(|(_, c)| !c.is_alphanumeric()).map_or(0, |(at, c)| at + c.len_utf8())
    }

    fn word_right(&self) -> usize {
        let after = &self.text[self.cursor..];
        let skipped = after.trim_start_matches(|c: char| !c.is_alphanumeric());
        let start = self.cursor + after.len() - skipped.len();
        start + skipped.find(|c: char| !c.is_alphanumeric()).unwrap_or(skipped.len())
    }

    /// Draws the line into the first row of `area`, scrolled so that the cursor is seen.
    pub fn render(&self, area: Rect, buf: &mut Buffer, focused: bool, styles: &Styles) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let columns = usize::from(area.width);
        let mut start = 0;
        if focused {
            // The cursor needs a cell after the text.
            let mut wide = text::width(&self.text[..self.cursor]) + 1;
            for (at, c) in self.text.char_indices() {
                if wide <= columns {
                    break;
                }
                wide -= c.width().unwrap_or(0);
                start = at + c.len_utf8();
            }
        }
        let style = if focused && self.offered { styles.cursor } else { styles.text };
        buf.set_stringn(area.x, area.y, &self.text[start..], columns, style);
        if focused {
            let column = text::width(&self.text[start..self.cursor]).min(columns - 1) as u16;
            buf[(area.x + column, area.y)].set_style(styles.cursor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    fn ctrl(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::CONTROL)
    }

    fn typed(text: &str) -> Field {
        let mut field = Field::default();
        for c in text.chars() {
            assert_eq!(field.on_key(key(KeyCode::Char(c))), Edit::Changed);
        }
        field
    }

    #[test]
    fn typing_in_the_middle_and_deleting() {
        let mut field = typed("naïve 日本");
        for _ in 0..2 {
            field.on_key(key(KeyCode::Left));
        }
        field.on_key(key(KeyCode::Char('x')));
        assert_eq!(field.text(), "naïve x日本");
        field.on_key(key(KeyCode::Backspace));
        field.on_key(key(KeyCode::Delete));
        assert_eq!(field.text(), "naïve 本");
        field.on_key(ctrl(KeyCode::Char('u')));
        assert_eq!(field.text(), "本");
    }

    #[test]
    fn a_combining_mark_goes_with_its_letter() {
        let mut field = Field::new("ae\u{301}");
        field.on_key(key(KeyCode::Backspace));
        assert_eq!(field.text(), "a");
    }

    #[test]
    fn words_are_jumped_over_and_deleted() {
        let mut field = Field::new("nightly scoring");
        field.on_key(ctrl(KeyCode::Char('w')));
        assert_eq!(field.text(), "nightly ");
        field.on_key(ctrl(KeyCode::Left));
        field.on_key(key(KeyCode::Char('_')));
        assert_eq!(field.text(), "_nightly ");
        field.on_key(ctrl(KeyCode::Right));
        field.on_key(key(KeyCode::Char('!')));
        assert_eq!(field.text(), "_nightly! ");
    }

    #[test]
    fn a_default_is_replaced_by_what_is_typed_and_kept_by_a_key_that_edits() {
        let offered = || {
            let mut field = Field::new("5s").with_limit(2);
            field.offer();
            field
        };
        let area = Rect::new(0, 0, 5, 1);
        let selected = |field: &Field, focused| {
            let mut buf = Buffer::empty(area);
            field.render(area, &mut buf, focused, &Styles::default());
            buf[(0, 0)].modifier == Styles::default().cursor.add_modifier
        };
        let mut field = offered();
        assert!(selected(&field, true) && !selected(&field, false));
        assert_eq!(field.on_key(key(KeyCode::Tab)), Edit::Ignored);
        assert!(selected(&field, true), "nothing was done to it");
        field.on_key(key(KeyCode::Char('6')));
        field.on_key(key(KeyCode::Char('0')));
        assert_eq!(field.text(), "60");
        for (code, kept) in
            [(KeyCode::End, "5s"), (KeyCode::Home, "5s"), (KeyCode::Left, "5s"), (KeyCode::Backspace, "5")]
        {
            let mut field = offered();
            field.on_key(key(code));
            assert!(field.text() == kept && !field.offered, "{code:?}: {field:?}");
        }
        let mut field = offered();
        assert_eq!((field.paste("9m"), field.text()), (Edit::Changed, "9m"));
        field.set("5s");
        field.on_key(key(KeyCode::Backspace));
        field.on_key(key(KeyCode::Char('m')));
        assert_eq!(field.text(), "5m", "it is not replaced a second time");
    }

    #[test]
    fn a_paste_becomes_one_clean_line_within_the_limit() {
        let mut field = Field::default().with_limit(6);
        assert_eq!(field.paste("a\nb\u{1b}[0mcdef\n"), Edit::Changed);
        assert_eq!(field.text(), "a b\u{fffd}[0");
        assert_eq!(field.paste("more"), Edit::Ignored);
    }

    #[test]
    fn chords_are_left_to_others() {
        let mut field = typed("a");
        assert_eq!(field.on_key(ctrl(KeyCode::Char('p'))), Edit::Ignored);
        assert_eq!(field.on_key(KeyEvent::new(KeyCode::Char('f'), KeyModifiers::ALT)), Edit::Ignored);
        assert_eq!(field.on_key(key(KeyCode::Enter)), Edit::Ignored);
        assert_eq!(field.on_key(key(KeyCode::Tab)), Edit::Ignored);
        assert_eq!(field.text(), "a");
    }

    #[test]
    fn the_cursor_is_always_in_sight() {
        let area = Rect::new(0, 0, 5, 1);
        let mut buf = Buffer::empty(area);
        let mut field = Field::new("abcdefgh");
        field.render(area, &mut buf, true, &Styles::default());
        assert_eq!(buf[(0, 0)].symbol(), "e");
        assert_eq!(buf[(4, 0)].modifier, Styles::default().cursor.add_modifier);
        field.on_key(key(KeyCode::Home));
        let mut buf = Buffer::empty(area);
        field.render(area, &mut buf, true, &Styles::default());
        assert_eq!(buf[(0, 0)].symbol(), "a");
        assert_eq!(buf[(0, 0)].modifier, Styles::default().cursor.add_modifier);
    }
}
