//! `keys rotate --exec` at a terminal: the command may ask something, and Ctrl-C reaches it.

#[path = "../support/mod.rs"]
mod support;

use super::terminal::Terminal;
use support::bench::Bench;

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
    let mut home = bench.home("owner");
    home.set("HOME", terminal.home().to_str().unwrap());
    home.set("KEYBENCH_CONFIG_DIR", terminal.home().join("config").to_str().unwrap());
    let keys = home.run(&["keys", "list", "--json"]).ok().json();
    let named = keys.as_array().unwrap().iter().filter(|key| key["comments"] == "svc").count();
    assert_eq!(named, 1, "{keys}");
}
