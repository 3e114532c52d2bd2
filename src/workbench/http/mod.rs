//! How requests come in and answers go out: connections, the gate, bodies, queries, refusals.
//!
//! Knows the wire and the rights; the operations are in [`super::routes`].

pub mod answer;
pub mod auth;
pub mod bodies;
mod camel_case;
pub mod choices;
mod connections;
pub mod front;
pub mod gate;
mod head_timer;
pub mod log;
pub mod operations;
pub mod origin;
pub mod query;
pub mod refusal;
pub mod request_body;
pub mod server;
mod stream;
pub mod verbs;
