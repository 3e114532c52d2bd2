//! Faults: which requests they match, what they do, and how often they acted.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::seen::Seen;

/// The operations that begin a build or a deployment, which can fail after their answer.
pub const BEGINNING: [&str; 3] = ["CreateModelBuild", "CreateModelDeployment", "RestartModelDeployment"];

/// The longest delay.
const LONGEST: Duration = Duration::from_secs(3600);

/// Which requests a fault matches: those that match every given member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct On {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// `project/name`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Prefix of the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl On {
    fn fits(&self, seen: &Seen) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| found == Some(wanted.as_str()))
        };
        same(&self.operation, seen.operation)
            && same(&self.model, seen.model.as_deref())
            && same(&self.user, seen.user.as_deref())
            && self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&seen.method))
            && self.path.as_ref().is_none_or(|path| seen.path.starts_with(path.as_str()))
    }
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// This answer instead.
    Answer {
        status: u16,
        body: String,
        content_type: String,
    },
    /// The answer of a model without a free replica.
    Busy,
    Delay(Duration),
    /// Disconnected before anything is done.
    Reset,
    /// Done, then disconnected before the answer.
    ResetAfter,
    /// A gateway's error page.
    Html(u16),
    /// This many bytes of the body, then disconnected.
    Truncate(usize),
    /// No answer, ever.
    Stall,
    /// Done, and the build or deployment that it begins fails for this reason.
    Fail(String),
}

/// `do` as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    status: Option<u16>,
    body: Option<Value>,
    content_type: Option<String>,
    busy: Option<bool>,
    delay_ms: Option<u64>,
    reset: Option<bool>,
    reset_after: Option<bool>,
    html: Option<u16>,
    truncate: Option<usize>,
    stall: Option<bool>,
    fail: Option<String>,
}

impl Act {
    /// Parses `do`: exactly one action.
    pub fn read(text: &Map<String, Value>) -> Result<Self, String> {
        let it: Written =
            serde_json::from_value(text.clone().into()).map_err(|error| format!("do: {error}"))?;
        if it.status.is_none() && (it.body.is_some() || it.content_type.is_some()) {
            return Err("do: body and content_type need a status".to_owned());
        }
        let checked = |status: u16| match (200..600).contains(&status) {
            true => Ok(status),
            false => Err(format!("do: {status} is not an HTTP status")),
        };
        let on = |switch: Option<bool>, act: Self| switch.map(|on| if on { Ok(act) } else { Err(()) });
        let acts = [
            on(it.busy, Self::Busy),
            on(it.reset, Self::Reset),
            on(it.reset_after, Self::ResetAfter),
            on(it.stall, Self::Stall),
            it.truncate.map(|size| Ok(Self::Truncate(size))),
            it.delay_ms.map(|ms| Ok(Self::Delay(Duration::from_millis(ms)))),
            it.html.map(|status| Ok(Self::Html(status))),
            it.fail.map(|reason| Ok(Self::Fail(reason))),
            it.status.map(|status| {
                let is_text = it.body.as_ref().is_none_or(Value::is_string);
                let body = match &it.body {
                    None => String::new(),
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                };
                let kind = if is_text { "text/plain; charset=utf-8" } else { "application/json" };
                let content_type = it.content_type.clone().unwrap_or_else(|| kind.to_owned());
                Ok(Self::Answer { status, body, content_type })
            }),
        ];
        let mut found = acts.into_iter().flatten();
        let act = match (found.next(), found.next()) {
            (Some(Ok(act)), None) => act,
            _ => {
                return Err("do: write exactly one of status, busy, delay_ms, reset, reset_after, html, truncate, stall, fail"
                    .to_owned());
            }
        };
        match &act {
            Self::Answer { status, content_type, .. } => {
                checked(*status)?;
                axum::http::HeaderValue::from_str(content_type)
                    .map_err(|_| "do: content_type is not a header value")?;
            }
            Self::Html(status) => drop(checked(*status)?),
            Self::Delay(time) if *time > LONGEST => return Err("do: delay_ms is an hour at most".to_owned()),
            _ => {}
        }
        Ok(act)
    }
}

