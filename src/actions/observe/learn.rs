//! What an answer says where keybench only guesses.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::shape;
use crate::api::expiration_setting;
use crate::secret::ApiKey;
use crate::wire::time;
use crate::workbench::behaviour::{Behaviour, FORMS, Why};

/// Parts of texts that are known already, and may be kept as they are.
const TEXTS: [&str; 9] = [
    "no \"authorization\" header",
    "missing \"Bearer\" prefix in \"authorization\" header",
    "malformed apikey",
    "audience mismatch",
    "context deadline exceeded",
    "already has a model with that name",
    "Failed to create model",
    "Operation is not supported",
    "unexpected model shutdown",
];

/// Forms of one field that are noted at most.
const FORMS_OF_A_FIELD: usize = 4;

/// A request and its answer, as they passed by.
pub struct Exchange<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub authorization: Option<&'a str>,
    pub request: &'a [u8],
    pub status: u16,
    pub answer: &'a [u8],
}

/// Whether a guess was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Confirmed,
    Contradicted,
}

/// What was seen of one choice of the behaviour file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// As the behaviour file names it: `refusals.expired-key`.
    pub choice: String,
    pub verdict: Verdict,
    pub expected: String,
    pub seen: String,
    /// How often; the last one counts.
    pub times: u64,
}

/// A refusal, as far as it may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRefusal {
    pub status: u16,
    pub code: Option<i64>,
    pub message: Option<&'static str>,
    /// What can be said of a body that is not the usual one.
    pub remark: Option<&'static str>,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub struct Observations {
    pub(super) refusals: BTreeMap<&'static str, (SeenRefusal, u64)>,
    /// `table.name` → the value, in TOML, and the one that keybench guesses.
    pub(super) values: BTreeMap<&'static str, (String, String, u64)>,
    /// Field → forms.
    pub(super) forms: BTreeMap<&'static str, Vec<String>>,
    /// Requests that passed by.
    pub requests: u64,
}

impl Observations {
    /// Looks at what passed by.
    pub fn watch(&mut self, exchange: &Exchange) {
        self.requests += 1;
        let answer: Value = serde_json::from_slice(exchange.answer).unwrap_or_default();
        if let Some(why) = why(exchange, &answer) {
            let seen = refusal(exchange, &answer);
            let times = self.refusals.get(why.form().name).map_or(0, |(_, times)| *times);
            self.refusals.insert(why.form().name, (seen, times + 1));
        }
        if exchange.status == 200 && exchange.path != "/model" {
            self.watch_success(exchange, &answer);
        }
    }

    fn watch_success(&mut self, exchange: &Exchange, answer: &Value) {
        let default = Behaviour::default();
        let request: Value = serde_json::from_slice(exchange.request).unwrap_or_default();
        let is_keys = exchange.path.ends_with("/v2_keys");
        match (exchange.method, exchange.path) {
            ("GET", "/api/v1/site/config") => {
                if let Some(name) = answer.as_object().and_then(setting_name) {
                    self.value(
                        "names.expiration-setting",
                        quoted(&name),
                        quoted(&default.names.expiration_setting),
                    );
                }
            }
            ("GET", "/sense-bootstrap.json") => {
                if let Some(version) = answer["gitSha"].as_str().filter(|text| is_version(text)) {
                    self.value("names.version", quoted(version), quoted(&default.names.version));
                }
            }
            ("POST", _) if is_keys => {
                if let (Some(id), Some(key)) = (answer["key_id"].as_str(), answer["api_key"].as_str()) {
                    let is_half = ApiKey::from_workbench(key).first_half() == id;
                    let rule = if is_half { "first-half" } else { "random" };
                    self.value("rules.key-id", quoted(rule), quoted("first-half"));
                }
                let asked = request["audiences"].as_array().is_some_and(|all| !all.is_empty());
                let given: Vec<_> =
                    answer["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                if !asked && !given.is_empty() && given.iter().all(|it| ["API", "Application"].contains(it)) {
                    let ours = format!("{:?}", default.names.default_audiences);
                    self.value("names.default-audiences", format!("{given:?}"), ours);
                }
            }
            ("GET", _) if is_keys => {
                let keys = answer["keys"].as_array().into_iter().flatten();
                let now = Timestamp::now();
                let mut ends = keys.filter_map(|key| time::parse(key["expiry_date"].as_str()?));
                if ends.any(|end| end < now) {
                    self.value("rules.expired-keys-listed", "true".to_owned(), "true".to_owned());
                }
            }
            ("GET", _) if !exchange.query.contains("page_size") && !exchange.query.contains("pageSize") => {
                let rows =
                    answer.as_object().and_then(|all| all.values().find_map(Value::as_array)).map(Vec::len);
                let more = answer["next_page_token"].as_str().is_some_and(|token| !token.is_empty());
                if let Some(rows) = rows.filter(|_| more && !exchange.query.contains("page_token")) {
                    self.value("limits.page-size", rows.to_string(), default.limits.page_size.to_string());
                }
            }
            _ => {}
        }
        self.watch_forms(answer);
    }

