use std::os::unix::fs::{chown, symlink};

use rustix::fs::{XattrFlags, fsetxattr, lgetxattr};

use super::attributes::ACCESS_LIST;
use super::*;

/// A folder with the file `f` in it, which contains `old`.
fn folder_with_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f");
    fs::write(&file, "old").unwrap();
    (folder, file)
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().mode() & 0o7777
}

fn set_mode(file: &Path, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

#[test]
fn the_mode_stays_unless_the_file_is_private() {
    let (folder, file) = folder_with_file();
    set_mode(&file, 0o640);
    Replacement::of(&file).write(b"new").unwrap();
    assert_eq!((fs::read(&file).unwrap(), mode(&file)), (b"new".to_vec(), 0o640));
    Replacement::of(&file).private().write(b"newer").unwrap();
    assert_eq!((fs::read(&file).unwrap(), mode(&file)), (b"newer".to_vec(), 0o600));
    let other = folder.path().join("g");
    Replacement::of(&other).write(b"new").unwrap();
    assert_eq!(mode(&other), 0o600, "a file that was not there");
    assert_eq!(names(folder.path()), ["f", "g"], "nothing is left behind");
}

#[test]
fn the_owner_and_the_group_stay() {
    let (_folder, file) = folder_with_file();
    if chown(&file, Some(7), Some(8)).is_err() {
        // Only root can give files away; users can choose among their groups.
        return;
    }
    Replacement::of(&file).private().write(b"new").unwrap();
    let found = fs::metadata(&file).unwrap();
    assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (7, 8, 0o600));
}

#[test]
fn what_a_link_leads_to_is_replaced_and_the_link_stays() {
    let (folder, file) = folder_with_file();
    fs::create_dir(folder.path().join("inner")).unwrap();
    let (link, second) = (folder.path().join("inner/link"), folder.path().join("second"));
    symlink("../f", &link).unwrap();
    symlink("inner/link", &second).unwrap();
    Replacement::of(&second).following_links().write(b"new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert!(second.is_symlink() && link.is_symlink());
    let refused = Replacement::of(&link).write(b"newer").unwrap_err();
    assert_eq!(refused.to_string(), "it is a link, not a regular file");
    assert_eq!(fs::read(&file).unwrap(), b"new");

    let dangling = folder.path().join("dangling");
    symlink("not-yet", &dangling).unwrap();
    Replacement::of(&dangling).following_links().write(b"made").unwrap();
    assert_eq!(fs::read(folder.path().join("not-yet")).unwrap(), b"made");
    let round = folder.path().join("round");
    symlink("round", &round).unwrap();
    assert!(Replacement::of(&round).following_links().write(b"").is_err());
}

#[test]
fn a_link_of_another_user_is_not_followed() {
    let (folder, file) = folder_with_file();
    let link = folder.path().join("link");
    symlink("f", &link).unwrap();
    if std::os::unix::fs::lchown(&link, Some(7), None).is_err() {
        return;
    }
    let refused = Replacement::of(&link).following_links().write(b"new").unwrap_err();
    assert!(refused.to_string().starts_with("a link that leads to it belongs to "), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), b"old");
}

#[test]
fn pipes_and_folders_are_not_replaced() {
    let (folder, _) = folder_with_file();
    let pipe = folder.path().join("pipe");
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(CWD, &pipe, kind, Mode::from_raw_mode(PRIVATE), 0).unwrap();
    for (path, what) in [(&pipe, "a pipe"), (&folder.path().to_owned(), "a folder")] {
        let refused = Replacement::of(path).write(b"new").unwrap_err();
        assert_eq!(refused.to_string(), format!("it is {what}, not a regular file"));
        assert!(Replacement::of(path).check().is_err());
    }
}

#[test]
fn what_fails_while_it_is_written_leaves_the_old_file() {
    let (folder, file) = folder_with_file();
    let failed = Replacement::of(&file).private().wiping().write_with(|out| {
        out.write_all(b"half")?;
        Err(io::ErrorKind::StorageFull.into())
    });
    assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["f"]);
}

