//! The calls of the control listener.

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Control;
use super::faults::{Act, BEGINNING, Fault, On};
use super::journal::Selection;
use super::seen::CALL_MODEL;
use super::states::StateError;
use crate::workbench::http::operations;
use crate::workbench::routes;
use crate::workbench::store::{keys, models, users};

/// A refused call, with a sentence.
pub struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

fn wrong(sentence: impl Into<String>) -> Refused {
    Refused(StatusCode::BAD_REQUEST, sentence.into())
}

impl From<StateError> for Refused {
    fn from(error: StateError) -> Self {
        let status = match error {
            StateError::Name | StateError::TooMany => StatusCode::BAD_REQUEST,
            StateError::Unknown(_) => StatusCode::NOT_FOUND,
            StateError::File { .. } | StateError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

/// The router; every call needs the token.
pub fn router(control: Control) -> Router {
    let nothing = || async { Refused(StatusCode::NOT_FOUND, "there is no such control call".to_owned()) };
    let other = || async {
        Refused(StatusCode::METHOD_NOT_ALLOWED, "this control call has another method".to_owned())
    };
    Router::new()
        .route("/ready", get(ready))
        .route("/faults", post(add_fault).get(faults).delete(clear_faults))
        .route("/faults/{id}", delete(remove_fault))
        .route("/requests", get(requests))
        .route("/requests/count", get(count))
        .route("/clock", get(clock).put(set_clock))
        .route("/reset", post(reset))
        .route("/snapshots/{name}", put(keep))
        .route("/snapshots/{name}/restore", post(restore))
        .method_not_allowed_fallback(other)
        .fallback(nothing)
        .layer(from_fn_with_state(control.clone(), with_token))
        .with_state(control)
}

/// Compares hashes, so that the time it takes reveals nothing.
async fn with_token(State(control): State<Control>, request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(|text| text.to_str().ok());
    let sent = sent.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    if keys::hash(sent.trim()) != *control.token_hash() {
        let mut refused = Refused(
            StatusCode::UNAUTHORIZED,
            "send the token of the ready line as Authorization: Bearer TOKEN".to_owned(),
        )
        .into_response();
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return refused;
    }
    next.run(request).await
}

async fn ready(State(control): State<Control>) -> Response {
    let ready = control.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": ready}))).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    #[serde(default)]
    on: On,
    times: Option<u64>,
    r#do: Map<String, Value>,
}

async fn add_fault(State(control): State<Control>, body: String) -> Result<Json<Value>, Refused> {
    let fault: NewFault = serde_json::from_str(&body).map_err(|error| wrong(error.to_string()))?;
    let act = Act::read(&fault.r#do).map_err(wrong)?;
    if fault.times == Some(0) {
        return Err(wrong("times: it must be at least 1"));
    }
    if let Act::Fail(_) = act
        && !fault.on.operation.as_deref().is_some_and(|name| BEGINNING.contains(&name))
    {
        return Err(wrong(format!("do: fail needs on.operation, one of {}", BEGINNING.join(", "))));
    }
    check(&control, &fault.on).await?;
    Ok(Json(json!({"id": control.faults().add(fault.on, fault.r#do, act, fault.times)})))
}

/// A fault on something that does not exist would never act, and the test would not show why.
async fn check(control: &Control, on: &On) -> Result<(), Refused> {
    if let Some(name) = &on.operation
        && name != CALL_MODEL
        && operations::named(name).is_none()
    {
        return Err(wrong(format!("on: there is no operation {name}")));
    }
    if let Some(method) = &on.method
        && !["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
            .contains(&method.to_uppercase().as_str())
    {
        return Err(wrong(format!("on: there is no method {method}")));
    }
    if on.path.as_ref().is_some_and(|path| !path.starts_with('/')) {
        return Err(wrong("on: path must begin with /"));
    }
    if let Some(path) = &on.path
        && !routes::may_begin(path)
        && !operations::may_begin(path)
    {
        return Err(wrong(format!("on: no path begins with {path}")));
    }
    let (model, user) = (on.model.clone(), on.user.clone());
    let missing =
        control.workbench().store().read(move |db| -> Result<_, crate::workbench::store::StoreError> {
            if let Some(model) = model {
                let (project, name) = model.split_once('/').unwrap_or((&model, ""));
                if !models::is_named(db, project, name)? {
                    return Ok(Some(format!("on: there is no model {model}")));
                }
            }
            match user {
                Some(user) if users::by_username(db, &user)?.is_none() => {
                    Ok(Some(format!("on: there is no user {user}")))
                }
                _ => Ok(None),
            }
        });
    match missing.await.map_err(StateError::from)? {
        Some(sentence) => Err(wrong(sentence)),
        None => Ok(()),
    }
}

async fn faults(State(control): State<Control>) -> Json<Vec<Fault>> {
    Json(control.faults().all())
}

async fn clear_faults(State(control): State<Control>) -> Json<Value> {
    control.faults().clear();
    Json(json!({}))
}

async fn remove_fault(
    State(control): State<Control>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    match id.parse() {
        Ok(id) if control.faults().remove(id) => Ok(Json(json!({}))),
        _ => Err(Refused(StatusCode::NOT_FOUND, format!("there is no fault {id}"))),
    }
}

type Asked = Result<Query<Selection>, axum::extract::rejection::QueryRejection>;

async fn requests(State(control): State<Control>, selection: Asked) -> Result<Json<Value>, Refused> {
    let Query(selection) = selection.map_err(|rejection| wrong(rejection.body_text()))?;
    Ok(Json(json!(control.journal().select(&selection))))
}

async fn count(State(control): State<Control>, selection: Asked) -> Result<Json<Value>, Refused> {
    let Query(selection) = selection.map_err(|rejection| wrong(rejection.body_text()))?;
    Ok(Json(json!({"count": control.journal().count(&selection)})))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Move {
    advance: Option<String>,
    set: Option<Timestamp>,
}

async fn clock(State(control): State<Control>) -> Json<Value> {
    let clock = control.clock();
    Json(json!({"now": clock.now(), "ahead_seconds": clock.ahead().as_secs()}))
}

async fn set_clock(State(control): State<Control>, body: String) -> Result<Json<Value>, Refused> {
    let wish: Move = serde_json::from_str(&body).map_err(|error| wrong(error.to_string()))?;
    let clock = control.clock();
    let by = match wish {
        Move { advance: Some(text), set: None } => length(&text).ok_or_else(|| {
            wrong(format!("advance: {text:?} is not a length of time; write 366d, 12h or 30s"))
        })?,
        Move { advance: None, set: Some(to) } => to.duration_since(clock.now()),
        _ => return Err(wrong("write advance, or set")),
    };
    let ahead = clock.ahead().checked_add(by).filter(|ahead| Timestamp::now().checked_add(*ahead).is_ok());
    clock.put_ahead(ahead.ok_or_else(|| wrong("the clock does not go that far"))?);
    Ok(self::clock(State(control)).await)
}

fn length(text: &str) -> Option<SignedDuration> {
    let span: Span = text.trim().parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

async fn reset(State(control): State<Control>) -> Result<Json<Value>, Refused> {
    control.reset().await?;
    Ok(Json(json!({})))
}

async fn keep(State(control): State<Control>, Path(name): Path<String>) -> Result<Json<Value>, Refused> {
    control.states().keep(control.workbench(), &name).await?;
    Ok(Json(json!({})))
}

async fn restore(State(control): State<Control>, Path(name): Path<String>) -> Result<Json<Value>, Refused> {
    control.states().restore(control.workbench(), &name).await?;
    Ok(Json(json!({})))
}
