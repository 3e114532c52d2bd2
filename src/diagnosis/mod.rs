//! Why a model call failed, and what mends it.
//!
//! Two halves. [`gather`] asks the workbench what may be asked: is the key valid and whose is it,
//! may its owner see the project, who are the collaborators, is the model deployed. [`diagnose`]
//! is pure: it takes the call and those facts and says the cause in one sentence, the remedy in
//! another, and what of it could not be verified. It never guesses where a fact is at hand, and
//! never hides that it had to.

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

/// What is wrong, in a word for scripts and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nothing is wrong.
    Passed,
    /// Passed, and would have without a key: the model does not ask for one.
    KeyNotNeeded,
    NoKey,
    /// Not the shape of an API key; another kind of key, perhaps.
    KeyMalformed,
    /// The workbench does not accept the key: unknown, deleted, or of another workbench.
    KeyUnknown,
    KeyExpired,
    /// The key is for something else than calling APIs and models.
    KeyAudience,
    /// The key's owner has no right in the model's project.
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
    /// The model service does not know the model, although the workbench does.
    UnknownToService,
    /// No replica was free in time.
    Busy,
    /// The model did not answer in time.
    RequestTimeout,
    RequestTooLarge,
    /// The function behind the model failed.
    FunctionFailed,
    /// Something else than a model service answered.
    NotAModelService,
    NameNotFound,
    NoConnection,
    Tls,
    Proxy,
    /// The workbench can be reached, its model service cannot.
    ModelServiceUnreachable,
    /// The model service, or what stands before it, failed.
    ServiceTrouble,
    /// The connection ended in the middle.
    CutShort,
    /// An answer that is none of a model.
    UnreadableAnswer,
    /// A refusal that is not known.
    OtherRefusal,
    /// Nothing was sent: a value is wrong.
    Invalid,
    /// Something of this machine is used up.
    UsedUp,
}

/// What a person can do about it from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// The signed-in user may do this.
    AddCollaborator {
        project_id: String,
        project_name: String,
        username: String,
        permission: String,
    },
    /// A message for somebody else, ready to send.
    CopyMessage {
        text: String,
    },
    /// Make a new API key in Settings.
    CreateKey,
    /// Type or pick another key.
    ChooseKey,
    TestWithoutKey,
    TestAgain,
    /// Read the model again: its access key is another by now.
    ReloadModel,
    /// Restart the deployment.
    RestartDeployment {
        project_id: String,
        model_id: String,
    },
}

impl Action {
    /// A few words for a button or a menu.
    pub fn label(&self) -> String {
        match self {
            Self::AddCollaborator { username, permission, .. } => {
                format!("add {username} as collaborator ({permission})")
            }
            Self::CopyMessage { .. } => "copy a request for access".to_owned(),
            Self::CreateKey => "create a new key".to_owned(),
            Self::ChooseKey => "use another key".to_owned(),
            Self::TestWithoutKey => "test without a key".to_owned(),
            Self::TestAgain => "test again".to_owned(),
            Self::ReloadModel => "read the model again".to_owned(),
            Self::RestartDeployment { .. } => "restart the deployment".to_owned(),
        }
    }
}

impl Action {
    /// The command that does it, where there is one.
    pub fn command(&self) -> Option<String> {
        let word = message::shell_word;
        match self {
            Self::AddCollaborator { project_name, username, permission, .. } => Some(format!(
                "keybench collaborators add {} {} --permission {}",
                word(project_name),
                word(username),
                word(permission)
            )),
            Self::CreateKey => Some("keybench keys create".to_owned()),
            Self::RestartDeployment { model_id, .. } => {
                Some(format!("keybench models restart {}", word(model_id)))
            }
            _ => None,
        }
    }
}

/// Why a call failed, for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    pub cause: Cause,
    /// The cause, in one sentence.
    pub sentence: String,
    /// What mends it, in one sentence.
    pub remedy: Option<String>,
    pub actions: Vec<Action>,
    /// What the answer itself said.
    pub said: Option<String>,
    /// What the sentence rests on without it having been checked, each with why not.
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

    /// For a key that was not sent because it cannot be one.
    pub fn of_malformed_key(problem: NotAnApiKey) -> Self {
        let cause = if problem == NotAnApiKey::Empty { Cause::NoKey } else { Cause::KeyMalformed };
        let (what, remedy) = match problem {
            NotAnApiKey::Empty => ("No API key was given", "Paste an API key, or create one"),
            NotAnApiKey::AccessKey => (
                "What was given is the model's access key: it says which model is called, not who calls",
                "Paste an API key of somebody who may read the project, or create one",
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
            .action(Action::CreateKey)
    }
}
