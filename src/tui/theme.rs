//! What each part of the interface looks like. Drawing code names roles, not colours.
//!
//! The default uses the terminal's sixteen colours on its own background, so that it is readable on
//! dark and light backgrounds. Nothing is shown by colour alone.

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
pub const NAMES: [&str; 5] = ["terminal", "dusk", "paper", "high-contrast", "mono"];

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
            tab_current: plain.fg(Color::LightCyan).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            accent: plain.fg(Color::LightCyan).add_modifier(Modifier::BOLD),
            label: plain.fg(Color::LightCyan).add_modifier(Modifier::BOLD),
            marked: plain.fg(Color::LightMagenta).add_modifier(Modifier::BOLD),
            matched: plain.fg(Color::LightMagenta).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
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

    /// For dark backgrounds: few colours of one lightness, from the 256 that terminals agree on.
    pub fn dusk() -> Self {
        Self::designed([245, 240, 75, 114, 221, 203, 180, 213, 24])
    }

    /// For light backgrounds.
    pub fn paper() -> Self {
        Self::designed([242, 248, 25, 28, 130, 160, 90, 126, 25])
    }

    /// From colours: dim, border, accent, good, warning, error, keys, matches, and the background of the
    /// selection.
    fn designed([dim, border, accent, good, warning, error, key, matched, selection]: [u8; 9]) -> Self {
        let of = |colour| Style::new().fg(Color::Indexed(colour));
        let bold = |colour| of(colour).add_modifier(Modifier::BOLD);
        let chosen = Style::new().fg(Color::Indexed(231)).bg(Color::Indexed(selection));
        Self {
            dim: of(dim),
            border: of(border),
            focused: of(accent),
            tab_current: bold(accent).add_modifier(Modifier::UNDERLINED),
            selected: chosen,
            ok: of(good),
            warn: of(warning),
            error: bold(error),
            accent: of(accent),
            key: bold(key),
            matched: bold(matched).add_modifier(Modifier::UNDERLINED),
            marked: of(matched),
            disabled: of(border),
            button_focused: chosen.add_modifier(Modifier::BOLD),
            label: bold(accent),
            ..Self::mono()
        }
    }

    /// A built-in theme by name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "terminal" => Some(Self::terminal()),
            "high-contrast" => Some(Self::high_contrast()),
            "mono" => Some(Self::mono()),
            "dusk" => Some(Self::dusk()),
            "paper" => Some(Self::paper()),
            _ => None,
        }
    }
}

/// What is wrong with a theme file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTheme {
    #[error("{0}")]
    Toml(String),
    #[error("there is no theme {0:?} to begin with; there are terminal, high-contrast and mono")]
    NoBase(String),
    #[error("there is no role {0:?}; the roles are {roles}", roles = ROLES.join(", "))]
    NoRole(String),
    #[error(
        "{word:?} of the role {role:?} is neither a colour (red, bright-cyan, #5fafff, 12) nor bold, dim, italic, underlined or reversed"
    )]
    NoStyle { role: String, word: String },
}

impl BadTheme {
    /// The line of `text`, from 1, if the message does not name it.
    pub fn line(&self, text: &str) -> Option<usize> {
        let name = match self {
            Self::Toml(_) => return None,
            Self::NoBase(_) => "base",
            Self::NoRole(role) | Self::NoStyle { role, .. } => role,
        };
        let is_it =
            |line: &str| line.split('=').next().is_some_and(|head| head.trim().trim_matches('"') == name);
        text.lines().position(is_it).map(|at| at + 1)
    }
}

/// Roles that a theme file may set.
const ROLES: [&str; 20] = [
    "text",
    "dim",
    "title",
    "border",
    "focused",
    "tab",
    "tab_current",
    "column",
    "selected",
    "selected_elsewhere",
    "marked",
    "ok",
    "warn",
    "error",
    "accent",
    "key",
    "matched",
    "disabled",
    "button_focused",
    "label",
];

