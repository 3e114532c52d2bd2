//! How long each phase of a call took.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::Phase;

/// How long each phase took; `None` for one that did not happen or did not finish.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// Resolving the name; zero for an address.
    pub lookup: Option<Duration>,
    /// TCP, and the tunnel of a proxy.
    pub connect: Option<Duration>,
    pub tls: Option<Duration>,
    /// From the first byte of the request to the last of the answer's head.
    pub waiting: Option<Duration>,
    pub body: Option<Duration>,
}

impl Phases {
    /// In order, with the name of each.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Option<Duration>)> {
        [
            ("look-up", self.lookup),
            ("connect", self.connect),
            ("TLS", self.tls),
            ("waiting", self.waiting),
            ("body", self.body),
        ]
        .into_iter()
    }

    /// The phase that a call is in.
    pub(super) fn current(&self, https: bool) -> Phase {
        match () {
            () if self.lookup.is_none() => Phase::Lookup,
            () if self.connect.is_none() => Phase::Connect,
            () if https && self.tls.is_none() => Phase::Tls,
            () if self.waiting.is_none() => Phase::Waiting,
            () => Phase::Body,
        }
    }
}
