//! The client of a Cloudera AI Workbench: API v2 and the little of v1 that has no v2 form.
//!
//! [`Client`] is cheap to clone and safe to share. Its methods are spread over one file per
//! resource (`keys`, `users`, `projects`, `models`, `site`); all of them go through `transport`,
//! which gives each request its timeout, bounds the answer and turns failures into an [`Error`].
//! Dropping the future of a call cancels it. This module knows neither its caller nor any screen.
//!
//! [`crate::probe`] makes the model calls, because it measures their phases.

mod address;
mod call;
mod changes;
mod clock;
mod error;
mod forward;
mod http;
mod keys;
mod list;
mod masked;
mod models;
mod no_proxy;
mod options;
mod page;
mod patience;
mod projects;
pub(crate) mod proxy;
mod receive;
mod refusal;
mod retry;
mod room;
mod sent;
mod site;
mod tls;
mod transport;
mod users;

pub(crate) use address::authority;
pub use address::{model_service_url, parse_url};
pub use changes::Changes;
pub use clock::ServerClock;
pub use error::{Error, Reason};
pub use forward::Forwarded;
pub(crate) use http::check_system_file;
pub use keys::NewKey;
pub use options::ClientOptions;
pub use page::{Page, PageQuery, Pages, all_pages};
pub use projects::ProjectScope;
pub use room::Room;
pub use sent::Sent;
pub use site::{OfferedOperation, Version, expiration_setting};
pub use tls::TlsReason;
pub use transport::{Answers, Client};
