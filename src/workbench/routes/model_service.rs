//! The model service: `POST /model` in both documented forms.
//!
//! The hot path of the workbench. A call reads nothing from the store while that does not change,
//! the request goes to the replica as the text in which it came, and the response returns unparsed.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire;
use crate::workbench::Workbench;
use crate::workbench::behaviour::{Why, inferred};
use crate::workbench::http::bodies::{self, Unread};
use crate::workbench::http::choices::INFERRED_HEADER;
use crate::workbench::http::log::CallerName;
use crate::workbench::http::refusal::{self, Refusal};
use crate::workbench::http::request_body::RequestBody;
use crate::workbench::http::{auth, front};
use crate::workbench::lifecycle::deployments::DEPLOYED;
use crate::workbench::replicas::Outcome;
use crate::workbench::rights::{Right, Standing, allows};
use crate::workbench::store::keys::KeyOwner;
use crate::workbench::store::models::{self, Callable};

/// The body of both forms; form B has the access key in the query (OBSERVED).
#[derive(Deserialize)]
struct CallBody<'a> {
    #[serde(borrow, default, rename = "accessKey")]
    access_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    request: Option<&'a RawValue>,
}

/// The route.
pub async fn call(State(workbench): State<Workbench>, request: Request) -> Response {
    let (head, mut body) = request.into_parts();
    respond(&workbench, &head, &mut body).await
}

/// The same without the layers around routes, whose work it does itself.
pub fn call_directly(
    workbench: Workbench,
    request: hyper::Request<RequestBody>,
) -> impl Future<Output = Response> + Send {
    let (head, mut body) = request.into_parts();
    async move {
        let visit = workbench.access_log().enter(&head.method, &head.uri);
        let response = match front::check_head(&head) {
            Ok(()) => respond(&workbench, &head, &mut body).await,
            Err(refusal) => refusal.into_response(),
        };
        let mut response = refusal::render(&workbench, response);
        visit.leave(workbench.access_log(), &mut response);
        response
    }
}

async fn respond<B>(workbench: &Workbench, head: &Parts, body: &mut B) -> Response
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut caller = None;
    let mut response = answer(workbench, head, body, &mut caller).await.into_response();
    if let Some(caller) = caller.filter(|_| workbench.access_log().writes_lines()) {
        response.extensions_mut().insert(CallerName(caller.user.username.clone()));
    }
    response
}

/// The answer to a call. Sets `caller` as soon as it is known, for refused calls as well.
async fn answer<B>(
    workbench: &Workbench,
    head: &Parts,
    body: &mut B,
    caller: &mut Option<Arc<KeyOwner>>,
) -> Result<Response, Refusal>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let limit = workbench.behaviour().limits.model_body_bytes;
    let body = bodies::whole(body, limit).await.map_err(|unread| match unread {
        Unread::TooLarge => Refusal::new(Why::ModelTooLarge).with("limit", limit.to_string()),
        Unread::CutOff => Refusal::new(Why::ModelBadRequest).with("detail", "it was cut off"),
    })?;
    let call = read_call(&body)?;
    let from_query = head.uri.query().and_then(access_key_of_query);
    let access_key = from_query.or(call.access_key).filter(|key| !key.is_empty()).ok_or_else(|| {
        Refusal::new(Why::ModelBadRequest).with("detail", "accessKey is missing, in the body or in the query")
    })?;
    let callable = find(workbench, &access_key).await?;
    let resting_on =
        if callable.auth_enabled { admit(workbench, &head.headers, &callable, caller).await? } else { None };
    let deployment = match &callable.deployment {
        Some((id, status)) if status == DEPLOYED => id,
        Some((_, status)) => return Err(not_deployed(status)),
        None => return Err(not_deployed("not there")),
    };
    let outcome =
        workbench.lifecycle().replicas().call(deployment, call.request.unwrap_or(RawValue::NULL)).await;
    let mut response = answer_of(outcome)?;
    if let Some(name) = resting_on {
        response.headers_mut().append(INFERRED_HEADER, HeaderValue::from_static(name));
    }
    Ok(response)
}

fn read_call(body: &[u8]) -> Result<CallBody<'_>, Refusal> {
    let refused = |detail: String| Refusal::new(Why::ModelBadRequest).with("detail", detail);
    // The derived reader would also accept an array, member by member.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(refused("it is not an object".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| refused(error.to_string()))
}

