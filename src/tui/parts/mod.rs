//! Frames, boxes and lines that all layers draw alike, in the user's theme and with their keys.

pub mod dialog;
pub mod pane;
pub mod reader;
pub mod write;
