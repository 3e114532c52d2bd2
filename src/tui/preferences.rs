//! The user's preferences: from `config.toml`, the command line and the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use jiff::civil::Weekday;

use super::glyphs::{self, Glyphs};
use super::term::clipboard;
use super::theme::{self, Theme};
use crate::bounded;
use crate::config::columns::Columns;
use crate::config::ui::{Notify, SettingLines, UiSettings, WeekStart};
use crate::config::{Overrides, Store};

/// Appearance and keys of the interface.
#[derive(Debug, Clone)]
pub struct Preferences {
    pub theme: Theme,
    pub glyphs: &'static Glyphs,
    /// A key that expires within this many days is marked.
    pub soon_days: u32,
    pub week_start: Weekday,
    /// How often a list in sight is looked at again; `None` for never.
    pub refresh: Option<SignedDuration>,
    /// The mouse is used.
    pub mouse: bool,
    /// How the end of a long run is made known while the window has no focus.
    pub notify: Notify,
    /// How to reach the clipboard; `None` if it is off.
    pub clipboard: Option<clipboard::Path>,
    /// Changes to the keymap: command id → keys.
    pub keys: BTreeMap<String, Vec<String>>,
    /// The lines of settings in the configuration.
    pub setting_lines: SettingLines,
    /// Paths to show in the help: what and where.
    pub paths: Vec<(&'static str, String)>,
    /// Where sent and saved requests are kept, for sessions that keep them. `None` keeps them until
    /// the program ends.
    pub requests_file: Option<PathBuf>,
    /// The columns that lists show, where not all are: the name of a list → names of columns.
    pub columns: Columns,
    /// Where these are saved; `None` keeps them for this run only.
    pub columns_file: Option<PathBuf>,
    /// Options of the command line that hold for profiles opened later, too.
    pub given: Overrides,
    /// The manifest of the fleet, if one is named.
    pub fleet: Option<PathBuf>,
    /// Profiles and their keys; `None` if they cannot be stored.
    pub store: Option<Store>,
    /// What was wrong with the configuration; the defaults are used, and this is reported.
    pub problems: Vec<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::terminal(),
            glyphs: &glyphs::UNICODE,
            soon_days: 14,
            week_start: Weekday::Monday,
            refresh: Some(SignedDuration::from_secs(30)),
            mouse: false,
            notify: Notify::default(),
            clipboard: Some(clipboard::Path::Direct),
            keys: BTreeMap::new(),
            setting_lines: SettingLines::default(),
            paths: Vec::new(),
            requests_file: None,
            columns: Columns::new(),
            columns_file: None,
            given: Overrides::default(),
            fleet: None,
            store: None,
            problems: Vec::new(),
        }
    }
}

impl Preferences {
    /// Combines settings and environment. The user's themes are files in the folder `themes`. `env`
    /// reads a variable; an empty one counts as unset, as is conventional for `NO_COLOR` and the
    /// locale.
    pub fn choose(
        ui: &UiSettings,
        no_color: bool,
        themes: Option<&Path>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let mut problems = Vec::new();
        let plain = no_color || env("NO_COLOR").is_some() || env("TERM").as_deref() == Some("dumb");
        let theme = match ui.theme.as_deref() {
            _ if plain => Theme::mono(),
            None => Theme::terminal(),
            Some(name) => match Theme::named(name).map_or_else(|| own_theme(ui, name, themes), Ok) {
                Ok(theme) => theme,
                Err(problem) => {
                    problems.push(problem);
                    Theme::terminal()
                }
            },
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env(name));
        let glyphs = if ui.ascii {
            &glyphs::ASCII
        } else {
            glyphs::for_terminal(env("TERM").as_deref(), locale.as_deref())
        };
        let by_env = clipboard::Path::from_env(env("TMUX").is_some(), env("STY").is_some());
        let clipboard = match ui.clipboard.as_str() {
            "auto" => Some(by_env),
            "osc52" => Some(clipboard::Path::Direct),
            "tmux" => Some(clipboard::Path::TMUX),
            "off" => None,
            other => {
                let place = ui.setting_lines.of_setting("clipboard");
                problems.push(format!("{place}: clipboard {other:?} is none of auto, osc52, tmux, off"));
                Some(by_env)
            }
        };
        let keys = ui.keys.iter().map(|(id, keys)| (id.clone(), keys.as_slice().to_vec()));
        Self {
            theme,
            glyphs,
            soon_days: ui.soon_days.into(),
            week_start: match ui.week_start {
                WeekStart::Monday => Weekday::Monday,
                WeekStart::Sunday => Weekday::Sunday,
            },
            refresh: refresh(ui, &mut problems),
            notify: ui.notify,
            mouse: ui.mouse,
            clipboard,
            keys: keys.collect(),
            setting_lines: ui.setting_lines.clone(),
            paths: Vec::new(),
            requests_file: None,
            columns: Columns::new(),
            columns_file: None,
            given: Overrides::default(),
            fleet: None,
            store: None,
            problems,
        }
    }
}

