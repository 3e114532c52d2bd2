//! Why a model call failed, and how to fix it.
//!
//! Two halves. [`gather`] asks the workbench: is the key valid and whose is it, may its owner see
//! the project, who are the collaborators, is the model deployed. [`diagnose`] is pure: it takes
//! the call and those facts and states the cause, the remedy, and what could not be verified. It
//! never guesses when a fact is available, and says so when it has to.

mod deployment;
mod explain;
mod facts;
mod message;
mod reach;
mod rights;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::secret::NotAnApiKey;

pub use explain::diagnose;
pub use facts::{DeploymentFacts, Facts, KeyCheck, KeyFacts, Known, ModelState, Subject, gather};
pub use message::access_request;

/// The problem, as an identifier for scripts and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nothing is wrong.
    Passed,
    /// Passed, and would have passed without a key: the model does not require one.
    KeyNotNeeded,
    NoKey,
    /// Not shaped like an API key; perhaps another kind of key.
    KeyMalformed,
    /// The workbench rejects the key: unknown, deleted, or of another workbench.
    KeyUnknown,
    KeyExpired,
    /// The key has another purpose than calling APIs and models.
    KeyAudience,
    /// The key's owner has no permission in the model's project.
    NotCollaborator,
    /// Refused although everything that can be checked is in order.
    RefusedDespiteRights,
    /// Refused, and nothing could be checked.
    NotAuthorized,
    /// A key was sent to a model without authentication, and refused.
    AuthenticationOff,
    NotDeployed,
    BuildFailed,
    Deploying,
    Stopped,
    DeploymentFailed,
    WrongAccessKey,
    /// The model service does not know the model, but the workbench does.
    UnknownToService,
    /// No replica was free in time.
    Busy,
    /// The model did not answer in time.
    RequestTimeout,
    RequestTooLarge,
    /// The function behind the model failed.
    FunctionFailed,
    /// The answer comes from something other than a model service.
    NotAModelService,
    NameNotFound,
    NoConnection,
    Tls,
    Proxy,
    /// The workbench can be reached, but not its model service.
    ModelServiceUnreachable,
    /// The model service, or a proxy in front of it, failed.
    ServiceTrouble,
    /// The connection closed during the exchange.
    CutShort,
    /// An answer that does not come from a model.
    UnreadableAnswer,
    /// An unknown kind of refusal.
    OtherRefusal,
    /// Nothing was sent: a value is wrong.
    Invalid,
    /// This machine ran out of something.
    UsedUp,
}

/// What the user can do about it from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Something the signed-in user may do.
    AddCollaborator {
        project_id: String,
        project_name: String,
        username: String,
        permission: String,
    },
    /// A message to another person, ready to send.
    CopyMessage {
        text: String,
    },
    /// Make a new API key in Settings.
    CreateKey {
        /// What it has to be for; empty: the workbench's default does.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        audiences: Vec<&'static str>,
    },
    /// Type or pick another key.
    ChooseKey,
    TestWithoutKey,
    TestAgain,
    /// Read the model again: its access key has changed.
    ReloadModel,
    /// Restart the deployment.
    RestartDeployment {
        project_id: String,
        model_id: String,
    },
}

impl Action {
    /// A new key, of the workbench's default.
    pub const CREATE_KEY: Self = Self::CreateKey { audiences: Vec::new() };

    /// A short label for a button or a menu.
    pub fn label(&self) -> String {
        match self {
            Self::AddCollaborator { username, permission, .. } => {
                format!("add {username} as collaborator ({permission})")
            }
            Self::CopyMessage { .. } => "copy a request for access".to_owned(),
            Self::CreateKey { .. } => "create a new key".to_owned(),
            Self::ChooseKey => "use another key".to_owned(),
            Self::TestWithoutKey => "test without a key".to_owned(),
            Self::TestAgain => "test again".to_owned(),
            Self::ReloadModel => "read the model again".to_owned(),
            Self::RestartDeployment { .. } => "restart the deployment".to_owned(),
        }
    }
}

impl Action {
    /// The command that does it, if there is one.
    pub fn command(&self) -> Option<String> {
        let quoted = message::shell_quoted;
        match self {
            Self::AddCollaborator { project_name, username, permission, .. } => Some(format!(
                "keybench collaborators add {} {} --permission {}",
                quoted(project_name),
                quoted(username),
                quoted(permission)
            )),
            Self::CreateKey { audiences } => {
                let audiences = audiences.iter().map(|audience| format!(" --audience {audience}"));
                Some(format!("keybench keys create{}", audiences.collect::<String>()))
            }
            Self::RestartDeployment { model_id, .. } => {
                Some(format!("keybench models restart {}", quoted(model_id)))
            }
            _ => None,
        }
    }
}

/// Why a call failed, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    pub cause: Cause,
    /// The cause, in one sentence.
    pub sentence: String,
    /// The remedy, in one sentence.
    pub remedy: Option<String>,
    pub actions: Vec<Action>,
    /// What the answer itself said.
    pub said: Option<String>,
    /// What the sentence assumes without verification, each with the reason.
    pub unverified: Vec<String>,
}

impl Diagnosis {
    pub(crate) fn new(cause: Cause, sentence: impl Into<String>) -> Self {
        Self {
            cause,
            sentence: sentence.into(),
            remedy: None,
            actions: Vec::new(),
            said: None,
            unverified: Vec::new(),
        }
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    pub(crate) fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    pub(crate) fn unverified(mut self, what: impl Into<String>) -> Self {
        self.unverified.push(what.into());
        self
    }

    /// For a key that was not sent because it cannot be an API key.
    pub fn of_malformed_key(problem: NotAnApiKey) -> Self {
        let cause = if problem == NotAnApiKey::Empty { Cause::NoKey } else { Cause::KeyMalformed };
        let (what, remedy) = match problem {
            NotAnApiKey::Empty => ("No API key was given", "Paste an API key, or create one"),
            NotAnApiKey::AccessKey => (
                "What was given is the model's access key: it says which model is called, not who calls",
                "Paste an API key of a user who may read the project, or create one",
            ),
            NotAnApiKey::LegacyKey => (
                "What was given has the shape of a legacy API key, which models do not accept",
                "Paste an API key (64 hexadecimal digits, a dot, 64 more), or create one in Settings",
            ),
            NotAnApiKey::SessionToken => (
                "What was given is a session token (JWT), which models do not accept",
                "Paste an API key (64 hexadecimal digits, a dot, 64 more), or create one in Settings",
            ),
            NotAnApiKey::Length { .. } => {
                ("The key is cut off or has characters too many", "Copy the key again as a whole")
            }
            NotAnApiKey::Shape => (
                "What was given does not look like an API key (64 hexadecimal digits, a dot, 64 more)",
                "Copy the key again as a whole",
            ),
        };
        Self::new(cause, format!("{what}."))
            .remedy(format!("{remedy}."))
            .action(Action::ChooseKey)
            .action(Action::CREATE_KEY)
    }
}
