//! The sections of the tab, by name.

/// One section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    #[default]
    Users,
    Security,
    Projects,
    AllKeys,
}

impl Section {
    /// All of them, from left to right.
    pub const ALL: [Self; 4] = [Self::Users, Self::Security, Self::Projects, Self::AllKeys];

    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Security => "Security",
            Self::Projects => "Projects",
            Self::AllKeys => "All keys",
        }
    }

    /// The one to the right, after the last one the first.
    pub fn next(self) -> Self {
        self.step(1)
    }

    /// The one to the left, before the first one the last.
    pub fn previous(self) -> Self {
        self.step(Self::ALL.len() - 1)
    }

    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|section| *section == self).unwrap_or_default();
        Self::ALL[(at + by) % Self::ALL.len()]
    }
}
