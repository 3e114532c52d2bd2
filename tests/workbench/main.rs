//! The embedded workbench over HTTP, as a program that knows nothing of its inside sees it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod access;
mod keys;
mod lists;
mod projects;
mod site;
mod specification;
mod support;
