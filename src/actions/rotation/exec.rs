//! The command that hands a key over: it gets the key on its standard input and its id in
//! `KEYBENCH_KEY_ID`.
//!
//! The whole key is there before the command starts, in a file without a name: a pipe that breaks off
//! in between would be an empty key to a command that only copies what it reads. The command holds
//! the locks of the rotation as long as it lives, also where this process does not.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use secrecy::zeroize::Zeroizing;
use tokio::process::{Child, Command};

use crate::config::credential_command::has_the_terminal;
use crate::config::lock::{FileLock, Lent};
use crate::secret::mask;
use crate::text;
use crate::wire::CreateV2KeyResponse;

/// No command prints a longer key.
const LARGEST: u64 = 64 * 1024;
/// Bytes of what a failed command wrote last, as part of the error.
const LONGEST_LINE: u64 = 400;

/// How a command ended.
#[derive(Debug)]
pub(in crate::actions) enum Ended {
    Well,
    /// It was never started.
    Never(io::Error),
    /// It failed, or was stopped; what it did until then is not known.
    Badly(String),
}

/// Where a command writes to, besides what it is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// To standard error. At a terminal the command may ask something there.
    Shown,
    /// Nowhere: the screen belongs to the interface. Its last line is part of the error.
    Kept,
}

/// Runs the command, for at most as long as `patience`. Its own output goes to standard error,
/// because standard output carries the result.
pub(super) async fn run(
    command: &str,
    created: &CreateV2KeyResponse,
    patience: Duration,
    locks: &[FileLock],
) -> Ended {
    let mut shell = shell(command);
    shell.env("KEYBENCH_KEY_ID", &created.key_id);
    let text = Zeroizing::new(format!("{}\n", created.api_key.expose()));
    feed(shell, text.as_bytes(), Output::Shown, patience, locks).await
}

/// A shell command that does not see the key that this program is signed in with.
pub(in crate::actions) fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).env_remove("KEYBENCH_API_KEY");
    shell
}

/// Runs a program with `text` on its standard input. It may hold `locks` for as long as it lives.
pub(in crate::actions) async fn feed(
    mut program: Command,
    text: &[u8],
    output: Output,
    patience: Duration,
    locks: &[FileLock],
) -> Ended {
    let input = match input(text) {
        Ok(input) => input,
        Err(error) => return Ended::Never(error),
    };
    program.stdin(Stdio::from(input)).kill_on_drop(false);
    let kept = match output {
        Output::Shown => {
            program.stdout(io::stderr());
            None
        }
        Output::Kept => match keep(&mut program) {
            Ok((kept, again)) => {
                program.stdout(again);
                Some(kept)
            }
            Err(error) => return Ended::Never(error),
        },
    };
    with_last_line(start(program, output.is_alone(), patience, locks).await, kept)
}

impl Output {
    /// Whether a command has a process group of its own. One that asks something on the terminal stays
    /// in that of this program, or it could not.
    fn is_alone(self) -> bool {
        self == Self::Kept || !has_the_terminal()
    }
}

/// Lets a program write its errors to a file without a name; gives that file twice.
fn keep(program: &mut Command) -> io::Result<(File, File)> {
    let kept = unnamed()?;
    program.stderr(kept.try_clone()?);
    let again = kept.try_clone()?;
    Ok((kept, again))
}

/// Adds the last line that a program wrote to the reason why it failed.
fn with_last_line(ended: Ended, kept: Option<File>) -> Ended {
    match (ended, kept.and_then(last_line)) {
        (Ended::Badly(why), Some(line)) => Ended::Badly(format!("{why}: {line}")),
        (ended, _) => ended,
    }
}

fn last_line(mut kept: File) -> Option<String> {
    let end = kept.seek(io::SeekFrom::End(0)).ok()?;
    kept.seek(io::SeekFrom::Start(end.saturating_sub(LONGEST_LINE))).ok()?;
    let mut bytes = Vec::new();
    kept.take(LONGEST_LINE).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    // A command may print the key that it got.
    Some(text::clean(&mask(line.trim())).into_owned())
}

/// What a program prints, in memory from begin to end.
///
/// # Errors
/// It could not be started, failed, took too long, or printed more than any key needs.
pub(in crate::actions) async fn printed(
    mut program: Command,
    shown: Output,
    patience: Duration,
) -> Result<Zeroizing<String>, String> {
    let why = |error: io::Error| error.to_string();
    let output = unnamed().map_err(why)?;
    program.stdin(Stdio::null()).stdout(output.try_clone().map_err(why)?).kill_on_drop(false);
    let kept = match shown {
        Output::Shown => None,
        Output::Kept => Some(keep(&mut program).map_err(why)?.0),
    };
    match with_last_line(start(program, shown.is_alone(), patience, &[]).await, kept) {
        Ended::Well => {}
        Ended::Never(error) => return Err(error.to_string()),
        Ended::Badly(why) => return Err(why),
    }
    let mut text = Zeroizing::new(String::with_capacity(LARGEST as usize + 1));
    let mut output = output;
    output.rewind().map_err(why)?;
    output.take(LARGEST + 1).read_to_string(&mut text).map_err(why)?;
    if text.len() as u64 > LARGEST { Err("it printed more than any key has".to_owned()) } else { Ok(text) }
}

