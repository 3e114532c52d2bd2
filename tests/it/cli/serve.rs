//! The embedded workbench as a command.

use super::*;

#[test]
fn the_embedded_workbench_says_when_it_is_ready_and_ends_on_a_signal() {
    use std::io::{BufRead as _, BufReader};
    let home = Home::new();
    let mut child = home
        .command(&["serve", "--data", "data", "--seed", "demo", "--listen", "127.0.0.1:0"])
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let members: Vec<_> = ready.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["event", "url", "model_service_url", "data", "credentials"]);
    assert_eq!(ready["event"], "ready");
    let credentials = home.path("data/credentials.json");
    assert_eq!(
        (mode(&credentials), ready["credentials"].as_str().unwrap().ends_with("data/credentials.json")),
        (0o600, true)
    );
    let users: serde_json::Value = serde_json::from_slice(&std::fs::read(&credentials).unwrap()).unwrap();
    let login = ["login", "--url", ready["url"].as_str().unwrap()];
    home.run_with_input(&login, users[0]["api_key"].as_str().unwrap()).ok();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(home.run(&["serve", "--data", "d", "--seed", "everything"]).code, 7);
    assert_eq!(home.run(&["demo", "--user", "nobody"]).code, 7);
}

#[test]
fn a_signal_right_after_the_ready_line_is_not_lost() {
    use std::io::{BufRead as _, BufReader};
    for round in 0..10 {
        let home = Home::new();
        let mut child = home.command(&["serve", "--data", "d", "--listen", "127.0.0.1:0"]).spawn().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut String::new()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        // A lost signal would leave it running for ever; a second one ends the test, not the bug.
        let (ended, waiting) = std::sync::mpsc::channel();
        let waiter = std::thread::spawn(move || ended.send(child.wait().unwrap()));
        let status = waiting.recv_timeout(std::time::Duration::from_secs(60));
        if status.is_err() {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        waiter.join().unwrap().ok();
        assert_eq!(status.ok().and_then(|status| status.code()), Some(0), "round {round}");
    }
}
