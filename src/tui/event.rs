//! The events between layers. A layer never sees another layer: it reports what happened, and the
//! others react.

use crate::actions::models::Built;
use crate::config::KnownKey;
use crate::diagnosis::Diagnosis;
use crate::probe::run::Plan;
use crate::secret::ApiKey;
use crate::text;
use crate::wire::{Model, Project};

use super::command::KeyContext;
use super::kept_check::KeptCheck;
use super::tab::Tab;

/// One thing that happened, for every layer to hear.
#[derive(Debug, Clone)]
pub enum Event {
    /// It is known now who is signed in.
    SignedIn,
    /// It could not be found out who is signed in: why, for a list that stays empty.
    NotSignedIn(String),
    /// Lists show other columns.
    ColumnsChanged,
    /// The expiration setting became known, or changed.
    PolicyChanged,
    /// The API keys of this user changed. `deleted` no longer exist, even if a list still in flight
    /// has them.
    KeysChanged { username: String, deleted: Vec<String> },
    /// Who may do what in the project with this id changed.
    CollaboratorsChanged(String),
    /// The new key with this Key ID was copied or saved.
    KeyKept(String),
    /// The new key with this Key ID was left without that; this run has its text still.
    KeyLeft(String),
    /// A model was called with this key of this run.
    KeyTested { key: ApiKey, key_id: Option<String>, proof: Proof },
    /// The user is ready to delete the old key of the rotation with this Key ID.
    AskDeleteOld(String),
    /// The new key of the rotation with this Key ID was left without having been kept.
    SuccessorLost(String),
    /// The rotation of the key with this Key ID has come to its end.
    RotationEnded(String),
    /// A request was sent to a model: it is offered the next time.
    RequestSent { model_id: String, request: String },
    /// It is known now why the test with this number of a model failed.
    TestExplained { model_id: String, number: u32, diagnosis: Box<Diagnosis> },
    /// A model has a new build, or another deployment: the id of a build that was `begun` here, or what
    /// was `deployed` here.
    BuildsChanged { model_id: String, begun: Option<String>, deployed: Option<Box<Built>> },
    /// The check of a model was left; `request` is one of its rows, to be tested.
    CheckLeft { check: Box<KeptCheck>, request: Option<String> },
    /// Who has which permission in the project with this id, its owner included.
    CollaboratorsListed { project_id: String, permissions: Vec<(String, String)> },
    /// A user was given a permission in a project.
    CollaboratorAdded { project_id: String, username: String },
    /// More models are known, or it is known that they cannot be read.
    ModelsListed,
    /// Asks for models that take a key and whose `project/name` contains all these words.
    /// [`Self::ModelsFound`] answers. Models that were never listed are listed now; with `again`, so
    /// are those whose listing failed.
    FindModels { words: String, limit: usize, again: bool },
    /// See [`Self::FindModels`].
    ModelsFound { found: Vec<ModelChoice>, state: Listing },
    /// Asks for the names of everything the palette can go to. Each layer that has some answers with
    /// [`Self::NamesFound`]. `again` is as in [`Self::FindModels`].
    FindNames { limit: usize, again: bool },
    /// See [`Self::FindNames`].
    NamesFound { from: Tab, names: Vec<Named>, state: Listing },
    /// Go there: the tab is shown, and the layer it concerns does the rest.
    Show(Destination),
}

/// What calling a model with a new key has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    Untried,
    Passed {
        /// `churn-prod/add`
        model: String,
        status: u16,
        replica: Option<String>,
    },
    Failed {
        model: String,
        why: String,
    },
}

impl Proof {
    /// `proven by churn-prod/add: 200 from replica add-1`, cleaned for a terminal.
    pub fn text(&self) -> String {
        let text = match self {
            Self::Untried => "not proven: no model was called with it".to_owned(),
            Self::Passed { model, status, replica: Some(replica) } => {
                format!("proven by {model}: {status} from replica {replica}")
            }
            Self::Passed { model, status, replica: None } => format!("proven by {model}: {status}"),
            Self::Failed { model, why } => format!("not proven: {model}: {why}"),
        };
        text::clean(&text).into_owned()
    }
}

/// How far a list has come, for those who search it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// Never asked for.
    Unread,
    Reading,
    /// Why it could not be read.
    Failed(String),
    /// All there is, in this scope: `mine`.
    Complete(&'static str),
}

/// A model that a key can be tested against.
#[derive(Debug, Clone)]
pub struct ModelChoice {
    pub model: Model,
    /// `project/name`
    pub path: String,
    /// The initial request.
    pub request: String,
    /// How its deployment is: `deployed`; may be empty.
    pub note: &'static str,
}

/// Something that can be found by its name.
#[derive(Debug, Clone)]
pub struct Named {
    pub name: String,
    /// The text to the right of the name; may be empty.
    pub note: &'static str,
    pub destination: Destination,
}

/// Somewhere to go.
#[derive(Debug, Clone)]
pub enum Destination {
    Tab(Tab),
    /// The part of a tab where commands of this context work.
    Part(Tab, KeyContext),
    /// An API key of the signed-in user, by its Key ID.
    Key(String),
    /// A model, by its id.
    Model(String),
    /// The models of a project, by its id.
    Project(String),
    /// The collaborators of a project.
    Collaborators(Box<Project>),
    /// The list of models, to choose the one that is tested with this key.
    TestWith(Box<KnownKey>),
    /// The Test panel of a model, with a request of the history.
    Request(Box<PastRequest>),
}

/// A request of the history, for the Test panel of its model.
#[derive(Debug, Clone)]
pub struct PastRequest {
    pub model_id: String,
    /// `project/name`.
    pub model: String,
    pub request: String,
    pub then: Then,
    /// Where it comes from, to go back there: the id of the entry, and the filter of the list.
    pub entry: i64,
    pub filter: String,
}

/// What becomes of a request of the history.
#[derive(Debug, Clone)]
pub enum Then {
    /// It is changed first.
    Edit,
    Send,
    /// The form of a run is filled in with this plan.
    Run(Box<Plan>),
}

impl Destination {
    /// The tab that contains it.
    pub fn tab(&self) -> Tab {
        match self {
            Self::Tab(tab) | Self::Part(tab, _) => *tab,
            Self::Key(_) => Tab::Settings,
            Self::Model(_) | Self::Project(_) | Self::TestWith(_) | Self::Request(_) => Tab::Models,
            Self::Collaborators(_) => Tab::Admin,
        }
    }

    /// What it is called in a list: `key`, `model`, `project`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tab(_) | Self::Part(..) => "tab",
            Self::Key(_) | Self::TestWith(_) => "key",
            Self::Model(_) | Self::Request(_) => "model",
            Self::Project(_) | Self::Collaborators(_) => "project",
        }
    }

    /// The id of its target; for a tab, the name.
    pub fn id(&self) -> &str {
        match self {
            Self::Tab(tab) | Self::Part(tab, _) => tab.name(),
            Self::Key(id) | Self::Model(id) | Self::Project(id) => id,
            Self::Collaborators(project) => &project.id,
            Self::Request(past) => &past.model_id,
            Self::TestWith(key) => key.key_id.as_deref().unwrap_or_default(),
        }
    }
}
