//! Keys that come together with a change of the window's size are keys like any others.

use std::time::Duration;

use super::{demo, terminal::Terminal};

/// Every other time the key comes first.
fn resize_and_type(terminal: &mut Terminal, round: u16, key: &str) {
    let size = (80 + round % 21, 24 + round % 7);
    if round.is_multiple_of(2) {
        terminal.resize(size.0, size.1);
        terminal.send(key);
    } else {
        terminal.send(key);
        terminal.resize(size.0, size.1);
    }
}

#[test]
fn a_key_that_comes_with_a_resize_is_heard() {
    let mut terminal = demo();
    for round in 0..100 {
        resize_and_type(&mut terminal, 2 * round + round % 2, "?");
        terminal.wait_for("Help");
        resize_and_type(&mut terminal, 2 * round + 1 - round % 2, "\x1b");
        terminal.wait_gone("Help");
    }
    terminal.send("q");
    assert!(terminal.assert_restored().success());
}

#[test]
fn ctrl_c_is_heard_behind_a_flood_of_keys_around_resizes() {
    for round in 0..10 {
        let mut terminal = demo();
        for part in 0..38 {
            terminal.send(&"jk".repeat(500));
            if part % 3 == round % 3 {
                terminal.resize(80 + part % 21, 24 + part % 7);
            }
        }
        terminal.resize(90, 25);
        terminal.send("\x03");
        let status = terminal.ended(Duration::from_secs(60));
        assert!(status.is_some_and(|status| status.success()), "round {round}: deaf to Ctrl-C");
    }
}
