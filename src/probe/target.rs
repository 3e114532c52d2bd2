//! The model to call, the request, and the bytes on the wire.

use std::fmt;

use hyper::Uri;
use secrecy::zeroize::Zeroizing;
use serde::de::IgnoredAny;

use super::failure::CallError;
use super::transport::Proxy;
use crate::api::authority;
use crate::secret::ApiKey;

/// Where a model answers.
#[derive(Clone, PartialEq, Eq)]
pub struct ModelCallTarget {
    /// URL of the model service, `https://modelservice.HOST/model`.
    pub url: String,
    /// Names the model. An address, not a secret from collaborators, but still kept out of logs.
    pub access_key: String,
}

impl fmt::Debug for ModelCallTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelCallTarget").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The JSON for a model, as it was typed: numbers keep their digits, members their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRequest(String);

impl ModelRequest {
    /// # Errors
    /// [`CallError::Invalid`] with line and column if `text` is not JSON.
    pub fn parse(text: &str) -> Result<Self, CallError> {
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Ok(Self(text.trim().to_owned())),
            Err(error) => {
                let hint = "write JSON, such as {\"a\": 3, \"b\": 5}";
                Err(CallError::invalid(format!("the request is not JSON: {error}"), hint))
            }
        }
    }

    /// A text that is known to be JSON.
    pub(crate) fn trusted(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&serde_json::Value> for ModelRequest {
    fn from(value: &serde_json::Value) -> Self {
        Self(value.to_string())
    }
}

/// The parts of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub uri: Uri,
    pub https: bool,
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
}

impl Endpoint {
    pub fn parse(url: &str) -> Result<Self, CallError> {
        let invalid = |why: &str| {
            CallError::invalid(
                format!("the URL of the model service cannot be used: {why}"),
                "write it as https://modelservice.HOST/model (--model-url)",
            )
        };
        let uri: Uri = url.trim().parse().map_err(|_| invalid("it is not a URL"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid("it must begin with http:// or https://")),
        };
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(invalid("it holds a user or a password"));
        }
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(invalid("it names no host"));
        }
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        Ok(Self { uri, https, host, port })
    }

    /// For messages: an IPv6 address in brackets.
    pub fn shown_host(&self) -> String {
        self.uri.host().unwrap_or_default().to_owned()
    }

    /// `HOST:PORT`, for `CONNECT`.
    pub fn host_and_port(&self) -> String {
        authority(&self.host, self.port)
    }
}

/// The request as sent, in one piece. Contains the key: wiped when dropped.
pub(crate) struct WireRequest {
    bytes: Zeroizing<Vec<u8>>,
}

