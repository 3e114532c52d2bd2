//! One line of text with a cursor.

use std::mem;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::{Paragraph, Widget as _};
use secrecy::zeroize::Zeroize as _;
use tui_input::InputRequest::{
    self, DeleteFromStart, DeleteNextChar, DeletePrevChar, DeletePrevWord, DeleteTillEnd, GoToEnd,
    GoToNextChar, GoToNextWord, GoToPrevChar, GoToPrevWord, GoToStart, InsertChar,
};
use tui_input::{Input, StateChanged};

use super::{Edit, Styles};
use crate::text;

/// The most characters of a field without a limit of its own: as long as a path may be.
const MOST: usize = 4_096;

/// A one-line text field. Line breaks become blanks, and control characters are removed.
#[derive(Debug, Clone, Default)]
pub struct Field {
    input: Input,
    /// The maximum number of characters; 0 for [`MOST`].
    limit: usize,
    /// The text is a default that nothing was done to: what is typed first replaces it.
    offered: bool,
}

impl Field {
    pub fn new(text: impl Into<String>) -> Self {
        Self { input: Input::new(text.into()), ..Self::default() }
    }

    /// As [`Field::new`], for at most `limit` characters.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// An empty field with room for `bytes`, so that [`Self::wipe`] reaches every copy of a text up to that
    /// size.
    pub fn with_room(bytes: usize) -> Self {
        Self::new(String::with_capacity(bytes))
    }

    pub fn text(&self) -> &str {
        self.input.value()
    }

    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Replaces the text and puts the cursor after it.
    pub fn set(&mut self, text: impl Into<String>) {
        self.input = Input::new(text.into());
        self.offered = false;
    }

    /// Makes the text a default, shown as selected: the first character that is typed or pasted
    /// replaces it; a key that moves or deletes keeps it.
    pub fn offer(&mut self) {
        self.offered = !self.is_empty();
    }

    pub fn clear(&mut self) {
        self.set("");
    }

    /// Overwrites the text in memory and clears the field: it held a secret.
    pub fn wipe(&mut self) {
        let mut text = String::from(mem::take(&mut self.input));
        text.zeroize();
        self.set(text);
    }

    /// Inserts `pasted` at the cursor.
    pub fn paste(&mut self, pasted: &str) -> Edit {
        // What there is no room for need not be cleaned.
        let pasted = pasted.trim_matches(['\r', '\n']);
        let end = pasted.char_indices().nth(self.most()).map_or(pasted.len(), |(end, _)| end);
        let cleaned = text::clean(&pasted[..end]);
        if cleaned.is_empty() {
            return Edit::Ignored;
        }
        if mem::take(&mut self.offered) {
            self.clear();
        }
        let cursor = self.input.cursor();
        let fitting = match cleaned.char_indices().nth(self.room()) {
            Some((end, _)) => &cleaned[..end],
            None => &cleaned[..],
        };
        // In place: a field for a secret is wiped where it stands.
        let mut text = String::from(mem::take(&mut self.input));
        let at = text.char_indices().nth(cursor).map_or(text.len(), |(at, _)| at);
        text.insert_str(at, fitting);
        self.input = Input::new(text).with_cursor(cursor + fitting.chars().count());
        if fitting.is_empty() { Edit::Ignored } else { Edit::Changed }
    }

    fn most(&self) -> usize {
        if self.limit > 0 { self.limit } else { MOST }
    }

    /// How many more characters fit.
    fn room(&self) -> usize {
        self.most().saturating_sub(self.text().chars().count())
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
        self.handle(match key.code {
            KeyCode::Char('w') | KeyCode::Backspace if ctrl => DeletePrevWord,
            KeyCode::Char('u') if ctrl => DeleteFromStart,
            KeyCode::Char('k') if ctrl => DeleteTillEnd,
            KeyCode::Char('a') if ctrl => GoToStart,
            KeyCode::Char('e') if ctrl => GoToEnd,
            KeyCode::Char(c) if !ctrl && !c.is_control() => return self.insert(c),
            KeyCode::Backspace => DeletePrevChar,
            KeyCode::Delete => DeleteNextChar,
            KeyCode::Left if ctrl => GoToPrevWord,
            KeyCode::Right if ctrl => GoToNextWord,
            KeyCode::Left => GoToPrevChar,
            KeyCode::Right => GoToNextChar,
            KeyCode::Home => GoToStart,
            KeyCode::End => GoToEnd,
            _ => return Edit::Ignored,
        })
    }

    fn handle(&mut self, request: InputRequest) -> Edit {
        match self.input.handle(request) {
            Some(StateChanged { value: true, .. }) => Edit::Changed,
            _ => Edit::Moved,
        }
    }

    fn insert(&mut self, c: char) -> Edit {
        if self.offered {
            self.clear();
        }
        if self.room() == 0 {
            return Edit::Moved;
        }
        self.handle(InsertChar(c))
    }

    /// Draws the line into the first row of `area`, scrolled so that the cursor is seen.
    pub fn render(&self, area: Rect, buf: &mut Buffer, focused: bool, styles: &Styles) {
        let area = Rect { height: 1, ..area }.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        // The cursor needs a cell after the text.
        let scroll = if focused { self.input.visual_scroll(usize::from(area.width) - 1) } else { 0 };
        let style = if focused && self.offered { styles.cursor } else { styles.text };
        Paragraph::new(Span::styled(self.text(), style)).scroll((0, scroll as u16)).render(area, buf);
        if focused {
            let column = (self.input.visual_cursor() - scroll) as u16;
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
        assert_eq!(field.text(), "_nightly !", "as far as where the next word would begin");
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
    fn a_paste_comes_in_at_the_cursor_and_no_longer_than_a_path() {
        let mut field = typed("naïve 本");
        field.on_key(key(KeyCode::Left));
        field.paste("日");
        field.on_key(key(KeyCode::Char('x')));
        assert_eq!(field.text(), "naïve 日x本");
        // Character by character this would take minutes.
        field.paste(&"é".repeat(4_000_000));
        assert_eq!(field.text().chars().count(), MOST);
        assert!(field.text().starts_with("naïve 日xéé") && field.text().ends_with("é本"));
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
