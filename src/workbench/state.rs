//! The shared state of a running workbench.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use ring::hmac;
use rusqlite::Connection;

use super::behaviour::Behaviour;
use super::cache::Cache;
use super::clock::Clock;
use super::http::log::AccessLog;
use super::lifecycle::Lifecycle;
use super::rights::{self, Standing};
use super::store::keys::{KeyHash, KeyOwner};
use super::store::models::Callable;
use super::store::projects::StoredProject;
use super::store::users::{self, User};
use super::store::{Store, StoreError, projects};

/// A cheap handle on the state of a running workbench.
#[derive(Clone)]
pub struct Workbench(Arc<Shared>);

pub(super) struct Shared {
    pub store: Store,
    pub lifecycle: Lifecycle,
    pub behaviour: Behaviour,
    pub clock: Clock,
    /// `http://ADDR:PORT`
    pub url: String,
    /// Whether clients reach that URL by a configured name.
    pub named: bool,
    /// Holds the projects' folders.
    pub projects: PathBuf,
    /// Seals page tokens.
    pub token_key: hmac::Key,
    pub access_log: Arc<AccessLog>,
    pub key_owners: Cache<KeyHash, Arc<KeyOwner>>,
    pub callables: Cache<String, Arc<Callable>>,
    pub standings: Cache<(i64, i64), Standing>,
}

impl Workbench {
    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Runs builds and deployments, and the replicas.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.0.lifecycle
    }

    pub fn behaviour(&self) -> &Behaviour {
        &self.0.behaviour
    }

    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// `http://ADDR:PORT`, where the workbench listens.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Whether the URL uses a configured name.
    pub(super) fn is_named(&self) -> bool {
        self.0.named
    }

    /// The folder of a project's files.
    pub fn project_folder(&self, directory: &str) -> PathBuf {
        self.projects_folder().join(directory)
    }

    /// The folder that contains the projects' folders.
    pub fn projects_folder(&self) -> &Path {
        &self.0.projects
    }

    /// The user whom a path names.
    pub(super) fn user_named(&self, db: &Connection, username: &str) -> Result<Option<User>, StoreError> {
        if self.behaviour().rules.user_names_in_any_case {
            users::by_name_in_any_case(db, username)
        } else {
            users::by_username(db, username)
        }
    }

    pub(super) fn token_key(&self) -> &hmac::Key {
        &self.0.token_key
    }

    pub(super) fn access_log(&self) -> &Arc<AccessLog> {
        &self.0.access_log
    }

    /// Owners of API keys by the hash of the key.
    pub(super) fn key_owners(&self) -> &Cache<KeyHash, Arc<KeyOwner>> {
        &self.0.key_owners
    }

    /// What decides about a model call, by access key.
    pub(super) fn callables(&self) -> &Cache<String, Arc<Callable>> {
        &self.0.callables
    }

    /// A user's relation to a project.
    pub(super) async fn standing(
        &self,
        user: &User,
        project: &StoredProject,
    ) -> Result<Standing, StoreError> {
        let public = project.project.visibility != "private";
        self.standing_of(user, project.id, project.owner_id, public).await
    }

    /// The same by IDs; served from the cache while the store does not change.
    pub(super) async fn standing_of(
        &self,
        user: &User,
        project_id: i64,
        owner_id: i64,
        public: bool,
    ) -> Result<Standing, StoreError> {
        let generation = self.store().generation();
        let user_id = user.id;
        if let Some(standing) = self.0.standings.get(generation, &(user_id, project_id)) {
            return Ok(standing);
        }
        let permission =
            self.store().read(move |db| projects::permission_of(db, project_id, user_id)).await?;
        let operator = &self.behaviour().names.operator;
        let standing = rights::standing(user, owner_id, permission.as_deref(), public, operator);
        self.0.standings.put(generation, (user_id, project_id), standing);
        Ok(standing)
    }
}
