//! A request of the API before it is sent.

use reqwest::{Method, Url};
use secrecy::zeroize::Zeroizing;
use serde::Serialize;

use super::Error;
use super::receive;

/// The identity that a request uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    Anonymous,
    ApiKey,
    LegacyKey,
}

/// A request before it is sent.
pub(super) struct ApiCall {
    pub(super) operation: &'static str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
    pub(super) who: As,
    pub(super) idempotent: bool,
    pub(super) limit: usize,
    /// What the JSON of its answer begins with.
    pub(super) opens: u8,
}

impl ApiCall {
    /// A request to `path` below `url`, whose segments are escaped one by one.
    pub(super) fn new(
        operation: &'static str,
        method: Method,
        mut url: Url,
        path: &[&str],
    ) -> Result<Self, Error> {
        {
            let no_base = || Error::invalid("the URL cannot carry a path", "give it as https://HOST");
            let mut segments = url.path_segments_mut().map_err(|()| no_base())?;
            segments.clear();
            for segment in path {
                // An empty or dotted segment would turn the path into that of another operation
                // (OBSERVED, cai-connector).
                if matches!(*segment, "" | "." | "..") {
                    let what = format!("{operation}: an identifier is empty or made of dots");
                    return Err(Error::invalid(what, "give the name or id as the lists show it"));
                }
                segments.push(segment);
            }
        }
        let idempotent = method == Method::GET;
        let (who, limit) = (As::ApiKey, receive::LARGEST);
        Ok(Self { operation, method, url, body: None, who, idempotent, limit, opens: b'{' })
    }

    pub(super) fn query(mut self, pairs: &[(&'static str, String)]) -> Self {
        if !pairs.is_empty() {
            self.url.query_pairs_mut().extend_pairs(pairs);
        }
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let written = serde_json::to_vec(body)
            .map_err(|error| Error::invalid(format!("{}: {error}", self.operation), ""))?;
        self.body = Some(Zeroizing::new(written));
        Ok(self)
    }

    pub(super) fn by(mut self, who: As) -> Self {
        self.who = who;
        self
    }

    /// Limits the answer to this many bytes.
    pub(super) fn up_to(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The answer is an array, as those of API v1 may be.
    pub(super) fn array(mut self) -> Self {
        self.opens = b'[';
        self
    }

    /// Marks a POST that changes nothing.
    pub(super) fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }
}
