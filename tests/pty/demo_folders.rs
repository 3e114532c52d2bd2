//! The folders of demos: what a killed one leaves goes with the next.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::terminal::Terminal;

fn demo_in(folder: &Path) -> Terminal {
    let terminal = Terminal::start_with(&["demo"], &[("TMPDIR", &folder.display().to_string())]);
    terminal.wait_for("legacy");
    terminal
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.into_string().unwrap()).collect()
}

#[track_caller]
fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn the_folder_of_a_killed_demo_goes_with_the_next() {
    let folder = tempfile::tempdir().unwrap();
    // Not made by a demo, whatever its name.
    let letter = folder.path().join("keybench-demo-letters/letter");
    fs::create_dir(letter.parent().unwrap()).unwrap();
    fs::write(&letter, "").unwrap();
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("lock"), "").unwrap();
    std::os::unix::fs::symlink(other.path(), folder.path().join("keybench-demo-link")).unwrap();
    let before = names(folder.path());

    let mut living = demo_in(folder.path());
    let with_living = names(folder.path());
    let mut killed = demo_in(folder.path());
    let with_both = names(folder.path());
    killed.signal(Signal::KILL);
    killed.ended(Duration::from_secs(60)).expect("it is killed");
    assert_eq!(names(folder.path()), with_both, "nobody could remove it");

    let mut next = demo_in(folder.path());
    let left = with_both.difference(&with_living).next().unwrap();
    until("the folder to be removed", || !names(folder.path()).contains(left));
    assert!(names(folder.path()).is_superset(&with_living), "that of a demo which runs is left alone");
    for terminal in [&mut living, &mut next] {
        terminal.send("q");
        assert!(terminal.assert_restored().success());
    }
    assert_eq!(names(folder.path()), before);
    assert!(letter.exists() && other.path().join("lock").exists());
}
