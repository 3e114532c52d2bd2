//! Models that are Python functions of a project: each replica is a Python process.
//!
//! The interpreter is the machine's own; `assets/python` contains the program that serves a
//! function and small stand-ins for the modules that a workbench offers to models (`cml`, `cdsw`).
//! [`confined`] limits what such a process may do to the machine.

pub mod confined;
mod frames;
mod installation;
mod owner;
mod process;
mod script;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::OnceCell;

pub use process::{Process, Unanswered};
pub use script::{Outside, inside};

use super::directory::write_for_all;
use super::logs::Log;
use installation::{Installation, find, others_may_enter, user_of};

/// The kernel of a build that names a Python function.
pub const KERNEL: &str = "python3";

const FILES: [(&str, &str); 5] = [
    ("runner.py", include_str!("../../../assets/python/runner.py")),
    ("cdsw.py", include_str!("../../../assets/python/cdsw.py")),
    ("cml/__init__.py", include_str!("../../../assets/python/cml/__init__.py")),
    ("cml/models_v1.py", include_str!("../../../assets/python/cml/models_v1.py")),
    ("cml/metrics_v1.py", include_str!("../../../assets/python/cml/metrics_v1.py")),
];

/// The part of the server's environment that Python sees: enough for an interpreter to run. The
/// rest may hold secrets, and a function that needs it would fail on the real product, whose
/// replicas run elsewhere.
const INHERITED: [&str; 6] = ["PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH"];

/// Least memory that a replica may allocate, in bytes: large libraries need a lot just to load.
const LEAST_MEMORY: u64 = 4 << 30;

/// A function in a file of a project.
#[derive(Debug, Clone)]
pub struct Function {
    /// A build's copy of the project's folder. It belongs to the replica, which may write to it.
    pub project: PathBuf,
    /// The model's root folder in it, the working directory; empty for the project's own.
    pub root: String,
    /// The file, below the root folder.
    pub file: String,
    pub name: String,
    /// From the project and from the deployment. May hold secrets: never printed.
    pub environment: Environment,
    /// Memory of the deployment, in bytes. A replica may allocate twice as much.
    pub memory: u64,
}

/// Environment variables whose values do not appear in debug output.
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
    #[error(
        "other machines can reach this workbench, so it runs no Python functions unless it is started with --python as well; the kernel `builtin` works"
    )]
    SwitchedOff,
    #[error("this program cannot start Python functions; `keybench serve` can")]
    NoStarter,
    #[error("python3 does not start: {0}")]
    Broken(String),
    #[error("the data directory lies in {}, which Python functions can read; choose another with --data", .0.display())]
    Exposed(PathBuf),
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
    Start(#[from] io::Error),
}

/// The interpreter and the files for serving functions with it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Python {
    interpreter: Option<PathBuf>,
    /// The program that starts replicas: see [`confined`].
    starter: Option<PathBuf>,
    switched_off: bool,
    /// The data directory, in which a replica sees only its own folders.
    data: PathBuf,
    /// Seen by replicas in place of the system's hosts file.
    hosts: Option<PathBuf>,
    machine: Arc<OnceCell<Machine>>,
}

/// What is found out about the machine for the first function.
#[derive(Debug)]
struct Machine {
    python: Installation,
    readable: Vec<PathBuf>,
    user: Option<u32>,
}

impl Python {
    /// Writes the serving files into the data directory and looks for `python3` on the `PATH`.
    /// `starter` is a program whose `main` starts with [`confined::stage`].
    pub fn install(data: &Path, starter: Option<PathBuf>) -> io::Result<Self> {
        Self::with_interpreter(data, starter, find(std::env::var_os("PATH").as_deref()))
    }

    /// The same with a given interpreter, or with none.
    pub fn with_interpreter(
        data: &Path,
        starter: Option<PathBuf>,
        interpreter: Option<PathBuf>,
    ) -> io::Result<Self> {
        // Leftovers of a killed server.
        let _ = fs::remove_dir_all(data.join(SCRATCH));
        fs::create_dir_all(data.join(SUPPORT).join("cml"))?;
        for (name, text) in FILES {
            write_for_all(&data.join(SUPPORT).join(name), text.as_bytes())?;
        }
        // The processes have other working directories, so a relative path would not work.
        let data = fs::canonicalize(data)?;
        Ok(Self { interpreter, starter, switched_off: false, data, hosts: None, machine: Arc::default() })
    }

    /// The same, but functions are refused.
    pub fn switched_off(self) -> Self {
        Self { switched_off: true, ..self }
    }

    /// The same, with a hosts file for the functions; see [`super::host_names`].
    pub fn with_hosts(self, hosts: Option<PathBuf>) -> Self {
        Self { hosts, ..self }
    }

