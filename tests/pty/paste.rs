//! A paste whose end never comes: the terminal, or what is between, has lost it.

use super::demo;

const BEGIN: &str = "\x1b[200~";

#[test]
fn keys_are_heard_again_after_a_paste_without_an_end() {
    let mut terminal = demo();
    // Into a field: what was pasted is there.
    terminal.send("n\t\t");
    terminal.wait_for("omment");
    terminal.send(&format!("{BEGIN}half a paste"));
    terminal.wait_for("half a paste");
    terminal.send(" and typed");
    terminal.wait_for("half a paste and typed");
    // Outside of fields it means nothing, and the next key is heard.
    terminal.send("\x1b");
    terminal.wait_for("discard");
    terminal.send("y");
    terminal.wait_gone("half a paste");
    terminal.send(&format!("{BEGIN}qqq"));
    // No screen says that a second without a key has passed, so the key comes until it is heard.
    terminal.send_until("?", "Help");
    terminal.send("\x1b");
    terminal.wait_gone("Help");
    terminal.send("q");
    assert!(terminal.assert_restored().success());
}

#[test]
fn a_long_paste_comes_in_parts_and_none_of_it_is_a_command() {
    let mut terminal = demo();
    terminal.send(BEGIN);
    let line = "qdnyD\r".repeat(1 << 10);
    for _ in 0..512 {
        terminal.send(&line);
    }
    terminal.send("\x1b[201~");
    terminal.send("?");
    let screen = terminal.wait_for("Help");
    assert!(!screen.contains("Delete this API key?") && !screen.contains("New API key ─"), "{screen}");
    terminal.send("\x1b");
    terminal.wait_gone("Help");
    terminal.send("q");
    assert!(terminal.assert_restored().success());
}
