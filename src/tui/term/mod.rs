//! Terminal input and output: modes, signals and keys; few bytes, one write per frame.

pub mod backend;
pub mod clipboard;
mod cursor;
pub mod editor;
pub mod frame_rate;
pub mod input;
mod pen;
mod scroll;
pub mod signals;
pub mod terminal;
