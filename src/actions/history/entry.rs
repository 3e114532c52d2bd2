//! What is kept of a test and of a run.

use std::time::Duration;

use hyper::body::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::actions::keys::made_here;
use crate::config::Session;
use crate::probe::run::Summary;
use crate::probe::{Answer, CallError, CallResult, Phases};
use crate::secret::{self, ApiKey};
use crate::text;
use crate::wire::Model;

/// The longest text that is kept, in bytes: of a longer request nothing, of a longer answer its
/// beginning.
const LONGEST: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// One call.
    #[default]
    Test,
    /// Many.
    Run,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Which model was called, with which key and request.
#[derive(Debug, Clone)]
pub struct Called {
    /// `project/name`.
    pub model: String,
    pub model_id: String,
    /// Masked wherever a request or an answer has it.
    pub access_key: String,
    /// What the key is called.
    pub key: String,
    /// `None` where requests came from a file.
    pub request: Option<String>,
}

impl Called {
    /// A call of `model` in `session` with `key`.
    pub fn new(session: &Session, model: &Model, key: Option<&ApiKey>, request: Option<&str>) -> Self {
        Self {
            model: crate::actions::models::full_name(model),
            model_id: model.id.clone(),
            access_key: model.access_key.clone(),
            key: key_name(session, key),
            request: request.map(str::to_owned),
        }
    }
}

fn key_name(session: &Session, key: Option<&ApiKey>) -> String {
    match key {
        None => "no key".to_owned(),
        Some(key) if session.client.key() == Some(key) => match &session.key_id {
            Some(id) => format!("{} signed in", text::short_id(id)),
            None => "signed in".to_owned(),
        },
        // Of a key that was made here the id is known.
        Some(key) => match made_here(session, key) {
            Some(made) => text::short_id(&made.key_id).into_owned(),
            None => ANOTHER.to_owned(),
        },
    }
}

/// A key that has no name but its own last characters.
const ANOTHER: &str = "another key";

/// An entry as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// From 1, in the order of writing; 0 before it is written.
    pub id: i64,
    pub kind: Kind,
    pub started: Timestamp,
    /// URL of the workbench.
    pub workbench: String,
    pub username: Option<String>,
    /// `project/name`.
    pub model: String,
    pub model_id: String,
    /// What the key is called: its short Key ID and a remark, or `no key`.
    pub key: String,
    /// The call succeeded; of a run, every one that was due.
    pub ok: bool,
    /// HTTP status of a test.
    pub status: Option<u16>,
    /// Why a test failed, as exports name it.
    pub failure: Option<String>,
    /// Of a run, the median; `None` if none of its calls succeeded.
    pub latency_ms: Option<f64>,
    pub replica_id: Option<String>,
    /// Of the answer, in bytes.
    pub size: Option<u64>,
    pub requests: u64,
    pub errors: u64,
    /// The answer, the error, or the figures of a run, in a line.
    pub result: String,
}

impl Line {
    /// Of a run, the median; `None` if none of its calls succeeded.
    pub fn latency(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.latency_ms? / 1e3).ok()
    }

    /// The latency for lists.
    pub fn took(&self) -> String {
        self.latency().map_or_else(|| "-".to_owned(), text::latency)
    }

    /// The HTTP status of a test, or a dash; how a run went: `behind` where it sent less than was due.
    pub fn outcome(&self) -> String {
        match (self.kind, self.status) {
            (_, Some(status)) => status.to_string(),
            (Kind::Test, None) => "-".to_owned(),
            (Kind::Run, None) if self.ok => "ok".to_owned(),
            (Kind::Run, None) if self.errors == 0 => "behind".to_owned(),
            (Kind::Run, None) => format!("{} err", self.errors),
        }
    }

    /// Whether `wanted` is its model: `project/name`, the name alone, or the id.
    pub fn is_of(&self, wanted: &str) -> bool {
        let name = self.model.rsplit_once('/').map(|(_, name)| name);
        self.model == wanted || name == Some(wanted) || self.model_id == wanted
    }
}

