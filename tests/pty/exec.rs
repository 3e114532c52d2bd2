//! `keys rotate --exec` at a terminal: the command may ask something, and Ctrl-C reaches it.

#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use super::terminal::Terminal;
use support::bench::{Bench, Home};

fn rotate(bench: &Bench, command: &str) -> Terminal {
    let key = bench.key("owner");
    let variables = [("KEYBENCH_URL", bench.url.as_str()), ("KEYBENCH_API_KEY", &key)];
    Terminal::start_with(&["keys", "rotate", "svc", "--exec", command], &variables)
}

#[test]
fn a_command_asks_on_the_terminal_and_gets_the_key_on_its_input() {
    let bench = Bench::demo();
    // As a password manager does: it asks on the terminal itself, since its input is the key.
    let ask = "printf 'passphrase? ' >/dev/tty; read answer </dev/tty; { cat; echo \"$answer\"; } >got";
    let mut terminal = rotate(&bench, ask);
    terminal.wait_for("passphrase?");
    terminal.send("open sesame\r");
    terminal.wait_for("the current key is");
    let status = terminal.assert_restored();
    assert!(status.success(), "{}", terminal.raw());
    let got = std::fs::read_to_string(terminal.home().join("got")).unwrap();
    let (key, answer) = got.split_once('\n').unwrap();
    assert_eq!((key.len(), answer.trim()), (129, "open sesame"));
    assert!(!terminal.raw().contains(&key[65..]), "the key is not on the screen");
}

#[test]
fn ctrl_c_ends_a_command_that_waits_and_keeps_its_key() {
    let bench = Bench::demo();
    let mut terminal = rotate(&bench, "printf 'waiting ' >/dev/tty; sleep 600");
    terminal.wait_for("waiting");
    terminal.send("\x03");
    let status = terminal.assert_restored();
    assert!(!status.success(), "{}", terminal.raw());
    // It may be in use: the next run hands over another one, and deletes none before.
    let home = beside(&bench, &terminal);
    assert_eq!(named(&home), 1);
    // And it holds nobody up: no lock is left.
    home.run(&["keys", "rotate", "svc", "--exec", "cat >got", "--grace", "1h"]).ok();
    let got = std::fs::read_to_string(home.path("got")).unwrap();
    assert_eq!((got.trim().len(), named(&home)), (129, 2));
}

/// A command that goes on after Ctrl-C may still hand its key over: nobody overtakes it.
#[test]
fn a_command_that_ignores_ctrl_c_keeps_the_lock_until_it_ends() {
    let bench = Bench::demo();
    let stubborn = "trap '' INT TERM HUP; printf 'waiting ' >/dev/tty; \
                    until [ -e go ]; do sleep 0.05; done; cat >got";
    let mut terminal = rotate(&bench, stubborn);
    terminal.wait_for("waiting");
    terminal.send("\x03");
    // The command still has the terminal.
    let status = terminal.ended(Duration::from_secs(60)).expect("it ends");
    assert!(!status.success(), "{}", terminal.raw());
    let home = beside(&bench, &terminal);
    let next = || home.run(&["keys", "rotate", "svc", "--exec", "cat >got", "--grace", "1h", "--json"]);
    let refused = next();
    assert_eq!((refused.code, refused.error()["kind"].as_str()), (75, Some("locked")), "{refused:?}");
    std::fs::write(terminal.home().join("go"), "").unwrap();
    let done = loop {
        let done = next();
        if done.code != 75 {
            break done.ok();
        }
    };
    assert_eq!(done.json()["action"], "rotated");
    // What it was given is not deleted: the service may have it.
    let late = std::fs::read_to_string(terminal.home().join("got")).unwrap();
    home.file("late.key", late.trim());
    home.run(&["models", "test", "churn-prod/add", "--api-key-file", "late.key"]).ok();
    assert_eq!(named(&home), 2);
}

/// A home with the configuration of the run in `terminal`.
fn beside(bench: &Bench, terminal: &Terminal) -> Home {
    let mut home = bench.home("owner");
    home.set("HOME", terminal.home().to_str().unwrap());
    home.set("KEYBENCH_CONFIG_DIR", terminal.home().join("config").to_str().unwrap());
    home
}

/// Keys with the name of the service.
fn named(home: &Home) -> usize {
    let keys = home.run(&["keys", "list", "--json"]).ok().json();
    keys.as_array().unwrap().iter().filter(|key| key["comments"] == "svc").count()
}
