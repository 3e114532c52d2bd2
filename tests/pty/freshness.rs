//! What happens while a user only looks, and what is typed before there is anything to look at.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::demo;
use super::terminal::Terminal;

/// A workbench in a process of its own, on a port that stays the same.
struct Served(Child);

impl Served {
    /// And where it is; `None` if another program has the port.
    fn start(data: &Path, address: &str) -> Option<(Self, String)> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keybench"))
            .args(["serve", "--seed", "demo", "--listen", address, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let served = Self(child);
        let ready: serde_json::Value = serde_json::from_str(&line).ok()?;
        Some((served, ready["url"].as_str().unwrap().to_owned()))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_workbench_that_is_killed_and_started_again_is_noticed_without_a_key() {
    let data = tempfile::tempdir().unwrap();
    let (served, url) = Served::start(data.path(), "127.0.0.1:0").unwrap();
    let credentials = std::fs::read_to_string(data.path().join("credentials.json")).unwrap();
    let credentials: serde_json::Value = serde_json::from_str(&credentials).unwrap();
    let of = |name: &str| {
        let all = credentials.as_array().unwrap().iter();
        all.clone().find(|one| one["username"] == name).unwrap()["api_key"].as_str().unwrap().to_owned()
    };
    let key = of("owner");
    let environment = [("KEYBENCH_URL", url.as_str()), ("KEYBENCH_API_KEY", key.as_str())];
    let mut terminal = Terminal::start_with(&[], &environment);
    terminal.wait_for("legacy");
    terminal.send("/dash\r");
    terminal.wait_for("1 of 4 keys");
    drop(served);
    // A key makes it notice at once; without one the next look would.
    terminal.send("\x12");
    terminal.wait_for("no answer since");

    let address = url.strip_prefix("http://").unwrap();
    // Another program may have been given the port, for a moment.
    let deadline = Instant::now() + Duration::from_secs(60);
    let _served = loop {
        assert!(Instant::now() < deadline, "{address} stays taken");
        if let Some(served) = Served::start(data.path(), address) {
            break served;
        }
    };
    let screen = terminal.wait_for("back after");
    assert!(!screen.contains("no answer since"), "{screen}");
    let screen = terminal.wait_for("1 of 4 keys");
    assert!(screen.contains("dashboard") && screen.contains("/ dash"), "the filter stays: {screen}");
}

#[test]
fn what_is_typed_before_the_first_list_is_not_lost() {
    let mut terminal = Terminal::start(&["demo"]);
    terminal.send("2\r");
    let screen = terminal.wait_for("[ Test ]");
    assert!(screen.contains("churn-prod/add"), "{screen}");
    // Nor is what opens something, or is for the first tab.
    let mut terminal = Terminal::start(&["demo"]);
    terminal.send("H");
    terminal.wait_for("Nothing yet");
    let mut terminal = Terminal::start(&["demo"]);
    terminal.send("1\x1b[Bd");
    let screen = terminal.wait_for("Delete this API key?");
    assert!(screen.contains("Cancel"), "{screen}");
}

#[test]
fn the_request_is_edited_in_the_editor_that_the_environment_names() {
    let folder = tempfile::tempdir().unwrap();
    // An editor that reads a line from the terminal, as only one program at a time can.
    let script = folder.path().join("editor");
    let text =
        "#!/bin/sh\nprintf 'edit me: '\nread line\nprintf '{\"a\": %s, \"b\": 1}' \"$line\" > \"$1\"\n";
    std::fs::write(&script, text).unwrap();
    let editor = format!("sh {}", script.display());
    let mut terminal = Terminal::start_with(&["demo"], &[("VISUAL", &editor)]);
    terminal.send("2\r");
    terminal.wait_for("[ Test ]");
    terminal.send("E");
    terminal.wait_for("edit me:");
    assert!(terminal.echoes(), "the editor has a terminal as a shell leaves it");
    terminal.send("41\r");
    terminal.wait_for("{\"a\": 41, \"b\": 1}");
    assert!(!terminal.echoes());
    terminal.send("t");
    terminal.wait_for("HTTP 200  success");
    terminal.send("qq");
    terminal.assert_restored();
}

#[test]
fn a_key_that_is_pasted_over_another_replaces_it() {
    let mut terminal = demo();
    terminal.send("2\r");
    terminal.wait_for("[ Test ]");
    terminal.send("kk");
    let paste =
        |digit: &str| format!("\x1b[200~{}.{}\x1b[201~", digit.repeat(64), "0".repeat(60) + &digit.repeat(4));
    terminal.send(&paste("a"));
    terminal.wait_for("••••aaaa");
    terminal.send(&paste("b"));
    let screen = terminal.wait_for("••••bbbb");
    assert!(!screen.contains("API key: "), "it is a whole key: {screen}");
}
