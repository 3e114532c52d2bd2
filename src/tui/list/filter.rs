//! The field that narrows a table down while it is typed into.

use crossterm::event::KeyEvent;

use crate::tui::command::Command;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

/// A filter; [`super::Pattern`] says what its text means.
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
    /// Filters by `text`.
    pub fn set(&mut self, text: &str) {
        self.field = Field::new(text);
    }

    /// Gives the field the keys; what is typed first replaces the filter that was kept.
    pub fn open(&mut self) {
        self.open = true;
        self.field.offer();
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
                self.open();
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Filter {
        Filter { field: Field::new(text), open: true }
    }

    #[test]
    fn enter_keeps_and_esc_takes_away() {
        let mut filter = filter("x");
        assert_eq!(filter.command(Command::Submit), Done::Same);
        assert!(!filter.is_open() && filter.is_shown());
        filter.command(Command::Filter);
        filter.paste("y");
        assert_eq!(filter.text(), "y", "another filter, not more of the one that was kept");
        assert_eq!(filter.command(Command::Back), Done::Changed);
        assert_eq!(filter.command(Command::Back), Done::Not);
    }
}
