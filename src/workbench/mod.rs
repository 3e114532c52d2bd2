//! The embedded workbench: a real HTTP server with a real store that speaks the wire of API v2.
//!
//! A request goes through [`server`] (bounds, connections), [`routes`] (the table of what is
//! served), its gate ([`auth`]: who calls; [`rights`]: whether he may) and a handler, which works on
//! the [`store`] and the [`replicas`]. What the real product does is not always known; what this
//! one does instead is in [`behaviour`], by name.

mod access_log;
mod answer;
mod auth;
pub mod behaviour;
mod body;
mod cache;
mod camel_case;
mod choices;
mod clock;
mod credentials;
pub mod functions;
mod gate;
mod ids;
pub mod kernels;
pub mod lifecycle;
mod operations;
mod options;
pub mod python;
mod query;
mod refusal;
pub mod replicas;
mod request_body;
mod rights;
mod routes;
mod running;
mod seed;
mod server;
mod state;
pub mod store;

pub use behaviour::{Behaviour, BehaviourError};
pub use clock::Clock;
pub use credentials::Credential;
pub use options::{BadSeed, Options, Seed};
pub use running::{Running, StartError, start};
pub use state::Workbench;
