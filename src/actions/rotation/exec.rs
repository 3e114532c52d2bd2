//! The command that hands a key over: it gets the key on its standard input and its id in
//! `KEYBENCH_KEY_ID`.
//!
//! The whole key is there before the command starts, in a file without a name: a pipe that breaks off
//! in between would be an empty key to a command that only copies what it reads. The command holds
//! the locks of the rotation as long as it lives, also where this process does not.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::zeroize::Zeroizing;
use tokio::process::{Child, Command};

use crate::config::credential_command::has_the_terminal;
use crate::config::lock::{FileLock, Lent};
use crate::wire::CreateV2KeyResponse;

/// How a command ended.
#[derive(Debug)]
pub(super) enum Ended {
    Well,
    /// It was never started.
    Never(io::Error),
    /// It failed, or was stopped; what it did until then is not known.
    Badly(String),
}

/// Runs the command, for at most as long as `patience`. Its own output goes to standard error,
/// because standard output carries the result.
pub(super) async fn run(
    command: &str,
    created: &CreateV2KeyResponse,
    patience: Duration,
    locks: &[FileLock],
) -> Ended {
    let input = match input(created) {
        Ok(input) => input,
        Err(error) => return Ended::Never(error),
    };
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .env("KEYBENCH_KEY_ID", &created.key_id)
        .env_remove("KEYBENCH_API_KEY")
        .stdin(Stdio::from(input))
        .stdout(io::stderr())
        .kill_on_drop(false);
    // A command that asks something on the terminal stays in its process group, or it could not.
    let alone = !has_the_terminal();
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
    // Without a process group of its own, what it started may go on.
    let all_ended = waited.is_ok() || alone;
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
    if all_ended {
        lent.into_iter().for_each(Lent::returned);
    }
    ended
}

/// A file without a name that holds the key and a line break, and cannot be changed.
fn input(created: &CreateV2KeyResponse) -> io::Result<File> {
    let text = Zeroizing::new(format!("{}\n", created.api_key.expose()));
    let mut file = unnamed()?;
    file.write_all(text.as_bytes())?;
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

/// A command that is asked to end when nobody waits for it any more. Until it has, it keeps the
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
        if let Some(group) = id.and_then(Pid::from_raw).filter(|_| self.alone) {
            let _ = kill_process_group(group, signal);
        }
    }
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

    #[tokio::test]
    async fn a_command_that_does_not_end_is_stopped_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = FileLock::try_take(&path).unwrap().unwrap();
        let ended = run("sleep 600 & sleep 600", &created(), Duration::from_millis(200), &[lock]).await;
        assert!(
            matches!(&ended, Ended::Badly(why) if why.contains("had not ended after 0.2 s")),
            "{ended:?}"
        );
        if !has_the_terminal() {
            // What it started held the lock too.
            assert!(FileLock::take(&path, Duration::from_secs(10)).unwrap().is_some());
        }
    }
}
