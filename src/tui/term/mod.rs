//! The way to the terminal: its modes, few bytes, one write a frame.

pub mod backend;
pub mod clipboard;
pub mod pace;
mod scroll;
pub mod terminal;
