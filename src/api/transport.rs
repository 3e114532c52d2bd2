//! The single path of every request: authorisation, timeout, bounded body, classification, retries.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Error;
use super::address::{model_service_url, parse_model_url, parse_url};
use super::call::{ApiCall, As};
use super::changes::{Changes, Follower};
use super::clock::{self, ServerClock};
use super::error::shown;
use super::http::Http;
use super::options::ClientOptions;
use super::page::Page;
use super::patience::Patience;
use super::receive::{self, Rows, Sink, Stream, Whole};
use super::refusal;
use super::retry::Budget;
use super::room::{Room, Row};
use super::sent::{Notes, Sent};
use crate::secret::ApiKey;
use crate::wire::{self, Empty, NumberText, RuntimeError};

/// Largest error message, in bytes.
const FAILURE_LIMIT: usize = 64 << 10;

/// Largest size of the members beside the rows of a page.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PageEnd {
    next_page_token: String,
    total_count: NumberText,
}

/// A client of one workbench, as one user. Clones share connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    key: Option<ApiKey>,
    notes: Notes,
}

struct Shared {
    http: Http,
    base: Url,
    url: String,
    model_url: String,
    options: ClientOptions,
    budget: Budget,
    answers: Mutex<Answers>,
    changes: Follower,
}

