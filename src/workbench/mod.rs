//! The embedded workbench: a real HTTP server with a real store that speaks the wire of API v2.

pub mod functions;
pub mod kernels;
pub mod lifecycle;
pub mod python;
pub mod replicas;
pub mod store;
