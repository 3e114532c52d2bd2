//! Files with a key: written for one pair of eyes and into no repository, read from where a person
//! says.

mod version_control;

use std::io;
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use crate::bounded;
use crate::config::paths::inside_workbench;
use crate::config::private_file;
use crate::config::replace::{Access, Replacement};
use crate::decode;
use crate::secret::{ApiKey, NotAnApiKey};

/// For its owner alone.
const PRIVATE: u32 = 0o600;
/// No file with a key is larger.
const LIMIT: u64 = 64 * 1024;

/// Why a key is not written to a file. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// What is there may be the only copy of another key.
    #[error("{} exists already", path.display())]
    Exists { path: PathBuf },
    #[error("{} cannot be written: {error}", path.display())]
    NoFolder { path: PathBuf, error: io::Error },
    #[error("{} is a folder", path.display())]
    IsFolder { path: PathBuf },
    /// It would be replaced by a file, and not be written to.
    #[error("{} is a device, a pipe or a link, not a regular file", path.display())]
    NotRegular { path: PathBuf },
    #[error("{} lies in a version-controlled tree ({}) and is not ignored there", path.display(), root.display())]
    VersionControlled { path: PathBuf, root: PathBuf },
    /// Whether it is ignored is not known, and a key must not be committed by chance.
    #[error("{} lies in a version-controlled tree ({}), and git does not say whether it is ignored there: {why}", path.display(), root.display())]
    GitSilent { path: PathBuf, root: PathBuf, why: String },
    #[error("{} cannot be written: {error}", path.display())]
    NotWritable { path: PathBuf, error: io::Error },
}

impl Refusal {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "name a file that does not exist, or move this one away",
            Self::NoFolder { .. } => "make the folder first",
            Self::IsFolder { .. } => "name a file",
            Self::NotRegular { .. } => "name a file; without --output the key goes to standard output",
            Self::VersionControlled { .. } => "name a file elsewhere, or have it ignored first",
            Self::GitSilent { .. } => {
                "name a file elsewhere, or see to it that `git status` works in that folder"
            }
            Self::NotWritable { .. } => "name a file in a folder that you may write to",
        }
    }
}

/// A file that may be written to, checked before the key exists: a key that could not be saved
/// would be lost.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
    replaces: bool,
    access: Access,
}

impl KeyFile {
    /// A file that is not there yet. Nothing is replaced, not even what comes there after the check.
    ///
    /// # Errors
    /// No key is written there.
    pub fn new(path: &Path) -> Result<Self, Refusal> {
        if path.symlink_metadata().is_ok_and(|found| found.is_file()) {
            return Err(Refusal::Exists { path: path.to_owned() });
        }
        Ok(Self {
            replaces: false,
            ..Self::checked(path, Access { mode: Some(PRIVATE), ..Access::default() })?
        })
    }

    /// A file that may be there, and is then replaced: it keeps its owner, group and mode, but for
    /// what `access` says. Whether what it holds may go is the caller's to know.
    ///
    /// # Errors
    /// No key is written there.
    pub fn replacing(path: &Path, access: Access) -> Result<Self, Refusal> {
        Self::checked(path, access)
    }

    fn checked(path: &Path, access: Access) -> Result<Self, Refusal> {
        let shown = || path.to_owned();
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize().map_err(|error| Refusal::NoFolder { path: shown(), error })?;
        let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
            return Err(Refusal::IsFolder { path: shown() });
        };
        if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            return Err(Refusal::NotRegular { path: shown() });
        }
        let file = folder.join(name);
        version_control::check(path, &file, &folder)?;
        // The same way that the key will go, so that a full or read-only disk shows up now.
        let written = Replacement::of(&file).with(access).check();
        written.map_err(|error| Refusal::NotWritable { path: shown(), error })?;
        Ok(Self { path: file, replaces: true, access })
    }

    /// A file of this program's own, in a folder that only its user can read.
    pub(super) fn own(path: PathBuf) -> Self {
        Self { path, replaces: true, access: Access { mode: Some(PRIVATE), ..Access::default() } }
    }

    /// Absolute, without links in its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether collaborators of a project can read it: in a workbench session the home directory is
    /// the project's storage.
    pub fn is_in_project_storage(&self) -> bool {
        is_in_project_storage(&self.path)
    }

    /// Writes the key and a line break, as a whole.
    ///
    /// # Errors
    /// The disk is full, or a file came there since the check.
    pub fn write_key(&self, key: &ApiKey) -> io::Result<()> {
        self.write(&Zeroizing::new(format!("{}\n", key.expose())))
    }

    /// Writes `text`, as a whole. A new file has mode 0600, unless another was asked for.
    ///
    /// # Errors
    /// As [`Self::write_key`].
    pub fn write(&self, text: &str) -> io::Result<()> {
        match self.replaces {
            false => private_file::write_new(&self.path, text.as_bytes()),
            true => Replacement::of(&self.path).with(self.access).write(text.as_bytes()),
        }
    }
}

