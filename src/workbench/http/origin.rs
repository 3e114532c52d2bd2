//! The address that a client used: links in answers point back to it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::http::uri::Authority;

use crate::workbench::Workbench;

/// `http://HOST:PORT` from the request, else the workbench's own.
#[derive(Debug, Clone)]
pub struct Origin(pub String);

impl FromRequestParts<Workbench> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, workbench: &Workbench) -> Result<Self, Infallible> {
        if workbench.is_named() {
            return Ok(Self(workbench.url().to_owned()));
        }
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        let (scheme, own) = workbench.url().split_once("://").unwrap_or(("http", workbench.url()));
        Ok(Self(format!("{scheme}://{}", authority.as_ref().map_or(own, Authority::as_str))))
    }
}
