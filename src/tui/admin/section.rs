//! The sections of the tab, by name.

use strum::VariantArray;

use crate::tui::command::KeyContext;
use crate::tui::cyclic::step;

/// One section, in the order from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::IntoStaticStr, VariantArray)]
pub enum Section {
    #[default]
    Users,
    Security,
    Projects,
    #[strum(serialize = "All keys")]
    AllKeys,
}

impl Section {
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Where its commands work.
    pub fn context(self) -> KeyContext {
        match self {
            Self::Users => KeyContext::Users,
            Self::Security => KeyContext::Security,
            Self::Projects => KeyContext::Projects,
            Self::AllKeys => KeyContext::AllKeys,
        }
    }

    /// The one to the right, after the last one the first.
    pub fn next(self) -> Self {
        step(self, 1)
    }

    /// The one to the left, before the first one the last.
    pub fn previous(self) -> Self {
        step(self, Self::VARIANTS.len() - 1)
    }
}
