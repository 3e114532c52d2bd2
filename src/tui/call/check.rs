//! Checking a model against a golden file.

use std::path::PathBuf;

use super::{Answer, CallContext};
use crate::actions::check::{self, Against, Request, Tolerance};
use crate::actions::models::KeyChoice;
use crate::actions::score::{self, Columns, Input, Stop, Stopper};
use crate::actions::{Event, Progress};

/// Checks every row, with progress now and then.
pub(super) async fn check(model_id: String, golden: PathBuf, context: &CallContext) -> Answer {
    Answer::ModelChecked(lines(&model_id, golden, context).await)
}

async fn lines(model_id: &str, golden: PathBuf, context: &CallContext) -> Result<Vec<String>, String> {
    let sentence = |error: score::Error| match error.hint() {
        Some(hint) => format!("{error}: {hint}"),
        None => error.to_string(),
    };
    let input = Input::new(&golden, Columns::default(), false).map_err(|error| sentence(error.into()))?;
    let request = Request {
        input,
        against: Against::Golden,
        tolerance: Tolerance::default(),
        concurrency: None,
        keep_answers: false,
    };
    let (session, stopper) = (&context.session, Stopper::default());
    let checked = check::check(session, model_id, &KeyChoice::Own, &request, &stopper, &Tell(context)).await;
    let report = checked.map_err(sentence)?;
    match &report.stop {
        None | Some(Stop::Person) => Ok(check::lines(&report)),
        Some(Stop::Refused { message }) => Err(format!("the key was refused: {message}")),
        Some(Stop::NoWay { failure }) => Err(failure.message.clone()),
        Some(Stop::Input(error)) => Err(error.to_string()),
        Some(Stop::Sink(error)) => Err(error.to_string()),
    }
}

struct Tell<'a>(&'a CallContext);

impl Progress for Tell<'_> {
    fn on(&self, event: Event<'_>) {
        if let Event::Scoring { done, of, .. } = event {
            self.0.progress(Answer::CheckProgress { done, of });
        }
    }
}
