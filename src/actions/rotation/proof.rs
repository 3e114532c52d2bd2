//! Whether a key works: the workbench accepts it, and a model answers with it.

use std::time::Duration;

use tokio::time::sleep;

use super::Error;
use crate::actions::models::{self, KeyChoice, ModelCall};
use crate::actions::{Event, Progress};
use crate::config::Session;
use crate::diagnosis::Cause;
use crate::probe::ModelRequest;
use crate::secret::ApiKey;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION};

/// Before a model is asked again; twice as long each time.
const PAUSE: Duration = Duration::from_secs(1);
/// No longer than this.
const LONGEST: Duration = Duration::from_secs(30);

/// How often a model that is busy or being deployed is asked again, if nothing else is wanted.
pub const BUSY: u32 = 5;

/// The model that a key is proven with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verify {
    /// `project/name`, or an id.
    pub model: String,
    /// `None`: the example in its description.
    pub request: Option<ModelRequest>,
    /// How often it is asked again if it is busy or being deployed.
    pub busy: u32,
}

/// A call of the model that `verify` names, without a key.
///
/// # Errors
/// There is no such model, or no request for it.
pub async fn prepare(session: &Session, verify: &Verify) -> Result<ModelCall, Error> {
    let model = models::find(session, &verify.model).await.map_err(models::Error::from)?;
    Ok(ModelCall::new(session, model, &KeyChoice::Nothing, verify.request.clone())?)
}

/// Whether the model of `verify` is there and has a request, so that a slip is found before a key is due.
///
/// # Errors
/// As [`prepare`].
pub async fn can_prove(session: &Session, verify: Option<&Verify>) -> Result<(), Error> {
    match verify {
        Some(verify) => prepare(session, verify).await.map(drop),
        None => Ok(()),
    }
}

/// Shows `key`, which is for `audiences`, to the workbench and to the model.
///
/// # Errors
/// It is not accepted, or the model does not answer with it.
pub async fn prove(
    session: &Session,
    key: &ApiKey,
    audiences: &[impl AsRef<str>],
    call: Option<&ModelCall>,
    busy: u32,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let client = session.client.with_key(key.clone());
    let only_application =
        !audiences.is_empty() && audiences.iter().all(|one| one.as_ref() == AUDIENCE_APPLICATION);
    let audience = if only_application { AUDIENCE_APPLICATION } else { AUDIENCE_API };
    let answer = client.validate_key(audience).await.map_err(Error::NotAccepted)?;
    if !answer.valid {
        return Err(Error::NotValid { message: answer.message });
    }
    let Some(call) = call else { return Ok(()) };
    let call = call.with_key(key.clone());
    let mut again = 0;
    loop {
        let result = call.send().await;
        if result.failure().is_none() {
            return Ok(());
        }
        let why = Box::new(call.diagnose(&result).await);
        // A delivery of another service may have restarted the model just now. When that is looked up,
        // it may run again already: then only the failed call is left of it.
        if again < busy && matches!(why.cause, Cause::Busy | Cause::Deploying | Cause::ServiceTrouble) {
            let after = PAUSE.saturating_mul(2u32.saturating_pow(again)).min(LONGEST);
            progress.on(Event::AskedAgain { model: &models::full_name(&call.model), after });
            sleep(after).await;
            again += 1;
            continue;
        }
        return Err(match result.outcome {
            Ok(_) => Error::NotProven { why },
            Err(error) => Error::NoProof { error, why },
        });
    }
}
