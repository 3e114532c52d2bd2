//! Every fault that stands between a person and a workbench, with a command for each use case and the
//! screens: each ends in time, says one true sentence, gives no key away and stays small. Both tests
//! print what they saw: `cargo test --test matrix -- --nocapture`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "the matrix is for reading")]

mod commands;
mod faults;
mod memory;
mod partial;
mod screens;
#[path = "../support/mod.rs"]
mod support;
#[path = "../pty/terminal.rs"]
#[allow(dead_code, reason = "made for other tests too")]
mod terminal;

use base64::Engine as _;

/// Whether anything of `key` but the half that is its Key ID, and no secret, is in `text`.
fn leaks(text: &str, key: &str) -> bool {
    let encoded = |text: String| base64::engine::general_purpose::STANDARD_NO_PAD.encode(text);
    let second = &key[65..];
    let found = |form: &str| text.contains(form);
    found(second) || found(&encoded(key.to_owned())) || found(&encoded(format!("{key}:")))
}
