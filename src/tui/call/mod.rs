//! Everything that the interface can ask of the world, and every answer: two flat lists of data.
//!
//! A layer makes a [`Call`], a test can look at it, [`run`] carries it out on tokio, and the
//! [`Answer`] goes to the layer that asked.

mod asked;
mod build_call;
mod builds;
mod check;
mod command_line;
mod context;
mod deleted_keys;
mod fleet;
mod history;
mod key_end;
mod keys;
mod list_scope;
mod model;
mod model_call;
mod models;
mod opened;
mod planned;
mod run;
mod session;
mod site;
mod to_delete;
mod write;
mod write_error;

pub use build_call::{BuildAnswer, BuildCall, Deployed};
pub use context::CallContext;
pub use deleted_keys::DeletedKeys;
pub use key_end::KeyEnd;
pub use list_scope::ListScope;
pub use model_call::{CheckRequest, Explain, KeyToSend, RunRequest, Test};
pub use opened::{Opened, Refusal};
pub use planned::{FleetAnswer, FleetCall, FleetStep, Planned, PlannedService, PrunedServices};
pub use run::run;
pub use to_delete::ToDelete;
pub use write_error::WriteError;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::embedded::Wish;
use super::key_list::ListedKeys;
use crate::actions::audit::{AuditedKey, Read, Unreadable};
use crate::actions::check::{Report, RowReport};
use crate::actions::history::{Entry, Line};
use crate::actions::score::Input;
use crate::actions::sign_in::Request;
use crate::api::{self, NewKey};
use crate::config::requests::{Change, Requests};
use crate::config::setting::Setting;
use crate::config::{Overrides, Profiles, Store};
use crate::diagnosis::Diagnosis;
use crate::probe::run::Summary;
use crate::probe::{CallError, CallResult};
use crate::secret::ApiKey;
use crate::wire::{
    Collaborator, CreateV2KeyResponse, Model, ModelBuild, ModelDeployment, Project, RotateV1KeyResponse,
    UserQuota, V2KeyDetails,
};

/// One request, as data.
#[derive(Debug)]
pub enum Call {
    // The session
    /// Starts an embedded workbench and signs in to it.
    StartEmbedded(Wish),
    /// Signs in with a key, and stores both as a profile once the key was accepted.
    SignIn {
        store: Option<Store>,
        request: Box<Request>,
        key: ApiKey,
    },
    /// Signs in with what a profile stores, and makes it current.
    OpenProfile {
        store: Store,
        name: String,
        given: Box<Overrides>,
    },
    Profiles {
        store: Store,
    },
    /// Forgets a profile and its key.
    RemoveProfile {
        store: Store,
        name: String,
    },
    /// Signs in with another key, and stores it in the profile in use.
    AdoptKey {
        key: ApiKey,
        key_id: String,
    },
    /// Whose key this is.
    WhoAmI,
    /// The same, to see whether the workbench answers.
    Reach,
    /// The expiration setting.
    Expiration,
    Version,
    /// Panics inside a task, to prove that the terminal survives it.
    #[cfg(debug_assertions)]
    Panic,

    // API keys
    ListKeys {
        username: String,
    },
    /// When the API keys of a user expire.
    CountKeys {
        username: String,
    },
    CreateKey {
        username: String,
        new: NewKey,
    },
    /// Notes that the successor `key_id` was handed over instead of `old`.
    NoteHandOver {
        old: Box<V2KeyDetails>,
        key_id: String,
    },
    DeleteKeys(ToDelete),
    RotateLegacyKey {
        username: String,
    },
    /// Writes a key to a new file that only its owner can read.
    SaveKey {
        key: ApiKey,
        path: String,
    },

    /// The services of a manifest.
    Fleet(FleetCall),

