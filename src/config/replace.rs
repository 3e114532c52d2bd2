//! Replaces a file's content atomically: a reader sees the old content or the new, and whatever
//! stops the program, a full disk or a kill, leaves one of the two.
//!
//! The new content goes into a separate file in the same folder, which has no name until it is
//! complete and is flushed to disk before it replaces the old file. Until then the old file is not
//! touched. If it cannot be replaced, it is left alone and the error says why.
//!
//! The new file gets owner, group and mode of the old one, and where the file system takes them its access
//! list and the attributes that its users gave it (`user.*`); the system's own, such as labels of SELinux,
//! are the system's to give.

mod attributes;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Seek as _, Write};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Uid, fchown, linkat};
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::kill_point::kill_point;
use super::owner::{self, NotOurs};
use crate::bounded::NotRegular;

/// Prefix of complete files that have not been renamed to their target yet.
const PREFIX: &str = ".keybench-new-";
/// Maximum length of a chain of links, like the kernel's.
const LINKS: usize = 40;
/// Readable by its owner only.
const PRIVATE: u32 = 0o600;

/// Reasons of our own not to replace a file.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("it is mounted by itself and cannot be replaced")]
    Mounted,
    #[error("it is to belong to {owner} (group {group}), and a new file cannot be given to them: {error}")]
    Owner { owner: String, group: u32, error: io::Error },
    #[error("a link that leads to it belongs to {owner}")]
    Link { owner: String },
}

impl Refused {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Mounted => "mount the folder that it is in, and not the file alone",
            Self::Owner { .. } => "run keybench as its owner, or move the file away",
            Self::Link { .. } => "remove the link",
        }
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        Self::other(refused)
    }
}

/// Who may read a file, if it changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access {
    /// Permission bits, such as 0o640.
    pub mode: Option<u32>,
    /// The number of a user.
    pub owner: Option<u32>,
    /// The number of a group.
    pub group: Option<u32>,
}

/// A file to replace. It keeps its owner, group and mode, unless it is [private](Self::private) or
/// gets others.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Replacement<'a> {
    file: &'a Path,
    access: Access,
    follows: bool,
    wipes: bool,
}

impl<'a> Replacement<'a> {
    /// Refuses a link at `file`: anyone who may write to its folder could have planted it.
    pub fn of(file: &'a Path) -> Self {
        Self { file, access: Access::default(), follows: false, wipes: false }
    }

    /// Gives the new file mode 0600, whatever the old one had.
    pub fn private(self) -> Self {
        self.with(Access { mode: Some(PRIVATE), ..Access::default() })
    }

