//! The way to the terminal and from it: modes, signals and keys; few bytes, one write a frame.

pub mod backend;
pub mod clipboard;
pub mod input;
pub mod pace;
mod pen;
mod scroll;
pub mod signals;
pub mod terminal;
