//! Keys that are typed: nothing of them is shown, Ctrl-C works, and whatever signal comes gives the echo
//! back.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::signals::ENDING;
use super::terminal::Terminal;

const NOWHERE: &str = "http://127.0.0.1:1";
const QUESTION: &str = "API key (it is not shown):";
/// A wait that takes longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// What stops waiting for a command, or ends after a time-out, takes longer: two minutes.
const SOON: Duration = Duration::from_secs(60);

/// The commands that a key can be typed to.
const TYPED: [&[&str]; 2] =
    [&["login", "--url", NOWHERE], &["keys", "validate", "--url", NOWHERE, "--api-key-file", "-"]];

#[test]
fn every_signal_gives_the_echo_back() {
    for command in TYPED {
        for signal in ENDING {
            let mut terminal = Terminal::start(command);
            terminal.wait_for(QUESTION);
            assert!(!terminal.echoes(), "{command:?}");
            terminal.signal(signal);
            let status = terminal.ended(SOON).unwrap_or_else(|| panic!("{command:?} is deaf to {signal:?}"));
            assert_eq!(status.exit_code(), 130, "{command:?}, {signal:?}: {}", terminal.raw());
            assert!(terminal.echoes(), "{command:?}, {signal:?}");
        }
    }
}

#[test]
fn a_typed_key_is_not_shown_and_ctrl_c_ends_the_question() {
    for command in TYPED {
        let mut terminal = Terminal::start(command);
        terminal.wait_for(QUESTION);
        terminal.send("0a0a\x1a\x03");
        let status = terminal.ended(SOON).expect("Ctrl-C ends it, and Ctrl-Z does not stop it");
        assert_eq!(status.exit_code(), 130);
        let raw = terminal.all_raw();
        assert!(terminal.echoes() && !raw.contains("0a0a"), "{raw}");

        let mut terminal = Terminal::start(command);
        terminal.wait_for(QUESTION);
        terminal.send("0a0a.9f9f\r");
        let status = terminal.ended(PATIENCE).expect("one line is enough");
        let raw = terminal.all_raw();
        assert_eq!(status.exit_code(), 7, "{raw}");
        assert!(raw.contains("has 129") && !raw.contains("0a0a"), "{raw}");
        assert!(terminal.echoes());
    }
}

/// `keybench` with a folder of its own, in which `config/profiles.toml` has this credential command.
fn program(folder: &std::path::Path, credential_command: &str, arguments: &[&str]) -> Command {
    fs::create_dir(folder.join("config")).unwrap();
    let profile = format!(
        "current = 'x'\n[profiles.x]\nurl = '{NOWHERE}'\ncredential_command = \"{credential_command}\"\n"
    );
    fs::write(folder.join("config/profiles.toml"), profile).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keybench"));
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder);
    command.env("KEYBENCH_CONFIG_DIR", folder.join("config")).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn pid(number: &str) -> Pid {
    Pid::from_raw(number.trim().parse().unwrap()).unwrap()
}

/// Whether a process catches SIGINT.
fn listens(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    u64::from_str_radix(caught.trim(), 16).is_ok_and(|caught| caught & 0b10 != 0)
}

fn is_gone(pid: Pid) -> bool {
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    state.is_ok_and(|state| state.contains(") Z ")) || test_kill_process(pid).is_err()
}

#[test]
fn a_signal_ends_the_wait_for_a_pipe() {
    let pipe = tempfile::tempdir().unwrap();
    let fifo = pipe.path().join("fifo").display().to_string();
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for arguments in [
        &["login", "--url", NOWHERE][..],
        &["keys", "validate", "--url", NOWHERE, "--api-key-file", "-"],
        &["keys", "validate", "--url", NOWHERE, "--api-key-file", &fifo],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = program(folder.path(), "true", arguments).spawn().unwrap();
        // Half a key, and an end that stays open.
        child.stdin.as_ref().unwrap().write_all(b"0a0a").unwrap();
        until("signals to be heard", || listens(child.id()));
        kill_process(pid(&child.id().to_string()), Signal::INT).unwrap();
        let begin = Instant::now();
        let stdin = child.stdin.take();
        let status = child.wait().unwrap();
        drop(stdin);
        assert_eq!(status.code(), Some(130), "{arguments:?}");
        assert!(begin.elapsed() < SOON, "{arguments:?}");
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_credential_command_and_stops_it() {
    // Deaf to the signal itself: it is stopped with what it started.
    let deaf = "trap '' INT TERM; echo $$ > pid; sleep 600";
    for arguments in [&["whoami"][..], &["login", "--url", NOWHERE, "--credential-command", deaf]] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = program(folder.path(), deaf, arguments).spawn().unwrap();
        let noted = || fs::read_to_string(folder.path().join("pid")).unwrap_or_default();
        until("the command", || noted().ends_with('\n'));
        kill_process(pid(&child.id().to_string()), Signal::INT).unwrap();
        let begin = Instant::now();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{arguments:?}");
        assert!(begin.elapsed() < SOON, "{arguments:?}");
        until("the end of the command", || is_gone(pid(&noted())));
    }
}

#[test]
fn ctrl_c_ends_a_credential_command_in_front_of_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let command = program(folder.path(), "echo asking >&2; sleep 600", &["whoami"]);
    let mut in_terminal = portable_pty::CommandBuilder::new(command.get_program());
    in_terminal.args(command.get_args());
    let config = folder.path().join("config").display().to_string();
    let mut terminal = Terminal::spawn(in_terminal, &[("KEYBENCH_CONFIG_DIR", &config)]);
    terminal.wait_for("asking");
    terminal.send("\x03");
    let status = terminal.ended(SOON).expect("Ctrl-C ends it");
    assert_eq!(status.exit_code(), 130, "{}", terminal.raw());
}
