//! One way for every request: authorisation, timeout, bounded body, classification, retries.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, Url};
use secrecy::zeroize::Zeroizing;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;
use super::address::{model_service_url, parse_model_url, parse_url};
use super::error::shown;
use super::http::Http;
use super::options::ClientOptions;
use super::retry::Budget;
use crate::secret::{ApiKey, LegacyKey};
use crate::wire::{self, RuntimeError};

/// No message of a failure is larger, in bytes.
const FAILURE_LIMIT: usize = 64 << 10;
/// Largest answer that is read, in bytes, unless a call says otherwise.
const BODY_LIMIT: usize = 16 << 20;

/// A client of one workbench, as one user. Clones share connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    key: Option<ApiKey>,
}

struct Shared {
    http: Http,
    base: Url,
    url: String,
    model_url: String,
    options: ClientOptions,
    budget: Budget,
    answers: Mutex<Answers>,
}

/// What the workbench answered so far, to whichever clone of a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// Requests that got an answer of the API, be it a refusal.
    pub count: u64,
    /// How long the last of these took, from its start to the end of its body.
    pub last: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.shared.url).finish_non_exhaustive()
    }
}

/// Who a request claims to come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    Nobody,
    ApiKey,
    LegacyKey,
}

/// A request before it is sent.
pub(super) struct Call {
    operation: &'static str,
    method: Method,
    url: Url,
    body: Option<Zeroizing<Vec<u8>>>,
    who: As,
    idempotent: bool,
    limit: usize,
}

