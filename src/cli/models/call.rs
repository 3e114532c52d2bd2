//! What one call and a run have in common: which model, which request, which key, and why it failed.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::job;
use crate::actions::models::{self, ModelCall};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::diagnosis::{Action, Diagnosis};
use crate::probe::{CallError, ModelRequest};
use crate::{bounded, decode};

/// Largest file that a request is read from (DOCS, ml-calling-a-model: 5 MB).
const REQUEST_LIMIT: u64 = 5_000_000;

#[derive(Debug, Clone, Args)]
pub struct CallArgs {
    /// project/name, or the model's id
    pub model: String,
    /// Request as JSON, or @FILE; without it the example in the model's description
    #[arg(long, value_name = "JSON|@FILE")]
    pub request: Option<String>,
    /// Call with the key in this file (- for standard input) instead of your own
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
}

/// Reads what is to be read, looks the model up, and sends nothing to it.
pub async fn prepare(context: &Context, args: &CallArgs) -> Result<ModelCall, Failure> {
    let session = context.session()?;
    let key = job::key(context, args.api_key_file.as_deref())?;
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

/// Why a call failed, and what mends it, in lines.
pub fn explanation(why: &Diagnosis) -> Vec<String> {
    let mut lines = vec![format!("why: {}", why.sentence)];
    lines.extend(why.remedy.as_ref().map(|remedy| format!("fix: {remedy}")));
    lines.extend(why.actions.iter().find_map(Action::command).map(|command| format!("run: {command}")));
    lines.extend(why.unverified.iter().map(|what| format!("not verified: {what}")));
    lines
}
