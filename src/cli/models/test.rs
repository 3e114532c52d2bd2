//! `models test`: one call, what came of it, and if it failed, why.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::args::TestArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::{key_file, lookup};
use crate::config::Session;
use crate::diagnosis::{self, Action, Diagnosis, Subject};
use crate::probe::{
    CallError, CallResult, FailureKind, ModelCallTarget, ModelRequest, Transport, TransportOptions,
};
use crate::secret::ApiKey;
use crate::text;
use crate::wire::Model;

/// Largest file that a request is read from (DOCS, ml-calling-a-model: 5 MB).
const REQUEST_LIMIT: u64 = 5_000_000;

pub async fn run(context: &Context, args: TestArgs) -> Result<Exit, Failure> {
    let call = TestCall::prepare(context, &args).await?;
    let result = call.call().await;
    let diagnosis = match result.failure() {
        Some(_) => Some(call.diagnose(context, &result).await),
        None => None,
    };
    report(context, &call.model, &result, diagnosis.as_ref())?;
    match (&result.outcome, result.failure()) {
        (_, None) => Ok(Exit::Done),
        (Ok(_), Some(_)) => Ok(Exit::No),
        (Err(error), Some(_)) => Err(no_answer(error, diagnosis.as_ref())),
    }
}

/// A call that is to prove a key, ready before the key exists.
pub struct Proof {
    model: Model,
    request: ModelRequest,
    transport: Transport,
}

impl Proof {
    pub async fn new(
        context: &Context,
        session: &Session,
        wanted: &str,
        request: Option<ModelRequest>,
    ) -> Result<Self, Failure> {
        let transport = transport(context, session)?;
        let model = lookup::model(session, wanted).await?;
        let request = match request {
            Some(request) => request,
            None => example(&model.description).ok_or_else(|| no_example(&model))?,
        };
        Ok(Self { model, request, transport })
    }

    /// Calls the model once; an error says that `key` is not proven.
    pub async fn call(&self, context: &Context, session: &Session, key: ApiKey) -> Result<(), Failure> {
        let call = TestCall {
            session: session.clone(),
            model: self.model.clone(),
            key: Some(key),
            transport: self.transport.clone(),
            request: self.request.clone(),
        };
        let result = call.call().await;
        if result.failure().is_none() {
            return Ok(());
        }
        let why = call.diagnose(context, &result).await;
        match &result.outcome {
            Ok(_) => {
                let message = format!("the model test with the new key failed: {}", why.sentence);
                let failure = Failure::new(Exit::No, "not_proven", message);
                Err(match why.remedy {
                    Some(remedy) => failure.hint(remedy),
                    None => failure,
                })
            }
            Err(error) => Err(no_answer(error, Some(&why))),
        }
    }
}

fn no_example(model: &Model) -> Failure {
    Failure::invalid(format!("{} has no example request in its description", lookup::full_name(model)))
        .hint("give one: --request '{\"a\": 3}' or --request @FILE")
}

/// A model call as the command line describes it.
pub struct TestCall {
    pub session: Session,
    pub model: Model,
    pub key: Option<ApiKey>,
    pub transport: Transport,
    pub request: ModelRequest,
}

impl TestCall {
    /// Reads what is to be read, looks the model up, and sends nothing to it.
    pub async fn prepare(context: &Context, args: &TestArgs) -> Result<Self, Failure> {
        let session = context.session()?;
        let given = args.api_key_file.as_deref().map(key_file::read).transpose()?;
        let typed = args.request.as_deref().map(read_request).transpose()?;
        let model = lookup::model(&session, &args.model).await?;
        let request = match typed {
            Some(request) => request,
            None => example(&model.description).ok_or_else(|| no_example(&model))?,
        };
        // One's own key is not shown to a model that asks for none.
        let key = given.or_else(|| session.client.key().filter(|_| model.auth_enabled).cloned());
        let transport = transport(context, &session)?;
        Ok(Self { session, model, key, transport, request })
    }

    pub fn target(&self) -> ModelCallTarget {
        ModelCallTarget {
            url: self.session.client.model_url().to_owned(),
            access_key: self.model.access_key.clone(),
        }
    }

    pub async fn call(&self) -> CallResult {
        crate::probe::call(&self.transport, &self.target(), self.key.as_ref(), &self.request).await
    }