impl Theme {
    /// Reads a theme file. `base` names a built-in theme; every other member is a role and its style,
    /// with a background after `on`: `title = "bold cyan"`, `selected = "black on yellow"`.
    pub fn from_toml(text: &str) -> Result<Self, BadTheme> {
        let table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| BadTheme::Toml(error.to_string()))?;
        let base = table.get("base").and_then(toml::Value::as_str).unwrap_or("terminal");
        let mut theme = Self::named(base).ok_or_else(|| BadTheme::NoBase(base.to_owned()))?;
        for (role, value) in table.iter().filter(|(role, _)| *role != "base") {
            let words = value.as_str().unwrap_or_default();
            *theme.role_mut(role)? = read_style(role, words)?;
        }
        Ok(theme)
    }

    fn role_mut(&mut self, role: &str) -> Result<&mut Style, BadTheme> {
        Ok(match role {
            "text" => &mut self.text,
            "dim" => &mut self.dim,
            "title" => &mut self.title,
            "border" => &mut self.border,
            "focused" => &mut self.focused,
            "tab" => &mut self.tab,
            "tab_current" => &mut self.tab_current,
            "column" => &mut self.column,
            "selected" => &mut self.selected,
            "selected_elsewhere" => &mut self.selected_elsewhere,
            "marked" => &mut self.marked,
            "ok" => &mut self.ok,
            "warn" => &mut self.warn,
            "error" => &mut self.error,
            "accent" => &mut self.accent,
            "key" => &mut self.key,
            "matched" => &mut self.matched,
            "disabled" => &mut self.disabled,
            "button_focused" => &mut self.button_focused,
            "label" => &mut self.label,
            _ => return Err(BadTheme::NoRole(role.to_owned())),
        })
    }
}

fn read_style(role: &str, words: &str) -> Result<Style, BadTheme> {
    let mut style = Style::new();
    let mut background = false;
    for word in words.split_whitespace() {
        style = match word {
            "on" => {
                background = true;
                continue;
            }
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "italic" => style.add_modifier(Modifier::ITALIC),
            "underlined" => style.add_modifier(Modifier::UNDERLINED),
            "reversed" => style.add_modifier(Modifier::REVERSED),
            word => {
                let bad = |_| BadTheme::NoStyle { role: role.to_owned(), word: word.to_owned() };
                let colour: Color = word.parse().map_err(bad)?;
                if background { style.bg(colour) } else { style.fg(colour) }
            }
        };
        background = false;
    }
    Ok(style)
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

    #[test]
    fn high_contrast_takes_bright_colours_and_dims_nothing() {
        let theme = Theme::high_contrast();
        let text = format!("{theme:?}");
        for dull in [".dim()", ".cyan()", ".magenta()", ".green()", ".yellow()", ".red()"] {
            assert!(!text.contains(dull), "{dull}: {text}");
        }
        assert!(text.contains("light_cyan"), "{text}");
    }

    #[test]
    fn a_theme_file_changes_roles_of_a_built_in_theme() {
        let theme =
            Theme::from_toml("base = \"mono\"\ntitle = \"bold cyan\"\nselected = \"black on #ffcc00\"")
                .unwrap();
        assert_eq!(theme.title, Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD));
        assert_eq!(theme.selected, Style::new().fg(Color::Black).bg(Color::Rgb(255, 204, 0)));
        assert_eq!(theme.error, Theme::mono().error);
        for role in ROLES {
            assert!(Theme::from_toml(&format!("{role} = \"red\"")).is_ok(), "{role}");
        }
    }

    #[test]
    fn mistakes_in_a_theme_file_are_named() {
        let problem = |text: &str| Theme::from_toml(text).unwrap_err().to_string();
        assert!(problem("title = \"sparkling\"").contains("sparkling"));
        assert!(problem("titel = \"red\"").contains("titel"));
        assert!(problem("base = \"solarized\"").contains("solarized"));
        assert!(problem("title = ").contains("line 1"));
        let text = "base = \"mono\"\n\n\"titel\" = \"red\"\n";
        assert_eq!(Theme::from_toml(text).unwrap_err().line(text), Some(3));
    }
}
