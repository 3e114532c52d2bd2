//! The interface on a fixed clock in any state that a test wants to look at: what a workbench would
//! have answered is made up here, once for all tests.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

pub mod admin;
pub mod builds;
pub mod checks;
pub mod history;
pub mod models;
pub mod pictures;
pub mod rotation;
pub mod services;
#[path = "../tui_keys/mod.rs"]
pub mod settings;
