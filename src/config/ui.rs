//! The `[ui]` table of `config.toml`: the settings of the interface.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{private_file, versioned};

/// Settings of the interface. Every one has a default; an absent table is all defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UiSettings {
    /// Name of a theme; `None` chooses one for the terminal.
    pub theme: Option<String>,
    /// ASCII instead of box drawing and symbols.
    pub ascii: bool,
    /// An active key with this many days left or fewer counts as expiring soon.
    pub soon_days: u16,
    pub week_start: WeekStart,
    /// How often a list in sight is looked at again: `30s`, `2m`, `off`.
    pub refresh: String,
    /// The mouse is used: wheel, rows, tabs.
    pub mouse: bool,
    /// How the end of a long run is made known: `bell`, `osc9`, `off`.
    pub notify: Notify,
    /// How to reach the clipboard: `auto`, `osc52`, `tmux`, `off`.
    pub clipboard: String,
    /// Command name → keys, replacing the defaults.
    pub keys: BTreeMap<String, KeyList>,
    /// The line of each setting.
    #[serde(skip)]
    pub setting_lines: SettingLines,
}

/// The line of each setting, for messages about wrong ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingLines {
    file: PathBuf,
    /// Setting, with dots below the table → line, from 1.
    lines: BTreeMap<String, usize>,
}

impl SettingLines {
    /// The lines of the settings in `file`, as it is now; empty if it cannot be read.
    pub(super) fn of(file: PathBuf) -> Self {
        let text = private_file::read_to_string(&file).ok().flatten().unwrap_or_default();
        Self { lines: versioned::lines_of(&text, "ui"), file }
    }

    /// `~/.config/keybench/config.toml, line 7`, or as much of it as is known.
    pub fn of_setting(&self, name: &str) -> String {
        let file = if self.file.as_os_str().is_empty() { Path::new("config.toml") } else { &self.file };
        match self.lines.get(name) {
            Some(line) => format!("{}, line {line}", file.display()),
            None => file.display().to_string(),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeekStart {
    #[default]
    Monday,
    Sunday,
}

/// How the end of a long run is made known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// BEL, which most terminals show as a mark of the window.
    #[default]
    Bell,
    /// A notification of the desktop, in terminals that know OSC 9.
    Osc9,
    Off,
}

impl Notify {
    /// What is sent to the terminal.
    pub fn bytes(self, text: &str) -> Vec<u8> {
        match self {
            Self::Bell => vec![0x07],
            Self::Osc9 => format!("\x1b]9;{text}\x07").into_bytes(),
            Self::Off => Vec::new(),
        }
    }
}

/// One key or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeyList {
    One(String),
    Several(Vec<String>),
}

impl KeyList {
    /// The keys, in order.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Several(keys) => keys,
        }
    }
}

impl Default for UiSettings {
    fn default() -> Self {
        Self {
            theme: None,
            ascii: false,
            soon_days: crate::expiry::SOON_DAYS as u16,
            week_start: WeekStart::default(),
            refresh: "30s".to_owned(),
            notify: Notify::default(),
            mouse: false,
            clipboard: "auto".to_owned(),
            keys: BTreeMap::new(),
            setting_lines: SettingLines::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What people copy must be correct: every setting is there, at its default.
    #[test]
    fn the_example_lists_every_setting_with_its_default() {
        let text = include_str!("../../assets/config.example.toml");
        let settings = |text: &str| {
            let mut table: toml::Table = text.parse().unwrap();
            table.remove("ui").unwrap().try_into::<UiSettings>().unwrap()
        };
        assert_eq!(settings(text), UiSettings::default());
        let written = toml::Table::try_from(UiSettings::default()).unwrap();
        for name in written.keys().map(String::as_str).chain(["theme"]) {
            let said = text.lines().any(|line| {
                let line = line.trim_start_matches("# ");
                line.starts_with(&format!("{name} = ")) || line == format!("[ui.{name}]")
            });
            assert!(said, "{name} is not in the example");
        }
        // The commented-out lines are correct too.
        let lines = text.lines().map(|line| match line.strip_prefix("# ") {
            Some(setting) if setting.starts_with('"') || setting.starts_with("theme = ") => setting,
            _ => line,
        });
        let all = settings(&lines.collect::<Vec<_>>().join("\n"));
        assert_eq!(all.theme.as_deref(), Some("terminal"));
        assert_eq!(all.keys.len(), 2);
    }
}