/// A text that was sent or received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub text: String,
    /// Nothing of it was masked or left out.
    pub whole: bool,
}

/// An entry with everything that is kept of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub line: Line,
    /// `None` where it was too long to be kept, or came from a file.
    pub request: Option<Kept>,
    /// The body of a test's answer.
    pub answer: Option<Kept>,
    content_type: Option<String>,
    pub phases: Phases,
    /// The figures of a run.
    pub summary: Option<Box<Summary>>,
}

/// What is stored beside the line, as JSON.
#[derive(Serialize, Deserialize)]
struct Stored {
    request: Option<Kept>,
    answer: Option<Kept>,
    content_type: Option<String>,
    phases: Phases,
    summary: Option<Box<Summary>>,
}

impl Entry {
    /// A test; `None` if nothing was sent.
    pub fn of_test(
        workbench: String,
        username: Option<String>,
        called: Called,
        call: &CallResult,
    ) -> Option<Self> {
        if matches!(call.outcome, Err(CallError::Invalid { .. })) {
            return None;
        }
        let mask = Mask { access_key: &called.access_key };
        let answer = call.answer();
        let failure = call.failure().map(|failure| failure.name().to_owned());
        let body = answer.map(|answer| mask.beginning(&answer.body, answer.truncated));
        let line = Line {
            id: 0,
            kind: Kind::Test,
            started: call.started,
            ok: failure.is_none(),
            status: answer.map(|answer| answer.status),
            failure,
            latency_ms: Some(ms(call.total)),
            replica_id: answer.and_then(|answer| answer.replica_id.as_deref()).map(|id| mask.of(id)),
            size: answer.map(|answer| answer.size),
            requests: 1,
            errors: call.failure().is_some().into(),
            result: mask.of(&call.in_a_line()),
            ..Line::of(workbench, username, &called)
        };
        let content_type = answer.and_then(|answer| answer.header("content-type")).map(|text| mask.of(text));
        let request = called.request.as_deref().and_then(|request| mask.whole(request));
        let mut entry =
            Self { line, request, answer: body, content_type, phases: call.phases, summary: None };
        // From what is kept: cut and then masked, it could end in half of a key.
        if let Some(kept) = entry.call() {
            entry.line.result = kept.in_a_line();
        }
        Some(entry)
    }

    /// A run; `None` if no request of it has ended.
    pub fn of_run(
        workbench: String,
        username: Option<String>,
        called: Called,
        summary: &Summary,
    ) -> Option<Self> {
        if summary.total == 0 {
            return None;
        }
        let mask = Mask { access_key: &called.access_key };
        let line = Line {
            kind: Kind::Run,
            started: summary.started,
            ok: summary.errors == 0 && summary.missed == 0,
            latency_ms: summary.has_latencies().then_some(summary.latency.p50_ms),
            requests: summary.total,
            errors: summary.errors,
            result: in_a_line(summary),
            ..Line::of(workbench, username, &called)
        };
        let request = called.request.as_deref().and_then(|request| mask.whole(request));
        let summary = Some(Box::new(summary.clone()));
        Some(Self { line, request, answer: None, content_type: None, phases: Phases::default(), summary })
    }

    /// The call again, with the one header that is kept; `None` for a run, and where there was no
    /// answer.
    pub fn call(&self) -> Option<CallResult> {
        let (answer, status) = (self.answer.as_ref()?, self.line.status?);
        let headers = self.content_type.iter().map(|value| ("content-type".to_owned(), value.clone()));
        let body = Bytes::copy_from_slice(answer.text.as_bytes());
        let size = self.line.size.unwrap_or(body.len() as u64);
        let truncated = (body.len() as u64) < size && !answer.whole;
        Some(CallResult {
            started: self.line.started,
            phases: self.phases,
            total: self.line.latency().unwrap_or_default(),
            outcome: Ok(Answer::new(status, headers.collect(), body, size, truncated)),
            key_sent: self.line.key != "no key",
            request_size: self.request.as_ref().map_or(0, |request| request.text.len()),
        })
    }

