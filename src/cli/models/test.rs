//! `models test`: one call, what came of it, and if it failed, why.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::actions::models::{self, KeyChoice, ModelCall};
use crate::cli::args::TestArgs;
use crate::cli::context::Context;
use crate::cli::echo;
use crate::cli::error::{Exit, Failure};
use crate::diagnosis::{Action, Diagnosis};
use crate::probe::{CallError, CallResult, FailureKind, ModelRequest};
use crate::text::json::Json;
use crate::wire::Model;
use crate::{bounded, decode, text};

/// Largest file that a request is read from (DOCS, ml-calling-a-model: 5 MB).
const REQUEST_LIMIT: u64 = 5_000_000;

pub async fn run(context: &Context, args: TestArgs) -> Result<Exit, Failure> {
    let call = prepare(context, &args).await?;
    let result = call.send().await;
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

/// Reads what is to be read, looks the model up, and sends nothing to it.
pub async fn prepare(context: &Context, args: &TestArgs) -> Result<ModelCall, Failure> {
    let session = context.session()?;
    let key = match args.api_key_file.as_deref() {
        Some(file) => KeyChoice::This(echo::read_key(&context.out, file)?),
        None => KeyChoice::Own,
    };
    let request = args.request.as_deref().map(read_request).transpose()?;
    let model = models::find(&session, &args.model).await?;
    Ok(ModelCall::new(&session, model, &key, request)?)
}

/// JSON as it was typed, or the contents of `@FILE`.
pub fn read_request(text: &str) -> Result<ModelRequest, Failure> {
    let from_file = match text.strip_prefix('@') {
        Some(file) => Some(read_file(Path::new(file))?),
        None => None,
    };
    ModelRequest::parse(from_file.as_deref().unwrap_or(text)).map_err(|error| no_answer(&error, None))
}

fn read_file(file: &Path) -> Result<String, Failure> {
    let shown = file.display();
    let unreadable = |why: &dyn std::fmt::Display| {
        Failure::invalid(format!("the request in {shown} cannot be read: {why}"))
            .hint("name a file with JSON in it, or give the JSON itself")
    };
    let bytes = bounded::read_named(file, REQUEST_LIMIT).map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => {
            Failure::new(Exit::Interrupted, "interrupted", "interrupted; nothing was sent")
        }
        io::ErrorKind::FileTooLarge => {
            Failure::invalid(format!("{shown} is larger than the 5 MB that a model call may have"))
        }
        _ => unreadable(&error),
    })?;
    decode::text(&bytes).map(str::to_owned).map_err(|why| unreadable(&why))
}

/// A call that got no answer, as the end of a command.
pub fn no_answer(error: &CallError, diagnosis: Option<&Diagnosis>) -> Failure {
    let failure = Failure::from(error);
    match diagnosis.and_then(|diagnosis| diagnosis.remedy.clone()) {
        Some(hint) => failure.hint(hint),
        None => failure,
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
    let Ok(answer) = &result.outcome else { return Ok(()) };
    let word = match result.failure() {
        None => "success".to_owned(),
        Some(failure) => failure.words().to_owned(),
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
    lines.extend(why.into_iter().flat_map(explanation));
    context.out.lines(&lines)
}

/// Why a call failed, and what mends it, in lines.
pub fn explanation(why: &Diagnosis) -> Vec<String> {
    let mut lines = vec![format!("why: {}", why.sentence)];
    lines.extend(why.remedy.as_ref().map(|remedy| format!("fix: {remedy}")));
    lines.extend(why.actions.iter().find_map(Action::command).map(|command| format!("run: {command}")));
    lines.extend(why.unverified.iter().map(|what| format!("not verified: {what}")));
    lines
}

fn pretty(json: &str) -> Vec<String> {
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
enum Body {
    Json(Json),
    Text(String),
}

fn document<'a>(model: &'a Model, result: &'a CallResult, why: Option<&'a Diagnosis>) -> Document<'a> {
    let ms = |time: std::time::Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    let phase = |(name, time): (&str, Option<_>)| {
        (format!("{}_ms", name.replace('-', "").to_lowercase()), json!(time.map(ms)))
    };
    let answer = result.answer();
    Document {
        model: models::full_name(model),
        model_id: &model.id,
        started: result.started.to_string(),
        latency_ms: ms(result.total),
        phases: result.phases.iter().map(phase).collect(),
        ok: result.failure().is_none(),
        failure: result.failure().map(FailureKind::name),
        status: answer.map(|answer| answer.status),
        success: answer.and_then(|answer| answer.success),
        replica_id: answer.and_then(|answer| answer.replica_id.as_deref()),
        response: answer.and_then(|answer| answer.response.as_ref()),
        body: answer.filter(|answer| answer.response.is_none()).map(|answer| {
            match answer.json().and_then(|json| Json::parse(json.as_bytes()).ok()) {
                Some(json) => Body::Json(json),
                None => Body::Text(String::from_utf8_lossy(&answer.body).into_owned()),
            }
        }),
        size: answer.map(|answer| answer.size),
        key_sent: result.key_sent,
        diagnosis: why,
    }
}
