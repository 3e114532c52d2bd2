//! Where the history of tests and runs is, and why there may be none.

use std::path::PathBuf;

use super::Loaded;
use super::paths::{Env, state_dir};

const FILE: &str = "history.sqlite";

/// Why no history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoHistory {
    #[error("the history is switched off")]
    SwitchedOff,
    /// Its home directory is the storage of a project.
    #[error(
        "inside a workbench session no history is kept: the home directory is the project's storage, which its collaborators can read"
    )]
    InsideWorkbench,
    #[error("no folder for the history: neither KEYBENCH_CONFIG_DIR nor a home directory is known")]
    NoFolder,
}

impl NoHistory {
    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::SwitchedOff => "remove `history = false` from config.toml, or mend that file",
            Self::InsideWorkbench => "export runs with --export FILE instead",
            Self::NoFolder => "set KEYBENCH_CONFIG_DIR",
        }
    }
}

/// The file of the history, which need not exist.
///
/// # Errors
/// No history is kept here.
pub fn file(env: Env<'_>, loaded: &Loaded) -> Result<PathBuf, NoHistory> {
    if env("CDSW_DOMAIN").is_ok_and(|domain| domain.is_some()) {
        return Err(NoHistory::InsideWorkbench);
    }
    if !loaded.history {
        return Err(NoHistory::SwitchedOff);
    }
    Ok(state_dir(env).map_err(|_| NoHistory::NoFolder)?.join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Store;

    #[test]
    fn a_history_is_kept_unless_it_is_switched_off_or_others_read_the_home() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().display().to_string();
        let at_home = |name: &str| Ok((name == "KEYBENCH_CONFIG_DIR").then(|| dir.clone()));
        let in_session = |name: &str| match name {
            "CDSW_DOMAIN" => Ok(Some("ml.example.com".to_owned())),
            _ => at_home(name),
        };
        let load = |text: &str| {
            std::fs::write(folder.path().join("config.toml"), text).unwrap();
            Store::at(folder.path()).load()
        };
        for on in ["", "history = true\n", "[ui]\nascii = true\n", "bogus = 1\n"] {
            assert_eq!(file(&at_home, &load(on)), Ok(folder.path().join(FILE)), "{on}");
        }
        let off = ["history = false\n", "bogus = 1\nhistory = false\n", "history = false\n[ui\n"];
        for off in off {
            assert_eq!(file(&at_home, &load(off)), Err(NoHistory::SwitchedOff), "{off}");
        }
        assert_eq!(file(&in_session, &load("")), Err(NoHistory::InsideWorkbench));
    }
}
