//! A refusal: its reason, and the values for its text. The outermost layer turns it into status and
//! body by the [`Behaviour`], so that no handler knows the form.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::choices::INFERRED_HEADER;
use crate::workbench::Workbench;
use crate::workbench::behaviour::{self, Sure, Why};
use crate::workbench::store::StoreError;

/// The workbench refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub why: Why,
    values: Vec<(&'static str, String)>,
}

impl Refusal {
    pub fn new(why: Why) -> Self {
        Self { why, values: Vec::new() }
    }

    /// Sets one of the values in the text of the refusal.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, value.into()));
        self
    }
}

impl Refusal {
    /// Its text, unless a behaviour file overrides it.
    pub fn text(&self) -> String {
        behaviour::fill(self.why.form().text, &self.values)
    }
}

/// `name` is not valid.
pub fn bad_value(name: &str, detail: impl Into<String>) -> Refusal {
    Refusal::new(Why::BadValue).with("name", name).with("detail", detail)
}

/// No user has this name or number.
pub fn unknown_user(user: &str) -> Refusal {
    Refusal::new(Why::UnknownUser).with("user", user)
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        Self::new(why)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if error.is_orphan() {
            // The row that this one belongs to was deleted between the check and the change.
            return Self::new(Why::HiddenProject).with("project", "any more");
        }
        tracing::error!(%error, "the store failed");
        if error.is_full() {
            return Self::new(Why::StoreFull);
        }
        Self::new(Why::StoreFailed)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The layer of [`render`].
pub async fn rendered(State(workbench): State<Workbench>, response: Response) -> Response {
    render(&workbench, response)
}

/// Turns a refusal into its answer.
pub fn render(workbench: &Workbench, mut response: Response) -> Response {
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else { return response };
    let (status, body) = workbench.behaviour().render(refusal.why, &refusal.values);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = workbench.behaviour().content_type(refusal.why, &body);
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, kind);
    if refusal.why.form().sure == Sure::Inferred {
        headers.append(INFERRED_HEADER, HeaderValue::from_static(refusal.why.form().name));
    }
    response
}
