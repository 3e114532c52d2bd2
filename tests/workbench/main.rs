//! The embedded workbench over HTTP, as a program that knows nothing of its inside sees it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod access;
mod bodies;
mod calls;
mod cmlapi;
mod confinement;
mod control;
mod end_to_end;
mod examples;
mod fuzz;
mod keys;
mod lists;
mod model_support;
mod models;
mod observing;
mod projects;
mod python;
mod python_process;
mod scale;
mod served;
mod serving;
mod site;
mod specification;
mod start;
mod support;
mod surroundings;