    pub(super) fn to_stored(&self) -> String {
        let Self { line: _, request, answer, content_type, phases, summary } = self.clone();
        let stored = Stored { request, answer, content_type, phases, summary };
        serde_json::to_string(&stored).unwrap_or_default()
    }

    pub(super) fn from_stored(line: Line, json: &str) -> Result<Self, serde_json::Error> {
        let Stored { request, answer, content_type, phases, summary } = serde_json::from_str(json)?;
        Ok(Self { line, request, answer, content_type, phases, summary })
    }
}

impl Line {
    /// What is known before the call.
    fn of(workbench: String, username: Option<String>, called: &Called) -> Self {
        // The end of a key is part of it.
        let key = if called.key.contains(secret::MASK) { ANOTHER } else { &called.key };
        Self {
            id: 0,
            kind: Kind::Test,
            started: Timestamp::UNIX_EPOCH,
            workbench,
            username,
            model: called.model.clone(),
            model_id: called.model_id.clone(),
            key: key.to_owned(),
            ok: false,
            status: None,
            failure: None,
            latency_ms: None,
            replica_id: None,
            size: None,
            requests: 0,
            errors: 0,
            result: String::new(),
        }
    }
}

/// Masks what must not be kept.
struct Mask<'a> {
    access_key: &'a str,
}

impl Mask<'_> {
    /// `text` without keys of this process, anything of their shape, and the access key.
    fn of(&self, text: &str) -> String {
        let known = secret::mask(text);
        let masked = secret::mask_shapes(&known);
        match self.access_key.is_empty() {
            true => masked.into_owned(),
            false => masked.replace(self.access_key, secret::MASK),
        }
    }

    fn whole(&self, text: &str) -> Option<Kept> {
        let masked = self.of(text);
        (masked.len() <= LONGEST).then(|| Kept { whole: masked == text, text: masked })
    }

    /// The beginning of a body. What is masked before it is cut leaves no half of a key.
    fn beginning(&self, body: &[u8], truncated: bool) -> Kept {
        let text = String::from_utf8_lossy(body);
        let mut masked = self.of(&text);
        let whole = !truncated && masked.as_bytes() == body && masked.len() <= LONGEST;
        masked.truncate(masked.floor_char_boundary(LONGEST));
        Kept { text: masked, whole }
    }
}