#[test]
fn a_new_file_replaces_nothing() {
    let (folder, file) = folder_with_file();
    let there = Replacement::of(&file).private().write_new(b"new").unwrap_err();
    assert_eq!(there.kind(), io::ErrorKind::AlreadyExists);
    let other = folder.path().join("g");
    Replacement::of(&other).private().write_new(b"new").unwrap();
    assert_eq!((fs::read(&other).unwrap(), mode(&other)), (b"new".to_vec(), 0o600));
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["f", "g"]);
}

#[test]
fn the_old_blocks_are_wiped_unless_they_have_another_name() {
    let (folder, file) = folder_with_file();
    let mut old = File::open(&file).unwrap();
    Replacement::of(&file).wiping().write(b"new").unwrap();
    assert_eq!(io::read_to_string(&mut old).unwrap(), "\n\n\n");

    let kept = folder.path().join("backup");
    fs::hard_link(&file, &kept).unwrap();
    Replacement::of(&file).wiping().write(b"newer").unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"new", "a backup that a user made");
}

#[test]
fn what_a_kill_left_behind_is_swept_and_what_is_in_use_is_not() {
    let (folder, file) = folder_with_file();
    let left = |name: &str| folder.path().join(format!("{PREFIX}{name}"));
    fs::write(left("killed"), "a key").unwrap();
    fs::write(left("in-use"), "a key").unwrap();
    symlink("f", left("link")).unwrap();
    let in_use = File::open(left("in-use")).unwrap();
    in_use.lock().unwrap();
    Replacement::of(&file).write(b"new").unwrap();
    assert_eq!(names(folder.path()), [&format!("{PREFIX}in-use"), &format!("{PREFIX}link"), "f"]);
}

#[test]
fn a_file_system_that_knows_no_unnamed_files_will_do() {
    let (folder, file) = folder_with_file();
    let new = Unfinished::Named(named(folder.path()).unwrap());
    new.file().write_all(b"new").unwrap();
    new.named(folder.path(), File::sync_all).unwrap().persist(&file).unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    let source = File::options().read(true).write(true).open(&file).unwrap();
    let copy = named_copy(folder.path(), &source, File::sync_all).unwrap();
    assert_eq!(fs::read(copy.path()).unwrap(), b"new");
    assert_eq!(mode(copy.path()), PRIVATE);
}

#[test]
fn a_mount_in_its_place_is_named() {
    for errno in [Errno::BUSY, Errno::XDEV] {
        let error = mounted(errno.into());
        assert_eq!(error.to_string(), "it is mounted by itself and cannot be replaced");
    }
}

/// Of an access list as the kernel stores it: version 2, then tag, permissions and id of each entry.
fn access_list() -> Vec<u8> {
    let entries: [(u16, u16, u32); 5] =
        [(0x01, 6, u32::MAX), (0x02, 4, 7), (0x04, 0, u32::MAX), (0x10, 4, u32::MAX), (0x20, 0, u32::MAX)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        list.extend(tag.to_le_bytes());
        list.extend(permissions.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    list
}

#[test]
fn access_lists_and_attributes_stay_but_not_on_what_is_private() {
    let (_folder, file) = folder_with_file();
    let attribute = |name: &str| {
        let mut value = [0; 256];
        lgetxattr(&file, name, &mut value).ok().map(|length| value[..length].to_vec())
    };
    let open = fs::File::open(&file).unwrap();
    let list = access_list();
    let name = std::str::from_utf8(ACCESS_LIST).unwrap();
    let takes = |name: &str, value: &[u8]| fsetxattr(&open, name, value, XattrFlags::empty()).is_ok();
    // Not every file system has both.
    let (lists, notes) = (takes(name, &list), takes("user.note", b"ours"));
    let before = mode(&file);
    Replacement::of(&file).write(b"new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(attribute(name), lists.then(|| list.clone()));
    assert_eq!(attribute("user.note"), notes.then(|| b"ours".to_vec()));
    assert_eq!(mode(&file), before);
    Replacement::of(&file).private().write(b"newer").unwrap();
    assert_eq!((attribute(name), mode(&file)), (None, PRIVATE));
}