/// What the workbench has answered so far, to any clone of a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// Requests that were answered by the API, refusals included.
    pub count: u64,
    /// Duration of the last of them, from its start to the end of its body.
    pub last: Duration,
    /// What they say of the workbench's time.
    pub clock: ServerClock,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.shared.url).finish_non_exhaustive()
    }
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
        let (budget, answers, changes) = Default::default();
        let shared = Shared { http, base, url, model_url, options, budget, answers, changes };
        Ok(Self { shared: Arc::new(shared), key, notes: Notes::default() })
    }

    /// A client of the same workbench that signs in with `key`.
    pub fn with_key(&self, key: ApiKey) -> Self {
        Self { key: Some(key), ..self.clone() }
    }

    /// The same client, which notes from now on what it sends.
    #[must_use]
    pub fn noting(&self) -> Self {
        Self { notes: Notes::default(), ..self.clone() }
    }

    /// What was sent since [`Self::noting`]; `None` if nothing was.
    pub fn sent(&self) -> Option<Sent> {
        self.notes.sent()
    }

    /// The workbench's origin, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The model service's URL, path included.
    pub fn model_url(&self) -> &str {
        &self.shared.model_url
    }

    /// The key that requests are sent with.
    pub fn key(&self) -> Option<&ApiKey> {
        self.key.as_ref()
    }

    /// The options, for connections of the model test engine.
    pub fn options(&self) -> &ClientOptions {
        &self.shared.options
    }

    /// How many answers there were, and how long the last one took.
    pub fn answers(&self) -> Answers {
        *self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_answer(&self, took: Duration) {
        let mut answers = self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner);
        (answers.count, answers.last) = (answers.count + 1, took);
    }

    /// The changes that were asked for so far.
    pub fn changes(&self) -> Changes {
        self.shared.changes.changes()
    }

    /// How the workbench's clock compares with this machine's, by the answers so far.
    pub fn clock(&self) -> ServerClock {
        self.answers().clock
    }

    fn note_clock(&self, headers: &HeaderMap, sent: Timestamp) {
        let mut answers = self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.clock = answers.clock.after(headers, sent, Timestamp::now());
    }

    /// Whether a call of API v1 that failed with `error` is worth another try with the legacy key. The
    /// documentation uses that key for v1; a v2 key may get a refusal or a sign-in page.
    pub(super) fn try_legacy_key(&self, error: &Error) -> bool {
        let refused = error.is_rejection() || matches!(error, Error::NotAnApi { .. });
        self.shared.options.legacy_key.is_some() && refused
    }

    /// A request to `path`, whose segments are escaped one by one.
    pub(super) fn call(
        &self,
        operation: &'static str,
        method: Method,
        path: &[&str],
    ) -> Result<ApiCall, Error> {
        ApiCall::new(operation, method, self.shared.base.clone(), path)
    }

    /// Sends `call` and reads its answer as JSON.
    pub(super) async fn send<T: DeserializeOwned>(&self, call: ApiCall) -> Result<T, Error> {
        let mut whole = Whole::new(call.limit);
        self.exchange(&call, &mut whole).await?;
        read(call.operation, &whole.end())
    }

    /// Sends `call` and streams its answer: those rows of the list `member` that `keep` holds for, as far
    /// as they fit into `room`, then the other members.
    pub(super) async fn send_list<T: Row, R: DeserializeOwned>(
        &self,
        call: ApiCall,
        member: &'static str,
        room: &Room,
        keep: &(dyn Fn(&T) -> bool + Sync),
    ) -> Result<(Vec<T>, R), Error> {
        let mut rows = Rows::new(member, room, keep);
        self.exchange(&call, &mut rows).await?;
        let bad = |detail| Error::BadAnswer { operation: call.operation, detail };
        let (rows, rest) = rows.end().map_err(bad)?;
        Ok((rows, read(call.operation, &rest)?))
    }

    /// Sends `call` and passes each row of the list `member` to `each` as it comes.
    pub(super) async fn stream_list<T: Row>(
        &self,
        call: ApiCall,
        member: &'static str,
        each: &mut (dyn FnMut(T) -> ControlFlow<()> + Send),
    ) -> Result<(), Error> {
        let mut stream = Stream::new(member, each);
        self.exchange(&call, &mut stream).await?;
        let bad = |detail| Error::BadAnswer { operation: call.operation, detail };
        let Empty {} = read(call.operation, &stream.end().map_err(bad)?)?;
        Ok(())
    }

    /// A page of the list `member`.
    pub(super) async fn send_page<T: Row>(
        &self,
        call: ApiCall,
        member: &'static str,
    ) -> Result<Page<T>, Error> {
        let room = Room::for_a_page();
        let (rows, rest): (_, PageEnd) = self.send_list(call, member, &room, &|_| true).await?;
        let total = u64::try_from(rest.total_count.0).ok().filter(|total| *total > 0);
        Ok(Page { total, size: room.taken(), ..Page::new(rows, rest.next_page_token) })
    }

    /// Sends `call` and ignores the body: an empty answer is a success too (OBSERVED,
    /// cai-connector).
    pub(super) async fn send_for_success(&self, call: ApiCall) -> Result<(), Error> {
        self.send_for_id(call).await.map(drop)
    }

    /// As [`Self::send_for_success`]; gives the workbench's name for the request, if it has one.
    pub(super) async fn send_for_id(&self, call: ApiCall) -> Result<Option<String>, Error> {
        self.exchange(&call, &mut Whole::new(call.limit)).await
    }

    /// The `Date` of an answer, whatever its status.
    pub(super) async fn send_for_date(&self, call: ApiCall) -> Result<Option<Timestamp>, Error> {
        let request = self.shared.http.client()?.request(call.method, call.url);
        let failed = |error| self.unanswered(call.operation, &error);
        let sent = Timestamp::now();
        let answer = request.send().await.map_err(failed)?;
        self.note_clock(answer.headers(), sent);
        Ok(clock::date(answer.headers()))
    }

    /// Sends `call`, with retries, until it is answered; the body goes to `sink`. Gives the workbench's
    /// name for the request. Boxed: else the whole of it stood in the future of each operation.
    fn exchange<'a>(
        &'a self,
        call: &'a ApiCall,
        sink: &'a mut (dyn Sink + Send),
    ) -> BoxFuture<'a, Result<Option<String>, Error>> {
        Box::pin(async {
            if call.idempotent {
                return self.exchange_whole(call, sink).await;
            }
            self.shared.changes.begin(call.operation);
            let outcome = self.exchange_whole(call, sink).await;
            self.shared.changes.end(call.operation, &outcome);
            outcome
        })
    }

    async fn exchange_whole(
        &self,
        call: &ApiCall,
        sink: &mut (dyn Sink + Send),
    ) -> Result<Option<String>, Error> {
        let mut tried = 0;
        loop {
            tried += 1;
            sink.begin();
            let started = Instant::now();
            self.notes.sending(&call.method);
            let outcome = self.send_once(call, sink).await;
            self.notes.answered(match &outcome {
                Ok((_, request_id)) => request_id.as_deref(),
                Err(error) => error.request_id(),
            });
            if matches!(outcome, Ok(_) | Err(Error::Refused { .. })) {
                self.note_answer(started.elapsed());
            }
            let error = match outcome {
                Ok((bytes, request_id)) => {
                    let ms = started.elapsed().as_millis() as u64;
                    tracing::debug!(call.operation, method = %call.method, path = call.url.path(), ms, bytes, "answered");
                    self.shared.budget.earn();
                    return Ok(request_id);
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

    /// The underlying HTTP client, for requests that are not API operations.
    pub(super) fn reqwest(&self) -> Result<&reqwest::Client, Error> {
        self.shared.http.client()
    }

    /// Why there was no answer, naming the proxy if there is one.
    fn unanswered(&self, operation: &'static str, error: &reqwest::Error) -> Error {
        Error::from_transport(operation, error).through(self.shared.http.proxy())
    }

    /// Sends `call` once; the bytes of its answer's body, and the workbench's name for the request.
    async fn send_once(
        &self,
        call: &ApiCall,
        sink: &mut (dyn Sink + Send),
    ) -> Result<(u64, Option<String>), Error> {
        let operation = call.operation;
        let mut request = self.shared.http.client()?.request(call.method.clone(), call.url.clone());
        if let Some(value) = self.authorization(call.who)? {
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_vec());
        }
        let failed = |error| self.unanswered(operation, &error);
        let sent = Timestamp::now();
        let (request, mut patience) = match sink.may_last() {
            true => Patience::of(request, operation, self.shared.options.timeout),
            false => (request, Patience::of_the_library(operation)),
        };
        let mut response = patience.wait(request.send()).await?.map_err(failed)?;
        let status = response.status();
        self.notes.status(status.as_u16());
        if status.is_redirection() || refusal::is_html(response.headers()) {
            return Err(refusal::not_an_api(operation, status, response.headers()));
        }
        // A page of a proxy above would say the proxy's time.
        self.note_clock(response.headers(), sent);
        let bad = |detail| Error::BadAnswer { operation, detail };
        if let (Some(length), Some(largest)) = (response.content_length(), sink.largest())
            && length > largest as u64
        {
            return Err(bad(receive::too_large(largest)));
        }
        let (mut start, mut bytes, mut refused) = (None, 0, Zeroizing::new(Vec::new()));
        let cut = |error| refusal::cut(operation, &error);
        while let Some(piece) = patience.wait(response.chunk()).await?.map_err(cut)? {
            start = start.or_else(|| piece.iter().copied().find(|b| !b.is_ascii_whitespace()));
            bytes += piece.len() as u64;
            match start {
                Some(b'<') => return Err(refusal::not_an_api(operation, status, response.headers())),
                // Nothing else is an answer to this.
                Some(first) if first != call.opens && status.is_success() => {
                    let what = if call.opens == b'[' { "array" } else { "object" };
                    return Err(bad(format!("it is not a JSON {what}")));
                }
                _ if status.is_success() => {
                    let began = Instant::now();
                    sink.take(&piece).map_err(bad)?;
                    patience.spend(began.elapsed().saturating_sub(sink.lasted()));
                    if sink.is_done() {
                        break;
                    }
                }
                _ if refused.len() + piece.len() > FAILURE_LIMIT => break,
                _ => refused.extend_from_slice(&piece),
            }
        }
        if status.is_success() {
            return Ok((bytes, refusal::request_id(response.headers())));
        }
        Err(refusal::of(operation, status, response.headers(), &refused))
    }

    fn authorization(&self, who: As) -> Result<Option<HeaderValue>, Error> {
        let text = match who {
            As::Anonymous => return Ok(None),
            As::ApiKey => match &self.key {
                Some(key) => Zeroizing::new(format!("Bearer {}", key.expose())),
                None => return Ok(None),
            },
            As::LegacyKey => match &self.shared.options.legacy_key {
                // The key is the user name, the password is empty (DOCS,
                // cdsw-api-key-authentication).
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

/// Reads an answer that came as a whole.
fn read<T: DeserializeOwned>(operation: &'static str, body: &[u8]) -> Result<T, Error> {
    let bad = |detail: String| Error::BadAnswer { operation, detail };
    if body.trim_ascii().is_empty() {
        return Err(bad("it is empty".to_owned()));
    }
    // Only an error message has a member `error` (SPEC), whatever the status.
    if body.len() <= FAILURE_LIMIT
        && let Ok(RuntimeError { error, .. }) = wire::from_slice(body)
        && !error.is_empty()
    {
        return Err(bad(format!("it says: {}", shown(&error))));
    }
    wire::from_slice(body)
        .map_err(|error| bad(format!("it is not the JSON expected ({})", refusal::category(&error))))
}
