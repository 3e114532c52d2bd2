//! The field that narrows a table down while it is typed into.

use crossterm::event::KeyEvent;

use super::Edit;
use super::field::Field;
use crate::tui::command::Command;

/// A filter: case-insensitive terms separated by spaces, which must all match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    field: Field,
    open: bool,
}

/// What a command did to a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The filter has no use for it.
    Not,
    /// The text is as before.
    Same,
    /// The rows have to be arranged again.
    Changed,
}

impl Filter {
    /// Gives the field the keys.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// Whether characters go into the field.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether there is something to see: an open field or a text.
    pub fn is_shown(&self) -> bool {
        self.open || !self.field.is_empty()
    }

    pub fn text(&self) -> &str {
        self.field.text()
    }

    pub fn field(&self) -> &Field {
        &self.field
    }

    /// Enter keeps the filter, Esc takes it away.
    pub fn command(&mut self, command: Command) -> Done {
        match command {
            Command::Filter => {
                self.open = true;
                Done::Same
            }
            Command::Submit if self.open => {
                self.open = false;
                Done::Same
            }
            Command::Back if self.is_shown() => {
                self.open = false;
                self.field.clear();
                Done::Changed
            }
            _ => Done::Not,
        }
    }

    /// A key while the field is open; `true` if the text changed.
    pub fn on_key(&mut self, key: KeyEvent) -> bool {
        self.open && self.field.on_key(key) == Edit::Changed
    }

    /// Pasted text while the field is open; `true` if the text changed.
    pub fn paste(&mut self, text: &str) -> bool {
        self.open && self.field.paste(text) == Edit::Changed
    }

    /// Whether a row with these texts stays.
    pub fn keeps(&self, texts: &[&str]) -> bool {
        self.words().all(|word| texts.iter().any(|text| find(text, word).is_some()))
    }

    /// The search terms, for texts that are already in lower case.
    pub fn lower_case_words(&self) -> Vec<String> {
        self.words().map(str::to_ascii_lowercase).collect()
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.field.text().split_whitespace()
    }
}

/// Where `needle` starts in `text`, ignoring ASCII case.
pub fn find(text: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let first = *needle.first()?;
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let last = text.len().checked_sub(needle.len())?;
    (0..=last).find(|&at| {
        (text[at] == lower || text[at] == upper) && text[at..at + needle.len()].eq_ignore_ascii_case(needle)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Filter {
        Filter { field: Field::new(text), open: true }
    }

    #[test]
    fn all_words_have_to_be_there_in_any_case() {
        assert!(filter("night API").keeps(&["5b1c", "api", "Nightly scoring"]));
        assert!(!filter("night app").keeps(&["5b1c", "api", "Nightly scoring"]));
        assert!(filter("").keeps(&["anything"]));
        assert_eq!(find("Überfällig", "FÄLL"), None, "only ASCII letters are folded");
        assert_eq!(find("dashboard", "BOARD"), Some(4));
        assert_eq!(find("ab", "abc"), None);
    }

    #[test]
    fn enter_keeps_and_esc_takes_away() {
        let mut filter = filter("x");
        assert_eq!(filter.command(Command::Submit), Done::Same);
        assert!(!filter.is_open() && filter.is_shown());
        assert_eq!(filter.command(Command::Back), Done::Changed);
        assert_eq!(filter.command(Command::Back), Done::Not);
    }
}
