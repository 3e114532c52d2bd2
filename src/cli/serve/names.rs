//! Names for one command: it sees the workbench's host and its model service as names of the loopback.
//!
//! A second run of this program, which has one thread only, goes into a user and a mount namespace of
//! its own, lays another `/etc/hosts` over the system's, and becomes the command. No other process sees it,
//! and the network stays the same.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::ExitCode;

use super::command::not_run;
use crate::cli::error::{Exit, Failure};

/// The first argument of that second run.
const STAGE: &str = "__names";
/// The hosts file of the system.
const HOSTS: &str = "/etc/hosts";
/// The exit code where the system does not allow it: that of a value which cannot be used.
const NOT_ALLOWED: u8 = Exit::Invalid as u8;

/// The command, to be started with names.
pub fn command(host: &str, data: &Path, command: &[OsString]) -> Result<tokio::process::Command, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Invalid, "names", format!("the names cannot be written: {error}"))
    };
    let bare = host.rsplit_once(':').map_or(host, |(bare, _)| bare);
    let mut hosts = std::fs::read_to_string(HOSTS).unwrap_or_default();
    if !hosts.is_empty() && !hosts.ends_with('\n') {
        hosts.push('\n');
    }
    hosts.push_str(&lines(bare));
    let file = data.join("hosts");
    std::fs::write(&file, hosts).map_err(failed)?;
    let mut started = tokio::process::Command::new(std::env::current_exe().map_err(failed)?);
    started.arg(STAGE).arg(bare).arg(file).args(command);
    Ok(started)
}

fn lines(host: &str) -> String {
    format!("127.0.0.1 {host} modelservice.{host}\n")
}

/// The second run; `None` for every other one. To be called before any thread is started.
pub fn stage() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    if arguments.nth(1)? != STAGE {
        return None;
    }
    let (host, file) = (arguments.next()?, arguments.next()?);
    let program = arguments.next()?;
    if let Err(error) = enter(Path::new(&file)) {
        let host = host.to_string_lossy();
        eprintln!(
            "error: this system gives a command no names of its own ({error}); leave --names out, and add to {HOSTS}:\n{}",
            lines(&host).trim_end()
        );
        return Some(ExitCode::from(NOT_ALLOWED));
    }
    let error = std::process::Command::new(&program).args(arguments).exec();
    eprintln!("error: {} cannot be started: {error}", program.to_string_lossy());
    Some(ExitCode::from(u8::try_from(not_run(&error)).unwrap_or(NOT_ALLOWED)))
}

#[cfg(target_os = "linux")]
fn enter(hosts: &Path) -> std::io::Result<()> {
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};
    use nix::unistd::{getegid, geteuid};

    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
    // The command stays who it was.
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    mount(Some(hosts), HOSTS, none, MsFlags::MS_BIND, none)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn enter(_hosts: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("it needs namespaces of Linux"))
}
