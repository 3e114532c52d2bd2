//! The layer before the API's routes: writes the journal and applies faults.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;

use super::Control;
use super::faults::Act;
use super::journal::Entry;
use super::masks;
use super::seen::Seen;
use crate::workbench::behaviour::Why;
use crate::workbench::http::front::CutOff;
use crate::workbench::http::log::REQUEST_ID;
use crate::workbench::lifecycle::Doom;

/// Bytes of a body that are read before the request is examined: more than any route accepts.
const BODY: usize = 8 << 20;
/// Bytes of a body that the journal stores.
const KEPT: usize = 64 << 10;

/// The layer.
pub async fn act(State(control): State<Control>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (known, body) = read(body).await;
    let workbench = control.workbench();
    let seen = Seen::of(workbench, &parts.method, &parts.uri, &parts.headers, &known).await;
    let fault = control.faults().meet(&seen);
    let entry = Entry {
        time: workbench.now(),
        seen,
        status: None,
        fault: fault.as_ref().map(|(id, _)| *id),
        request: kept(&known),
    };
    let number = control.journal().write(entry);
    let request = Request::from_parts(parts, body);
    let mut response = match fault {
        None => next.run(request).await,
        Some((_, act)) => meet(&control, act, request, next, number).await,
    };
    if response.extensions().get::<CutOff>().is_none() {
        control.journal().ended(number, response.status().as_u16());
    }
    // A fault's answer never passed the layer that adds IDs.
    if !response.headers().contains_key(REQUEST_ID)
        && let Ok(id) = HeaderValue::try_from(workbench.access_log().next_id())
    {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let now = workbench.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(now) = HeaderValue::try_from(now) {
        response.headers_mut().insert(header::DATE, now);
    }
    response
}

async fn meet(control: &Control, act: Act, request: Request, next: Next, number: u64) -> Response {
    match act {
        Act::Answer { status, body, content_type } => answer(status, &content_type, body),
        Act::Busy => {
            let behaviour = control.workbench().behaviour();
            let (status, body) = behaviour.render(Why::ModelBusy, &[]);
            let mut response = answer(status, "", body.clone());
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, behaviour.content_type(Why::ModelBusy, &body));
            response
        }
        Act::Delay(time) => {
            control.ending().run_until_cancelled(tokio::time::sleep(time)).await;
            next.run(request).await
        }
        Act::Reset => cut_off(),
        Act::ResetAfter => {
            let done = next.run(request).await;
            control.journal().ended(number, done.status().as_u16());
            cut_off()
        }
        Act::Html(status) => {
            let reason =
                StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason()).unwrap_or_default();
            let page = format!(
                "<html>\n<head><title>{status} {reason}</title></head>\n<body><h1>{status} {reason}</h1></body>\n</html>\n"
            );
            answer(status, "text/html", page)
        }
        Act::Truncate(size) => truncated(next.run(request).await, size).await,
        Act::Fail(reason) => {
            let mut request = request;
            request.extensions_mut().insert(Doom(reason));
            next.run(request).await
        }
        Act::Stall => {
            control.ending().cancelled().await;
            cut_off()
        }
    }
}

fn answer(status: u16, content_type: &str, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::from_str(content_type).unwrap_or(HeaderValue::from_static("text/plain"));
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

fn cut_off() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(CutOff);
    response
}

/// The answer, announced in full, of which this many bytes are sent.
async fn truncated(response: Response, size: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = axum::body::to_bytes(body, usize::MAX).await else { return cut_off() };
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    if size >= whole.len() {
        return Response::from_parts(parts, Body::from(whole));
    }
    let begun = stream::once(std::future::ready(Ok(whole.slice(..size))));
    let broken = stream::once(async {
        // Lets what was sent arrive before the connection breaks.
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    Response::from_parts(parts, Body::from_stream(begun.chain(broken)))
}

/// Reads a body as far as needed here, and returns the whole body.
async fn read(body: Body) -> (Bytes, Body) {
    let mut incoming = body.into_data_stream();
    let mut pieces: Vec<Result<Bytes, axum::Error>> = Vec::new();
    let mut known = Vec::new();
    while known.len() <= BODY {
        match incoming.next().await {
            Some(Ok(piece)) => {
                known.extend_from_slice(&piece);
                pieces.push(Ok(piece));
            }
            Some(Err(error)) => {
                pieces.push(Err(error));
                break;
            }
            None => return (known.clone().into(), Body::from(known)),
        }
    }
    (known.into(), Body::from_stream(stream::iter(pieces).chain(incoming)))
}

fn kept(body: &[u8]) -> Option<Value> {
    if body.len() > KEPT {
        return None;
    }
    let mut value: Value = serde_json::from_slice(body).ok()?;
    masks::value(&mut value);
    Some(value)
}
