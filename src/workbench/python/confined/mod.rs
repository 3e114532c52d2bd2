//! Starts Python so that it can do little harm: this module runs this program again, in two stages,
//! each with one thread.
//!
//! [`supervise`] starts the second stage, watches the server and the replica, and kills everything
//! that the replica started when either is gone. [`confine`] drops privileges and becomes Python.
//! Both are separate processes because a process with threads cannot drop privileges safely between
//! fork and exec, and because a busy interpreter cannot watch anything.

mod confine;
mod supervise;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

/// The name in process lists.
pub const NAME: &str = "keybench";
/// First arguments that select a stage; no command has such a name.
const SUPERVISE: &str = "__supervise-replica";
const CONFINE: &str = "__confine-replica";

/// Whether this process's `main` supports the stages.
static KNOWS_STAGES: AtomicBool = AtomicBool::new(false);

/// What a replica runs, and what it may access. No secrets: arguments can be read by others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    pub interpreter: PathBuf,
    pub runner: PathBuf,
    /// Its working directory.
    pub folder: PathBuf,
    /// May be read and executed.
    pub read: Vec<PathBuf>,
    /// May be read, executed, written and removed.
    pub write: Vec<PathBuf>,
    /// Home and temporary files; one of `write`.
    pub scratch: PathBuf,
    /// Seen in place of the system's hosts file.
    pub hosts: Option<PathBuf>,
    /// The user and group to switch to, if the server is root.
    pub user: Option<u32>,
    /// Bytes of memory that it may allocate.
    pub memory: u64,
}

/// Runs the stage named by the arguments of this process: call it first in `main`, before there are
/// threads. `None` for every other command line.
pub fn stage() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let (stage, start) = (arguments.next(), arguments.next());
    match (stage.as_ref().and_then(|it| it.to_str()), start) {
        (Some(SUPERVISE), Some(start)) => Some(supervise::run(&start)),
        (Some(CONFINE), Some(start)) => Some(read(&start).map_or_else(unusable, |start| {
            let failed = confine::run(&start);
            unusable(failed)
        })),
        _ => {
            KNOWS_STAGES.store(true, Ordering::Relaxed);
            None
        }
    }
}

/// This program, to be run again; `None` if its `main` does not call [`stage`].
pub fn own_program() -> Option<PathBuf> {
    if !KNOWS_STAGES.load(Ordering::Relaxed) {
        return None;
    }
    // Stays correct if the file was replaced or removed since.
    if cfg!(target_os = "linux") { Some("/proc/self/exe".into()) } else { std::env::current_exe().ok() }
}

/// Whether the kernel can restrict a replica's access to files.
pub fn files_are_guarded() -> bool {
    confine::landlock_is_there()
}

/// The arguments of the first stage.
pub fn arguments(start: &Start) -> Result<[OsString; 2], serde_json::Error> {
    Ok([SUPERVISE.into(), serde_json::to_string(start)?.into()])
}

fn read(start: &OsString) -> Result<Start, String> {
    let text = start.to_str().ok_or("the arguments of a replica are not text")?;
    serde_json::from_str(text).map_err(|error| format!("the arguments of a replica cannot be read: {error}"))
}

/// Tells the server why there is no replica, like the runner would.
fn unusable(reason: String) -> ExitCode {
    let mut answers = std::io::stdout();
    let frame = format!("unusable {}\n{reason}", reason.len());
    let _ = answers.write_all(frame.as_bytes()).and_then(|()| answers.flush());
    ExitCode::FAILURE
}
