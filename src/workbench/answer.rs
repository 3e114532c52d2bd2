//! What goes out when the workbench says yes, and how requests come in.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Workbench;
use super::behaviour::Why;
use super::refusal::Refusal;
use crate::wire;

/// Tells which choices of this emulator an answer rests on; see [`super::behaviour`].
pub const INFERRED_HEADER: HeaderName = HeaderName::from_static("x-keybench-inferred");

/// A 200 with a JSON body (SPEC: every success is a 200), and the choices that it rests on.
#[derive(Debug)]
pub struct Answer<T> {
    body: T,
    inferred: Vec<&'static str>,
}

impl<T> Answer<T> {
    pub fn new(body: T) -> Self {
        Self { body, inferred: Vec::new() }
    }

    /// The answer rests on this choice, a constant of [`super::behaviour::inferred`].
    pub fn inferred(mut self, name: &'static str) -> Self {
        self.inferred.push(name);
        self
    }

    /// The answer rests on these choices.
    pub fn inferred_all(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.inferred.extend(names);
        self
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

/// The JSON body of a request, read tolerantly: unknown members are ignored, null counts as absent,
/// and no body at all is an empty object (OBSERVED: clients send none where nothing is needed).
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Workbench> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, workbench: &Workbench) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request, workbench).await.map_err(|rejection| {
            match rejection.into_response().status().as_u16() {
                413 => Refusal::new(Why::BodyTooLarge)
                    .with("limit", workbench.behaviour().limits.body_bytes.to_string()),
                _ => Refusal::new(Why::MalformedBody).with("detail", "it was cut off"),
            }
        })?;
        parse(&bytes).map(Self)
    }
}

/// Reads a message from the bytes of a body.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let malformed = |detail: String| Refusal::new(Why::MalformedBody).with("detail", detail);
    let text = bytes.trim_ascii();
    let text: &[u8] = if text.is_empty() { b"{}" } else { text };
    if text[0] != b'{' {
        return Err(malformed("it is not an object".to_owned()));
    }
    wire::from_slice(text).map_err(|error| malformed(error.to_string()))
}
