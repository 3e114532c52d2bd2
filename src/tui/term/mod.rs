//! Terminal input and output: modes, signals and keys; few bytes, one write per frame.

pub mod backend;
pub mod clipboard;
pub mod input;
pub mod pace;
mod pen;
mod scroll;
pub mod signals;
pub mod terminal;
