//! Rotating an API key: a successor first, shown and kept, proven by a model if one likes, and only
//! then the old one deleted, after a yes.
//!
//! At every step both the dialog and the notices say what exists. A failure or a quit leaves the
//! old key working. The key that keybench itself is signed in with is replaced in the profile
//! before anything is deleted. [`steps`] has the whole course on one page, [`questions`] what is
//! asked on the way, [`dialog`] the rotation that was left with both keys.

pub mod dialog;
pub mod questions;
pub mod steps;
