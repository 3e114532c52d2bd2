//! Checking a model's answers.

use super::{Answer, CallContext, CheckRequest, KeyToSend};
use crate::actions::check::{self, Report};
use crate::actions::models::KeyChoice;
use crate::actions::score::{self, Input, Job};
use crate::actions::{Event, Progress};

/// Checks every row, with progress now and then.
pub(super) async fn check(check: CheckRequest, context: &CallContext) -> Answer {
    Answer::ModelChecked(report(check, context).await.map(Box::new).map_err(sentence))
}

async fn report(check: CheckRequest, context: &CallContext) -> Result<Report, score::Error> {
    let job = Job {
        session: &context.session,
        model: &check.model_id,
        key: match check.key {
            None => KeyChoice::Own,
            Some(KeyToSend::SignedIn) => KeyChoice::SignedIn,
            Some(KeyToSend::Nothing) => KeyChoice::Nothing,
            Some(KeyToSend::This(key)) => KeyChoice::This(key),
        },
        input: check.input,
        concurrency: check.concurrency,
        stopper: check.stop.into(),
        progress: &Tell(context),
    };
    check::check(&job, &check.request).await
}

/// The request of one row of a file that was checked.
pub(super) async fn row(input: Input, row: u64) -> Answer {
    Answer::RowRead(check::request_of(input, row).await.map_err(sentence))
}

fn sentence(error: score::Error) -> String {
    match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}

struct Tell<'a>(&'a CallContext);

impl Progress for Tell<'_> {
    fn on(&self, event: Event<'_>) {
        if let Event::Checking { done, of, worst } = event {
            self.0.progress(Answer::CheckProgress { done, of, worst: worst.to_vec() });
        }
    }
}
