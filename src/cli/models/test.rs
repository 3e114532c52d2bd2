//! `models test`: one call, its result, and if it failed, why.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::call::{CallArgs, explanation, no_answer, prepare};
use super::run::RunArgs;
use crate::actions::history::Ended;
use crate::actions::models;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::diagnosis::Diagnosis;
use crate::probe::{CallResult, FailureKind, Phases};
use crate::text;
use crate::text::json::Json;
use crate::wire::Model;

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench models test churn-prod/add --request '{\"a\":3,\"b\":5}'
  keybench models test churn-prod/add --request @request.json --api-key-file ~/.service-key
  keybench models test churn-prod/add -n 500 -c 4 --expect 'p99<250ms,errors<1%,replicas>=2'
  keybench models test churn-prod/add --rate 20 --duration 1m --export run.json

Any option of a run makes it a run. Latency counts from when a request was sent, with
--rate from when it was due. Ends with 0 if the call succeeded; for a run, if every request was sent
and succeeded, or if what --expect says holds. Ends with 8 otherwise, or with 6 if nothing answered.")]
pub struct TestArgs {
    #[command(flatten)]
    pub call: CallArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

pub async fn run(context: &Context, args: TestArgs) -> Result<Exit, Failure> {
    let call = prepare(context, &args.call).await?;
    let result = call.send().await;
    context.keep(&call, Some(call.request.as_str()), Ended::Test(Box::new(result.clone()))).await;
    let diagnosis = match result.failure() {
        Some(_) => Some(call.diagnose(&result).await),
        None => None,
    };
    report(context, &call.model, &result, diagnosis.as_ref())?;
    match (&result.outcome, result.failure()) {
        (_, None) => Ok(Exit::Done),
        (Ok(_), Some(_)) => Ok(Exit::No),
        (Err(error), Some(_)) => Err(no_answer(error, diagnosis.as_ref())),
    }
}

fn report(
    context: &Context,
    model: &Model,
    result: &CallResult,
    why: Option<&Diagnosis>,
) -> Result<(), Failure> {
    if context.out.json {
        return context.out.document(&document(model, result, why));
    }
    let mut lines = answer_lines(result);
    lines.extend(why.filter(|_| !lines.is_empty()).into_iter().flat_map(explanation));
    context.out.lines(&lines)
}

/// Status, times and body of an answer; nothing without one.
pub(in crate::cli) fn answer_lines(result: &CallResult) -> Vec<String> {
    let Ok(answer) = &result.outcome else { return Vec::new() };
    let word = match result.failure() {
        None => "success".to_owned(),
        Some(failure) => failure.label().to_owned(),
    };
    let replica = answer.replica_id.as_ref().map(|id| format!(" · replica {id}")).unwrap_or_default();
    let took = text::latency(result.total);
    let mut lines = vec![format!("{} {word} · {took} · {}{replica}", answer.status, text::size(answer.size))];
    match (&answer.response, answer.json()) {
        (Some(response), _) => lines.extend(pretty(response.as_str())),
        (None, Some(body)) => lines.extend(pretty(body)),
        (None, None) => {
            lines.extend(text::clean_lines(&String::from_utf8_lossy(&answer.body)).lines().map(str::to_owned))
        }
    }
    lines
}

pub(in crate::cli) fn pretty(json: &str) -> Vec<String> {
    text::json::pretty(json).lines().map(str::to_owned).collect()
}

/// One call as `--json` prints it. What the model said keeps its digits.
#[derive(Serialize)]
struct Document<'a> {
    model: String,
    model_id: &'a str,
    started: String,
    latency_ms: f64,
    phases: serde_json::Map<String, Value>,
    ok: bool,
    failure: Option<&'static str>,
    status: Option<u16>,
    success: Option<bool>,
    replica_id: Option<&'a str>,
    response: Option<&'a Json>,
    body: Option<Body>,
    size: Option<u64>,
    key_sent: bool,
    diagnosis: Option<&'a Diagnosis>,
}

/// A body without a `response`, as it came.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::cli) enum Body {
    Json(Json),
    Text(String),
}

impl Body {
    /// JSON where it is that, else text.
    pub fn of(bytes: &[u8]) -> Self {
        match Json::parse(bytes) {
            Ok(json) => Self::Json(json),
            Err(_) => Self::Text(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// `lookup_ms` and so on; `null` for a phase that did not happen or did not finish.
pub(in crate::cli) fn phases_ms(phases: &Phases) -> serde_json::Map<String, Value> {
    let phase = |(name, time): (&str, Option<_>)| {
        (format!("{}_ms", name.replace('-', "").to_lowercase()), json!(time.map(ms)))
    };
    phases.iter().map(phase).collect()
}

fn document<'a>(model: &'a Model, result: &'a CallResult, why: Option<&'a Diagnosis>) -> Document<'a> {
    let answer = result.answer();
    Document {
        model: models::full_name(model),
        model_id: &model.id,
        started: result.started.to_string(),
        latency_ms: ms(result.total),
        phases: phases_ms(&result.phases),
        ok: result.failure().is_none(),
        failure: result.failure().map(FailureKind::name),
        status: answer.map(|answer| answer.status),
        success: answer.and_then(|answer| answer.success),
        replica_id: answer.and_then(|answer| answer.replica_id.as_deref()),
        response: answer.and_then(|answer| answer.response.as_ref()),
        body: answer.filter(|answer| answer.response.is_none()).map(|answer| Body::of(&answer.body)),
        size: answer.map(|answer| answer.size),
        key_sent: result.key_sent,
        diagnosis: why,
    }
}
