//! Whatever signal ends or stops the interface, the terminal is what it was, and what it has to be.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::demo;
use super::terminal::Terminal;

/// The signals that end a program, which have to give the terminal back first.
pub const ENDING: [Signal; 9] = [
    Signal::INT,
    Signal::TERM,
    Signal::HUP,
    Signal::QUIT,
    Signal::ABORT,
    Signal::USR1,
    Signal::USR2,
    Signal::ALARM,
    Signal::XCPU,
];

#[test]
fn every_signal_gives_the_terminal_back() {
    for signal in ENDING {
        let mut terminal = demo();
        terminal.signal(signal);
        assert_eq!(terminal.assert_restored().exit_code(), 130, "{signal:?}");
    }
}

/// However early it comes: as soon as the first mode is set.
#[test]
fn a_signal_at_the_first_moment_gives_the_terminal_back() {
    for round in 0..60 {
        let mut terminal = Terminal::start(&["demo"]);
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while terminal.echoes() {
            assert!(std::time::Instant::now() < deadline, "it never begins");
            std::hint::spin_loop();
        }
        terminal.signal(ENDING[round % ENDING.len()]);
        assert_eq!(terminal.assert_restored().exit_code(), 130, "round {round}");
    }
}

#[test]
fn a_signal_tells_of_a_key_that_nobody_has() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mut terminal = demo();
        terminal.send("n\t\tnightly batch\r");
        terminal.wait_for("shown only this once");
        terminal.signal(signal);
        terminal.assert_restored();
        let raw = terminal.raw();
        // After the alternate screen was left, so that it stays in sight.
        let last = raw.rsplit("\x1b[?1049l").next().unwrap();
        assert!(last.contains("keybench: The API key ") && last.contains("its text is lost"), "{last}");
    }
}

#[test]
fn suspending_is_refused_where_nobody_could_resume() {
    let mut terminal = demo();
    terminal.send("\x1a");
    terminal.wait_for("no shell behind this program");
    terminal.send("q");
    assert!(terminal.assert_restored().success());
}

#[test]
fn suspending_is_refused_behind_a_shell_without_job_control() {
    let mut command = portable_pty::CommandBuilder::new("/bin/sh");
    let binary = env!("CARGO_BIN_EXE_keybench");
    command.args(["-c", &format!("{binary} demo; echo the end")]);
    let mut terminal = Terminal::spawn(command, &[]);
    terminal.wait_for("legacy");
    terminal.send("\x1a");
    terminal.wait_for("no shell behind this program");
    terminal.send("q");
    terminal.wait_for_bytes("the end");
    terminal.assert_restored();
}

/// Runs `job` in a shell with job control, has `stop` stop it, and the shell resume it.
fn resumed(job: &str, stop: impl FnOnce(&mut Terminal)) -> Terminal {
    resumed_at(job, "legacy", stop)
}

/// The same, until `shows` is on the screen.
fn resumed_at(job: &str, shows: &str, stop: impl FnOnce(&mut Terminal)) -> Terminal {
    let mut command = portable_pty::CommandBuilder::new("/bin/bash");
    // An interactive shell takes its own modes back before it asks for the next command.
    let script = format!(
        "{job}; stty sane; printf '\\033[?1049l\\033[?2004l\\033[?25h\\033[2J'; echo back in the shell; fg; echo the end"
    );
    command.args(["-m", "-c", &script]);
    let mut terminal = Terminal::spawn(command, &[]);
    terminal.wait_for("legacy");
    stop(&mut terminal);
    terminal.wait_for_bytes("back in the shell");
    terminal.wait_for(shows);
    terminal
}

fn assert_as_before(mut terminal: Terminal) {
    terminal.assert_in_use();
    terminal.send("?");
    terminal.wait_for("Help");
    terminal.send("\x1b");
    terminal.wait_gone("Help");
    terminal.send("q");
    terminal.wait_for_bytes("the end");
    terminal.assert_restored();
}

#[test]
fn suspended_and_resumed_by_a_shell() {
    let job = format!("{} demo", env!("CARGO_BIN_EXE_keybench"));
    assert_as_before(resumed(&job, |terminal| terminal.send("\x1a")));
}

#[test]
fn suspended_together_with_the_script_that_started_it() {
    let job = format!("/bin/sh -c '{} demo; echo script done'", env!("CARGO_BIN_EXE_keybench"));
    let terminal = resumed(&job, |terminal| terminal.send("\x1a"));
    assert_as_before(terminal);
}

/// An editor that Ctrl-Z stops sends the signal to its whole process group.
#[test]
fn suspended_together_with_the_editor_that_it_opened() {
    let folder = tempfile::tempdir().unwrap();
    let editor = folder.path().join("editor");
    std::fs::write(&editor, "echo 'edit me'\nkill -TSTP 0\necho '{\"a\": 41, \"b\": 1}' > \"$1\"\n").unwrap();
    let job = format!("VISUAL='sh {}' {} demo", editor.display(), env!("CARGO_BIN_EXE_keybench"));
    let mut terminal = resumed_at(&job, "{\"a\": 41, \"b\": 1}", |terminal| {
        terminal.send("2\r");
        terminal.wait_for("[ Test ]");
        terminal.send("E");
    });
    terminal.send("q");
    terminal.wait_for("was edited and not sent");
    terminal.send("y");
    terminal.wait_for_bytes("the end");
    terminal.assert_restored();
}

/// SIGSTOP leaves no time to give anything back, and the shell sets modes of its own.
#[test]
fn stopped_from_outside_and_resumed_by_a_shell() {
    let job = format!("/bin/sh -c 'echo $$ > pid; exec {} demo'", env!("CARGO_BIN_EXE_keybench"));
    let terminal = resumed(&job, |terminal| {
        let pid = std::fs::read_to_string(terminal.home().join("pid")).unwrap();
        kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), Signal::STOP).unwrap();
    });
    assert_as_before(terminal);
}