impl WireRequest {
    /// Form A of a model call: `{"accessKey":…,"request":…}` (DOCS, ml-calling-a-model), the key
    /// as Bearer (DOCS, ml-model-api-key-for-models).
    pub fn new(
        endpoint: &Endpoint,
        access_key: &str,
        key: Option<&ApiKey>,
        request: &ModelRequest,
        proxy: Option<&Proxy>,
    ) -> Result<Self, CallError> {
        let key = key.map(ApiKey::expose);
        if key.is_some_and(|key| key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(CallError::invalid(
                "the API key has characters that no header may hold",
                "copy the key again as a whole",
            ));
        }
        // The capacity is sufficient: growing would leave copies of the key behind.
        let room = 2048 + endpoint.uri.to_string().len() * 2 + access_key.len() * 6 + request.0.len();
        let mut bytes = Zeroizing::new(Vec::<u8>::with_capacity(room));
        write(endpoint, access_key, key, request, proxy, |piece| bytes.extend_from_slice(piece.as_bytes()));
        Ok(Self { bytes })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The request of a direct call as sent, for display: with the key masked.
///
/// # Errors
/// [`CallError::Invalid`] if the target is not a URL.
pub fn shown_request(
    target: &ModelCallTarget,
    key: Option<&ApiKey>,
    request: &ModelRequest,
) -> Result<String, CallError> {
    let endpoint = Endpoint::parse(&target.url)?;
    let masked = key.map(ApiKey::masked);
    let mut text = String::new();
    write(&endpoint, &target.access_key, masked.as_deref(), request, None, |piece| text.push_str(piece));
    Ok(text.replace("\r\n", "\n"))
}

/// Passes the pieces of a request to `put`, in order.
fn write(
    endpoint: &Endpoint,
    access_key: &str,
    key: Option<&str>,
    request: &ModelRequest,
    proxy: Option<&Proxy>,
    mut put: impl FnMut(&str),
) {
    let path = endpoint.uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = endpoint.uri.authority().map_or("", |authority| authority.as_str());
    // Plain HTTP through a proxy names the whole URL; HTTPS goes through a tunnel.
    let forwarding = proxy.filter(|_| !endpoint.https);
    put("POST ");
    if forwarding.is_some() {
        put("http://");
        put(authority);
    }
    put(path);
    put(" HTTP/1.1\r\nHost: ");
    put(authority);
    put("\r\nUser-Agent: keybench/");
    put(env!("CARGO_PKG_VERSION"));
    put("\r\nAccept: application/json\r\nContent-Type: application/json\r\n");
    if let Some(key) = key {
        put("Authorization: Bearer ");
        put(key);
        put("\r\n");
    }
    if let Some(authorization) = forwarding.and_then(|proxy| proxy.authorization.as_ref()) {
        put("Proxy-Authorization: ");
        put(authorization);
        put("\r\n");
    }
    let access_key = serde_json::Value::from(access_key).to_string();
    let (open, middle, close) = ("{\"accessKey\":", ",\"request\":", "}");
    let length = open.len() + access_key.len() + middle.len() + request.0.len() + close.len();
    put(&format!("Content-Length: {length}\r\n\r\n"));
    for piece in [open, &access_key, middle, &request.0, close] {
        put(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_form_a_with_the_key_as_bearer() {
        let endpoint = Endpoint::parse("https://modelservice.ml.example.com/model").unwrap();
        let request = ModelRequest::parse(" {\"a\": 3.10, \"b\": 12345678901234567890123} \n").unwrap();
        let key = ApiKey::from_workbench("k.k");
        let wire = WireRequest::new(&endpoint, "m\"1", Some(&key), &request, None).unwrap();
        let text = String::from_utf8(wire.bytes().to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(
            body,
            "{\"accessKey\":\"m\\\"1\",\"request\":{\"a\": 3.10, \"b\": 12345678901234567890123}}"
        );
        assert!(head.starts_with("POST /model HTTP/1.1\r\nHost: modelservice.ml.example.com\r\n"), "{head}");
        assert!(head.contains("\r\nAuthorization: Bearer k.k\r\n"), "{head}");
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
    }

    #[test]
    fn the_request_is_shown_without_the_key() {
        let target = ModelCallTarget { url: "http://127.0.0.1:8642/model".into(), access_key: "m1".into() };
        let key = ApiKey::from_workbench("0a0a.9f0a");
        let shown = shown_request(&target, Some(&key), &ModelRequest::parse("{}").unwrap()).unwrap();
        assert!(shown.contains("Authorization: Bearer ••••9f0a\n") && !shown.contains("0a0a."), "{shown}");
    }

    #[test]
    fn a_key_cannot_smuggle_a_header() {
        let endpoint = Endpoint::parse("http://h/model").unwrap();
        let request = ModelRequest::parse("{}").unwrap();
        for text in ["", "a\r\nX: y", "a b", "ключ"] {
            let key = ApiKey::from_workbench(text);
            assert!(WireRequest::new(&endpoint, "m", Some(&key), &request, None).is_err(), "{text:?}");
        }
    }

    #[test]
    fn urls_that_cannot_work_are_refused_with_a_reason() {
        for (url, why) in [
            ("", "not a URL"),
            ("/model", "begin with http"),
            ("ftp://h/model", "begin with http"),
            ("http://u:p@h/model", "password"),
            ("https://exa mple/model", "not a URL"),
        ] {
            let error = Endpoint::parse(url).unwrap_err();
            assert!(error.to_string().contains(why), "{url}: {error}");
        }
        let endpoint = Endpoint::parse("http://[::1]:8642/model").unwrap();
        assert_eq!((endpoint.host.as_str(), endpoint.host_and_port().as_str()), ("::1", "[::1]:8642"));
        assert_eq!(endpoint.shown_host(), "[::1]");
    }

    #[test]
    fn bad_json_is_refused_with_its_place() {
        let error = ModelRequest::parse("{\"a\": 3,\n \"b\" 5}").unwrap_err();
        assert!(error.to_string().contains("line 2 column 6"), "{error}");
    }
}
