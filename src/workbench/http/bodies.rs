//! The JSON bodies of requests, read tolerantly: unknown members are ignored, null counts as
//! absent, and no body at all is an empty object (OBSERVED: clients send none if nothing is
//! needed).

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use http_body_util::BodyExt as _;
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
                let bytes = serde_json::to_vec(&message).map_err(malformed)?;
                return wire::from_slice(&bytes).map(Self).map_err(malformed);
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
fn is_announced_larger(body: &impl HttpBody, limit: usize) -> bool {
    usize::try_from(body.size_hint().lower()).is_ok_and(|size| size > limit)
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is larger than the limit.
    TooLarge,
    /// It did not arrive, or not in time.
    CutOff,
}

/// A body of at most `limit` bytes. One that arrived in one piece is not copied.
pub async fn whole<B>(mut body: B, limit: usize) -> Result<Bytes, Unread>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    if is_announced_larger(&body, limit) {
        return Err(Unread::TooLarge);
    }
    let mut first = Bytes::new();
    let mut more = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| Unread::CutOff)?.into_data() else { continue };
        if first.len() + more.len() + piece.len() > limit {
            return Err(Unread::TooLarge);
        }
        if first.is_empty() {
            first = piece;
        } else {
            more.extend_from_slice(&piece);
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(if more.is_empty() { first } else { [first.as_ref(), &more].concat().into() })
}

async fn read(request: Request, workbench: &Workbench) -> Result<Bytes, Refusal> {
    let limit = workbench.behaviour().limits.body_bytes;
    whole(request.into_body(), limit).await.map_err(|unread| match unread {
        Unread::TooLarge => Refusal::new(Why::BodyTooLarge).with("limit", limit.to_string()),
        Unread::CutOff => malformed("it was cut off"),
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
