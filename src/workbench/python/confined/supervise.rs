//! The first stage: it outlives the replica by a moment, and the server not at all.
//!
//! The server holds the other end of standard input. When that closes, however the server ended, or
//! when the replica ends, everything that the replica started is killed: as the subreaper, this
//! process becomes the parent of all orphans below it, whatever their session.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitCode};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, wait};

use super::{CONFINE, NAME};

/// How often to check for the replica's end if the kernel does not report it.
const LOOK: Duration = Duration::from_millis(50);

pub fn run(start: &OsString) -> ExitCode {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_child_subreaper(true);
    let program =
        if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() };
    let started =
        program.and_then(|program| Command::new(program).arg0(NAME).arg(CONFINE).arg(start).spawn());
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return super::unusable(format!("the process could not be started: {error}")),
    };
    // Only the replica answers now: the server must see the end of its answers when it ends.
    if let Ok(null) = std::fs::OpenOptions::new().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(null);
    }
    watch(&mut child);
    end_all(&child);
    ExitCode::SUCCESS
}

/// Returns when the server or the replica has ended.
fn watch(child: &mut Child) {
    let input = std::io::stdin();
    let replica = replica_handle(child);
    loop {
        // Requests no event: hang-up is always reported, and nothing is read.
        let mut ends = vec![PollFd::from_borrowed_fd(input.as_fd(), PollFlags::empty())];
        ends.extend(replica.as_ref().map(|handle| PollFd::new(handle, PollFlags::IN)));
        let pause = Timespec::try_from(LOOK).ok().filter(|_| replica.is_none());
        match poll(&mut ends, pause.as_ref()) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) | Err(_) => return,
        }
        if child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
    }
}

#[cfg(target_os = "linux")]
fn replica_handle(child: &Child) -> Option<OwnedFd> {
    rustix::process::pidfd_open(Pid::from_child(child), rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn replica_handle(_: &Child) -> Option<OwnedFd> {
    None
}

/// Kills the replica and what it started, until nothing is left.
fn end_all(child: &Child) {
    let replica = Pid::from_child(child);
    // It leads a session, unless it ended before it could.
    let _ = kill_process_group(replica, Signal::KILL);
    let _ = kill_process(replica, Signal::KILL);
    loop {
        for orphan in children() {
            let _ = kill_process(orphan, Signal::KILL);
        }
        // Killed processes leave their children to this one, so there may be more now; and a list
        // that was read while one of them ended may be incomplete.
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            Err(_) => return,
        }
    }
}

/// The children of this process. Known only on Linux.
fn children() -> Vec<Pid> {
    let own = std::process::id();
    // In one read, if the kernel offers it: a process that forks and exits must not win the race.
    if let Ok(listed) = std::fs::read_to_string(format!("/proc/self/task/{own}/children")) {
        return listed.split_whitespace().filter_map(|number| Pid::from_raw(number.parse().ok()?)).collect();
    }
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.filter(|number| parent(*number) == Some(own)).filter_map(Pid::from_raw).collect()
}

fn parent(process: i32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may contain anything; the state and the parent follow it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
