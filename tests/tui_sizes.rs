//! Every screen can be drawn at every size.

use keybench::tui::testing::{Harness, draw};

#[test]
fn no_size_panics() {
    let mut harness = Harness::new().started();
    for keys in ["1", "2", "3", "?", "<esc>!"] {
        harness.keys(keys);
        for columns in (1..=200).step_by(9) {
            for rows in (1..=60).step_by(3) {
                harness.app.size = (columns, rows);
                draw(&harness.app, columns, rows);
            }
        }
    }
}