    pub async fn diagnose(&self, context: &Context, result: &CallResult) -> Diagnosis {
        let client = &self.session.client;
        let subject = Subject {
            model: self.model.clone(),
            target: self.target(),
            key: self.key.clone(),
            signed_in: context.username(&self.session).await.ok(),
        };
        let facts = diagnosis::gather(client, &subject, result).await;
        diagnosis::diagnose(result, &facts)
    }
}

/// The way to the model service, with `--timeout` if it was given.
pub fn transport(context: &Context, session: &Session) -> Result<Transport, Failure> {
    let mut options = TransportOptions::from(session.client.options());
    if let Some(timeout) = context.global.timeout {
        options.timeout = timeout;
    }
    Transport::new(options).map_err(|error| no_answer(&error, None))
}

/// JSON as it was typed, or the contents of `@FILE`.
pub fn read_request(text: &str) -> Result<ModelRequest, Failure> {
    let from_file = match text.strip_prefix('@') {
        Some(file) => Some(read_bounded(Path::new(file))?),
        None => None,
    };
    ModelRequest::parse(from_file.as_deref().unwrap_or(text)).map_err(|error| no_answer(&error, None))
}

fn read_bounded(file: &Path) -> Result<String, Failure> {
    use std::io::Read as _;
    let mut text = String::new();
    let read =
        std::fs::File::open(file).and_then(|open| open.take(REQUEST_LIMIT + 1).read_to_string(&mut text));
    match read {
        Ok(length) if length as u64 > REQUEST_LIMIT => Err(Failure::invalid(format!(
            "{} is larger than the 5 MB that a model call may have",
            file.display()
        ))),
        Ok(_) => Ok(text),
        Err(error) => {
            Err(Failure::invalid(format!("the request in {} cannot be read: {error}", file.display()))
                .hint("name a file with JSON in it, or give the JSON itself"))
        }
    }
}

/// The first JSON object or array in a model's description.
pub fn example(description: &str) -> Option<ModelRequest> {
    description.match_indices(['{', '[']).find_map(|(at, _)| {
        let mut values = serde_json::Deserializer::from_str(&description[at..]).into_iter::<Value>();
        values.next()?.ok()?;
        ModelRequest::parse(&description[at..at + values.byte_offset()]).ok()
    })
}

/// A call that got no answer, as the end of a command.
pub fn no_answer(error: &CallError, diagnosis: Option<&Diagnosis>) -> Failure {
    let exit = if error.kind() == FailureKind::Invalid { Exit::Invalid } else { Exit::NoAnswer };
    let failure = Failure::new(exit, error.kind().name(), error.to_string());
    match diagnosis.and_then(|diagnosis| diagnosis.remedy.clone()).or_else(|| error.hint()) {
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
        (Some(response), _) => lines.extend(pretty(response)),
        (None, Some(body)) => lines.extend(pretty(&body)),
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

fn pretty(value: &Value) -> Vec<String> {
    let written = serde_json::to_string_pretty(value).unwrap_or_default();
    written.lines().map(str::to_owned).collect()
}

fn document(model: &Model, result: &CallResult, why: Option<&Diagnosis>) -> Value {
    let ms = |time: std::time::Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    let phases: serde_json::Map<_, _> = result
        .phases
        .iter()
        .map(|(name, time)| (format!("{}_ms", name.replace('-', "").to_lowercase()), json!(time.map(ms))))
        .collect();
    let answer = result.answer();
    json!({
        "model": lookup::full_name(model),
        "model_id": model.id,
        "started": result.started.to_string(),
        "latency_ms": ms(result.total),
        "phases": phases,
        "ok": result.failure().is_none(),
        "failure": result.failure().map(FailureKind::name),
        "status": answer.map(|answer| answer.status),
        "success": answer.and_then(|answer| answer.success),
        "replica_id": answer.and_then(|answer| answer.replica_id.clone()),
        "response": answer.and_then(|answer| answer.response.clone()),
        "body": answer.filter(|answer| answer.response.is_none()).map(|answer| {
            answer.json().unwrap_or_else(|| json!(String::from_utf8_lossy(&answer.body)))
        }),
        "size": answer.map(|answer| answer.size),
        "key_sent": result.key_sent,
        "diagnosis": why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_stands_somewhere_in_the_description() {
        let found = |text| example(text).map(|request| request.as_str().to_owned());
        assert_eq!(found(r#"{"a":3,"b":5}"#).as_deref(), Some(r#"{"a":3,"b":5}"#));
        assert_eq!(found(r#"Adds {two} numbers: {"a": [1]}."#).as_deref(), Some(r#"{"a": [1]}"#));
        assert_eq!(found("no example"), None);
    }
}
