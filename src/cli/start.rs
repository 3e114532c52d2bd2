//! How the interface starts, as the command line wants it.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::error::{Exit, Failure};
use super::output;
use crate::config::ui::UiSettings;
use crate::config::{Overrides, Session};

/// How the interface starts.
#[derive(Debug)]
pub struct Start {
    pub screen: FirstScreen,
    /// The options of the command line: of those, `--timeout`, `--read-only` and `--insecure` hold
    /// for profiles that are opened later, too.
    pub given: Overrides,
    pub ui: UiSettings,
    pub no_color: bool,
    /// Where the log is written, if it is.
    pub log_file: Option<PathBuf>,
    /// What was wrong with the configuration; it is shown, and defaults are used.
    pub problems: Vec<String>,
    /// The manifest of the fleet, if one is named.
    pub fleet: Option<PathBuf>,
}

/// What the interface shows first.
#[derive(Debug)]
pub enum FirstScreen {
    /// No profile is signed in.
    Welcome,
    Session(Box<Session>),
    /// An embedded workbench is started and signed in to.
    Embedded(Embedding),
}

/// The embedded workbench that `demo` asks for.
#[derive(Debug, Clone)]
pub struct Embedding {
    /// `None`: a folder that goes with the program.
    pub data: Option<PathBuf>,
    /// Who is signed in.
    pub user: String,
    pub timeout: Option<Duration>,
    pub read_only: bool,
}

/// Opens the interface and returns when it is left, with a sentence if it could not run. A function
/// and not a type parameter: so the commands are compiled once, with the library.
pub type Interface = fn(Start) -> LocalBoxFuture<'static, Result<Exit, String>>;

pub async fn show(interface: Interface, start: Start) -> Result<Exit, Failure> {
    if !output::is_terminal() {
        let failure = Failure::new(
            Exit::Invalid,
            "no_terminal",
            "standard input and output are not a terminal, which the interface needs",
        );
        return Err(failure.hint("run it in a terminal, or name a command: keybench --help lists them"));
    }
    interface(start).await.map_err(|sentence| Failure::new(Exit::Bug, "interface", sentence))
}
