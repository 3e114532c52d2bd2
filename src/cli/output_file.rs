//! `--output FILE`: a key goes into a file for one pair of eyes, and into no repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::Failure;
use super::output::Output;
use crate::config::paths::process_env;
use crate::config::private_file;

/// A file that may be written to, checked before the key exists: a key that could not be saved
/// would be lost.
pub struct OutputFile {
    path: PathBuf,
    /// Nothing may be replaced, not even what came there since the check.
    new: bool,
}

impl OutputFile {
    /// A file that is not there yet: what is there may be the only copy of another key.
    pub fn new(path: &Path) -> Result<Self, Failure> {
        if path.symlink_metadata().is_ok_and(|found| found.is_file()) {
            return Err(Failure::invalid(format!("{} exists already", path.display()))
                .hint("name a file that does not exist, or move this one away"));
        }
        Ok(Self { new: true, ..Self::replaced(path)? })
    }

    /// A file that may be there, and is then replaced. Whether what it holds may go is the
    /// caller's to know.
    pub fn replaced(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize().map_err(|error| {
            Failure::invalid(format!("{shown} cannot be written: {error}")).hint("make the folder first")
        })?;
        let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
            return Err(Failure::invalid(format!("{shown} is a folder")).hint("name a file"));
        };
        // A device, a pipe or a link would be replaced by a file, and not be written to.
        if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            return Err(Failure::invalid(format!(
                "{shown} is a device, a pipe or a link, and no regular file"
            ))
            .hint("name a file; without --output the key goes to standard output"));
        }
        let path = folder.join(name);
        if let Some(root) = tree_root(&folder)
            && !is_ignored(&path, &folder)
        {
            let failure = Failure::invalid(format!(
                "{shown} lies in a version-controlled tree ({}) and is not ignored there",
                root.display()
            ));
            return Err(failure.hint("name a file elsewhere, or have it ignored first"));
        }
        // The same way that the key will go, so that a full or read-only disk shows up now.
        private_file::can_write(&path).map_err(|error| {
            Failure::invalid(format!("{shown} cannot be written: {error}"))
                .hint("name a file in a folder that you may write to")
        })?;
        Ok(Self { path, new: false })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Warns that a key goes where collaborators of the project read: in a workbench session the
    /// home directory is the project's storage.
    pub fn warn_of_storage(&self, out: &Output) {
        let home = process_env("HOME").and_then(|home| Path::new(&home).canonicalize().ok());
        if process_env("CDSW_DOMAIN").is_some() && home.is_some_and(|home| self.path.starts_with(home)) {
            let message = format!(
                "{} lies in the project's storage, which its collaborators can read",
                self.path.display()
            );
            out.warn("storage", &message, Some("name a file outside of the home directory, such as in /tmp"));
        }
    }

    /// Writes the file as a whole, mode 0600.
    pub fn write(&self, text: &str) -> std::io::Result<()> {
        match self.new {
            true => private_file::write_new(&self.path, text.as_bytes()),
            false => private_file::write(&self.path, text.as_bytes()),
        }
    }
}

/// The root of the working copy that `folder` lies in.
fn tree_root(folder: &Path) -> Option<&Path> {
    folder
        .ancestors()
        .find(|above| [".git", ".hg", ".svn", ".jj", ".bzr"].iter().any(|mark| above.join(mark).exists()))
}

/// As git says; where git cannot be asked, nothing counts as ignored.
fn is_ignored(file: &Path, folder: &Path) -> bool {
    Command::new("git")
        .args(["check-ignore", "-q", "--"])
        .arg(file)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_working_copy_is_refused_unless_the_file_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("deep");
        fs::create_dir(&inner).unwrap();
        assert!(OutputFile::replaced(&inner.join("key")).is_ok());
        let made = Command::new("git").args(["init", "-q"]).current_dir(folder.path()).status();
        assert!(made.unwrap().success());
        let failure = OutputFile::replaced(&inner.join("key")).err().unwrap();
        assert!(failure.message.contains("version-controlled"), "{}", failure.message);
        fs::write(folder.path().join(".gitignore"), "*.secret\n").unwrap();
        assert!(OutputFile::replaced(&inner.join("key.secret")).is_ok());
        assert!(OutputFile::replaced(&inner.join("key")).is_err());
    }

    #[test]
    fn what_cannot_be_written_is_found_before() {
        let folder = tempfile::tempdir().unwrap();
        assert!(OutputFile::replaced(&folder.path().join("no/such/file")).is_err());
        assert!(OutputFile::replaced(folder.path()).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the check leaves nothing");
    }

    #[test]
    fn nothing_but_a_regular_file_is_replaced_and_nothing_at_all_by_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        let new = OutputFile::new(&file).ok().unwrap();
        fs::write(&file, "notes").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let dangling = folder.path().join("dangling");
        std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
        let socket = folder.path().join("socket");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [&link, &dangling, &socket] {
            assert!(OutputFile::replaced(path).is_err() && OutputFile::new(path).is_err(), "{path:?}");
        }
        assert!(OutputFile::replaced(&file).is_ok());
        assert!(OutputFile::new(&file).err().unwrap().message.contains("exists already"));
        assert!(new.write("key").is_err(), "it came there since the check");
        assert_eq!(fs::read_to_string(&file).unwrap(), "notes");
    }
}
