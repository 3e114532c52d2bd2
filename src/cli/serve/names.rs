//! Names for one command: a second run of this program, which has one thread only, sees the hosts file
//! of the workbench, and becomes the command.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::ExitCode;

use super::command::not_run;
use crate::cli::error::{Exit, Failure};
use crate::workbench::host_names;

/// The first argument of that second run.
const STAGE: &str = "__names";
/// The exit code where the system does not allow it: that of a value which cannot be used.
const NOT_ALLOWED: u8 = Exit::Invalid as u8;

/// The command, to be started with names.
pub fn command(host: &str, data: &Path, command: &[OsString]) -> Result<tokio::process::Command, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(Exit::Invalid, "names", format!("no second run: {error}")))?;
    let mut started = tokio::process::Command::new(program);
    started.arg(STAGE).arg(host).arg(host_names::file(data)).args(command);
    Ok(started)
}

/// The second run; `None` for every other one. To be called before any thread is started.
pub fn stage() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    if arguments.nth(1)? != STAGE {
        return None;
    }
    let (host, file) = (arguments.next()?, arguments.next()?);
    let program = arguments.next()?;
    if let Err(error) = host_names::show(Path::new(&file), true) {
        eprintln!(
            "error: this system gives a command no names of its own ({error}); leave --names out, and add to {}:\n{}",
            host_names::SYSTEM,
            host_names::line(&host.to_string_lossy())
        );
        return Some(ExitCode::from(NOT_ALLOWED));
    }
    let error = std::process::Command::new(&program).args(arguments).exec();
    eprintln!("error: {} cannot be started: {error}", program.to_string_lossy());
    Some(ExitCode::from(u8::try_from(not_run(&error)).unwrap_or(NOT_ALLOWED)))
}