    /// Gives the new file what `access` says, whatever the old one had.
    pub fn with(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// Replaces the target of a link at `file` and keeps the link: configuration may be kept
    /// elsewhere, in a repository of dotfiles for example.
    pub fn following_links(self) -> Self {
        Self { follows: true, ..self }
    }

    /// Overwrites the blocks of the old file once the new one is safe, unless the old file has
    /// another hard link. Copy-on-write file systems make this ineffective.
    pub fn wiping(self) -> Self {
        Self { wipes: true, ..self }
    }

    /// Replaces the file, or creates it.
    ///
    /// # Errors
    /// I/O errors, [`Refused`] and [`NotRegular`]; the old file is unchanged.
    pub fn write(self, contents: &[u8]) -> io::Result<()> {
        self.write_with(|out| out.write_all(contents))
    }

    /// Like [`Self::write`], with what `fill` writes.
    ///
    /// # Errors
    /// As [`Self::write`], and those of `fill`.
    pub fn write_with(self, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let target = self.target()?;
        let old = found_at(&target)?;
        let folder = folder_of(&target);
        sweep(folder);
        let new = Unfinished::filled(folder, fill)?;
        let finish = |file: &File| {
            self.dress(file, &target, old.as_ref())?;
            file.sync_all()
        };
        let new = new.named(folder, finish)?;
        // Opened while it still has a name, so that the file that is wiped is the one that was
        // replaced.
        let wiped = old.as_ref().filter(|_| self.wipes).and_then(|old| open_same(&target, old));
        kill_point();
        new.persist(&target).map_err(|error| mounted(error.error))?;
        kill_point();
        sync(folder);
        if let Some(wiped) = wiped {
            wipe(&wiped);
        }
        kill_point();
        Ok(())
    }

    /// Like [`Self::write`], but fails if the file exists.
    ///
    /// # Errors
    /// As [`Self::write`], and [`io::ErrorKind::AlreadyExists`].
    pub fn write_new(self, contents: &[u8]) -> io::Result<()> {
        let folder = folder_of(self.file);
        sweep(folder);
        let new = Unfinished::filled(folder, |out| out.write_all(contents))?;
        kill_point();
        match new {
            Unfinished::Unnamed(file) => {
                file.sync_all()?;
                match link(&file, self.file) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        named_copy(folder, &file, File::sync_all)?
                            .persist_noclobber(self.file)
                            .map_err(|error| error.error)?;
                    }
                    linked => linked?,
                }
            }
            Unfinished::Named(file) => {
                file.as_file().sync_all()?;
                file.persist_noclobber(self.file).map_err(|error| error.error)?;
            }
        }
        kill_point();
        sync(folder);
        Ok(())
    }

    /// Whether [`Self::write`] could succeed: the path is free or a regular file, whose owner the
    /// new file can be given, and its folder is writable.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn check(self) -> io::Result<()> {
        let target = self.target()?;
        let old = found_at(&target)?;
        let new = Unfinished::filled(folder_of(&target), |_| Ok(()))?;
        self.dress(new.file(), &target, old.as_ref())
    }

    /// The file that is finally replaced.
    fn target(self) -> io::Result<PathBuf> {
        let mut target = self.file.to_owned();
        for _ in 0..LINKS {
            let found = match fs::symlink_metadata(&target) {
                Ok(found) if self.follows && found.is_symlink() => found,
                _ => return Ok(target),
            };
            owner::check(&found).map_err(|NotOurs { owner }| Refused::Link { owner })?;
            target = folder_of(&target).join(fs::read_link(&target)?);
        }
        Err(Errno::LOOP.into())
    }

    /// Gives the new file its owner, group and mode: those that were asked for, else the old one's.
    fn dress(self, new: &File, target: &Path, old: Option<&Metadata>) -> io::Result<()> {
        let found = new.metadata()?;
        let owner = self.access.owner.or(old.map(Metadata::uid)).unwrap_or(found.uid());
        let group = self.access.group.or(old.map(Metadata::gid)).unwrap_or(found.gid());
        let uid = (found.uid() != owner).then(|| Uid::from_raw(owner));
        let gid = (found.gid() != group).then(|| Gid::from_raw(group));
        if uid.is_some() || gid.is_some() {
            let refused =
                |error: Errno| Refused::Owner { owner: owner::name(owner), group, error: error.into() };
            fchown(new, uid, gid).map_err(refused)?;
        }
        if old.is_some() && self.access.mode.is_none() {
            attributes::keep(new, target);
        }
        let mode = self.access.mode.or(old.map(|old| old.mode() & 0o7777)).unwrap_or(PRIVATE);
        new.set_permissions(fs::Permissions::from_mode(mode))
    }
}

/// New content, in a file that stays locked until it is renamed to its target, so that [`sweep`]
/// leaves it alone.
enum Unfinished {
    /// It disappears with the process.
    Unnamed(File),
    /// For file systems without unnamed files.
    Named(NamedTempFile),
}

