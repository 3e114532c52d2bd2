//! Models that are Python functions of a project: each replica is a Python process.
//!
//! The interpreter is the machine's own; `assets/python` holds the program that serves a function
//! and small stand-ins for the modules that a workbench offers to models (`cml`, `cdsw`).

mod frames;
mod process;
mod script;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::timeout;

pub use process::{Process, Unanswered};
pub use script::{Outside, inside};

use super::logs::Log;

/// The kernel of a build that names a Python function.
pub const KERNEL: &str = "python3";

const FILES: [(&str, &str); 5] = [
    ("runner.py", include_str!("../../../assets/python/runner.py")),
    ("cdsw.py", include_str!("../../../assets/python/cdsw.py")),
    ("cml/__init__.py", include_str!("../../../assets/python/cml/__init__.py")),
    ("cml/models_v1.py", include_str!("../../../assets/python/cml/models_v1.py")),
    ("cml/metrics_v1.py", include_str!("../../../assets/python/cml/metrics_v1.py")),
];

/// How long the interpreter may take to tell its version.
const VERSION_TIME: Duration = Duration::from_secs(5);

/// A function in a file of a project.
#[derive(Debug, Clone)]
pub struct Function {
    /// The project's folder, or a build's copy of it.
    pub project: PathBuf,
    /// The model's root folder in it, where the process runs; empty for the project's own.
    pub root: String,
    /// The file, below the root folder.
    pub file: String,
    pub name: String,
    /// Of the project and of the deployment. May hold secrets: never printed.
    pub environment: Environment,
}

/// Environment variables whose values stay out of debug output.
#[derive(Clone, Default)]
pub struct Environment(pub BTreeMap<String, String>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Why a function cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error(
        "there is no python3 on this machine's PATH; install Python 3, or build with the kernel `builtin` and one of its functions"
    )]
    NoPython,
    #[error(transparent)]
    Outside(#[from] Outside),
    #[error("there is no file {0:?} in the project's folder; name one relative to it, or to model_root_dir")]
    Missing(String),
    /// What Python printed.
    #[error("{0}")]
    Traceback(String),
    #[error("loading the file took longer than {} s", .0.as_secs())]
    Slow(Duration),
    #[error("the process ended while it loaded the file{0}")]
    Ended(String),
    #[error("the process could not be started: {0}")]
    Start(#[source] io::Error),
}

/// The interpreter and the files that serve functions with it.
#[derive(Debug, Clone)]
pub struct Python {
    interpreter: Option<PathBuf>,
    support: PathBuf,
    version: Arc<OnceCell<Option<String>>>,
}

impl Python {
    /// Writes the serving files into `support` and looks for `python3` on the `PATH`.
    pub fn install(support: &Path) -> io::Result<Self> {
        Self::with_interpreter(support, find(std::env::var_os("PATH").as_deref()))
    }

    /// The same with a given interpreter, or with none.
    pub fn with_interpreter(support: &Path, interpreter: Option<PathBuf>) -> io::Result<Self> {
        fs::create_dir_all(support.join("cml"))?;
        for (name, text) in FILES {
            fs::write(support.join(name), text)?;
        }
        // The processes run elsewhere, so a relative path would not lead here.
        Ok(Self { interpreter, support: fs::canonicalize(support)?, version: Arc::default() })
    }

    /// Whether functions can be served at all.
    pub fn is_there(&self) -> bool {
        self.interpreter.is_some()
    }

    /// `Python 3.11`, as the interpreter says; asked once. `None` where there is none that answers.
    pub async fn version(&self) -> Option<&str> {
        let ask = || async {
            let asked =
                Command::new(self.interpreter.as_deref()?).arg("--version").kill_on_drop(true).output();
            let output = timeout(VERSION_TIME, asked).await.ok()?.ok()?;
            let text = String::from_utf8(output.stdout).ok()?;
            // `Python 3.11.7`: the last part is not what a kernel is called by.
            text.trim().rsplit_once('.').map(|(version, _)| version.to_owned())
        };
        self.version.get_or_init(ask).await.as_deref()
    }

    /// Starts a process that serves the function; it has loaded the file when this returns.
    pub async fn start(
        &self,
        function: &Function,
        log: Arc<Log>,
        limit: Duration,
    ) -> Result<Process, Unusable> {
        let interpreter = self.interpreter.as_deref().ok_or(Unusable::NoPython)?;
        Process::start(interpreter, &self.support, function, log, limit).await
    }

    /// Whether the function can be served: loads it once, as a build does.
    pub async fn check(&self, function: &Function, limit: Duration) -> Result<(), Unusable> {
        self.start(function, Arc::new(Log::default()), limit).await.map(drop)
    }
}

fn find(path: Option<&OsStr>) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    std::env::split_paths(path?).map(|directory| directory.join("python3")).find(|candidate| {
        fs::metadata(candidate).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    })
}

#[cfg(test)]
mod tests;
