//! Runs a profile's `credential_command`: the user's own program that prints the key. It may do
//! anything, so both its output and its time are bounded.

use std::io::{self, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::getpgrp;
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::termios::tcgetpgrp;
use secrecy::zeroize::Zeroizing;

use super::Error;
use crate::decode;
use crate::secret::ApiKey;
use crate::waiting::{self, InVain, Waiter};

/// Long enough to find and to type a passphrase.
const PATIENCE: Duration = Duration::from_secs(120);
/// A key has a few hundred bytes; password managers print notes below it.
const LIMIT: usize = 64 * 1024;
/// Interval at which a silent command is checked for its end.
const LOOK: Duration = Duration::from_millis(10);

/// Runs the `credential_command` of `profile` and reads the key that it prints.
///
/// # Errors
/// [`Error::Command`]: it failed, printed no key or too much, or did not end in time.
pub fn run(profile: &str, command: &str) -> Result<ApiKey, Error> {
    run_within(profile, command, PATIENCE)
}

fn run_within(profile: &str, command: &str, patience: Duration) -> Result<ApiKey, Error> {
    let failed = |why: String| Error::Command { profile: profile.to_owned(), why };
    let ends = Instant::now() + patience;
    let mut shell = Command::new("sh");
    // Standard input and error stay the terminal's: the password manager may ask for a passphrase.
    shell.args(["-c", command]).stdout(Stdio::piped()).stdin(Stdio::inherit()).stderr(Stdio::inherit());
    let alone = !has_the_terminal();
    if alone {
        shell.process_group(0);
    }
    // Declared first, so dropped after the command: the process must not end before the command is
    // stopped.
    let waiter = Waiter::new();
    let child = shell.spawn().map_err(|error| failed(error.to_string()))?;
    let mut running = Running { child, alone, ended: false };
    let Some(output) = running.child.stdout.take() else { return Err(failed("it has no output".to_owned())) };
    let late = || {
        let seconds = patience.as_secs();
        failed(format!("it had not ended after {seconds} s, and was stopped with what it started"))
    };
    let printed = match waiter.wait_for(Some(patience), move || read(output)) {
        Ok(printed) => printed.map_err(|error| failed(error.to_string()))?,
        Err(InVain::Late) => return Err(late()),
        Err(InVain::Interrupted) => return Err(Error::Interrupted),
        Err(why @ InVain::NoThread) => return Err(failed(why.to_string())),
    };
    if printed.len() > LIMIT {
        return Err(failed(format!("it printed more than {} kB, and was stopped", LIMIT / 1024)));
    }
    let status = loop {
        match running.child.try_wait().map_err(|error| failed(error.to_string()))? {
            Some(status) => break status,
            None if Instant::now() >= ends => return Err(late()),
            None if waiting::is_interrupted() => return Err(Error::Interrupted),
            None => thread::sleep(LOOK),
        }
    };
    running.ended = true;
    // Ctrl-C reaches the command too, and may reach it first. A shell reports that by its exit
    // code.
    if status.signal() == Some(Signal::INT.as_raw()) || status.code() == Some(128 + Signal::INT.as_raw()) {
        return Err(Error::Interrupted);
    }
    if !status.success() {
        return Err(failed(format!("it ended with {status}")));
    }
    let text = decode::text(&printed).map_err(|why| failed(format!("of what it printed, {why}")))?;
    // Password managers put the secret on the first line and notes below it.
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    ApiKey::parse(first).map_err(|why| failed(why.to_string()))
}

/// The output until its end, or one byte more than [`LIMIT`]. A program that outlives the command
/// may hold the pipe open.
fn read(output: ChildStdout) -> io::Result<Zeroizing<Vec<u8>>> {
    // Allocated at the largest size, since growing would leave parts of a key behind in memory.
    let mut printed = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    output.take(LIMIT as u64 + 1).read_to_end(&mut printed)?;
    Ok(printed)
}

/// A command that is stopped when this is dropped.
struct Running {
    child: Child,
    /// It has its own process group.
    alone: bool,
    ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if self.alone {
            let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
            let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a person at a terminal runs this program. If so, the command stays in this process
/// group: in another one it could not prompt there, and Ctrl-C would not reach it.
pub(crate) fn has_the_terminal() -> bool {
    let terminal = std::fs::File::open("/dev/tty");
    let its_group = terminal.ok().and_then(|terminal| tcgetpgrp(&terminal).ok());
    its_group.is_some_and(|group| group.as_raw_pid() == getpgrp().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(command: &str, limit: u64) -> String {
        run_within("x", command, Duration::from_secs(limit)).unwrap_err().to_string()
    }

    #[test]
    fn a_command_that_never_stops_printing_is_stopped() {
        for endless in ["yes", "cat /dev/zero"] {
            assert!(why(endless, 60).ends_with("it printed more than 64 kB, and was stopped"), "{endless}");
        }
    }

    #[test]
    fn a_command_that_does_not_end_is_stopped_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("pid");
        let command = format!("sleep 600 & echo $! > {}; wait", note.display());
        // A busy machine may not have begun it after a second.
        for limit in [1, 5, 30] {
            let (reason, stopped) = (why(&command, limit), "and was stopped with what it started");
            assert!(reason.ends_with(&format!("it had not ended after {limit} s, {stopped}")), "{reason}");
            if std::fs::read_to_string(&note).is_ok_and(|note| note.ends_with('\n')) {
                break;
            }
        }
        assert!(why("exec >&-; sleep 600", 1).contains("was stopped"), "nor one that prints nothing more");
        if !has_the_terminal() {
            let pid = std::fs::read_to_string(&note).unwrap().trim().parse().unwrap();
            let pid = Pid::from_raw(pid).unwrap();
            // The process that adopts a killed one reaps it in its own time.
            let is_gone = || {
                let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
                state.is_ok_and(|state| state.contains(") Z "))
                    || rustix::process::test_kill_process(pid).is_err()
            };
            let begin = Instant::now();
            while !is_gone() {
                assert!(begin.elapsed() < Duration::from_secs(60), "the sleeper lives");
                thread::yield_now();
            }
        }
    }
}