impl Unfinished {
    fn filled(folder: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Self> {
        let new = match unnamed(folder) {
            Some(file) => Self::Unnamed(file?),
            None => Self::Named(named(folder)?),
        };
        kill_point();
        let mut out = BufWriter::new(new.file());
        fill(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?;
        kill_point();
        Ok(new)
    }

    fn file(&self) -> &File {
        match self {
            Self::Unnamed(file) => file,
            Self::Named(file) => file.as_file(),
        }
    }

    /// Runs `finish` and names the file: only the final rename is left.
    fn named(self, folder: &Path, finish: impl Fn(&File) -> io::Result<()>) -> io::Result<NamedTempFile> {
        let file = match self {
            Self::Named(named) => {
                finish(named.as_file())?;
                return Ok(named);
            }
            Self::Unnamed(file) => file,
        };
        finish(&file)?;
        kill_point();
        match temporary().make_in(folder, |path| link(&file, path)) {
            Ok(name) => Ok(NamedTempFile::from_parts(file, name.into_temp_path())),
            Err(_) => named_copy(folder, &file, finish),
        }
    }
}

/// A copy of `file` with a name, if the file itself cannot be given one.
fn named_copy(
    folder: &Path,
    mut file: &File,
    finish: impl Fn(&File) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    let mut copy = named(folder)?;
    file.rewind()?;
    io::copy(&mut file, copy.as_file_mut())?;
    finish(copy.as_file())?;
    Ok(copy)
}

/// An unnamed file; `None` if this system or this file system does not support them.
fn unnamed(folder: &Path) -> Option<io::Result<File>> {
    #[cfg(target_os = "linux")]
    {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = match rustix::fs::open(folder, flags, Mode::from_raw_mode(PRIVATE)) {
            Ok(file) => File::from(file),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => return None,
            Err(error) => return Some(Err(error.into())),
        };
        // Not every file system supports locks, and only the cleanup depends on this one.
        let _ = file.try_lock();
        Some(Ok(file))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (folder, Mode::from_raw_mode(PRIVATE));
        None
    }
}

/// Gives an unnamed file the name `path`.
fn link(file: &File, path: &Path) -> io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, open, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// A new file with mode 0600 and a unique name.
fn named(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = temporary().tempfile_in(folder).map_err(|error| {
            // Without that name, which means nothing to a reader.
            match error.to_string().rsplit_once(" at path ") {
                Some((cause, _)) => io::Error::new(error.kind(), cause.to_owned()),
                None => error,
            }
        })?;
        let _ = file.as_file().try_lock();
        // Before it was locked, another process may have removed it as the leftover of a killed
        // one.
        if is_at(file.as_file(), file.path()) {
            return Ok(file);
        }
    }
}

fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    builder
}

/// Removes what killed processes left in `folder`: our files that no process holds locked.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let path = entry.path();
        let Some(file) = fs::symlink_metadata(&path).ok().and_then(|found| open_same(&path, &found)) else {
            continue;
        };
        let ours = file.metadata().is_ok_and(|found| found.uid() == rustix::process::geteuid().as_raw());
        if ours && file.try_lock().is_ok() && is_at(&file, &path) && fs::remove_file(&path).is_ok() {
            wipe(&file);
        }
    }
}

/// Opens the regular file at `path` for writing, if it is still the one that was `found` there.
fn open_same(path: &Path, found: &Metadata) -> Option<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut open = OpenOptions::new();
    open.write(true).custom_flags(flags.bits().cast_signed());
    found.is_file().then(|| open.open(path).ok()).flatten().filter(|file| is_same(file, found))
}

pub(super) fn is_same(file: &File, found: &Metadata) -> bool {
    file.metadata().is_ok_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino()))
}

pub(super) fn is_at(file: &File, path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| is_same(file, &found))
}

/// Overwrites the contents of an unnamed file. Nothing depends on it, so errors are ignored.
fn wipe(file: &File) {
    let Ok(found) = file.metadata() else { return };
    if found.nlink() != 0 {
        return;
    }
    // Not truncated: the same blocks are written.
    let mut left = found.len();
    let blank = [b'\n'; 4096];
    let mut file = file;
    while left > 0 {
        let now = left.min(blank.len() as u64);
        if file.write_all(&blank[..now as usize]).is_err() {
            return;
        }
        left -= now;
    }
    let _ = file.sync_all();
}

/// The metadata of `target`, if it can be replaced.
fn found_at(target: &Path) -> io::Result<Option<Metadata>> {
    let found = match fs::symlink_metadata(target) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    NotRegular::check(found.file_type())?;
    if is_mounted(target) {
        return Err(Refused::Mounted.into());
    }
    Ok(Some(found))
}

/// Whether `file` is mounted by itself, as far as the system says; the rename would find out too late for a
/// caller that checks first.
fn is_mounted(file: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{StatxAttributes, StatxFlags, statx};
        let found = statx(CWD, file, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
        found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        false
    }
}

/// The kernel's error codes for mount points.
fn mounted(error: io::Error) -> io::Error {
    match Errno::from_io_error(&error) {
        Some(Errno::BUSY | Errno::XDEV) => Refused::Mounted.into(),
        _ => error,
    }
}

/// A rename survives a power cut only once the folder is synced.
fn sync(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// The folder that contains a path's file.
pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
