//! The embedded workbench: a real HTTP server with a real store that speaks the wire of API v2.
//!
//! A request goes through [`http`] (connections, bounds, the gate that checks the key), [`routes`]
//! (the table of what is served, with the [`rights`] that each operation needs) and a handler,
//! which works on the [`store`] and the [`replicas`]. What the real product does is not always
//! known; what this one does instead is in [`behaviour`], by name.

mod address;
pub mod behaviour;
mod cache;
mod certificates;
mod clock;
mod control;
mod directory;
mod environment;
pub mod functions;
pub mod host_names;
mod http;
mod ids;
pub mod kernels;
pub mod lifecycle;
mod logs;
mod options;
pub mod python;
pub mod replicas;
mod rights;
mod routes;
mod running;
mod seed;
mod state;
pub mod store;
mod trouble;

pub use behaviour::{Behaviour, BehaviourError};
pub use certificates::Certificates;
pub use clock::Clock;
pub use directory::remove_abandoned;
pub use logs::{Log, Logs};
pub use options::{BadSeed, Credentials, Options, Seed};
pub use running::{ControlDoor, Running, StartError, start};
pub use seed::Credential;
pub use seed::file::{SeedFile, SeedFileError};
pub use state::Workbench;
pub use trouble::Trouble;
