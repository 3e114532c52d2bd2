//! The terminal shows nothing of a key that is typed.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::actions::key_file::{self, NoKey};
use crate::cli::output::Output;
use crate::secret::ApiKey;

/// Keeps the terminal from showing what is typed until this is dropped.
struct NoEcho {
    before: Termios,
}

impl NoEcho {
    /// `None`: standard input is not a terminal.
    fn new() -> Option<Self> {
        if !io::stdin().is_terminal() {
            return None;
        }
        let before = tcgetattr(io::stdin()).ok()?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ECHO);
        modes.local_modes.insert(LocalModes::ECHONL);
        // A suspended program would leave the shell without echo.
        modes.special_codes[SpecialCodeIndex::VSUSP] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &modes).ok()?;
        Some(Self { before })
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        // What was typed and not read goes: the next program would show it.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

/// The key in a file, or on standard input for `-`, where it may be typed. Blocks; a signal ends the wait.
pub fn read_key(out: &Output, file: &Path) -> Result<ApiKey, NoKey> {
    // Before the question, or the first of a fast answer would be shown.
    let echo = if file == Path::new("-") { NoEcho::new() } else { None };
    if echo.is_some() {
        out.prompt("API key (it is not shown):");
    }
    key_file::read(file)
}
