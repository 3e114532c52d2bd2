//! Which models are listed.

use crate::tui::cyclic::step;

/// Which models are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::VariantArray)]
pub enum ListScope {
    /// Models of the user's projects and of those in which they collaborate.
    #[default]
    Mine,
    /// Those of public projects too.
    Public,
    /// For administrators, models of every project of the site; for others the same as
    /// [`Self::Public`] (SPEC).
    All,
}

impl ListScope {
    #[must_use]
    pub fn next(self) -> Self {
        step(self, 1)
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Public => "public too",
            Self::All => "all you may see",
        }
    }
}
