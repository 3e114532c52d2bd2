//! Profiles, credentials, and discovery from the environment: who talks to which workbench.

pub mod session;
pub mod ui;

pub use session::{KnownKey, Session};
