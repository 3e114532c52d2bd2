//! The files of a build: a copy of the project's folder as it was when the build was made (DOCS,
//! ml-model-concepts-and-terminology), so that a restart keeps its code.
//!
//! One folder per build, in a common folder; it is deleted with its build.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// The largest copy that one build may make: anything larger is data, and does not belong there.
const LARGEST: u64 = 1 << 30;
/// Files, folders and links that one build may copy.
const MOST: u64 = 100_000;
/// The real product does not copy it either: builds with it fail there (DOCS, known issue
/// DSE-4657).
const LEFT_OUT: &str = ".git";
/// The name of an unfinished copy; no build ID looks like it.
const PART: &str = ".part";

/// Why a build has no files.
#[derive(Debug, thiserror::Error)]
pub enum NoSnapshot {
    #[error("the project has no folder {}; put the model's files there", .0.display())]
    NoProject(PathBuf),
    #[error(
        "the project's folder holds more than a build may copy ({} MiB, {MOST} files); keep data elsewhere",
        LARGEST >> 20
    )]
    TooLarge,
    #[error("the project's files cannot be copied: {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// The folders of all builds. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshots {
    directory: PathBuf,
    /// Whether the files of deleted builds are kept, since the builds may be restored.
    keeps: bool,
}

impl Snapshots {
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, keeps: false }
    }

    /// The same, but keeps the files of a build until the next start: a state that contains it may
    /// be restored.
    pub fn kept(directory: PathBuf) -> Self {
        Self { directory, keeps: true }
    }

    /// The folder of a build, which may not exist.
    pub fn folder(&self, build: &str) -> PathBuf {
        self.directory.join(build)
    }

    /// Copies the project's files for a build, replacing an earlier copy.
    pub fn take(&self, build: &str, project: &Path) -> Result<PathBuf, NoSnapshot> {
        let (part, whole) = (self.folder(&format!("{build}{PART}")), self.folder(build));
        let failed = |source| NoSnapshot::Io { path: part.clone(), source };
        if !project.is_dir() {
            return Err(NoSnapshot::NoProject(project.to_owned()));
        }
        remove(&part).and_then(|()| fs::create_dir_all(&self.directory)).map_err(failed)?;
        let copied = Copying::default().folder(project, &part);
        if let Err(error) = copied {
            let _ = remove(&part);
            return Err(error);
        }
        remove(&whole).and_then(|()| fs::rename(&part, &whole)).map_err(failed)?;
        Ok(whole)
    }

    /// The folder of a build; its files are copied now if they never were, as for a build of an
    /// earlier version of the program.
    pub fn have(&self, build: &str, project: &Path) -> Result<PathBuf, NoSnapshot> {
        let folder = self.folder(build);
        if folder.is_dir() { Ok(folder) } else { self.take(build, project) }
    }

    /// The builds that have a folder.
    pub fn builds(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| !name.ends_with(PART)).collect()
    }

    /// Removes the files of a build. What cannot be removed now is tried again at the next start.
    pub fn remove(&self, build: &str) {
        if self.keeps {
            return;
        }
        if let Err(error) = remove(&self.folder(build)) {
            tracing::warn!(build, %error, "the files of a build stay behind");
        }
    }

    /// Removes copies that a killed server left unfinished; call it before any is made.
    pub fn sweep(&self) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().ends_with(PART) {
                let _ = remove(&entry.path());
            }
        }
    }
}

/// Copies a file that was seen to be one, and not the target of a link that has replaced it.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let no_link = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut source = OpenOptions::new().read(true).custom_flags(no_link).open(from)?;
    let mode = source.metadata()?.permissions().mode();
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(mode & 0o777).open(to)?;
    io::copy(&mut source, &mut copy).map(drop)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The amount copied so far.
#[derive(Default)]
struct Copying {
    bytes: u64,
    entries: u64,
}

impl Copying {
    fn folder(&mut self, from: &Path, to: &Path) -> Result<(), NoSnapshot> {
        let failed = |source| NoSnapshot::Io { path: from.to_owned(), source };
        fs::create_dir(to).map_err(failed)?;
        for entry in fs::read_dir(from).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name() != LEFT_OUT {
                self.entry(&entry, &to.join(entry.file_name()))?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &fs::DirEntry, to: &Path) -> Result<(), NoSnapshot> {
        let from = entry.path();
        let failed = |source| NoSnapshot::Io { path: from.clone(), source };
        let metadata = entry.metadata().map_err(failed)?;
        self.entries += 1;
        self.bytes += metadata.len();
        if self.entries > MOST || self.bytes > LARGEST {
            return Err(NoSnapshot::TooLarge);
        }
        if metadata.is_dir() {
            self.folder(&from, to)
        } else if metadata.is_symlink() {
            // A relative link within the project leads to the copy.
            let target = fs::read_link(&from).map_err(failed)?;
            std::os::unix::fs::symlink(target, to).map_err(failed)
        } else if metadata.is_file() {
            copy_file(&from, to).map_err(failed)
        } else {
            // Sockets and the like are not code.
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_keeps_the_files_as_they_were() {
        let data = tempfile::tempdir().unwrap();
        let project = data.path().join("project");
        fs::create_dir_all(project.join("models")).unwrap();
        fs::create_dir_all(project.join(".git")).unwrap();
        fs::write(project.join("models/fit.py"), "first").unwrap();
        std::os::unix::fs::symlink("models/fit.py", project.join("near.py")).unwrap();
        let snapshots = Snapshots::new(data.path().join("builds"));
        let folder = snapshots.take("b1", &project).unwrap();
        fs::write(project.join("models/fit.py"), "second").unwrap();
        assert_eq!(fs::read_to_string(folder.join("near.py")).unwrap(), "first");
        assert!(!folder.join(".git").exists());
        assert_eq!(snapshots.have("b1", &project).unwrap(), folder);
        assert_eq!(fs::read_to_string(folder.join("models/fit.py")).unwrap(), "first");
        snapshots.take("b1", &project).unwrap();
        assert_eq!(fs::read_to_string(folder.join("near.py")).unwrap(), "second");
        assert_eq!(snapshots.builds(), ["b1"]);
        snapshots.remove("b1");
        assert!(snapshots.builds().is_empty());
    }

    #[test]
    fn a_folder_that_is_too_large_leaves_nothing_behind() {
        let data = tempfile::tempdir().unwrap();
        let project = data.path().join("project");
        fs::create_dir(&project).unwrap();
        // It has the size, but uses no disk space.
        fs::File::create(project.join("data.bin")).unwrap().set_len(LARGEST + 1).unwrap();
        let snapshots = Snapshots::new(data.path().join("builds"));
        let error = snapshots.take("b1", &project).unwrap_err();
        assert!(error.to_string().contains("1024 MiB"), "{error}");
        assert_eq!(fs::read_dir(data.path().join("builds")).unwrap().count(), 0);
        let error = snapshots.take("b1", &data.path().join("none")).unwrap_err();
        assert!(error.to_string().contains("has no folder"), "{error}");
    }
}