fn access_key_of_query(query: &str) -> Option<Cow<'_, str>> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("accessKey="))?;
    Some(Cow::Borrowed(value))
}

async fn find(workbench: &Workbench, access_key: &str) -> Result<Arc<Callable>, Refusal> {
    let generation = workbench.store().generation();
    if let Some(callable) = workbench.callables().get(generation, access_key) {
        return Ok(callable);
    }
    let wanted = access_key.to_owned();
    let found = workbench.store().read(move |db| match models::callable(db, &wanted)? {
        Some(callable) => Ok(callable),
        None if models::was_deleted(db, &wanted)? => Err(Refusal::new(Why::ModelDeleted)),
        None => Err(Why::ModelUnknown.into()),
    });
    let callable = Arc::new(found.await?);
    workbench.callables().put(generation, access_key.to_owned(), Arc::clone(&callable));
    Ok(callable)
}

/// Whether the caller's key opens the model; returns the INFERRED choice that this depends on.
async fn admit(
    workbench: &Workbench,
    headers: &HeaderMap,
    callable: &Callable,
    caller: &mut Option<Arc<KeyOwner>>,
) -> Result<Option<&'static str>, Refusal> {
    let owner = auth::api_key_owner(workbench, headers).await.map_err(key_refused)?;
    let owner = caller.insert(owner);
    let opening = &workbench.behaviour().rules.model_call_audiences;
    if !owner.audiences.iter().any(|audience| opening.contains(audience)) {
        return Err(Why::ModelAudienceMismatch.into());
    }
    let standing =
        workbench.standing_of(&owner.user, callable.project_id, callable.owner_id, callable.public).await?;
    if !allows(standing, Right::Call, &workbench.behaviour().rules) {
        return Err(Why::ModelRefused.into());
    }
    Ok(match standing {
        Standing::SiteAdmin => Some(inferred::SITE_ADMINS_CALL_MODELS),
        Standing::Reader => Some(inferred::PUBLIC_READERS_CALL_MODELS),
        _ if !owner.audiences.iter().any(|audience| audience == wire::AUDIENCE_API) => {
            Some(inferred::MODEL_CALL_AUDIENCES)
        }
        _ => None,
    })
}

/// What is wrong with a key, in the form of the model service. Its other refusals are unchanged.
fn key_refused(refusal: Refusal) -> Refusal {
    match refusal.why {
        Why::MissingKey
        | Why::MissingScheme
        | Why::MalformedKey
        | Why::UnknownKey
        | Why::ExpiredKey
        | Why::ClosedAccount => Refusal::new(Why::ModelKeyRefused).with("detail", refusal.text()),
        _ => refusal,
    }
}

fn not_deployed(status: &str) -> Refusal {
    Refusal::new(Why::ModelNotDeployed).with("status", status)
}

fn answer_of(outcome: Outcome) -> Result<Response, Refusal> {
    let (replica, response) = match outcome {
        Outcome::Answered { replica, response } => (replica, response),
        Outcome::Raised { .. } => return Err(Why::ModelFailed.into()),
        Outcome::Died { .. } => return Err(Why::ModelShutDown.into()),
        Outcome::Busy => return Err(Why::ModelBusy.into()),
        Outcome::TimedOut { .. } => return Err(Why::ModelTimeout.into()),
        // It was stopped after the store was read.
        Outcome::NotRunning => return Err(not_deployed("stopping")),
    };
    // A replica's name contains nothing that JSON would have to escape.
    let parts = [r#"{"success":true,"response":"#, response.get(), r#","ReplicaID":""#, &replica, r#""}"#];
    let json = HeaderValue::from_static("application/json");
    let mut response = Response::new(Body::from(parts.concat()));
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Larger ones leave the fast path of the allocator, and every call makes one.
    #[test]
    fn a_call_is_small_in_memory() {
        fn size<A, B, F: Future>(_: impl Fn(A, B) -> F) -> usize {
            size_of::<F>()
        }
        assert!(size(call_directly) <= 1024, "{}", size(call_directly));
    }

    #[test]
    fn the_access_key_is_read_from_anywhere_in_the_query() {
        assert_eq!(access_key_of_query("a=b&accessKey=mx"), Some(Cow::Borrowed("mx")));
        assert_eq!(access_key_of_query("accesskey=mx"), None);
        assert_eq!(access_key_of_query(""), None);
    }
}
