//! The choices of this emulator that an answer depends on, for the header `X-Keybench-Inferred`:
//! all of them, in one line, from every layer.
//!
//! A handler adds the header to its answer; layers before the handlers record their choices in the
//! request, so that refusals list them as well.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::http::{Extensions, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// Names of choices, separated by commas; see [`crate::workbench::behaviour`].
pub const INFERRED_HEADER: HeaderName = HeaderName::from_static("x-keybench-inferred");

/// The choices made before the handler.
#[derive(Debug, Clone, Default)]
pub struct Choices(Arc<Mutex<Vec<&'static str>>>);

impl Choices {
    /// The choices recorded in a request.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    /// Records that reading the request depends on a choice, a constant of
    /// [`crate::workbench::behaviour::inferred`].
    pub fn note(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(name);
    }
}

/// The layer that adds the header.
pub async fn tell(mut request: Request, next: Next) -> Response {
    let noted = Choices::default();
    request.extensions_mut().insert(noted.clone());
    let mut response = next.run(request).await;
    let noted = std::mem::take(&mut *noted.0.lock().unwrap_or_else(PoisonError::into_inner));
    let headers = response.headers_mut();
    if noted.is_empty() && !headers.contains_key(INFERRED_HEADER) {
        return response;
    }
    let inferred = headers.get_all(INFERRED_HEADER).iter().filter_map(|value| value.to_str().ok());
    let mut names: Vec<&str> = Vec::new();
    for name in noted.into_iter().chain(inferred) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if let Ok(line) = HeaderValue::try_from(names.join(", ")) {
        headers.insert(INFERRED_HEADER, line);
    }
    response
}
