//! Parts of screens: state, key handling without side effects, and drawing into a buffer.
//!
//! A widget here knows nothing of the application: not its messages, not its theme, not its
//! keymap. Keys go in and a small outcome comes back; [`Styles`] says how things look.

pub mod chart;
pub mod date_picker;
pub mod editor;
mod editor_steps;
pub mod field;
pub mod json_problem;
pub mod json_tree;
pub mod policy_rules;
pub mod secret_field;

use ratatui::style::{Modifier, Style};

/// How the parts of a widget look. The default needs no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Styles {
    pub text: Style,
    /// Secondary text, and what cannot be chosen.
    pub dim: Style,
    pub heading: Style,
    /// The cell under the text cursor, and the chosen thing of a focused widget.
    pub cursor: Style,
    /// The chosen thing of a widget without the focus.
    pub chosen: Style,
    pub error: Style,
    pub good: Style,
    pub accent: Style,
    /// Draw with ASCII alone.
    pub ascii: bool,
}

impl Default for Styles {
    fn default() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            text: plain,
            dim: plain.add_modifier(Modifier::DIM),
            heading: bold,
            cursor: plain.add_modifier(Modifier::REVERSED),
            chosen: bold.add_modifier(Modifier::UNDERLINED),
            error: bold,
            good: plain,
            accent: bold,
            ascii: false,
        }
    }
}

/// What a key did to a text widget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// The key is not handled here; the caller may use it.
    Ignored,
    /// The cursor moved, the text is as before.
    Moved,
    Changed,
}
