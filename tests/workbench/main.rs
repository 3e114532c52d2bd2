//! The embedded workbench over HTTP, as a program that knows nothing of its inside sees it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod keys;
mod specification;
mod support;
