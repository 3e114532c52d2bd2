//! What scoring and checking a file have in common: whose key, how they are interrupted, and how they
//! end before their time.

use std::path::Path;

use crate::actions::models::KeyChoice;
use crate::actions::score::{BadInput, Stop, Stopper};
use crate::cli::context::Context;
use crate::cli::echo;
use crate::cli::error::{Exit, Failure};
use crate::probe::FailureKind;

/// The key in `file`, or one's own.
pub fn key(context: &Context, file: Option<&Path>) -> Result<KeyChoice, Failure> {
    Ok(match file {
        Some(file) => KeyChoice::This(echo::read_key(&context.out, file)?),
        None => KeyChoice::Own,
    })
}

/// Runs `job`; once `interrupted` returns, it is ended gently.
pub async fn until<T>(job: impl Future<Output = T>, stopper: &Stopper, interrupted: impl AsyncFn()) -> T {
    let interrupt = interrupted();
    tokio::pin!(job, interrupt);
    tokio::select! {
        outcome = &mut job => outcome,
        () = &mut interrupt => {
            stopper.stop();
            job.await
        }
    }
}

/// The error of a job that ended before its last row. `why` explains a refused key.
pub fn stopped(stop: Stop, key: &KeyChoice, why: Option<&str>, so_far: &str) -> Failure {
    let stop = match (stop, why) {
        (Stop::Sink(error), _) => {
            let failure = Failure::from(error);
            return Failure { message: format!("{}; {so_far}", failure.message), ..failure };
        }
        (Stop::Refused { .. }, Some(why)) => Stop::Refused { message: why.to_owned() },
        (stop, _) => stop,
    };
    let (exit, kind) = match &stop {
        Stop::Person => (Exit::Interrupted, "interrupted"),
        Stop::Refused { .. } if matches!(key, KeyChoice::Own) => {
            (Exit::Rejected, FailureKind::NotAuthorized.name())
        }
        Stop::Refused { .. } => (Exit::No, FailureKind::NotAuthorized.name()),
        Stop::NoWay { failure } if failure.kind == FailureKind::Invalid => {
            (Exit::Invalid, failure.kind.name())
        }
        Stop::NoWay { failure } => (Exit::NoAnswer, failure.kind.name()),
        Stop::NotRunning { .. } => (Exit::No, "not_deployed"),
        Stop::NewBuild { .. } => (Exit::Invalid, "new_build"),
        Stop::Input(BadInput::Changed { .. }) => (Exit::Invalid, "input_changed"),
        Stop::Input(_) | Stop::Sink(_) => (Exit::Invalid, "invalid"),
    };
    let reason = stop.to_string();
    Failure::new(exit, kind, format!("{}; {so_far}", reason.trim_end_matches('.')))
}