/// How often lists in sight are looked at again.
fn refresh(ui: &UiSettings, problems: &mut Vec<String>) -> Option<SignedDuration> {
    const SHORTEST: SignedDuration = SignedDuration::from_secs(5);
    if ui.refresh == "off" {
        return None;
    }
    let read = ui.refresh.parse::<SignedDuration>().ok().filter(|time| *time >= SHORTEST);
    if read.is_none() {
        let (setting, text) = (ui.setting_lines.of_setting("refresh"), &ui.refresh);
        problems
            .push(format!("{setting}: refresh {text:?} is neither off nor a time of 5s or more: 30s, 2m"));
    }
    read.or(Preferences::default().refresh)
}

/// Reads `themes/NAME.toml`.
fn own_theme(ui: &UiSettings, name: &str, themes: Option<&Path>) -> Result<Theme, String> {
    let unknown = |why: &str| {
        let (place, built_in) = (ui.setting_lines.of_setting("theme"), theme::NAMES.join(", "));
        format!("{place}: there is no theme {name:?}{why}; built in are {built_in}")
    };
    let file = themes.map(|folder| folder.join(format!("{name}.toml"))).ok_or_else(|| unknown(""))?;
    let place = file.display();
    let text = bounded::read_to_string(&file).map_err(|error| unknown(&format!(": {place}: {error}")))?;
    Theme::from_toml(&text).map_err(|problem| match problem.line(&text) {
        Some(line) => format!("{place}, line {line}: {problem}"),
        None => format!("{place}: {problem}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(ui: &UiSettings, variables: &[(&str, &str)]) -> Preferences {
        Preferences::choose(ui, false, None, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn no_color_keeps_reverse_and_bold() {
        let ui = UiSettings { theme: Some("high-contrast".into()), ..UiSettings::default() };
        assert_eq!(chosen(&ui, &[("NO_COLOR", "1")]).theme, Theme::mono());
        assert_eq!(chosen(&ui, &[("NO_COLOR", "")]).theme, Theme::high_contrast());
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let ui = UiSettings::default();
        assert_eq!(chosen(&ui, &[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]).glyphs, &glyphs::ASCII);
        assert_eq!(chosen(&ui, &[("LC_ALL", ""), ("LANG", "en_US.UTF-8")]).glyphs, &glyphs::UNICODE);
        let ascii = UiSettings { ascii: true, ..ui };
        assert_eq!(chosen(&ascii, &[("LANG", "C.UTF-8")]).glyphs, &glyphs::ASCII);
    }

    #[test]
    fn what_is_not_known_is_named_and_the_default_used() {
        let ui =
            UiSettings { theme: Some("solarized".into()), clipboard: "x11".into(), ..UiSettings::default() };
        let preferences = chosen(&ui, &[("TMUX", "/tmp/tmux")]);
        assert_eq!(preferences.problems.len(), 2, "{:?}", preferences.problems);
        assert_eq!(preferences.clipboard, Some(clipboard::Path::TMUX));
        assert_eq!(preferences.theme, Theme::terminal());
    }
}