/// Starts the shell, `alone` in a process group of its own, and waits for its end.
async fn start(mut shell: Command, alone: bool, patience: Duration, locks: &[FileLock]) -> Ended {
    if alone {
        shell.process_group(0);
    }
    let lent: Vec<Lent<'_>> = match locks.iter().map(FileLock::lend).collect() {
        Ok(lent) => lent,
        Err(error) => return Ended::Never(error),
    };
    let child = match shell.spawn() {
        Ok(child) => child,
        Err(error) => {
            lent.into_iter().for_each(Lent::returned);
            return Ended::Never(error);
        }
    };
    let mut running = Running { child, alone, ended: false };
    let waited = tokio::time::timeout(patience, running.child.wait()).await;
    let ended = match waited {
        Ok(Ok(status)) if status.success() => Ended::Well,
        Ok(Ok(status)) => Ended::Badly(status.to_string()),
        Ok(Err(error)) => Ended::Badly(error.to_string()),
        Err(_) => {
            running.stop().await;
            let seconds = patience.as_secs_f64();
            Ended::Badly(format!("it had not ended after {seconds} s, and was stopped"))
        }
    };
    running.ended = true;
    lent.into_iter().for_each(Lent::returned);
    ended
}

/// A file without a name that holds `text`, and cannot be changed.
fn input(text: &[u8]) -> io::Result<File> {
    let mut file = unnamed()?;
    file.write_all(text)?;
    file.rewind()?;
    seal(&file)?;
    Ok(file)
}

/// In memory, where the system has such files.
#[cfg(target_os = "linux")]
fn unnamed() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    match memfd_create("key", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING) {
        Ok(file) => Ok(file.into()),
        Err(_) => tempfile::tempfile(),
    }
}

#[cfg(not(target_os = "linux"))]
fn unnamed() -> io::Result<File> {
    tempfile::tempfile()
}

#[cfg(target_os = "linux")]
fn seal(file: &File) -> io::Result<()> {
    use rustix::fs::{SealFlags, fcntl_add_seals};
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    match fcntl_add_seals(file, seals) {
        // A file on a disk knows no seals.
        Err(rustix::io::Errno::INVAL) => Ok(()),
        sealed => Ok(sealed?),
    }
}

#[cfg(not(target_os = "linux"))]
fn seal(_: &File) -> io::Result<()> {
    Ok(())
}

/// A command that is asked to end when this is dropped. Until it has, it keeps the
/// locks.
struct Running {
    child: Child,
    /// It has a process group of its own.
    alone: bool,
    ended: bool,
}

impl Running {
    /// Stops it with all that it started.
    async fn stop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.kill().await;
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let Some(shell) = id.and_then(Pid::from_raw) else { return };
        if self.alone {
            let _ = kill_process_group(shell, signal);
        } else {
            // The group is that of this program and of what started it.
            for process in frozen_tree(shell) {
                let _ = kill_process(process, signal);
                let _ = kill_process(process, Signal::CONT);
            }
        }
    }
}

/// A process and all that descend from it, stopped in their tracks: none of them starts another one
/// meanwhile. One whose parent has ended is not found.
fn frozen_tree(root: Pid) -> Vec<Pid> {
    let mut tree = vec![root];
    loop {
        let mut found = Vec::new();
        for process in &tree {
            let _ = kill_process(*process, Signal::STOP);
            found.extend(children(*process).into_iter().filter(|child| !tree.contains(child)));
        }
        if found.is_empty() {
            return tree;
        }
        tree.extend(found);
    }
}

/// The children of a process. Only Linux lists them; elsewhere there are none.
fn children(process: Pid) -> Vec<Pid> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero())) else {
        return Vec::new();
    };
    let lists =
        threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let ids = |list: String| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<i32>>();
    lists.flat_map(ids).filter_map(Pid::from_raw).collect()
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.signal(Signal::TERM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ApiKey;

    fn created() -> CreateV2KeyResponse {
        CreateV2KeyResponse {
            api_key: ApiKey::from_workbench("0a.0b"),
            key_id: "k1".into(),
            ..CreateV2KeyResponse::default()
        }
    }

    async fn end(command: &str, patience: Duration) -> Ended {
        run(command, &created(), patience, &[]).await
    }

    #[tokio::test]
    async fn a_command_reads_the_key_and_its_id_and_cannot_change_them() {
        let folder = tempfile::tempdir().unwrap();
        let got = folder.path().join("got");
        let command = format!("cat > '{0}'; echo $KEYBENCH_KEY_ID >> '{0}'", got.display());
        assert!(matches!(end(&command, Duration::from_secs(60)).await, Ended::Well));
        assert_eq!(std::fs::read_to_string(&got).unwrap(), "0a.0b\nk1\n");
        let twice = format!("cat /dev/stdin /dev/stdin > '{}'", got.display());
        assert!(matches!(end(&twice, Duration::from_secs(60)).await, Ended::Well));
        assert!(matches!(end("echo x >&0", Duration::from_secs(60)).await, Ended::Badly(_)));
        assert!(
            matches!(end("exit 3", Duration::from_secs(60)).await, Ended::Badly(why) if why.contains('3'))
        );
    }

    /// With `alone` as without a terminal, else as at one.
    async fn is_stopped_with_what_it_started(alone: bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = FileLock::try_take(&path).unwrap().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", "sh -c 'sleep 600; :' & sleep 600; :"]);
        let ended = start(shell, alone, Duration::from_millis(200), &[lock]).await;
        assert!(
            matches!(&ended, Ended::Badly(why) if why.contains("had not ended after 0.2 s")),
            "{ended:?}"
        );
        // What it started held the lock too.
        assert!(FileLock::take(&path, Duration::from_secs(60)).unwrap().is_some());
    }

    #[tokio::test]
    async fn a_command_that_does_not_end_is_stopped_with_what_it_started() {
        is_stopped_with_what_it_started(true).await;
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn at_a_terminal_too_and_nothing_else_is() {
        let mut beside = Command::new("sleep").arg("600").kill_on_drop(true).spawn().unwrap();
        is_stopped_with_what_it_started(false).await;
        assert!(beside.try_wait().unwrap().is_none());
    }
}
