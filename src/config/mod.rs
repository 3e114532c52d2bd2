//! Profiles, credentials, and discovery from the environment: who talks to which workbench.
//!
//! Three files in one folder. `config.toml` belongs to the person and is only read. `profiles.toml`
//! and `credentials.toml` belong to the program, which rewrites them; the second holds the keys and
//! nothing else does. [`resolve`] turns flags, environment and files into one [`Session`] and
//! remembers where each value came from.

pub mod credential_command;
mod error;
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
pub mod store;
pub mod ui;
mod versioned;

pub use error::Error;
pub use profile::{Credential, Profile, Profiles};
pub use resolve::{Overrides, Resolved, Source, Traced, resolve};
pub use session::{KnownKey, Session};
pub use store::{Loaded, Store};
