//! Rotates an API key: creates a successor, shows it, lets the user keep it and prove it with a
//! model, and deletes the old key only after a yes.
//!
//! At every step both the dialog and the notices say what exists. A failure or a quit leaves the old
//! key working. The key that keybench itself is signed in with is replaced in the profile before
//! anything is deleted. [`steps`] has all steps on one page, [`questions`] the questions between
//! them, [`expiry`] the day on which a successor expires, [`dialog`] the rotation that was left with both
//! keys.

pub mod dialog;
pub mod expiry;
pub mod questions;
pub mod steps;
