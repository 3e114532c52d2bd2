//! `runs show`: one entry of the history.

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use crate::actions::history::entry::Kept;
use crate::actions::history::{self, Entry, Line};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::models::test::{Body, answer_lines, phases_ms, pretty};
use crate::probe::run;
use crate::text::json::Json;

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench runs show 17
  keybench runs show 17 --json

What was masked or too long to be kept is said to be so. Ends with 0 once it is printed.")]
pub struct ShowArgs {
    /// Its ID, from `runs list`
    pub id: i64,
}

pub fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let entry = history::find(&context.history()?, args.id)?;
    match (context.out.json, &entry.summary) {
        (true, Some(summary)) => context.out.document(&with_line(json!(summary), &entry))?,
        (true, None) => context.out.document(&Document::of(&entry))?,
        (false, _) => context.out.lines(&lines(&entry))?,
    }
    Ok(Exit::Done)
}

fn lines(entry: &Entry) -> Vec<String> {
    let Line { id, kind, started, model, workbench, key, result, .. } = &entry.line;
    let when = started.strftime("%Y-%m-%d %H:%M:%S UTC");
    let mut lines = vec![
        format!("{} {id} of {model} · {when} · {key}", kind.as_str()),
        format!("at {workbench}"),
        String::new(),
    ];
    match (&entry.summary, entry.call()) {
        (Some(summary), _) => lines.extend(run::report(summary)),
        (None, Some(call)) => lines.extend(answer_lines(&call)),
        (None, None) => lines.push(format!("no answer: {result}")),
    }
    lines.extend(remark("the answer", entry.answer.as_ref()));
    lines.push(String::new());
    match &entry.request {
        Some(request) => {
            lines.push("request:".to_owned());
            lines.extend(pretty(&request.text));
        }
        None => lines.push("request: not kept".to_owned()),
    }
    lines.extend(remark("the request", entry.request.as_ref()));
    lines
}

fn remark(what: &str, kept: Option<&Kept>) -> Option<String> {
    kept.filter(|kept| !kept.whole).map(|_| format!("({what} was masked or cut)"))
}

/// A test as `--json` prints it. What was sent and answered keeps its digits.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    line: &'a Line,
    phases: serde_json::Map<String, Value>,
    request: Option<Body>,
    request_whole: bool,
    response: Option<Json>,
    body: Option<Body>,
    body_whole: bool,
}

impl<'a> Document<'a> {
    fn of(entry: &'a Entry) -> Self {
        let is_whole = |kept: &Option<Kept>| kept.as_ref().is_some_and(|kept| kept.whole);
        let body = |kept: &Kept| Body::of(kept.text.as_bytes());
        let response = entry.call().and_then(|call| call.answer().and_then(|answer| answer.response.clone()));
        Self {
            line: &entry.line,
            phases: phases_ms(&entry.phases),
            request: entry.request.as_ref().map(body),
            request_whole: is_whole(&entry.request),
            body: entry.answer.as_ref().filter(|_| response.is_none()).map(body),
            response,
            body_whole: is_whole(&entry.answer),
        }
    }
}

/// The figures of a run, with what it is of, as `models test --json` has them.
fn with_line(mut summary: Value, entry: &Entry) -> Value {
    let Line { id, kind, workbench, username, model, model_id, key, .. } = &entry.line;
    if let Some(members) = summary.as_object_mut() {
        let request = entry.request.as_ref().map(|request| &request.text);
        for (name, value) in [
            ("id", json!(id)),
            ("kind", json!(kind)),
            ("workbench", json!(workbench)),
            ("username", json!(username)),
            ("model", json!(model)),
            ("model_id", json!(model_id)),
            ("key", json!(key)),
            ("request", json!(request)),
        ] {
            members.insert(name.to_owned(), value);
        }
    }
    summary
}
