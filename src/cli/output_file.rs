//! `--output FILE`: a key goes into a file for one pair of eyes, and into no repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::Failure;
use crate::config::private_file;

/// A file that may be written to, checked before the key exists: a key that could not be saved
/// would be lost.
pub struct OutputFile {
    path: PathBuf,
}

impl OutputFile {
    pub fn check(path: &Path) -> Result<Self, Failure> {
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
        tempfile::Builder::new().prefix(".keybench-").tempfile_in(&folder).map_err(|error| {
            Failure::invalid(format!("{shown} cannot be written: {error}"))
                .hint("name a file in a folder that you may write to")
        })?;
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the file, mode 0600.
    pub fn write(&self, text: &str) -> std::io::Result<()> {
        private_file::write(&self.path, text.as_bytes())
    }
}

/// The root of the working copy that `folder` lies in.
fn tree_root(folder: &Path) -> Option<&Path> {
    folder
        .ancestors()
        .find(|above| [".git", ".hg", ".svn", ".jj"].iter().any(|mark| above.join(mark).exists()))
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
        assert!(OutputFile::check(&inner.join("key")).is_ok());
        let made = Command::new("git").args(["init", "-q"]).current_dir(folder.path()).status();
        assert!(made.unwrap().success());
        let failure = OutputFile::check(&inner.join("key")).err().unwrap();
        assert!(failure.message.contains("version-controlled"), "{}", failure.message);
        fs::write(folder.path().join(".gitignore"), "*.secret\n").unwrap();
        assert!(OutputFile::check(&inner.join("key.secret")).is_ok());
        assert!(OutputFile::check(&inner.join("key")).is_err());
    }

    #[test]
    fn what_cannot_be_written_is_found_before() {
        let folder = tempfile::tempdir().unwrap();
        assert!(OutputFile::check(&folder.path().join("no/such/file")).is_err());
        assert!(OutputFile::check(folder.path()).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the check leaves nothing");
    }
}