    /// Copies a file with certificate authorities to where functions can read it, and answers that copy.
    pub fn show(&self, authorities: &Path) -> io::Result<PathBuf> {
        let copy = self.data.join(SUPPORT).join("authorities.pem");
        write_for_all(&copy, &fs::read(authorities)?)?;
        Ok(copy)
    }

    /// Whether functions can be served at all.
    pub fn is_there(&self) -> bool {
        self.interpreter.is_some() && !self.switched_off
    }

    /// Missing confinement of functions, as sentences.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let Some(interpreter) = self.interpreter.as_deref().filter(|_| self.is_there()) else {
            return warnings;
        };
        if !confined::files_are_guarded() {
            warnings.push(
                "this kernel has no Landlock: Python functions can read what you can read, the keys in \
                 credentials.json too; serve only people whom you would let run commands here"
                    .to_owned(),
            );
        }
        let hidden = || {
            let places = [interpreter, self.data.parent().unwrap_or(&self.data)];
            places.into_iter().find(|place| !others_may_enter(place)).map(Path::to_owned)
        };
        if let Some(place) = nix::unistd::geteuid().is_root().then(hidden).flatten() {
            warnings.push(format!(
                "Python functions run as root, without root's capabilities, since no other user can reach {}; \
                 run keybench as another user",
                place.display()
            ));
        }
        warnings
    }

    /// Starts a process that serves the function; returns once it has loaded the file.
    pub async fn start(
        &self,
        function: &Function,
        log: Arc<Log>,
        limit: Duration,
    ) -> Result<Process, Unusable> {
        let interpreter = self.interpreter.as_deref().ok_or(Unusable::NoPython)?;
        if self.switched_off {
            return Err(Unusable::SwitchedOff);
        }
        let starter = self.starter.as_deref().ok_or(Unusable::NoStarter)?;
        // The process has another working directory.
        let folder = std::path::absolute(&function.project)?;
        let root = inside(&folder, "", &function.root)?;
        let file = inside(&folder, &function.root, &function.file)?;
        if !file.is_file() {
            return Err(Unusable::Missing(function.file.clone()));
        }
        let machine = self.machine.get_or_try_init(|| self.look_at(interpreter)).await?;
        let project = fs::canonicalize(&function.project)?;
        let scratch = self.scratch(machine.user)?;
        if let Some(user) = machine.user {
            let folders = [project.clone(), scratch.path().to_owned()];
            let give = move || folders.iter().try_for_each(|folder| owner::give(folder, user));
            tokio::task::spawn_blocking(give).await.map_err(io::Error::other)??;
        }
        let support = self.data.join(SUPPORT);
        let mut read = machine.readable.clone();
        read.push(support.clone());
        let start = confined::Start {
            interpreter: machine.python.executable.clone(),
            runner: support.join("runner.py"),
            folder: root.clone(),
            read,
            write: vec![project, scratch.path().to_owned()],
            scratch: scratch.path().to_owned(),
            hosts: self.hosts.clone(),
            user: machine.user,
            memory: function.memory.saturating_mul(2).max(LEAST_MEMORY),
        };
        let packages = Some(&machine.python.user_packages).filter(|folder| folder.is_dir());
        let first = json!({
            "environment": function.environment.0, "packages": packages, "root": root, "file": file,
            "shown": function.file, "function": function.name,
        });
        Process::start(starter, &start, &first.to_string(), scratch, log, limit).await
    }

    /// Whether the function can be served: loads it once, like a build does.
    pub async fn check(&self, function: &Function, limit: Duration) -> Result<(), Unusable> {
        self.start(function, Arc::new(Log::default()), limit).await.map(drop)
    }

    async fn look_at(&self, interpreter: &Path) -> Result<Machine, Unusable> {
        let python = Installation::of(interpreter).await.map_err(Unusable::Broken)?;
        let readable = python.readable(&self.data).map_err(Unusable::Exposed)?;
        let user = self.other_user(&python);
        Ok(Machine { python, readable, user })
    }

    /// The user that replicas switch to, if the server is root and others can run this Python. Only
    /// this user can pass through the data directory: its group is its own.
    fn other_user(&self, python: &Installation) -> Option<u32> {
        let above = self.data.parent().is_none_or(others_may_enter);
        if !nix::unistd::geteuid().is_root() || !above || !python.is_for_everybody() {
            return None;
        }
        let user = user_of(&self.data)?;
        owner::let_through(&self.data, user).ok()?;
        Some(user)
    }

    /// A folder for what a replica stores outside its project: deleted when it ends.
    fn scratch(&self, user: Option<u32>) -> io::Result<tempfile::TempDir> {
        let all = self.data.join(SCRATCH);
        fs::create_dir_all(&all)?;
        if user.is_some() {
            owner::may_be_entered(&all)?;
        }
        tempfile::tempdir_in(all)
    }
}

/// Folders of the data directory.
const SUPPORT: &str = "python";
const SCRATCH: &str = "scratch";