    // Models
    /// Models, page by page.
    ListModels {
        scope: ListScope,
    },
    /// The current deployment of a model.
    Deployment {
        project_id: String,
        model_id: String,
    },
    /// Owner and rights of a project.
    Project {
        project_id: String,
    },
    /// One model call.
    TestModel(Box<Test>),
    /// Why a test failed.
    Explain(Box<Explain>),
    /// Compares the answers of a model with what is expected.
    CheckModel(Box<CheckRequest>),
    /// The request of one row of a file that was checked.
    ReadRow(Input, u64),
    Builds(BuildCall),
    RestartModel(Box<ModelDeployment>),
    StopModel(Box<ModelDeployment>),
    /// A run, to its end.
    Run(Box<RunRequest>),
    /// Ends a run with a complete result.
    StopRun(CancellationToken),
    /// The requests of earlier starts.
    LoadRequests {
        file: PathBuf,
        url: String,
    },
    StoreRequests {
        file: PathBuf,
        url: String,
        model_id: String,
        change: Change,
    },
    /// The entries of the history.
    History {
        file: PathBuf,
    },
    HistoryEntry {
        file: PathBuf,
        id: i64,
    },
    /// Two runs of the history.
    HistoryRuns {
        file: PathBuf,
        before: i64,
        after: i64,
    },
    /// Writes a run into a file, as CSV where its name ends so, else as JSON.
    ExportRun {
        file: PathBuf,
        summary: Arc<Summary>,
        /// Whether a file that is there already goes.
        replace: bool,
    },
    /// Saves which columns a list shows.
    StoreColumns {
        file: PathBuf,
        list: &'static str,
        columns: Vec<String>,
    },
    /// Saves a setting of the interface.
    StoreSetting {
        file: PathBuf,
        setting: Setting,
    },
    /// Writes a text into a file that only its owner can read.
    WriteText {
        file: PathBuf,
        text: String,
        /// Whether a file that is there already goes.
        replace: bool,
    },

    // Administration
    /// The directory of users, page by page.
    Users,
    /// The API keys of all users, user by user.
    AuditKeys,
    /// Sets the expiration setting.
    SetExpiration {
        days: u32,
    },
    /// Projects, page by page.
    Projects,
    Collaborators {
        project_id: String,
    },
    /// Adds a collaborator; who is one already keeps the permission.
    AddCollaborator {
        project_id: String,
        project: String,
        username: String,
        permission: String,
    },
    /// Changes a permission.
    SetPermission {
        project_id: String,
        project: String,
        username: String,
        permission: String,
    },
    RemoveCollaborator {
        project_id: String,
        username: String,
    },
}

/// An answer. A list arrives page by page; its end is an answer of its own.
#[derive(Debug)]
pub enum Answer {
    // The session
    /// A new session, and its workbench if that is embedded.
    Opened(Result<Box<Opened>, Refusal>),
    Profiles(Result<Profiles, String>),
    ProfileRemoved {
        name: String,
        answer: Result<Profiles, String>,
    },
    /// The session with the other key, or why the profile was not changed.
    KeyAdopted(Result<Box<Opened>, String>),
    WhoAmI(Result<String, api::Error>),
    /// Whose key this is, now that the workbench answers.
    Reached(Result<String, api::Error>),
    Expiration(Result<Option<(String, u32)>, api::Error>),
    Version(Result<String, api::Error>),
    /// There is no session to ask.
    SignedOut,

    // API keys
    Keys {
        username: String,
        answer: Result<ListedKeys, api::Error>,
    },
    KeysCounted {
        username: String,
        answer: Result<Vec<KeyEnd>, api::Error>,
    },
    KeyCreated(Result<Box<CreateV2KeyResponse>, api::Error>),
    /// The hand-over is noted, or why not.
    HandOverNoted(Result<(), String>),
    /// What was deleted, and what was not: because of an error, or because it is in use here.
    KeysDeleted(DeletedKeys),
    /// The same of several users, or why nothing was deleted.
    KeysOfUsersDeleted(Result<Vec<DeletedKeys>, api::Error>),
    LegacyKeyRotated(Result<Box<RotateV1KeyResponse>, api::Error>),
    /// Where the key is now, or why it is not.
    KeySaved(Result<PathBuf, String>),

    /// The services of a manifest.
    Fleet(FleetAnswer),

