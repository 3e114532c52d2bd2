//! Calls about a model: one call, a run, a diagnosis.

use tokio_util::sync::CancellationToken;

use crate::actions::check;
use crate::actions::score::Input;
use crate::probe::CallResult;
use crate::probe::run::Plan;
use crate::secret::ApiKey;
use crate::wire::Model;

/// A key to send, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyToSend {
    SignedIn,
    Nothing,
    This(ApiKey),
}

/// One model call as the Test panel asks for it.
#[derive(Debug, Clone)]
pub struct Test {
    pub model_id: String,
    /// `project/name`.
    pub model: String,
    pub number: u32,
    pub access_key: String,
    pub key: KeyToSend,
    /// What to call the key in the results.
    pub key_label: String,
    /// JSON, already read once.
    pub request: String,
}

/// The parameters of a run.
#[derive(Debug)]
pub struct RunRequest {
    pub model_id: String,
    pub access_key: String,
    pub key: KeyToSend,
    /// What to call the key in the history.
    pub key_label: String,
    /// JSON, already read once.
    pub request: String,
    pub plan: Plan,
    /// Cancelled when the user ends the run.
    pub stop: CancellationToken,
}

/// The parameters of a check.
#[derive(Debug)]
pub struct CheckRequest {
    pub model_id: String,
    /// Without one that of the session, if the model wants a key.
    pub key: Option<KeyToSend>,
    pub input: Input,
    /// Rows at the same time; without it as many as there are replicas.
    pub concurrency: Option<u32>,
    pub request: check::Request,
    /// The same as options of the command line.
    pub options: String,
    /// Cancelled when the user ends the check.
    pub stop: CancellationToken,
}

/// A failed test, and what is already known about it.
#[derive(Debug, Clone)]
pub struct Explain {
    pub number: u32,
    pub model: Model,
    pub key: KeyToSend,
    pub call: CallResult,
    /// The user of the session.
    pub signed_in: Option<String>,
}
