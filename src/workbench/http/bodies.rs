//! The JSON bodies of requests, read tolerantly: unknown members are ignored, null counts as
//! absent, and no body at all is an empty object (OBSERVED: clients send none if nothing is
//! needed).

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::camel_case;
use super::choices::Choices;
use super::refusal::Refusal;
use crate::wire;
use crate::workbench::Workbench;
use crate::workbench::behaviour::{Why, inferred};

/// A message of the specification.
pub struct Json<T>(pub T);

/// Members whose names are not in the specification, as received.
pub struct Members(pub Map<String, Value>);

impl<T: DeserializeOwned> FromRequest<Workbench> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, workbench: &Workbench) -> Result<Self, Refusal> {
        let choices = Choices::of(request.extensions());
        let bytes = read(request, workbench).await?;
        let bytes = object(&bytes)?;
        if workbench.behaviour().rules.camel_case_bodies {
            let mut message: Map<String, Value> = serde_json::from_slice(bytes).map_err(malformed)?;
            if camel_case::snake_members(&mut message) {
                choices.note(inferred::CAMEL_CASE_BODIES);
                return wire::from_value(Value::Object(message)).map(Self).map_err(malformed);
            }
        }
        wire::from_slice(bytes).map(Self).map_err(malformed)
    }
}

impl FromRequest<Workbench> for Members {
    type Rejection = Refusal;

    async fn from_request(request: Request, workbench: &Workbench) -> Result<Self, Refusal> {
        let bytes = read(request, workbench).await?;
        serde_json::from_slice(object(&bytes)?).map(Self).map_err(malformed)
    }
}

/// Whether a body declares a larger size than this, so that it need not be sent.
pub fn is_announced_larger(body: &Body, limit: usize) -> bool {
    usize::try_from(body.size_hint().lower()).is_ok_and(|size| size > limit)
}

async fn read(request: Request, workbench: &Workbench) -> Result<Bytes, Refusal> {
    let limit = workbench.behaviour().limits.body_bytes;
    let too_large = || Refusal::new(Why::BodyTooLarge).with("limit", limit.to_string());
    if is_announced_larger(request.body(), limit) {
        return Err(too_large());
    }
    Bytes::from_request(request, workbench).await.map_err(|rejection| {
        match rejection.into_response().status().as_u16() {
            413 => too_large(),
            _ => Refusal::new(Why::MalformedBody).with("detail", "it was cut off"),
        }
    })
}

/// The bytes of the object in a body.
fn object(bytes: &[u8]) -> Result<&[u8], Refusal> {
    let text = bytes.trim_ascii();
    match text.first() {
        None => Ok(b"{}"),
        Some(b'{') => Ok(text),
        Some(_) => Err(malformed("it is not an object")),
    }
}

fn malformed(detail: impl std::fmt::Display) -> Refusal {
    Refusal::new(Why::MalformedBody).with("detail", detail.to_string())
}
