//! `doctor`: one line a check, with what to do about each that fails. It prints no secrets, so that
//! its output can be pasted into a ticket, and says what it can even where nothing works.

mod certificate;
mod environment;
mod network;
mod service;

use serde::Serialize;
use serde_json::json;

use super::context::Context;
use super::error::{Exit, Failure};
use crate::config::Resolved;

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// Worth knowing; the program works.
    Warn,
    Fail,
    /// It could not be looked at, or has no meaning here.
    Skip,
}

#[derive(Debug, Clone, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub verdict: Verdict,
    pub detail: String,
    pub hint: Option<String>,
    /// How the program ends if this is the first check that fails.
    #[serde(skip)]
    exit: Exit,
}

impl Check {
    pub fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, detail: detail.into(), hint: None, exit: Exit::Done }
    }

    pub fn warn(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, hint: Some(hint.into()), ..Self::ok(name, detail) }
    }

    pub fn skip(name: &'static str, detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skip, ..Self::ok(name, detail) }
    }

    pub fn fail(name: &'static str, failure: impl Into<Failure>) -> Self {
        let failure = failure.into();
        // A diagnosis is never a bug of the program that makes it.
        let exit = if failure.exit == Exit::Bug { Exit::NotConfigured } else { failure.exit };
        Self { name, verdict: Verdict::Fail, detail: failure.message, hint: failure.hint, exit }
    }
}

pub async fn run(context: &Context) -> Result<Exit, Failure> {
    let mut checks = environment::files(context);
    match context.resolve_without_key() {
        Ok((resolved, no_key)) => {
            checks.extend(environment::values(&resolved, no_key));
            checks.extend(network::checks(&resolved).await);
            checks.extend(service::checks(&resolved).await);
        }
        Err(error) => checks.push(Check::fail("workbench", error)),
    }
    checks.push(environment::terminal());
    report(context, &checks)?;
    let first = checks.iter().find(|check| check.verdict == Verdict::Fail);
    Ok(first.map_or(Exit::Done, |check| check.exit))
}

fn report(context: &Context, checks: &[Check]) -> Result<(), Failure> {
    if context.out.json {
        let passed = checks.iter().all(|check| check.verdict != Verdict::Fail);
        return context.out.document(&json!({
            "keybench": env!("CARGO_PKG_VERSION"),
            "ok": passed,
            "checks": checks,
        }));
    }
    let mut lines = Vec::new();
    for check in checks {
        let word = match check.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
            Verdict::Skip => "-",
        };
        lines.push(format!("{word:<5} {:<14} {}", check.name, check.detail));
        lines.extend(check.hint.as_ref().map(|hint| format!("{:20} → {hint}", "")));
    }
    context.out.lines(&lines)
}

/// Host and port of the workbench.
fn address(resolved: &Resolved) -> Option<(bool, String, u16)> {
    split(&resolved.url.value)
}

/// Whether TLS is on, host and port of a URL.
fn split(url: &str) -> Option<(bool, String, u16)> {
    let url = reqwest::Url::parse(url).ok()?;
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some((url.scheme() == "https", host, url.port_or_known_default()?))
}
