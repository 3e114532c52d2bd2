//! The mouse, and two panes in a window that changes its size.

use super::demo;

#[test]
fn the_mouse_is_the_terminals_own_until_it_is_asked_for() {
    let mut terminal = demo();
    assert!(!terminal.raw().contains("\x1b[?1000h"), "off at first");
    terminal.send("\x1b[20~");
    terminal.wait_for("mouse on");
    terminal.wait_for_bytes("\x1b[?1000h\x1b[?1006h");
    // A click on the second tab, and the wheel over its list.
    terminal.send("\x1b[<0;18;2M\x1b[<0;18;2m");
    terminal.wait_for("Adds two numbers");
    terminal.send("\x1b[<65;10;8M");
    terminal.wait_for("The churn model of last year");
    terminal.send("\x1b[20~");
    terminal.wait_for("mouse off");
    terminal.wait_for_bytes("\x1b[?1006l\x1b[?1000l");
    terminal.send("q");
    terminal.assert_restored();
}

#[test]
fn results_and_answer_find_their_places_in_every_size() {
    let mut terminal = demo();
    terminal.send("2\r");
    terminal.wait_for("[ Test ]");
    terminal.send("t");
    let screen = terminal.wait_for("HTTP 200  success");
    let line = screen.lines().find(|line| line.contains("HTTP 200")).unwrap();
    assert!(!line.contains("RESULT"), "below the table: {line}");
    terminal.resize(120, 40);
    terminal.wait_for("│ HTTP 200  success");
    terminal.resize(60, 16);
    terminal.wait_gone("Adds two numbers");
    terminal.resize(80, 24);
    terminal.wait_for("REPLICA");
}
