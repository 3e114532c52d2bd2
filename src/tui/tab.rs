//! The tabs, by name. Their layers are in [`super::stack`].

use super::command::Command;

/// One tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    #[default]
    Settings,
    Models,
    Admin,
}

impl Tab {
    /// All of them, from left to right.
    pub const ALL: [Self; 3] = [Self::Settings, Self::Models, Self::Admin];

    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            Self::Models => "Models",
            Self::Admin => "Admin",
        }
    }

    /// The command that shows the tab.
    pub fn command(self) -> Command {
        match self {
            Self::Settings => Command::TabSettings,
            Self::Models => Command::TabModels,
            Self::Admin => Command::TabAdmin,
        }
    }

    /// Its position, from 0.
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|tab| *tab == self).unwrap_or_default()
    }

    /// The next tab to the right, after the last one the first.
    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self.index() + 1) % Self::ALL.len()]
    }

    /// The next tab to the left, before the first one the last.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::ALL[(self.index() + Self::ALL.len() - 1) % Self::ALL.len()]
    }
}
