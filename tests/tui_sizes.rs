//! Every screen and every dialog can be drawn at every size.

use keybench::tui::testing::{Harness, draw};

/// Keys to each picture, from a fresh start.
const PICTURES: [&str; 14] =
    ["", "n", "n<tab><tab>x<esc>", "D", "<enter>", "/x", "?", "!", ":", "P", "Pn", "2", "3", "3]e"];

#[test]
fn no_size_panics() {
    let welcome = Harness::welcome();
    let pictures = PICTURES.iter().map(|keys| {
        let mut harness = Harness::new().started();
        harness.keys(keys);
        harness
    });
    for mut harness in pictures.chain([welcome]) {
        // All small sizes, where layouts break, and every so many of the others.
        let sizes = (1..=200).flat_map(|columns| (1..=60).map(move |rows| (columns, rows)));
        for (columns, rows) in sizes.filter(|(c, r)| (*c % 17 == 1 || *c == 60) && (*r <= 20 || *r % 10 == 0))
        {
            harness.app.size = (columns, rows);
            draw(&harness.app, columns, rows);
        }
    }
}

#[test]
fn below_the_smallest_size_one_polite_line_is_left() {
    let harness = Harness::new();
    let text = |columns, rows| keybench::tui::testing::text(&draw(&harness.app, columns, rows));
    assert!(text(59, 16).starts_with("keybench needs 60×16, have 59×16"));
    assert!(text(60, 15).starts_with("keybench needs 60×16"));
    assert!(text(60, 16).contains("API keys"));
}