impl Client {
    /// # Errors
    /// [`Error::Invalid`] for a URL, a certificate file or a proxy that cannot be used.
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        let url = parse_url(&options.url)?;
        let base = Url::parse(&url).map_err(|_| Error::invalid("the URL cannot be read", ""))?;
        let model_url = match &options.model_url {
            Some(given) => parse_model_url(given)?,
            None => model_service_url(&url),
        };
        let http = Http::new(&options, &base)?;
        let key = options.key.clone();
        let (budget, answers) = (Budget::default(), Mutex::default());
        let shared = Shared { http, base, url, model_url, options, budget, answers };
        Ok(Self { shared: Arc::new(shared), key })
    }

    /// The same workbench as the owner of `key`.
    pub fn with_key(&self, key: ApiKey) -> Self {
        Self { shared: Arc::clone(&self.shared), key: Some(key) }
    }

    /// The workbench's origin, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The model service's URL, path included.
    pub fn model_url(&self) -> &str {
        &self.shared.model_url
    }

    /// The key that requests are signed with.
    pub fn key(&self) -> Option<&ApiKey> {
        self.key.as_ref()
    }

    /// What the client was made from, for connections of the model test engine.
    pub fn options(&self) -> &ClientOptions {
        &self.shared.options
    }

    /// How many answers there were, and how long the last one took.
    pub fn answers(&self) -> Answers {
        *self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_answer(&self, took: Duration) {
        let mut answers = self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers = Answers { count: answers.count + 1, last: took };
    }

    pub(super) fn has_legacy_key(&self) -> bool {
        self.shared.options.legacy_key.is_some()
    }

    /// A request to `path`, whose segments are escaped one by one.
    pub(super) fn call(&self, operation: &'static str, method: Method, path: &[&str]) -> Result<Call, Error> {
        let mut url = self.shared.base.clone();
        {
            let no_base = || Error::invalid("the URL cannot carry a path", "give it as https://HOST");
            let mut segments = url.path_segments_mut().map_err(|()| no_base())?;
            segments.clear();
            for segment in path {
                // An empty or dotted segment would turn the path into that of another operation
                // (OBSERVED, cai-connector).
                if matches!(*segment, "" | "." | "..") {
                    let what = format!("{operation}: an identifier is empty or made of dots");
                    return Err(Error::invalid(what, "give the name or id as the lists show it"));
                }
                segments.push(segment);
            }
        }
        let idempotent = method == Method::GET;
        Ok(Call { operation, method, url, body: None, who: As::ApiKey, idempotent, limit: BODY_LIMIT })
    }

    /// Sends `call` and reads its answer as JSON.
    pub(super) async fn send<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let operation = call.operation;
        let body = self.send_for_bytes(call).await?;
        let bad = |detail: String| Error::BadAnswer { operation, detail };
        match body.iter().find(|b| !b.is_ascii_whitespace()) {
            Some(b'{') => {}
            Some(_) => return Err(bad("it is no JSON object".to_owned())),
            None => return Err(bad("it is empty".to_owned())),
        }
        // No message but that of a failure has a member `error` (SPEC), whatever the status says.
        if body.len() <= FAILURE_LIMIT
            && let Ok(RuntimeError { error, .. }) = wire::from_slice(&body)
            && !error.is_empty()
        {
            return Err(bad(format!("it says: {}", shown(&self.without_keys(error)))));
        }
        wire::from_slice(&body)
            .map_err(|error| bad(format!("it is not the JSON expected ({})", category(&error))))
    }

    /// Sends `call`, of which only success or failure matters: an empty answer is a success too
    /// (OBSERVED, cai-connector).
    pub(super) async fn send_for_success(&self, call: Call) -> Result<(), Error> {
        self.send_for_bytes(call).await.map(drop)
    }

    /// The `Date` of an answer, whatever its status.
    pub(super) async fn send_for_date(&self, call: Call) -> Result<Option<Timestamp>, Error> {
        let request = self.shared.http.client()?.request(call.method, call.url);
        let failed = |error| self.unanswered(call.operation, &error);
        let answer = request.send().await.map_err(failed)?;
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
        Ok(date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|date| date.timestamp()))
    }

    async fn send_for_bytes(&self, call: Call) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut tried = 0;
        loop {
            tried += 1;
            let started = Instant::now();
            let outcome = self.send_once(&call).await;
            if matches!(outcome, Ok(_) | Err(Error::Refused { .. })) {
                self.note_answer(started.elapsed());
            }
            let error = match outcome {
                Ok(body) => {
                    let (ms, bytes) = (started.elapsed().as_millis() as u64, body.len());
                    tracing::debug!(call.operation, method = %call.method, path = call.url.path(), ms, bytes, "answered");
                    self.shared.budget.earn();
                    return Ok(body);
                }
                Err(error) => error,
            };
            tracing::debug!(call.operation, method = %call.method, path = call.url.path(), tried, %error, "failed");
            match self.shared.budget.wait(&error, tried).filter(|_| call.idempotent) {
                Some(wait) => tokio::time::sleep(wait).await,
                None if call.idempotent => return Err(error),
                None => return Err(error.of_change()),
            }
        }
    }

    /// Why nothing answered, with the proxy that stands between.
    fn unanswered(&self, operation: &'static str, error: &reqwest::Error) -> Error {
        Error::from_transport(operation, error).through(self.shared.http.proxy())
    }

    async fn send_once(&self, call: &Call) -> Result<Zeroizing<Vec<u8>>, Error> {
        let operation = call.operation;
        let mut request = self.shared.http.client()?.request(call.method.clone(), call.url.clone());
        if let Some(value) = self.authorization(call.who)? {
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_vec());
        }
        let failed = |error| self.unanswered(operation, &error);
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Error::NotAnApi {
                operation,
                status: status.as_u16(),
                what: redirect(response.headers()),
            });
        }
        let too_large =
            || Error::BadAnswer { operation, detail: format!("it is larger than {} MiB", call.limit >> 20) };
        if response.content_length().is_some_and(|length| length > call.limit as u64) {
            return Err(too_large());
        }
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| cut(operation, &error))? {
            if body.len() + chunk.len() > call.limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        if is_page(response.headers(), &body) {
            let what = match status.is_server_error() {
                true => "the web page of a gateway or proxy",
                false => "a web page (a sign-in page, or a gateway's)",
            };
            let what = what.to_owned();
            return Err(Error::NotAnApi { operation, status: status.as_u16(), what });
        }
        if status.is_success() {
            return Ok(body);
        }
        Err(self.refusal(operation, status, response.headers(), &body))
    }

    fn refusal(
        &self,
        operation: &'static str,
        status: reqwest::StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Error {
        // A body is `{"error","code","message"}`, with `error` lacking at times (OBSERVED,
        // cai-connector), or anything else that a gateway puts in between.
        let said = wire::from_slice::<RuntimeError>(body).unwrap_or_default();
        let fallback = status.canonical_reason().unwrap_or_default().to_owned();
        let message = [said.message, said.error, fallback].into_iter().find(|text| !text.is_empty());
        let request_id = ["x-cdp-request-id", "x-request-id"].iter().find_map(|name| headers.get(*name));
        Error::Refused {
            operation,
            status: status.as_u16(),
            code: Some(said.code).filter(|code| *code != 0),
            message: shown(&self.without_keys(message.unwrap_or_default())),
            request_id: request_id.and_then(|id| id.to_str().ok()).map(shown),
            retry_after: headers.get(RETRY_AFTER).and_then(retry_after),
        }
    }

    /// A backend may repeat what it was sent; a key must not come back that way.
    fn without_keys(&self, message: String) -> String {
        let own = self.key.as_ref().map(ApiKey::expose);
        let legacy = self.shared.options.legacy_key.as_ref().map(LegacyKey::expose);
        [own, legacy]
            .into_iter()
            .flatten()
            .filter(|key| !key.is_empty())
            .fold(message, |text, key| text.replace(key, "••••"))
    }

    fn authorization(&self, who: As) -> Result<Option<HeaderValue>, Error> {
        let text = match who {
            As::Nobody => return Ok(None),
            As::ApiKey => match &self.key {
                Some(key) => Zeroizing::new(format!("Bearer {}", key.expose())),
                None => return Ok(None),
            },
            As::LegacyKey => match &self.shared.options.legacy_key {
                // The key is the user name, the password is empty (DOCS, cdsw-api-key-authentication).
                Some(key) => {
                    let pair = Zeroizing::new(format!("{}:", key.expose()));
                    Zeroizing::new(format!(
                        "Basic {}",
                        base64::engine::general_purpose::STANDARD.encode(pair.as_bytes())
                    ))
                }
                None => return Ok(None),
            },
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            Error::invalid("the key has characters that no key has", "copy the key again as a whole")
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

impl Call {
    pub(super) fn query(mut self, pairs: &[(&'static str, String)]) -> Self {
        if !pairs.is_empty() {
            self.url.query_pairs_mut().extend_pairs(pairs);
        }
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let written = serde_json::to_vec(body)
            .map_err(|error| Error::invalid(format!("{}: {error}", self.operation), ""))?;
        self.body = Some(Zeroizing::new(written));
        Ok(self)
    }

    pub(super) fn by(mut self, who: As) -> Self {
        self.who = who;
        self
    }

    /// For an answer that may be longer than others, in bytes.
    pub(super) fn up_to(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// For a POST that changes nothing.
    pub(super) fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }
}

/// A failure while the body comes: a timeout stays one, anything else was cut short.
fn cut(operation: &'static str, error: &reqwest::Error) -> Error {
    match Error::from_transport(operation, error) {
        timeout @ Error::NoAnswer { reason: super::Reason::Timeout, .. } => timeout,
        _ => Error::BadAnswer { operation, detail: "it was cut short".to_owned() },
    }
}

fn redirect(headers: &HeaderMap) -> String {
    let target = headers.get(LOCATION).and_then(|target| target.to_str().ok());
    match target.and_then(|target| Url::parse(target).ok()).as_ref().and_then(Url::host_str) {
        Some(host) => format!("a redirect to {}", shown(host)),
        None => "a redirect".to_owned(),
    }
}

fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    declared.trim_start().to_ascii_lowercase().starts_with("text/html")
        || body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<')
}

/// Seconds, or a date (RFC 9110); a date in the past means now.
fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let due = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(due.duration_since(jiff::Timestamp::now())).unwrap_or_default())
}

/// Where a JSON error is and of which sort: its full text could repeat a part of the body.
fn category(error: &serde_json::Error) -> String {
    let sort = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax => "broken syntax",
        _ => "a member of another kind",
    };
    format!("{sort}, line {} column {}", error.line(), error.column())
}
