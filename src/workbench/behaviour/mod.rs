//! What the embedded workbench does where the real product is unknown: all INFERRED choices, by
//! name.
//!
//! A behaviour file (TOML, `version = 1`) overrides any of them, so that a better observation of a
//! real workbench costs one line; `assets/behaviour.example.toml` lists them all.
//!
//! ```toml
//! version = 1
//!
//! [refusals.expired-key]
//! status = 403
//! ```
//!
//! An answer that depends on a choice names it in the header `X-Keybench-Inferred`: a refusal by
//! its own name, any other answer by a constant of [`inferred`].

mod refusals;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use axum::http::HeaderValue;
use serde::Deserialize;

use crate::bounded;
use crate::text::toml::Mistake;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION};

pub use refusals::{FORMS, Form, Sure, Why};

/// The version of behaviour files that this program reads.
const VERSION: u32 = 1;

/// Names of the choices that are not refusals, in the header and in the file.
pub mod inferred {
    pub const EXPIRATION_SETTING: &str = "expiration-setting";
    pub const OPERATOR: &str = "operator";
    pub const DEFAULT_AUDIENCES: &str = "default-audiences";
    pub const EXPIRED_KEYS_LISTED: &str = "expired-keys-listed";
    pub const KEY_ID: &str = "key-id";
    pub const SITE_ADMINS_CALL_MODELS: &str = "site-admins-call-models";
    pub const PUBLIC_READERS_CALL_MODELS: &str = "public-readers-call-models";
    pub const OPERATORS_RESTART_MODELS: &str = "operators-restart-models";
    pub const CAMEL_CASE_QUERIES: &str = "camel-case-queries";
    pub const CAMEL_CASE_BODIES: &str = "camel-case-bodies";
    pub const USER_NAMES_IN_ANY_CASE: &str = "user-names-in-any-case";
    pub const FILTERS_COMBINE: &str = "filters-combine";
    pub const BARE_DATES: &str = "bare-dates-end-the-day";
    pub const VERSION: &str = "version";
    pub const UNSET_TIME: &str = "unset-time";
    pub const MODEL_CALL_AUDIENCES: &str = "model-call-audiences";
    pub const TRANSFERS: &str = "project-admins-transfer-projects";
    pub const USAGE: &str = "usage-lists-models";
}

/// How the embedded workbench behaves.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    version: u32,
    statuses: BTreeMap<String, u16>,
    refusals: BTreeMap<String, Override>,
    pub names: Names,
    pub rules: Rules,
    pub limits: Limits,
}

/// What a behaviour file says about one refusal.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Override {
    status: Option<u16>,
    code: Option<i32>,
    message: Option<String>,
    body: Option<String>,
    content_type: Option<String>,
}

/// Names and texts on the wire.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Names {
    /// The site setting "Default API keys expiration in days".
    pub expiration_setting: String,
    /// The collaborator permission that the interface calls Operator.
    pub operator: String,
    /// The audiences of a key whose creation does not name any.
    pub default_audiences: Vec<String>,
    /// `gitSha` of `sense-bootstrap.json`.
    pub version: String,
    /// A time that has not come: when a build was built, when a deployment was stopped. Fields of
    /// the format `date-time` (SPEC) must not be empty strings: strictly typed clients reject
    /// those.
    pub unset_time: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            expiration_setting: "default_api_keys_expiration_days".to_owned(),
            operator: "operator".to_owned(),
            default_audiences: vec![AUDIENCE_API.to_owned()],
            version: "26.06.13-keybench".to_owned(),
            unset_time: "0001-01-01T00:00:00Z".to_owned(),
        }
    }
}

/// How a Key ID is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyId {
    /// The part of the key before the dot.
    FirstHalf,
    /// Random, unrelated to the key.
    Random,
}

/// How several keys of a search filter combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    And,
    Or,
}

/// Decisions.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// ListV2Keys shows expired keys.
    pub expired_keys_listed: bool,
    pub key_id: KeyId,
    /// Site administrators may call every model.
    pub site_admins_call_models: bool,
    /// Anyone with a key may call the models of a public project.
    pub public_readers_call_models: bool,
    /// The permission `operator` is enough to restart and stop deployments.
    pub operators_restart_models: bool,
    /// `pageSize` is accepted for `page_size`.
    pub camel_case_queries: bool,
    /// `filePath` is accepted for `file_path` in request bodies.
    pub camel_case_bodies: bool,
    /// `Owner` names the user `owner`.
    pub user_names_in_any_case: bool,
    pub filters_combine: Combine,
    /// A model call needs a key with one of these audiences (that `API` is sufficient is OBSERVED
    /// by use, that it accepts `Application` CLAIMED).
    pub model_call_audiences: Vec<String>,
    /// A collaborator with the permission `admin` may transfer the project to another owner.
    pub project_admins_transfer_projects: bool,
    /// ListUsage has a row for each deployment of a model.
    pub usage_lists_models: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            expired_keys_listed: true,
            key_id: KeyId::FirstHalf,
            site_admins_call_models: true,
            public_readers_call_models: true,
            operators_restart_models: true,
            camel_case_queries: true,
            camel_case_bodies: true,
            user_names_in_any_case: true,
            filters_combine: Combine::And,
            model_call_audiences: vec![AUDIENCE_API.to_owned(), AUDIENCE_APPLICATION.to_owned()],
            project_admins_transfer_projects: false,
            usage_lists_models: true,
        }
    }
}

