//! What each part of the interface looks like: roles, not colours, at the places that draw.
//!
//! The default takes the terminal's own sixteen colours on its own background, so that it is
//! readable on dark and light ones alike. Nothing is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

/// A style for each role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    pub text: Style,
    /// Beside the point: units, ages, hints.
    pub dim: Style,
    pub title: Style,
    pub border: Style,
    /// The border of the part that has the keys.
    pub focused: Style,
    pub tab: Style,
    pub tab_current: Style,
    pub column: Style,
    /// The selected row. The same for every cell of it, so that moving costs few bytes.
    pub selected: Style,
    /// The selected row of a list that has not got the keys.
    pub selected_elsewhere: Style,
    pub marked: Style,
    pub ok: Style,
    pub warn: Style,
    pub error: Style,
    pub accent: Style,
    /// A key of the keyboard in a hint.
    pub key: Style,
    /// What the filter or the palette matched.
    pub matched: Style,
    pub field: Style,
    pub field_focused: Style,
    pub disabled: Style,
    pub button: Style,
    pub button_focused: Style,
    /// The label of a profile that wants to be noticed.
    pub label: Style,
}

/// Names of the themes that are built in.
pub const NAMES: [&str; 3] = ["terminal", "high-contrast", "mono"];

impl Theme {
    /// The terminal's own sixteen colours.
    pub fn terminal() -> Self {
        let plain = Style::new();
        Self {
            dim: plain.add_modifier(Modifier::DIM),
            border: plain.add_modifier(Modifier::DIM),
            focused: plain.fg(Color::Cyan),
            tab_current: plain.fg(Color::Cyan).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            ok: plain.fg(Color::Green),
            warn: plain.fg(Color::Yellow),
            error: plain.fg(Color::Red).add_modifier(Modifier::BOLD),
            accent: plain.fg(Color::Cyan),
            key: plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            matched: plain.fg(Color::Magenta).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            marked: plain.fg(Color::Magenta),
            label: plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            ..Self::mono()
        }
    }

    /// Bright colours, nothing dimmed.
    pub fn high_contrast() -> Self {
        let plain = Style::new();
        Self {
            dim: plain,
            border: plain,
            disabled: plain.add_modifier(Modifier::CROSSED_OUT),
            focused: plain.fg(Color::LightCyan).add_modifier(Modifier::BOLD),
            ok: plain.fg(Color::LightGreen),
            warn: plain.fg(Color::LightYellow).add_modifier(Modifier::BOLD),
            error: plain.fg(Color::LightRed).add_modifier(Modifier::BOLD),
            key: plain.fg(Color::LightCyan).add_modifier(Modifier::BOLD),
            ..Self::terminal()
        }
    }

    /// No colour at all: bold, dim, reverse and underline only. Also what `NO_COLOR` gives.
    pub fn mono() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        Self {
            text: plain,
            dim: plain,
            title: bold,
            border: plain,
            focused: bold,
            tab: plain,
            tab_current: bold.add_modifier(Modifier::UNDERLINED),
            column: bold,
            selected: reversed,
            selected_elsewhere: bold,
            marked: bold,
            ok: plain,
            warn: bold,
            error: bold,
            accent: bold,
            key: bold,
            matched: bold.add_modifier(Modifier::UNDERLINED),
            field: plain,
            field_focused: plain.add_modifier(Modifier::UNDERLINED),
            disabled: plain.add_modifier(Modifier::DIM),
            button: plain,
            button_focused: reversed,
            label: bold,
        }
    }

    /// A built-in theme by name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "terminal" => Some(Self::terminal()),
            "high-contrast" => Some(Self::high_contrast()),
            "mono" => Some(Self::mono()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_theme_and_mono_has_no_colour() {
        for name in NAMES {
            assert!(Theme::named(name).is_some(), "{name}");
        }
        let text = format!("{:?}", Theme::mono());
        for colour in ["fg:", "bg:", ".red", ".green", ".cyan", ".yellow"] {
            assert!(!text.contains(colour), "{text}");
        }
        assert!(Theme::mono().selected.add_modifier.contains(Modifier::REVERSED));
    }
}
