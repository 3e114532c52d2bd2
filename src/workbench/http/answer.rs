//! Successful answers of the workbench.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::choices::INFERRED_HEADER;
use super::refusal::Refusal;
use crate::wire;
use crate::workbench::behaviour::Why;

/// A 200 with a JSON body (SPEC: every success is a 200), and the choices that it depends on.
#[derive(Debug)]
pub struct Answer<T> {
    body: T,
    inferred: Vec<&'static str>,
}

impl<T> Answer<T> {
    pub fn new(body: T) -> Self {
        Self { body, inferred: Vec::new() }
    }

    /// Adds a choice that the answer depends on, a constant of
    /// [`crate::workbench::behaviour::inferred`].
    pub fn inferred(mut self, name: &'static str) -> Self {
        self.inferred.push(name);
        self
    }

    /// Adds choices that the answer depends on.
    pub fn inferred_all(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.inferred.extend(names);
        self
    }
}

impl<T> Answer<T> {
    /// The same answer with another body.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { body: change(self.body), inferred: self.inferred }
    }
}

/// The empty answer to deletions and additions.
pub fn done() -> Answer<wire::Empty> {
    Answer::new(wire::Empty {})
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let Ok(body) = serde_json::to_vec(&self.body) else {
            return Refusal::new(Why::Internal).into_response();
        };
        let mut response = body.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for name in self.inferred {
            headers.append(INFERRED_HEADER, HeaderValue::from_static(name));
        }
        response
    }
}
