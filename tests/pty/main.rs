//! The real binary in a pseudo-terminal: start, the main job, and every way to end.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod demo_folders;
mod exec;
mod freshness;
mod limits;
mod login;
mod panes;
mod paste;
mod resize;
mod signals;
mod terminal;
mod tour;

use std::time::{Duration, Instant};

use terminal::Terminal;

/// The demo with its keys on the screen.
fn demo() -> Terminal {
    let terminal = Terminal::start(&["demo"]);
    terminal.wait_for("legacy");
    terminal
}

#[test]
fn the_workbench_in_this_process_is_never_reached_through_a_proxy() {
    let nobody = "http://127.0.0.1:1";
    let proxies = [("HTTP_PROXY", nobody), ("http_proxy", nobody), ("ALL_PROXY", nobody)];
    let mut terminal = Terminal::start_with(&["demo"], &proxies);
    terminal.wait_for("legacy");
    // Model calls go a way of their own.
    terminal.send("2");
    terminal.wait_for("deployed");
    terminal.send("t");
    terminal.wait_for("[ Test ]");
    terminal.send("\r");
    terminal.wait_for("HTTP 200");
}

#[test]
fn a_key_is_made_tested_refused_and_the_refusal_mended() {
    let mut terminal = demo();
    let screen = terminal.wait_for("1 expires soon");
    assert!(screen.contains("API keys") && screen.contains("owner"), "{screen}");

    let screen = terminal.new_key("nightly batch");
    assert!(screen.contains("Key ID"), "{screen}");
    terminal.send("y");
    terminal.wait_for("sent to your terminal");
    terminal.wait_for_bytes("\x1b]52;c;");
    terminal.send("w\r");
    // After a path that may be long.
    terminal.wait_for_any(&["only you can read it"]);
    let file = terminal.home().join("nightly-batch.key");
    let key = std::fs::read_to_string(&file).unwrap();
    assert_eq!(key.trim().len(), 129, "64 digits, a dot, 64 digits");
    terminal.send("\x1b");
    terminal.wait_gone("shown only this once");
    terminal.wait_for("nightly batch");

    // The model answers with it.
    terminal.send("2");
    terminal.wait_for("churn-prod");
    terminal.wait_for("deployed");
    terminal.send("t");
    terminal.wait_for("[ Test ]");
    terminal.send("\r");
    terminal.wait_for("HTTP 200");

    // With the key of outsider it is refused, and the interface says why.
    terminal.send("K");
    terminal.wait_for("API key for the test");
    terminal.send("outs\r");
    terminal.wait_gone("API key for the test");
    terminal.send("t");
    let screen = terminal.wait_for("why: outsider");
    assert!(screen.contains("401") && screen.contains("collaborator of"), "{screen}");

    // What mends it is one key and a yes away, and the same test passes.
    terminal.send("a");
    terminal.wait_for("Add this collaborator?");
    terminal.send("y");
    terminal.wait_for("is a collaborator of churn-prod now");
    terminal.send("t");
    let screen = terminal.wait_for("▹ 3");
    let passed = screen.lines().any(|line| line.contains("▹ 3") && line.contains("200"));
    assert!(passed && !screen.contains("why:"), "{screen}");
    terminal.send("q");
    assert!(terminal.assert_restored().success());
    assert!(!terminal.raw().replace("\x1b]52;c;", "").is_empty());
}

#[test]
fn deleting_asks_and_deletes() {
    let mut terminal = demo();
    terminal.wait_for("1 expired");
    terminal.send("oog");
    terminal.send("d");
    terminal.wait_for("Delete this API key?");
    terminal.send("y");
    terminal.wait_for("deleted ");
    terminal.send("q");
    assert!(terminal.assert_restored().success());
}

#[test]
fn the_administrator_changes_the_expiration() {
    let mut terminal = Terminal::start(&["demo", "--user", "admin"]);
    terminal.wait_for("legacy");
    terminal.send("3");
    terminal.wait_for("contributor");
    terminal.send("]");
    terminal.wait_for("365 days");
    terminal.send("e");
    terminal.wait_for("new value");
    terminal.send("\x1530\r");
    terminal.wait_for("Change the setting?");
    terminal.send("y");
    terminal.wait_for("default API keys expiration: 30 days");
    terminal.send("1n");
    terminal.wait_for("in 30 days");
    terminal.send("\r\r\r");
    terminal.wait_for("shown only this once");
    // A key that was neither copied nor saved is not lost by a slip.
    terminal.send("\x1b");
    terminal.wait_for("Leave the new key?");
    terminal.send("lose\r");
    terminal.wait_gone("Leave the new key?");
    // Its row has it until the program ends, which is asked about then.
    terminal.send("q");
    terminal.wait_for("Leaving loses the text of");
    terminal.send("y");
    assert!(terminal.assert_restored().success());
}

#[test]
fn quitting_gives_the_terminal_back() {
    for keys in ["q", "\x03"] {
        let mut terminal = demo();
        terminal.send(keys);
        assert!(terminal.assert_restored().success());
    }
}

#[test]
#[cfg(debug_assertions)]
fn a_panic_gives_the_terminal_back_and_is_reported() {
    for place in ["loop", "task"] {
        let mut terminal = Terminal::start_with(&["demo"], &[("KEYBENCH_PANIC", place)]);
        let status = terminal.assert_restored();
        assert!(!status.success(), "{place}");
        assert!(terminal.raw().contains("KEYBENCH_PANIC"), "{place}: the panic is reported");
    }
}

#[test]
fn a_terminal_that_goes_away_ends_the_program() {
    // Nobody reads the terminal afterwards, so this one is not watched by a thread.
    let temporary = tempfile::tempdir().unwrap();
    let (mut child, master) = terminal::unwatched(&["demo"], temporary.path(), "legacy");
    drop(master);
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it goes on without its terminal");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "its folder is left");
}

#[test]
fn pasted_text_is_no_command() {
    let mut terminal = demo();
    terminal.send("\x1b[200~qqddnn\x1b[201~");
    terminal.send("?");
    let screen = terminal.wait_for("Help");
    assert!(!screen.contains("New API key"), "{screen}");
    terminal.send("\x1b");
    terminal.wait_gone("Help");
    terminal.send("n\t\t\x1b[200~two\nlines\x1b[201~");
    terminal.wait_for("two lines");
}

#[test]
fn a_storm_of_sizes_ends_in_the_right_picture() {
    let terminal = demo();
    for n in 1..60 {
        terminal.resize(20 + n * 2, 5 + n / 2);
    }
    terminal.resize(100, 30);
    terminal.wait_for("Details");
    terminal.resize(30, 5);
    terminal.wait_for("needs 60");
    terminal.resize(80, 24);
    terminal.wait_for("legacy");
}
