//! The command that `serve` runs beside the workbench.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process};

use super::names;
use crate::cli::error::{Exit, Failure};

/// What shells say of a program that is not there.
const NOT_FOUND: i32 = 127;
/// What shells add to the number of the signal that ended a program.
const BY_SIGNAL: i32 = 128;

/// A running command.
pub struct Child(tokio::process::Child);

impl Child {
    /// Starts it with the environment; with `host`, that name and its model service are names of the
    /// loopback for it.
    pub fn start(
        command: &[OsString],
        environment: Vec<(&'static str, String)>,
        host: Option<&str>,
        data: &Path,
    ) -> Result<Self, Failure> {
        let mut started = match host {
            None => {
                let (program, arguments) = command.split_first().unwrap_or((&command[0], &[]));
                let mut started = tokio::process::Command::new(program);
                started.args(arguments);
                started
            }
            Some(host) => names::command(host, data, command)?,
        };
        let child = started.envs(environment).kill_on_drop(true).spawn();
        child.map(Self).map_err(|error| {
            let name = command[0].to_string_lossy();
            Failure::new(Exit::Invalid, "command", format!("{name} cannot be started: {error}"))
        })
    }

    /// Its exit code, or that of shells where a signal ended it.
    pub async fn ended(&mut self) -> Result<i32, Failure> {
        let status = self.0.wait().await;
        status.map(code).map_err(|error| {
            Failure::new(Exit::Bug, "command", format!("the command cannot be waited for: {error}"))
        })
    }

    /// Asks it to end.
    pub fn pass_on(&self) {
        let pid = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| BY_SIGNAL + status.signal().unwrap_or_default())
}

/// The exit code of a program that could not be run.
pub fn not_run(error: &io::Error) -> i32 {
    if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_FOUND - 1 }
}