    // Models
    ModelsPage(Vec<Model>),
    ModelsListed(Result<(), api::Error>),
    Deployment {
        model_id: String,
        found: Result<Option<Box<(ModelBuild, ModelDeployment)>>, api::Error>,
    },
    Project {
        project_id: String,
        project: Result<Box<Project>, api::Error>,
    },
    /// `sent` is the request as it went over the wire, keys masked; empty where nothing was sent.
    ModelTested {
        test: Box<Test>,
        sent: String,
        call: Box<CallResult>,
    },
    Explained {
        model_id: String,
        number: u32,
        diagnosis: Box<Diagnosis>,
    },
    /// A deployment was asked to restart or to stop.
    DeploymentAsked {
        model_id: String,
        what: &'static str,
        done: Result<Box<ModelDeployment>, api::Error>,
    },
    Builds(BuildAnswer),
    RunProgress {
        model_id: String,
        summary: Arc<Summary>,
    },
    RunEnded {
        model_id: String,
        ended: Result<Arc<Summary>, CallError>,
    },
    RunStopAsked,
    /// `done` of `of` rows are compared; the worst so far.
    CheckProgress {
        done: u64,
        of: u64,
        worst: Vec<RowReport>,
    },
    /// What a check found, or why there was none.
    ModelChecked(Result<Box<Report>, String>),
    RowRead(Result<String, String>),
    Requests(Result<HashMap<String, Requests>, String>),
    RequestsStored(Result<(), String>),
    /// Newest first.
    History(Result<Vec<Line>, String>),
    HistoryEntry {
        id: i64,
        entry: Result<Box<Entry>, String>,
    },
    /// The earlier run first, each with its id.
    HistoryRuns(Result<Box<[(i64, Summary); 2]>, String>),
    ColumnsStored(Result<(), String>),
    SettingStored {
        file: PathBuf,
        setting: Setting,
        done: Result<(), String>,
    },
    Written {
        file: PathBuf,
        done: Result<(), WriteError>,
    },

    // Administration
    UsersPage(Vec<UserQuota>),
    UsersListed(Result<(), api::Error>),
    /// The API keys of one more user.
    KeysAudited(Vec<AuditedKey>),
    /// How many users were read.
    AuditRead(Read),
    /// All were read that can be; the others with why not.
    Audited(Result<Vec<Unreadable>, api::Error>),
    ExpirationSet(Result<Option<(String, u32)>, api::Error>),
    /// Projects, listed for themselves or found with the models.
    ProjectsPage(Vec<Project>),
    ProjectsListed(Result<(), api::Error>),
    Collaborators {
        project_id: String,
        answer: Result<Vec<Collaborator>, api::Error>,
    },
    /// The permission that someone has now, or why it was not given.
    PermissionSet {
        project_id: String,
        project: String,
        username: String,
        permission: String,
        done: Result<(), api::Error>,
    },
    CollaboratorRemoved {
        project_id: String,
        username: String,
        done: Result<(), api::Error>,
    },
}

impl Answer {
    /// The workbench's error, if the answer is one.
    pub fn error(&self) -> Option<&api::Error> {
        match self {
            Self::WhoAmI(answer) | Self::Reached(answer) | Self::Version(answer) => answer.as_ref().err(),
            Self::Expiration(answer) | Self::ExpirationSet(answer) => answer.as_ref().err(),
            Self::Keys { answer, .. } => answer.as_ref().err(),
            Self::KeysCounted { answer, .. } => answer.as_ref().err(),
            Self::KeyCreated(answer) => answer.as_ref().err(),
            Self::KeysDeleted(keys) => keys.failed.first().map(|(_, error)| error),
            Self::KeysOfUsersDeleted(answer) => answer.as_ref().err(),
            Self::LegacyKeyRotated(answer) => answer.as_ref().err(),
            Self::ModelsListed(answer) | Self::UsersListed(answer) | Self::ProjectsListed(answer) => {
                answer.as_ref().err()
            }
            Self::Audited(answer) => answer.as_ref().err(),
            Self::Deployment { found, .. } => found.as_ref().err(),
            Self::Project { project, .. } => project.as_ref().err(),
            Self::DeploymentAsked { done, .. } => done.as_ref().err(),
            Self::Builds(answer) => answer.error(),
            Self::Collaborators { answer, .. } => answer.as_ref().err(),
            Self::PermissionSet { done, .. } | Self::CollaboratorRemoved { done, .. } => done.as_ref().err(),
            _ => None,
        }
    }

    /// Whether a workbench may lack this operation. Such a failure says nothing about the connection.
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Expiration(_) | Self::Version(_))
    }
}
