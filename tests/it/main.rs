//! The library and the real program, by what they do: one binary, so that the library is linked once.
//!
//! Tests that measure bytes, drive a pseudo-terminal or kill the program are binaries of their own
//! beside this one. What several binaries share lies in folders beside this one, too.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../probe_support/mod.rs"]
mod probe_support;
#[path = "../support/mod.rs"]
mod support;
#[path = "../tui_flow/mod.rs"]
mod tui_flow;
#[path = "../tui_support/mod.rs"]
mod tui_support;

mod actions;
mod api;
mod api_hostile;
mod builds;
mod cli;
mod cli_audit;
mod cli_check;
mod cli_clock;
mod cli_codes;
mod cli_deletions;
mod cli_errors;
mod cli_fleet;
mod cli_help;
mod cli_history;
mod cli_keys;
mod cli_rotate;
mod cli_run;
mod cli_runs;
mod cli_score;
mod cli_transport;
mod cli_way_out;
mod config;
mod diagnosis;
mod diagnosis_workbench;
mod faces;
mod mounts;
mod packaging;
mod pages;
mod probe_answers;
mod probe_call;
mod probe_run;
mod readme;
mod secrets;
mod tui_admin;
mod tui_ahead;
mod tui_commands;
mod tui_forms;
mod tui_freshness;
mod tui_hints;
mod tui_history;
mod tui_lists;
mod tui_models;
mod tui_overlays;
mod tui_pictures;
mod tui_rotation;
mod tui_services;
mod tui_settings;
mod tui_sizes;
mod tui_slips;
mod tui_tasks;
mod tui_wide;
mod upgrade;
mod words;
mod workbench;