/// A fault, as `GET /faults` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    pub id: u64,
    pub on: On,
    #[serde(rename = "do")]
    pub written: Map<String, Value>,
    /// How often it will still act; `None` means always.
    pub left: Option<u64>,
    /// How often it has acted.
    pub hits: u64,
    #[serde(skip)]
    act: Act,
}

/// All faults, in the order in which they were posted.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    faults: Vec<Fault>,
    last_id: u64,
}

impl Faults {
    /// Adds a fault and returns its ID.
    pub fn add(&self, on: On, written: Map<String, Value>, act: Act, times: Option<u64>) -> u64 {
        let mut inner = self.inner();
        inner.last_id += 1;
        let id = inner.last_id;
        inner.faults.push(Fault { id, on, written, left: times, hits: 0, act });
        id
    }

    /// The first fault that matches acts, and is counted.
    pub fn meet(&self, seen: &Seen) -> Option<(u64, Act)> {
        let mut inner = self.inner();
        let fault = inner.faults.iter_mut().find(|fault| fault.left != Some(0) && fault.on.fits(seen))?;
        fault.hits += 1;
        fault.left = fault.left.map(|left| left - 1);
        Some((fault.id, fault.act.clone()))
    }

    pub fn all(&self) -> Vec<Fault> {
        self.inner().faults.clone()
    }

    /// Whether there was such a fault.
    pub fn remove(&self, id: u64) -> bool {
        let mut inner = self.inner();
        let before = inner.faults.len();
        inner.faults.retain(|fault| fault.id != id);
        inner.faults.len() < before
    }

    pub fn clear(&self) {
        self.inner().faults.clear();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn seen() -> Seen {
        Seen {
            operation: Some("CreateV2Key"),
            method: "POST".to_owned(),
            path: "/api/v2/users/owner/v2_keys".to_owned(),
            user: Some("owner".to_owned()),
            ..Seen::default()
        }
    }

    #[test]
    fn an_act_is_exactly_one_thing() {
        assert_eq!(Act::read(&object(json!({"reset_after": true}))), Ok(Act::ResetAfter));
        let answer = Act::read(&object(json!({"status": 429, "body": {"a": 1}}))).unwrap();
        let expected = ("{\"a\":1}".to_owned(), "application/json".to_owned());
        assert_eq!(answer, Act::Answer { status: 429, body: expected.0, content_type: expected.1 });
        for wrong in [
            json!({}),
            json!({"busy": false}),
            json!({"busy": true, "reset": true}),
            json!({"body": "x"}),
            json!({"status": 700}),
            json!({"html": 99}),
            json!({"delay_ms": -1}),
            json!({"delay_ms": 4_000_000}),
            json!({"explode": true}),
            json!({"fail": true}),
            json!({"status": 200, "content_type": "a\nb"}),
        ] {
            assert!(Act::read(&object(wrong.clone())).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_first_that_fits_acts_and_counts_down() {
        let faults = Faults::default();
        let on = |text: Value| serde_json::from_value::<On>(text).unwrap();
        let add = |wanted: Value, act: Act, times| faults.add(on(wanted), Map::new(), act, times);
        add(json!({"user": "admin"}), Act::Reset, None);
        let twice = add(json!({"operation": "CreateV2Key", "method": "post"}), Act::Stall, Some(2));
        let always = add(json!({"path": "/api/v2/users/"}), Act::Busy, None);
        let hits: Vec<_> = (0..4).map(|_| faults.meet(&seen()).unwrap().0).collect();
        assert_eq!(hits, [twice, twice, always, always]);
        let all = faults.all();
        assert_eq!(
            all.iter().map(|it| (it.left, it.hits)).collect::<Vec<_>>(),
            [(None, 0), (Some(0), 2), (None, 2)]
        );
        assert!(faults.remove(always) && !faults.remove(always));
        assert!(faults.meet(&seen()).is_none());
    }
}