    fn value(&mut self, choice: &'static str, seen: String, expected: String) {
        let times = self.values.get(choice).map_or(0, |(_, _, times)| *times);
        self.values.insert(choice, (seen, expected, times + 1));
    }

    /// Notes the forms of dates and ids, wherever they stand.
    fn watch_forms(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().take(50).for_each(|item| self.watch_forms(item)),
            Value::Object(members) => {
                for (name, member) in members {
                    if let Value::String(text) = member {
                        self.note_form(name, text);
                    }
                    self.watch_forms(member);
                }
            }
            _ => {}
        }
    }

    fn note_form(&mut self, name: &str, text: &str) {
        const DATES: [&str; 5] = ["created_at", "expiry_date", "updated_at", "built_at", "stopped_at"];
        const IDS: [&str; 6] = ["id", "key_id", "model_id", "build_id", "project_id", "public_identifier"];
        let (field, form) = if let Some(field) = DATES.iter().find(|known| **known == name) {
            let Some(form) = shape::date(text) else { return };
            (*field, form)
        } else if let Some(field) = IDS.iter().find(|known| **known == name) {
            (*field, shape::id(text))
        } else {
            return;
        };
        let forms = self.forms.entry(field).or_default();
        if !forms.contains(&form) && forms.len() < FORMS_OF_A_FIELD {
            forms.push(form);
        }
    }

    /// Every choice that something was seen of.
    pub fn findings(&self) -> Vec<Finding> {
        let refusals = self.refusals.iter().filter_map(|(name, (seen, times))| {
            let form = FORMS.iter().find(|form| form.name == *name)?;
            let (status, _) = Behaviour::default().render(form.why, &[]);
            let code_fits = seen.code.is_none_or(|code| code == i64::from(form.code));
            let fits = status == seen.status && code_fits;
            let shown = |status: u16, code: Option<i64>| match code {
                Some(code) => format!("status {status}, code {code}"),
                None => format!("status {status}"),
            };
            Some(Finding {
                choice: format!("refusals.{name}"),
                verdict: if fits { Verdict::Confirmed } else { Verdict::Contradicted },
                expected: shown(status, Some(form.code.into())),
                seen: shown(seen.status, seen.code),
                times: *times,
            })
        });
        let values = self.values.iter().map(|(choice, (seen, expected, times))| Finding {
            choice: (*choice).to_owned(),
            verdict: if seen == expected { Verdict::Confirmed } else { Verdict::Contradicted },
            expected: expected.clone(),
            seen: seen.clone(),
            times: *times,
        });
        refusals.chain(values).collect()
    }
}

/// Names of settings are kept, their values are not.
fn setting_name(settings: &Map<String, Value>) -> Option<String> {
    let (name, _) = expiration_setting(settings)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (name.len() <= 80 && name.chars().all(fits)).then_some(name)
}

fn is_version(text: &str) -> bool {
    text.len() <= 40 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn refusal(exchange: &Exchange, answer: &Value) -> SeenRefusal {
    let body = String::from_utf8_lossy(exchange.answer);
    let has_success = answer.get("success").is_some();
    let remark = match answer {
        Value::Object(_) if exchange.path == "/model" && has_success => Some("the body has `success`"),
        Value::Object(_) => None,
        _ if body.trim_start().starts_with('<') => Some("the body is a page, not JSON"),
        _ => Some("the body is no JSON object"),
    };
    // A quote in a text is escaped where it stands in JSON.
    let holds = |text: &&&str| body.contains(**text) || body.contains(text.replace('"', "\\\"").as_str());
    SeenRefusal {
        status: exchange.status,
        code: answer["code"].as_i64(),
        message: TEXTS.iter().find(holds).copied(),
        remark,
    }
}

/// Which refusal an answer is, as far as the request says so.
fn why(exchange: &Exchange, answer: &Value) -> Option<Why> {
    if exchange.status < 300 {
        return None;
    }
    let body = String::from_utf8_lossy(exchange.answer);
    let holds = |text: &str| body.to_lowercase().contains(text);
    if exchange.path == "/model" {
        return match exchange.status {
            429 => Some(Why::ModelBusy),
            401 | 403 if holds("audience") => Some(Why::ModelAudienceMismatch),
            401 | 403 if exchange.authorization.is_some() && holds("not authorized") => {
                Some(Why::ModelRefused)
            }
            401 | 403 => Some(Why::ModelKeyRefused),
            404 => Some(Why::ModelUnknown),
            _ if holds("deadline exceeded") => Some(Why::ModelTimeout),
            400 if answer["success"] == false => Some(Why::ModelFailed),
            503 => Some(Why::ModelNotDeployed),
            _ => None,
        };
    }
    if !exchange.path.starts_with("/api/v2/") {
        return None;
    }
    let Some(header) = exchange.authorization else { return Some(Why::MissingKey) };
    let rejected = matches!(exchange.status, 300..=399 | 401 | 500);
    match header.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => {
            if ApiKey::parse(key.trim()).is_err() {
                return rejected.then_some(Why::MalformedKey);
            }
        }
        _ => return rejected.then_some(Why::MissingScheme),
    }
    of_operation(exchange, &holds)
}

