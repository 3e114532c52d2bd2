//! How a file gets new content: whoever reads it sees the old content or the new one, and whatever
//! stops the program, a full disk or a kill, leaves one of the two.
//!
//! The new content goes into a file of its own in the same folder, which has no name until it is whole,
//! and is written to the disk before it takes the old one's place. Until then the old file is not
//! touched. Where it cannot be replaced, it is left alone and the error says why.

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

/// How the names of files begin that are whole, but have not taken their place yet.
const PREFIX: &str = ".keybench-new-";
/// Links that are followed one after another, as the kernel has it.
const LINKS: usize = 40;
/// For one pair of eyes.
const PRIVATE: u32 = 0o600;

/// Why a file is not replaced, where that is not the system's to say.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("it is mounted by itself and cannot be replaced")]
    Mounted,
    #[error("it belongs to {owner} (group {group}), and a new file cannot be given to them: {error}")]
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

/// A file that is to get new content. Its owner and its group stay, and so does its mode unless it is
/// [private](Self::private).
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Replacement<'a> {
    file: &'a Path,
    private: bool,
    follows: bool,
    wipes: bool,
}

impl<'a> Replacement<'a> {
    /// A link at `file` is refused: who may write to its folder could have laid it there.
    pub fn of(file: &'a Path) -> Self {
        Self { file, private: false, follows: false, wipes: false }
    }

    /// The new file has mode 0600, whatever the old one had.
    pub fn private(self) -> Self {
        Self { private: true, ..self }
    }

    /// What a link at the file leads to is replaced, and the link stays: configuration may lie elsewhere,
    /// as in a repository of such files.
    pub fn following_links(self) -> Self {
        Self { follows: true, ..self }
    }

    /// The blocks of the old file are overwritten once the new one is safe, unless the old file has
    /// another name too. On file systems that copy on write this is no promise.
    pub fn wiping(self) -> Self {
        Self { wipes: true, ..self }
    }

    /// Replaces the file, or makes it.
    ///
    /// # Errors
    /// Those of the system, [`Refused`] and [`NotRegular`]; the old file is as it was.
    pub fn write(self, contents: &[u8]) -> io::Result<()> {
        self.write_with(|out| out.write_all(contents))
    }

    /// As [`Self::write`], with what `fill` writes.
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
            if let Some(old) = &old {
                self.dress(file, old)?;
            }
            file.sync_all()
        };
        let new = new.named(folder, finish)?;
        // Opened while it has a name, so that what is wiped is what was replaced.
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

    /// As [`Self::write`], and fails where the file exists.
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

    /// Whether [`Self::write`] would have a chance: nothing but a regular file in its place, whose owner a
    /// new one can be given, and a folder that takes files.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn check(self) -> io::Result<()> {
        let target = self.target()?;
        let old = found_at(&target)?;
        let new = Unfinished::filled(folder_of(&target), |_| Ok(()))?;
        old.map_or(Ok(()), |old| self.dress(new.file(), &old))
    }

    /// The file that is replaced in the end.
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

    /// Gives the new file the owner, the group and the mode of the old one.
    fn dress(self, new: &File, old: &Metadata) -> io::Result<()> {
        let found = new.metadata()?;
        let uid = (found.uid() != old.uid()).then(|| Uid::from_raw(old.uid()));
        let gid = (found.gid() != old.gid()).then(|| Gid::from_raw(old.gid()));
        if uid.is_some() || gid.is_some() {
            fchown(new, uid, gid).map_err(|error| Refused::Owner {
                owner: owner::name(old.uid()),
                group: old.gid(),
                error: error.into(),
            })?;
        }
        let mode = if self.private { PRIVATE } else { old.mode() & 0o7777 };
        new.set_permissions(fs::Permissions::from_mode(mode))
    }
}

/// New content, in a file that is locked until it has its place: [`sweep`] leaves it alone.
enum Unfinished {
    /// It goes with the process.
    Unnamed(File),
    /// Where the file system knows no files without a name.
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

    /// The file with a name, after `finish` was done to it: all that is left is to take its place.
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

/// A copy of `file` with a name, where it cannot be given one itself.
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

/// A file without a name; `None` where this system or this file system has no such.
fn unnamed(folder: &Path) -> Option<io::Result<File>> {
    #[cfg(target_os = "linux")]
    {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = match rustix::fs::open(folder, flags, Mode::from_raw_mode(PRIVATE)) {
            Ok(file) => File::from(file),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => return None,
            Err(error) => return Some(Err(error.into())),
        };
        // Locks are not everywhere to be had, and nothing but tidying rests on this one.
        let _ = file.try_lock();
        Some(Ok(file))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (folder, Mode::from_raw_mode(PRIVATE));
        None
    }
}

/// Gives a file without a name the name `path`.
fn link(file: &File, path: &Path) -> io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, open, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// A file with mode 0600 and a name of its own.
fn named(folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = temporary().tempfile_in(folder).map_err(|error| {
            // Without that name, which says nothing to anybody.
            match error.get_ref().and_then(|with_path| with_path.source()) {
                Some(cause) => io::Error::new(error.kind(), cause.to_string()),
                None => error,
            }
        })?;
        let _ = file.as_file().try_lock();
        // Before it was locked, another process may have taken it for what a kill left behind.
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

/// Removes what killed processes left in `folder`: files of ours that nobody holds locked.
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

/// Opens the regular file at `path` to write to it, if it is the one that was `found` there.
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

/// Overwrites what a file without a name holds. Nothing rests on it, so nothing is said where it fails.
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

/// What is at `target`, if it can be replaced.
fn found_at(target: &Path) -> io::Result<Option<Metadata>> {
    let found = match fs::symlink_metadata(target) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    NotRegular::check(found.file_type())?;
    Ok(Some(found))
}

/// The kernel's answers where a mount stands in the way.
fn mounted(error: io::Error) -> io::Error {
    match Errno::from_io_error(&error) {
        Some(Errno::BUSY | Errno::XDEV) => Refused::Mounted.into(),
        _ => error,
    }
}

/// A rename is only safe from a power cut once the folder is written.
fn sync(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// The folder that a path names a file in.
pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
