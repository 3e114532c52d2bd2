//! A field for an API key: never drawn in clear, wiped when dropped.
//!
//! `ratatui-textarea` can mask what it draws, but keeps its text and its undo history in clear
//! and does not wipe them, so this is a small buffer of our own.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use secrecy::zeroize::{Zeroize, Zeroizing};

use super::{Edit, Styles};
use crate::secret::{ApiKey, NotAnApiKey};

/// The most bytes that the field accepts. It allocates all of them at the start: a growing buffer
/// would leave copies of the key behind.
const CAPACITY: usize = 1024;

/// Below this many characters not even the last four are shown: they would be most of it.
const SHOW_LAST_FROM: usize = 32;

/// What was typed or pasted as an API key.
#[derive(Clone)]
pub struct SecretField {
    text: Zeroizing<String>,
    /// Something did not fit and was left out.
    overflowed: bool,
}

impl Default for SecretField {
    fn default() -> Self {
        Self { text: Zeroizing::new(String::with_capacity(CAPACITY)), overflowed: false }
    }
}

impl fmt::Debug for SecretField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretField(redacted)")
    }
}

impl SecretField {
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The key, or what is wrong with the typed text (without quoting it).
    pub fn key(&self) -> Result<ApiKey, NotAnApiKey> {
        if self.overflowed {
            return Err(NotAnApiKey::Shape);
        }
        ApiKey::parse(&self.text)
    }

    /// Takes a key that the program already holds.
    pub fn set(&mut self, key: &ApiKey) {
        self.paste(key.expose());
    }

    pub fn clear(&mut self) {
        self.text.zeroize();
        self.text.reserve_exact(CAPACITY);
        self.overflowed = false;
    }

    /// Takes `pasted` instead of what is there, which cannot be seen and so not be added to; without blanks
    /// and line breaks, which copying out of a terminal adds.
    pub fn paste(&mut self, pasted: &str) -> Edit {
        let mut pasted = pasted.chars().filter(|c| !c.is_whitespace() && !c.is_control()).peekable();
        if pasted.peek().is_none() {
            return Edit::Ignored;
        }
        self.clear();
        pasted.for_each(|c| self.push(c));
        Edit::Changed
    }

    pub fn on_key(&mut self, key: KeyEvent) -> Edit {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.contains(KeyModifiers::ALT) {
            return Edit::Ignored;
        }
        match key.code {
            KeyCode::Char('u' | 'w') if ctrl => self.wipe(),
            KeyCode::Char(c) if !ctrl && !c.is_control() => {
                if !c.is_whitespace() {
                    self.push(c);
                }
                Edit::Changed
            }
            // What cannot be seen cannot be corrected in its middle: Delete empties the field.
            KeyCode::Delete => self.wipe(),
            KeyCode::Backspace if self.text.is_empty() => Edit::Moved,
            KeyCode::Backspace => {
                // The byte stays behind the end of the text until it is overwritten or wiped.
                self.text.pop();
                self.overflowed = false;
                Edit::Changed
            }
            _ => Edit::Ignored,
        }
    }

    fn push(&mut self, c: char) {
        if self.text.len() + c.len_utf8() > CAPACITY {
            self.overflowed = true;
        } else {
            self.text.push(c);
        }
    }

    fn wipe(&mut self) -> Edit {
        if self.is_empty() {
            return Edit::Moved;
        }
        self.clear();
        Edit::Changed
    }

    /// What may be shown: `••••9f0a` and nothing more of the key.
    pub fn masked(&self, ascii: bool) -> String {
        let dot = if ascii { "*" } else { "•" };
        let characters = self.text.chars().count();
        if characters < SHOW_LAST_FROM {
            return dot.repeat(characters.min(4));
        }
        let last: Zeroizing<String> = Zeroizing::new(self.text.chars().skip(characters - 4).collect());
        // An escape sequence that was typed into the field must not reach the terminal either.
        format!("{}{}", dot.repeat(4), crate::text::clean(&last))
    }

    /// Draws the masked key and, if it is not an API key yet, how many characters it has so far.
    pub fn render(&self, area: Rect, buf: &mut Buffer, focused: bool, styles: &Styles) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let columns = usize::from(area.width);
        let (mut x, y) = buf.set_stringn(area.x, area.y, self.masked(styles.ascii), columns, styles.text);
        if focused && x < area.right() {
            buf[(x, y)].set_style(styles.cursor);
            x += 1;
        }
        if !self.is_empty() && self.key().is_err() && x + 1 < area.right() {
            let note = crate::text::count(self.text.chars().count(), "character", "characters");
            buf.set_stringn(x + 1, y, note, usize::from(area.right() - x - 1), styles.dim);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> String {
        format!("{}.{}", "0a".repeat(32), "9f".repeat(32))
    }

    fn drawn(field: &SecretField) -> String {
        let area = Rect::new(0, 0, 40, 1);
        let mut buf = Buffer::empty(area);
        field.render(area, &mut buf, true, &Styles::default());
        (0..40).map(|x| buf[(x, 0)].symbol().to_owned()).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn a_pasted_key_shows_its_last_four_characters_only() {
        let mut field = SecretField::default();
        let key = sample();
        field.paste(&format!(" {}\r\n{}\n", &key[..80], &key[80..]));
        assert_eq!(field.key().unwrap().expose(), key);
        assert_eq!(drawn(&field), "••••9f9f");
        assert_eq!(format!("{field:?}"), "SecretField(redacted)");
    }

    #[test]
    fn a_paste_replaces_what_is_there() {
        let mut field = SecretField::default();
        field.paste("hunter2");
        field.paste(&sample());
        assert_eq!(field.key().unwrap().expose(), sample());
        assert_eq!(field.paste(" \n"), Edit::Ignored);
        assert_eq!(field.key().unwrap().expose(), sample(), "blanks are no paste");
    }

    #[test]
    fn a_short_text_shows_nothing_of_itself() {
        let mut field = SecretField::default();
        field.paste("hunter2");
        assert_eq!(drawn(&field), "••••  7 characters");
        assert_eq!(field.key().unwrap_err(), NotAnApiKey::Shape);
    }

    #[test]
    fn the_buffer_never_moves_and_never_grows() {
        let mut field = SecretField::default();
        let place = field.text.as_ptr();
        field.paste(&"0a".repeat(2 * CAPACITY));
        assert_eq!(field.text.as_ptr(), place);
        assert_eq!(field.text.len(), CAPACITY);
        assert!(field.key().is_err());
        field.on_key(KeyEvent::new(KeyCode::Delete, KeyModifiers::NONE));
        assert!(field.is_empty());
        assert_eq!(field.key().unwrap_err(), NotAnApiKey::Empty);
    }

    #[test]
    fn a_key_can_be_chosen_and_typed_over() {
        let mut field = SecretField::default();
        field.set(&ApiKey::parse(&sample()).unwrap());
        field.on_key(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
        assert_eq!(field.key().unwrap_err(), NotAnApiKey::Length { found: 128 });
        field.on_key(KeyEvent::new(KeyCode::Char('f'), KeyModifiers::NONE));
        assert_eq!(field.key().unwrap().expose(), sample());
    }
}