fn of_operation(exchange: &Exchange, holds: &impl Fn(&str) -> bool) -> Option<Why> {
    let parts: Vec<&str> = exchange.path.trim_start_matches("/api/v2/").split('/').collect();
    match (exchange.status, exchange.method, parts.as_slice()) {
        (401, ..) if holds("expire") => Some(Why::ExpiredKey),
        (401, ..) => Some(Why::UnknownKey),
        (403, ..) if holds("audience") => Some(Why::AudienceMismatch),
        (403, _, ["users", ..]) => Some(Why::ForeignUser),
        (403, _, ["projects", ..]) => Some(Why::NotPermitted),
        (400, "POST", ["users", _, "v2_keys"]) => of_date(exchange.request),
        (404, "DELETE", ["users", _, "v2_keys", _]) => Some(Why::UnknownKeyId),
        (404, _, ["users", ..]) => Some(Why::UnknownUser),
        (404, _, ["projects", _]) => Some(Why::HiddenProject),
        (404, _, ["projects", _, "models", _]) => Some(Why::UnknownModel),
        (404, _, ["projects", _, "models", _, "builds", _]) => Some(Why::UnknownBuild),
        (400 | 409, "POST", ["projects"]) if holds("exist") || holds("already") => {
            Some(Why::DuplicateProject)
        }
        (400 | 409 | 500, "POST", ["projects", _, "models"])
            if holds("name") || holds("failed to create model") =>
        {
            Some(Why::DuplicateModel)
        }
        _ => None,
    }
}

/// Which date was refused: the request says.
fn of_date(request: &[u8]) -> Option<Why> {
    let request: Value = serde_json::from_slice(request).ok()?;
    let asked = request["expiry_date"].as_str().filter(|text| !text.trim().is_empty())?;
    match time::parse(asked) {
        None => Some(Why::MalformedDate),
        Some(end) if end <= Timestamp::now() => Some(Why::PastDate),
        Some(_) => Some(Why::DateBeyondLimit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "Bearer 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.\
                       9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f";

    fn exchange<'a>(
        method: &'a str,
        path: &'a str,
        request: &'a str,
        status: u16,
        answer: &'a str,
    ) -> Exchange<'a> {
        Exchange {
            method,
            path,
            query: "",
            authorization: Some(KEY),
            request: request.as_bytes(),
            status,
            answer: answer.as_bytes(),
        }
    }

    #[test]
    fn refusals_are_distinguished_and_unknown_texts_are_not_kept() {
        let mut seen = Observations::default();
        let keys = "/api/v2/users/ann/v2_keys";
        let secret = r#"{"code":16,"message":"the key of Ann Secret ended"}"#;
        seen.watch(&exchange("GET", keys, "", 403, secret));
        seen.watch(&exchange("POST", keys, r#"{"expiry_date":"2099-01-01"}"#, 422, "{}"));
        seen.watch(&exchange(
            "POST",
            keys,
            r#"{"expiry_date":"2099-01-01"}"#,
            400,
            r#"{"code":3,"message":"too long"}"#,
        ));
        let malformed = r#"{"code":2,"message":"malformed apikey"}"#;
        seen.watch(&Exchange {
            authorization: Some("Bearer eyJ.a.b"),
            ..exchange("GET", keys, "", 500, malformed)
        });
        seen.watch(&Exchange { authorization: None, ..exchange("GET", keys, "", 302, "<html>") });
        let names: Vec<_> = seen.refusals.keys().copied().collect();
        assert_eq!(names, ["date-beyond-limit", "foreign-user", "malformed-key", "missing-key"]);
        assert_eq!(seen.refusals["foreign-user"].0.message, None);
        assert_eq!(seen.refusals["malformed-key"].0.message, Some("malformed apikey"));
        let verdicts: Vec<_> = seen.findings().into_iter().map(|it| it.verdict).collect();
        use Verdict::{Confirmed, Contradicted};
        assert_eq!(verdicts, [Confirmed, Contradicted, Confirmed, Contradicted]);
    }

    #[test]
    fn bodies_of_models_and_values_are_not_kept() {
        let mut seen = Observations::default();
        seen.watch(&exchange("POST", "/model", r#"{"request":"private"}"#, 200, r#"{"response":"private"}"#));
        let config = r#"{"api_key_expiration_days":17,"other":"private"}"#;
        seen.watch(&exchange("GET", "/api/v1/site/config", "", 200, config));
        let made = r#"{"api_key":"a.b","key_id":"private-id","created_at":"2026-11-27T10:00:00Z","audiences":["API"]}"#;
        seen.watch(&exchange("POST", "/api/v2/users/ann/v2_keys", "{}", 200, made));
        let all = format!("{seen:?}");
        assert!(!all.contains("private") && !all.contains("17") && !all.contains("2026"), "{all}");
        assert!(all.contains("api_key_expiration_days"), "{all}");
        assert_eq!(seen.values["rules.key-id"].0, "\"random\"");
        assert_eq!(seen.forms["created_at"], ["9999-99-99T99:99:99Z"]);
    }
}