/// `500 requests, 2 failed, 9 never sent · 12.3/s · p99 31.0 ms`; the median is the latency of the entry.
fn in_a_line(summary: &Summary) -> String {
    let requests = text::count(usize::try_from(summary.total).unwrap_or(usize::MAX), "request", "requests");
    let failed = match summary.errors {
        0 => String::new(),
        errors => format!(", {errors} failed"),
    };
    let missed = match summary.missed {
        0 => String::new(),
        missed => format!(", {missed} never sent"),
    };
    let p99 = match summary.has_latencies() {
        true => format!(" · p99 {}", text::millis(summary.latency.p99_ms)),
        false => String::new(),
    };
    format!("{requests}{failed}{missed} · {:.1}/s{p99}", summary.rps)
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(body: &[u8]) -> CallResult {
        let answer = Answer::new(200, Vec::new(), Bytes::copy_from_slice(body), body.len() as u64, false);
        CallResult {
            started: Timestamp::UNIX_EPOCH,
            phases: Phases { waiting: Some(Duration::from_millis(3)), ..Phases::default() },
            total: Duration::from_millis(4),
            outcome: Ok(answer),
            key_sent: true,
            request_size: 2,
        }
    }

    fn called(request: &str) -> Called {
        Called {
            model: "churn-prod/add".to_owned(),
            model_id: "1".to_owned(),
            access_key: "mabcdefghijklmnopqrstuvwxyz01234".to_owned(),
            key: "5b1c…9f0a signed in".to_owned(),
            request: Some(request.to_owned()),
        }
    }

    fn entry(called: Called, call: &CallResult) -> Entry {
        Entry::of_test("http://one".to_owned(), Some("owner".to_owned()), called, call).unwrap()
    }

    #[test]
    fn a_test_comes_back_as_it_was() {
        let sent = call(br#"{"success":true,"response":{"n":1.50},"ReplicaID":"add-1"}"#);
        let kept = entry(called("{\"a\": 3.10}"), &sent);
        let back = Entry::from_stored(kept.line.clone(), &kept.to_stored()).unwrap();
        assert_eq!(back, kept);
        assert_eq!(
            (back.line.result.as_str(), back.line.replica_id.as_deref()),
            ("{\"n\":1.50}", Some("add-1"))
        );
        let again = back.call().unwrap();
        assert_eq!((again.phases, again.total, again.outcome), (sent.phases, sent.total, sent.outcome));
        assert_eq!(back.request, Some(Kept { text: "{\"a\": 3.10}".to_owned(), whole: true }));
    }

    #[test]
    fn no_key_is_kept_whatever_echoes_it() {
        let held = ApiKey::from_workbench(format!("{}.{}", "1a2b".repeat(16), "3c4d".repeat(16)));
        let foreign = format!("{}.{}", "0a".repeat(32), "9f".repeat(32));
        let secret = format!("{} {foreign} {}", held.expose(), called("").access_key);
        let body = format!(r#"{{"success":true,"response":"{secret}","ReplicaID":"{foreign}"}}"#);
        let mut sent = called(&format!("\"{secret}\""));
        sent.key = held.masked();
        let kept = entry(sent, &call(body.as_bytes()));
        let all = format!("{:?} {}", kept.line, kept.to_stored());
        for forbidden in ["1a2b1a", "3c4d", "0a0a", "9f9f", "mabcdef"] {
            assert!(!all.contains(forbidden), "{forbidden}: {all}");
        }
        assert_eq!(kept.line.key, ANOTHER);
        let is_whole = |kept: &Option<Kept>| kept.as_ref().unwrap().whole;
        assert!(!is_whole(&kept.request) && !is_whole(&kept.answer));
    }

    #[test]
    fn long_bodies_are_cut_without_leaving_half_of_a_key() {
        let foreign = format!("{}.{}", "0a".repeat(32), "9f".repeat(32));
        let body = format!(r#"{{"success":true,"response":"{}{foreign}"}}"#, "ü".repeat(LONGEST / 2 - 50));
        let kept = entry(called(&"1".repeat(LONGEST + 1)), &call(body.as_bytes()));
        assert_eq!(kept.request, None);
        let answer = kept.answer.clone().unwrap();
        assert!(answer.text.len() <= LONGEST && !answer.whole && !answer.text.contains("0a0a"));
        assert!(kept.line.result.len() < 1000 && kept.line.ok);
        let body = format!(r#"{{"success":true,"response":"{}{foreign}"}}"#, "x".repeat(200));
        assert!(!entry(called("1"), &call(body.as_bytes())).line.result.contains("0a0a"));
    }

    #[test]
    fn what_was_not_sent_is_no_entry() {
        let nothing = CallResult { outcome: Err(CallError::invalid("no", "JSON")), ..call(b"") };
        assert_eq!(Entry::of_test(String::new(), None, called(""), &nothing), None);
        let cut = CallError::Cut { phase: crate::probe::Phase::Waiting, detail: "reset".to_owned() };
        let kept = entry(called("1"), &CallResult { outcome: Err(cut), ..call(b"") });
        assert!(kept.call().is_none() && kept.line.result.contains("reset"));
        assert_eq!((kept.line.failure.as_deref(), kept.line.status), (Some("cut"), None));
    }
}
