//! Whether a file would be committed by chance.
//!
//! The folder may belong to another user, and its repository's configuration runs commands: git is asked
//! with hooks and monitors off, and with nothing in its environment but where it finds itself and
//! the person's own settings.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Refusal;
use crate::text;

/// Git answers within milliseconds; a folder on a network may take its time.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks whether git has ended.
const LOOK: Duration = Duration::from_millis(5);
/// Bytes of a complaint that are read.
const COMPLAINT: u64 = 2_000;

/// Refuses a file of a working copy that is not ignored there. `shown` is `file` as the person wrote
/// it, `folder` is where it lies.
pub(super) fn check(shown: &Path, file: &Path, folder: &Path) -> Result<(), Refusal> {
    let Some((root, mark)) = working_copy(folder) else { return Ok(()) };
    let (path, root) = (shown.to_owned(), root.to_owned());
    if mark != ".git" {
        return Err(Refusal::VersionControlled { path, root });
    }
    match is_ignored(file, folder) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::VersionControlled { path, root }),
        Err(why) => Err(Refusal::GitSilent { path, root, why }),
    }
}

/// The working copy that `folder` lies in, and what marks it. Git's goes first: others share a
/// folder with it, and only git is asked.
fn working_copy(folder: &Path) -> Option<(&Path, &'static str)> {
    [".git", ".hg", ".svn", ".jj", ".bzr"].into_iter().find_map(|mark| {
        let root = folder.ancestors().find(|above| above.join(mark).symlink_metadata().is_ok())?;
        Some((root, mark))
    })
}

/// As git says, or why it does not.
fn is_ignored(file: &Path, folder: &Path) -> Result<bool, String> {
    let mut git = Command::new("git");
    git.args(["-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false"])
        .args(["check-ignore", "-q", "--"])
        .arg(file)
        .current_dir(folder)
        .env_clear()
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0");
    // Its own settings say which files are ignored everywhere, and whose folders the person trusts.
    for kept in ["PATH", "HOME", "XDG_CONFIG_HOME"] {
        if let Some(value) = std::env::var_os(kept) {
            git.env(kept, value);
        }
    }
    let (status, complaint) = run(git).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "git is not installed".to_owned(),
        _ => error.to_string(),
    })?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(match complaint.lines().next() {
            Some(line) => text::clean(line.trim_start_matches("fatal: ")).into_owned(),
            None => format!("it ended with {status}"),
        }),
    }
}

fn run(mut git: Command) -> io::Result<(ExitStatus, String)> {
    let mut child = git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let ends = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if Instant::now() >= ends => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(io::Error::new(io::ErrorKind::TimedOut, "it did not answer in time"));
            }
            None => thread::sleep(LOOK),
        }
    };
    // It has ended, so what is left in the pipe is all that comes.
    let mut complaint = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(COMPLAINT).read_to_end(&mut complaint)?;
    }
    Ok((status, String::from_utf8_lossy(&complaint).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::actions::key_file::KeyFile;
    use crate::config::replace::Access;

    /// Whatever its user has configured, and not at the repository that a hook names.
    fn git(folder: &Path, arguments: &[&str]) -> ExitStatus {
        let mut git = Command::new("git");
        git.args(arguments).current_dir(folder).env_clear().stdout(Stdio::null());
        git.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", folder).status().unwrap()
    }

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        assert!(git(folder.path(), &["init", "-q"]).success());
        folder
    }

    #[test]
    fn a_working_copy_is_refused_unless_the_file_is_ignored() {
        let folder = repository();
        let inner = folder.path().join("deep");
        fs::create_dir(&inner).unwrap();
        let refused = KeyFile::replacing(&inner.join("key"), Access::default());
        assert!(matches!(refused, Err(Refusal::VersionControlled { .. })), "{refused:?}");
        fs::write(folder.path().join(".gitignore"), "*.secret\n").unwrap();
        assert!(KeyFile::replacing(&inner.join("key.secret"), Access::default()).is_ok());
        assert!(KeyFile::replacing(&inner.join("key"), Access::default()).is_err());
        let other = tempfile::tempdir().unwrap();
        fs::create_dir(other.path().join(".hg")).unwrap();
        assert!(matches!(KeyFile::new(&other.path().join("key")), Err(Refusal::VersionControlled { .. })));
    }

    #[test]
    fn git_that_does_not_say_is_a_refusal_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".git"), "gitdir: /nowhere/at/all\n").unwrap();
        let refused = KeyFile::new(&folder.path().join("key"));
        assert!(matches!(&refused, Err(Refusal::GitSilent { why, .. }) if !why.is_empty()), "{refused:?}");
    }

    /// What another user's clone would run in sight of the key.
    #[test]
    fn a_repository_runs_nothing_of_its_own() {
        let folder = repository();
        let (program, ran) = (folder.path().join("monitor"), folder.path().join("ran"));
        fs::write(&program, format!("#!/bin/sh\necho ran >> '{}'\nexit 1\n", ran.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let git = |arguments: &[&str]| assert!(git(folder.path(), arguments).success(), "{arguments:?}");
        git(&["config", "core.fsmonitor", &program.display().to_string()]);
        git(&["config", "core.hooksPath", &folder.path().display().to_string()]);
        fs::write(folder.path().join("tracked"), "").unwrap();
        git(&["-c", "core.fsmonitor=", "add", "tracked"]);
        // A program that another thread has just started may still have the file open, which cannot be run
        // then.
        let mut looks = 0..100;
        while !ran.exists() {
            assert!(looks.next().is_some(), "or this test shows nothing");
            git(&["status"]);
        }
        fs::remove_file(&ran).unwrap();
        assert!(KeyFile::new(&folder.path().join("key")).is_err());
        assert!(!ran.exists(), "git ran the folder's own program");
    }
}
