//! The Models tab: what keys and answers do to it and how it looks then, on a fixed clock; and what a
//! person does there with an embedded workbench.
mod builds;
mod check;
mod flows;
mod list;
mod panel;
mod results;
mod runs;

use keybench::tui::testing::Harness;

/// The screen compact and wide. What stands among the pictures of `tui_pictures` needs no other.
fn snapshots(name: &str, harness: &mut Harness) {
    insta::assert_snapshot!(format!("{name}_80x24"), harness.screen(80, 24));
    insta::assert_snapshot!(format!("{name}_120x40"), harness.screen(120, 40));
}

/// The screen at the smallest size, and at the first one where list and panel stand side by side.
fn small_snapshots(name: &str, harness: &mut Harness) {
    insta::assert_snapshot!(format!("{name}_60x16"), harness.screen(60, 16));
    if matches!(name, "list" | "test_refused") {
        insta::assert_snapshot!(format!("{name}_100x30"), harness.screen(100, 30));
    }
}
