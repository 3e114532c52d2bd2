//! The tabs, by name. Their layers are in [`super::stack`].

use strum::VariantArray;

use super::command::Command;
use super::cyclic::step;

/// One tab, in the order from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::IntoStaticStr, VariantArray)]
pub enum Tab {
    #[default]
    Settings,
    Models,
    Admin,
}

impl Tab {
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The command that shows the tab.
    pub fn command(self) -> Command {
        match self {
            Self::Settings => Command::TabSettings,
            Self::Models => Command::TabModels,
            Self::Admin => Command::TabAdmin,
        }
    }

    /// The tab that a command shows.
    pub fn of(command: Command) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|tab| tab.command() == command)
    }

    /// Its position, from 0.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The next tab to the right, after the last one the first.
    #[must_use]
    pub fn next(self) -> Self {
        step(self, 1)
    }

    /// The next tab to the left, before the first one the last.
    #[must_use]
    pub fn previous(self) -> Self {
        step(self, Self::VARIANTS.len() - 1)
    }
}