/// Sizes and times.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Rows of a page without a size (DOCS, ml-apiv2-usage-examples).
    pub page_size: usize,
    /// Rows of the largest page; larger requests occur in practice (OBSERVED: 100 000) and work.
    pub page_size_max: usize,
    /// Largest body of a model call: 5 MB (DOCS, ml-calling-a-model; that it is enforced is
    /// INFERRED).
    pub model_body_bytes: usize,
    /// Largest body of any other request.
    pub body_bytes: usize,
    /// Milliseconds that a build spends in each of its states.
    pub build_step_ms: u64,
    /// Milliseconds that a deployment spends in each state while it starts and stops.
    pub deployment_step_ms: u64,
    /// Milliseconds that every API request is delayed, as if the workbench were far away; the model
    /// service is not delayed.
    pub api_latency_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            page_size: 10,
            page_size_max: 100_000,
            model_body_bytes: 5_000_000,
            body_bytes: 5_000_000,
            build_step_ms: 40,
            deployment_step_ms: 40,
            api_latency_ms: 0,
        }
    }
}

/// Why a behaviour file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BehaviourError {
    #[error("the behaviour file {} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the behaviour file {} is invalid: {mistake}", path.display())]
    Malformed { path: PathBuf, mistake: Mistake },
    #[error("the behaviour file {} is invalid: {detail}", path.display())]
    Invalid { path: PathBuf, detail: String },
}

impl Behaviour {
    /// Reads a behaviour file; what it does not name keeps its default.
    pub fn load(path: &Path) -> Result<Self, BehaviourError> {
        let text = bounded::read_named_text(path)
            .map_err(|source| BehaviourError::Unreadable { path: path.to_owned(), source })?;
        let behaviour: Self = toml::from_str(&text).map_err(|source| BehaviourError::Malformed {
            path: path.to_owned(),
            mistake: Mistake::of(&text, &source),
        })?;
        match behaviour.problem() {
            None => Ok(behaviour),
            Some(detail) => Err(BehaviourError::Invalid { path: path.to_owned(), detail }),
        }
    }

    fn problem(&self) -> Option<String> {
        if self.version != VERSION {
            return Some(format!("it must say `version = {VERSION}`"));
        }
        if let Some(code) = self.statuses.keys().find(|code| code.parse::<i32>().is_err()) {
            return Some(format!("[statuses] has {code:?}, which is not a gRPC code"));
        }
        if let Some(name) = self.refusals.keys().find(|name| !FORMS.iter().any(|form| form.name == *name)) {
            let known: Vec<&str> = FORMS.iter().map(|form| form.name).collect();
            return Some(format!("[refusals.{name}] is not known; there are {}", known.join(", ")));
        }
        let statuses =
            self.refusals.values().filter_map(|over| over.status).chain(self.statuses.values().copied());
        if let Some(status) = statuses.into_iter().find(|status| !(200..600).contains(status)) {
            return Some(format!("{status} is not an HTTP status"));
        }
        let audiences = self.names.default_audiences.iter().chain(&self.rules.model_call_audiences);
        if let Some(unknown) =
            audiences.into_iter().find(|name| ![AUDIENCE_API, AUDIENCE_APPLICATION].contains(&name.as_str()))
        {
            return Some(format!("{unknown:?} is not an audience; there are API and Application"));
        }
        let types = self.refusals.values().filter_map(|over| over.content_type.as_deref());
        if let Some(bad) = types.into_iter().find(|text| HeaderValue::from_str(text).is_err()) {
            return Some(format!("{bad:?} cannot be a content-type"));
        }
        if self.limits.page_size == 0 || self.limits.page_size_max < self.limits.page_size {
            return Some("page-size must be at least 1 and at most page-size-max".to_owned());
        }
        None
    }

