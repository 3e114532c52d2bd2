//! `GET /api/v2/python.tar.gz`: the Python package `cmlapi`, which `pip install` downloads from
//! this address (DOCS, ml-api-v2; no key needed). Consists of the files below and the served
//! specification, from which the package generates its classes and methods when it is imported.

use std::io;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::workbench::behaviour::Why;
use crate::workbench::http::operations;
use crate::workbench::http::refusal::Refusal;

macro_rules! package {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../assets/cmlapi/", $name)))),+]
    };
}

const FILES: [(&str, &str); 11] = package![
    "pyproject.toml",
    "build_backend.py",
    "cmlapi/__init__.py",
    "cmlapi/_naming.py",
    "cmlapi/api/__init__.py",
    "cmlapi/api/cml_service_api.py",
    "cmlapi/api_client.py",
    "cmlapi/configuration.py",
    "cmlapi/models/__init__.py",
    "cmlapi/rest.py",
    "cmlapi/utils.py",
];

/// The same bytes for the same program: built once, without a clock.
static ARCHIVE: LazyLock<io::Result<Vec<u8>>> =
    LazyLock::new(|| pack(&operations::specification(super::served())));

pub async fn archive() -> Response {
    match &*ARCHIVE {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/gzip")], bytes.as_slice()).into_response(),
        Err(error) => {
            tracing::error!(%error, "the Python client cannot be packed");
            Refusal::new(Why::Internal).into_response()
        }
    }
}

fn pack(specification: &Value) -> io::Result<Vec<u8>> {
    let version = specification["info"]["version"].as_str().unwrap_or_default();
    let document = serde_json::to_string(specification)?;
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, text) in FILES.into_iter().chain([("cmlapi/swagger.json", document.as_str())]) {
        let mut head = tar::Header::new_gnu();
        head.set_size(text.len() as u64);
        head.set_mode(0o644);
        archive.append_data(&mut head, format!("cmlapi-{version}/{name}"), text.as_bytes())?;
    }
    archive.into_inner()?.finish()
}
