//! Profiles, credentials, and discovery from the environment: which user of which workbench.
//!
//! Three files in one folder. `config.toml` belongs to the user: of it, only the line of a setting that
//! is changed in the interface is ever written. `profiles.toml`
//! and `credentials.toml` belong to the program, which rewrites them; only the second contains
//! keys. [`resolve`] turns flags, environment and files into one [`Session`] and remembers the
//! origin of each value.

pub mod columns;
pub mod credential_command;
mod error;
pub mod history;
mod json;
mod kill_point;
pub mod lock;
pub mod made_keys;
pub mod owner;
pub mod paths;
pub mod private_file;
pub mod profile;
pub mod replace;
pub mod requests;
pub mod resolve;
pub mod session;
pub mod setting;
pub mod store;
pub mod ui;
mod versioned;

pub use error::Error;
pub use profile::{Credential, Profile, Profiles};
pub use resolve::{Overrides, Resolved, Source, Traced, resolve};
pub use session::{KnownKey, Session};
pub use store::{Loaded, Store};