    /// The type of a refusal's body: from the file, else derived from the body.
    pub fn content_type(&self, why: Why, body: &str) -> HeaderValue {
        let named = self.refusals.get(why.form().name).and_then(|over| over.content_type.as_deref());
        if let Some(named) = named.and_then(|text| HeaderValue::from_str(text).ok()) {
            return named;
        }
        HeaderValue::from_static(match body.trim_start().as_bytes().first() {
            Some(b'{' | b'[') => "application/json",
            Some(b'<') => "text/html; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        })
    }

    /// HTTP status and body of a refusal; `values` replace the `{name}`s of its text.
    pub fn render(&self, why: Why, values: &[(&'static str, String)]) -> (u16, String) {
        let form = why.form();
        let over = self.refusals.get(form.name);
        let code = over.and_then(|over| over.code).unwrap_or(form.code);
        let status = over
            .and_then(|over| over.status)
            .or_else(|| form.status.filter(|_| over.is_none_or(|over| over.code.is_none())))
            .unwrap_or_else(|| self.status_of(code));
        let text = over.and_then(|over| over.message.as_deref()).unwrap_or(form.text);
        let message = fill(text, values);
        match over.and_then(|over| over.body.as_deref()).or(form.body) {
            Some(body) => (status, fill_body(body, status, &message)),
            None => {
                let error = crate::wire::RuntimeError { error: message.clone(), code, message };
                (status, serde_json::to_string(&error).unwrap_or_default())
            }
        }
    }

    fn status_of(&self, code: i32) -> u16 {
        self.statuses.get(&code.to_string()).copied().unwrap_or_else(|| refusals::http_status(code))
    }
}

/// Replaces the `{name}`s of a text in one pass: values are not expanded again.
pub(super) fn fill(text: &str, values: &[(&'static str, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let found = values.iter().find_map(|(name, value)| {
            let after = rest.strip_prefix('{')?.strip_prefix(name)?.strip_prefix('}')?;
            Some((value, after))
        });
        match found {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn fill_body(body: &str, status: u16, message: &str) -> String {
    let quoted = serde_json::Value::from(message).to_string();
    let escaped = quoted[1..quoted.len() - 1].to_owned();
    fill(body, &[("status", status.to_string()), ("message", escaped)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Behaviour, BehaviourError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Behaviour::load(file.path())
    }

    #[test]
    fn the_default_form_is_the_one_of_the_specification() {
        let (status, body) = Behaviour::default().render(Why::UnknownUser, &[("user", "{x}".to_owned())]);
        assert_eq!(status, 404);
        assert_eq!(body, r#"{"error":"there is no user {x}","code":5,"message":"there is no user {x}"}"#);
    }

    #[test]
    fn every_form_is_json() {
        for form in FORMS {
            let values = [("detail", "a \"quoted\"\nline".to_owned()), ("limit", "5".to_owned())];
            let (status, body) = Behaviour::default().render(form.why, &values);
            let value: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert!(value.is_object(), "{}", form.name);
            assert!((400..600).contains(&status), "{}", form.name);
        }
    }

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let behaviour = read(
            "version = 1\n[statuses]\n7 = 451\n[refusals.expired-key]\nstatus = 403\n\
             message = \"gone {expired}\"\nbody = '{\"m\":\"{message}\",\"s\":{status}}'\n\
             [rules]\nkey-id = \"random\"\n[names]\noperator = \"op\"\n",
        )
        .unwrap();
        let values = [("expired", "\"today\"".to_owned())];
        assert_eq!(
            behaviour.render(Why::ExpiredKey, &values),
            (403, r#"{"m":"gone \"today\"","s":403}"#.to_owned())
        );
        assert_eq!(behaviour.render(Why::ForeignUser, &[]).0, 451);
        assert_eq!(behaviour.render(Why::MissingKey, &[]).0, 401);
        assert_eq!(behaviour.rules.key_id, KeyId::Random);
        assert_eq!(behaviour.names.operator, "op");
        assert_eq!(behaviour.limits.page_size, 10);
    }

    #[test]
    fn the_example_names_every_choice_with_its_default() {
        let text = include_str!("../../../assets/behaviour.example.toml");
        let example: Behaviour = toml::from_str(text).unwrap();
        assert_eq!(example.problem(), None);
        let default = Behaviour::default();
        for form in FORMS {
            let over = &example.refusals[form.name];
            assert!(over.status.is_some() && over.code.is_some() && over.message.is_some(), "{}", form.name);
            assert_eq!(example.render(form.why, &[]), default.render(form.why, &[]), "{}", form.name);
        }
        for code in 1..=16 {
            assert_eq!(example.status_of(code), default.status_of(code), "{code}");
            assert!(example.statuses.contains_key(&code.to_string()));
        }
        // Every member of the three tables is in the file, with its default.
        let written: toml::Table = text.parse().unwrap();
        let table = |name: &str| written[name].as_table().unwrap().len();
        assert_eq!(format!("{:?}", example.names), format!("{:?}", default.names));
        assert_eq!(format!("{:?}", example.rules), format!("{:?}", default.rules));
        assert_eq!(format!("{:?}", example.limits), format!("{:?}", default.limits));
        let members = |debug: String| debug.matches(": ").count();
        assert_eq!(table("names"), members(format!("{:?}", default.names)));
        assert_eq!(table("rules"), members(format!("{:?}", default.rules)));
        assert_eq!(table("limits"), members(format!("{:?}", default.limits)));
    }

    #[test]
    fn a_wrong_file_is_refused_with_the_place() {
        for (text, expected) in [
            ("", "version = 1"),
            ("version = 2", "version = 1"),
            ("version = 1\n[refusals.nonsense]\nstatus = 1", "missing-key"),
            ("version = 1\n[rules]\nkey-id = 5", "line 3"),
            ("version = 1\n[statuses]\n9 = 9", "not an HTTP status"),
            ("version = 1\n[limits]\npage-size = 0", "page-size"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}
