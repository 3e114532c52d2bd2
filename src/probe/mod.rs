//! The model test engine: single calls with their phases, and runs of many calls.
//!
//! It speaks HTTP/1.1 on its own connections instead of using the API client, which makes name
//! look-up, connection, TLS, waiting and body separate figures, and keeps a run from measuring a
//! connection pool. It knows nothing of the interface.
//!
//! | file | what it holds |
//! |---|---|
//! | [`transport`] | how to reach a model service: certificates, proxy, patience |
//! | [`connect`] | one connection: look-up, connect, tunnel, TLS |
//! | `exchange` | one request and its answer on a connection that may have been used before |
//! | [`http1`] | one exchange on it: request out, head and body in, bounded |
//! | [`stream`] | the bytes below it, secured or not |
//! | [`phases`] | how long each step took |
//! | [`target`] | which model, and the bytes of its request |
//! | [`answer`] | what came back, read once into one verdict |
//! | [`failure`] | the kinds of failure, and errors as sentences |
//! | [`call`] | one call from begin to end |
//! | [`caller`] | call after call on a kept connection, each with another request |
//! | `keeping` | whether a service keeps connections open |
//! | [`part`] | one of several equal parts of the work |
//! | [`code`] | a call as curl, Python and R, to copy |
//! | [`run`] | many of them: schedules, statistics, export |

pub mod answer;
pub mod call;
pub mod caller;
pub mod code;
pub mod connect;
mod exchange;
pub mod failure;
pub mod http1;
mod keeping;
mod message;
pub mod part;
pub mod phases;
pub mod run;
pub mod stream;
pub mod target;
pub mod transport;

pub use answer::{Answer, BodyKind};
pub use call::{CallResult, call};
pub use caller::{CallFailure, Called, Caller, Line, Reached};
pub use failure::{CallError, FailureKind, Phase};
pub use part::{NoPart, Part};
pub use phases::Phases;
pub use target::{ModelCallTarget, ModelRequest, shown_request};
pub use transport::{Transport, TransportOptions};