/// Whether `path` lies in the home directory of a workbench session.
pub fn is_in_project_storage(path: &Path) -> bool {
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    inside_workbench() && home.is_some_and(|home| path.starts_with(home))
}

/// Writes `key` to a new file, and returns its path. `~/` is the home directory.
///
/// # Errors
/// The key is not in a file.
pub fn save(key: &ApiKey, path: &str) -> Result<PathBuf, Refusal> {
    let path = expand_home(path);
    let file = KeyFile::new(&path)?;
    file.write_key(key).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Refusal::Exists { path: path.clone() },
        _ => Refusal::NotWritable { path: path.clone(), error },
    })?;
    Ok(file.path)
}

/// `~/keys/x` as a shell would read it.
fn expand_home(path: &str) -> PathBuf {
    let home = std::env::home_dir();
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_owned(),
    }
}

/// Why no key comes out of a file.
#[derive(Debug, thiserror::Error)]
pub enum NoKey {
    #[error("no key can be read from {from}: {error}")]
    Unreadable { from: String, error: io::Error },
    /// The wait for it was interrupted.
    #[error("interrupted; nothing was changed")]
    Interrupted,
    #[error("{from}: {why}")]
    NotAKey { from: String, why: NotAnApiKey },
}

impl NoKey {
    /// What to do about it; the reason says it for what is no key.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable { .. } => Some("name a file with an API key in it"),
            Self::NotAKey { .. } | Self::Interrupted => None,
        }
    }
}

/// Reads the key in `file`, or on standard input for `-`. It may be a pipe: a password manager's
/// output, handed over by the shell.
///
/// # Errors
/// There is no key in it.
pub fn read(file: &Path) -> Result<ApiKey, NoKey> {
    let from = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::Interrupted => NoKey::Interrupted,
        _ => NoKey::Unreadable { from: from.clone(), error },
    };
    let bytes = bounded::read_named(file, LIMIT).map_err(unreadable)?;
    let text =
        decode::text(&bytes).map_err(|why| unreadable(io::Error::new(io::ErrorKind::InvalidData, why)))?;
    parse(text).map_err(|why| NoKey::NotAKey { from, why })
}

/// The key in the text of such a file: the first line that is neither empty nor a remark (`#`).
///
/// # Errors
/// That line is no key.
pub fn parse(text: &str) -> Result<ApiKey, NotAnApiKey> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    ApiKey::parse(lines.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_cannot_be_written_is_found_before() {
        let folder = tempfile::tempdir().unwrap();
        assert!(KeyFile::replacing(&folder.path().join("no/such/file"), Access::default()).is_err());
        assert!(KeyFile::replacing(folder.path(), Access::default()).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the check leaves nothing");
    }

    #[test]
    fn nothing_but_a_regular_file_is_replaced_and_nothing_at_all_by_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        let new = KeyFile::new(&file).unwrap();
        fs::write(&file, "notes").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let dangling = folder.path().join("dangling");
        std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
        let socket = folder.path().join("socket");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let fifo = folder.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        for path in [&link, &dangling, &socket, &fifo] {
            for refused in [KeyFile::replacing(path, Access::default()), KeyFile::new(path)] {
                assert!(matches!(refused, Err(Refusal::NotRegular { .. })), "{path:?}: {refused:?}");
            }
        }
        assert!(KeyFile::replacing(&file, Access::default()).is_ok());
        assert!(matches!(KeyFile::new(&file), Err(Refusal::Exists { .. })));
        assert!(new.write("key").is_err(), "it came there since the check");
        assert_eq!(fs::read_to_string(&file).unwrap(), "notes");
    }

    #[test]
    fn a_saved_key_is_private_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key").display().to_string();
        let key = ApiKey::from_workbench("0a.9f");
        let saved = save(&key, &path).unwrap();
        assert_eq!(fs::read_to_string(&saved).unwrap(), "0a.9f\n");
        assert_eq!(fs::metadata(&saved).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(save(&key, &path), Err(Refusal::Exists { .. })));
        assert!(matches!(save(&key, "/nowhere/at/all"), Err(Refusal::NoFolder { .. })));
    }
}
