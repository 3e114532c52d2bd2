//! Runs builds and deployments: the store holds their state, the replicas serve.
//!
//! The work runs in separate tasks; an operation answers as soon as its request is in the store.
//! Stopping the server leaves the store as it is, and the next start resumes from there.

pub mod builds;
pub mod deployments;
pub mod snapshots;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::certificates;
use super::kernels::{self, Kernel, NoKernel};
use super::python::{self, Environment};
use super::replicas::{Function, Replicas};
use super::store::{
    Store, StoreError, builds::StoredBuild, deployments::StoredDeployment, models::StoredModel, projects,
};
use crate::wire::{ModelBuild, ModelDeployment, ShortUser};
use snapshots::Snapshots;

/// Bytes in a GB of a deployment's memory.
const GIGABYTE: f64 = (1_u64 << 30) as f64;

/// Returns the current time; tests set it.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Minimum duration of each step of a build or a deployment: long enough for a polling client to
/// see, short enough for tests.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    pub build: Duration,
    pub deployment: Duration,
}

/// Advances builds and deployments. Cheap to clone.
#[derive(Clone)]
pub struct Lifecycle(Arc<Shared>);

/// How functions reach the API.
#[derive(Debug, Clone)]
pub struct Api {
    /// `http://ADDR:PORT`
    pub url: String,
    /// A file that functions can read, with the authority to trust where the API speaks TLS.
    pub authorities: Option<PathBuf>,
}

/// In a request: what it begins fails, and this is why.
#[derive(Debug, Clone)]
pub struct Doom(pub String);

struct Shared {
    store: Store,
    replicas: Replicas,
    snapshots: Snapshots,
    /// Holds the folders of all projects.
    projects: PathBuf,
    api: Api,
    steps: Steps,
    now: Now,
    /// Serialises the deployments of a model.
    turns: Mutex<HashMap<i64, Arc<tokio::sync::Mutex<()>>>>,
    /// Builds and deployments that fail, by identifier, and why.
    doomed: Mutex<HashMap<String, String>>,
    tasks: TaskTracker,
    ending: CancellationToken,
    /// Cancelled to abort the work in progress.
    work: Mutex<CancellationToken>,
}

impl Lifecycle {
    pub fn new(
        store: Store,
        replicas: Replicas,
        snapshots: Snapshots,
        projects: PathBuf,
        api: Api,
        steps: Steps,
        now: Now,
    ) -> Self {
        let ending = CancellationToken::new();
        Self(Arc::new(Shared {
            store,
            replicas,
            snapshots,
            projects,
            api,
            steps,
            now,
            turns: Mutex::default(),
            doomed: Mutex::default(),
            tasks: TaskTracker::new(),
            work: Mutex::new(ending.child_token()),
            ending,
        }))
    }

    /// Has a build or deployment fail that has not begun yet, as a test asked for.
    pub fn doom(&self, id: &str, doom: Option<Doom>) {
        if let Some(Doom(reason)) = doom {
            self.doomed().insert(id.to_owned(), reason);
        }
    }

    /// Why it has to fail now; only once.
    fn meet_doom(&self, id: &str) -> Result<(), String> {
        self.doomed().remove(id).map_or(Ok(()), Err)
    }

    fn doomed(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.doomed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn replicas(&self) -> &Replicas {
        &self.0.replicas
    }

    /// Resumes what the store says is in progress: builds start over, deployments start. Returns
    /// once every deployment serves or has failed.
    pub async fn resume(&self) -> Result<(), StoreError> {
        self.0.snapshots.sweep();
        self.clear_snapshots().await?;
        // Read before any build starts: a build that finishes in the meantime starts its own
        // deployments.
        let active = self.0.store.read(super::store::deployments::active).await?;
        for build in self.0.store.read(super::store::builds::unfinished).await? {
            self.begin_build(build.id);
        }
        self.resume_deployments(active).await
    }

    /// Aborts the work in progress, so that the state can be replaced.
    pub async fn break_off(&self) {
        let fresh = self.0.ending.child_token();
        let broken_off =
            std::mem::replace(&mut *self.0.work.lock().unwrap_or_else(PoisonError::into_inner), fresh);
        broken_off.cancel();
        self.doomed().clear();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.tasks.reopen();
    }

    /// Adjusts the replicas to a replaced state: stops unknown ones, starts missing ones, and
    /// restarts builds in progress.
    pub async fn follow(&self) -> Result<(), StoreError> {
        let mut active = self.0.store.read(super::store::deployments::active).await?;
        let is_up = |id: &str| {
            let up = |it: &&StoredDeployment| it.deployment.status == deployments::DEPLOYED;
            active.iter().filter(up).any(|stored| stored.deployment.id == id)
        };
        for gone in self.0.replicas.running().iter().filter(|id| !is_up(id)) {
            self.0.replicas.stop(gone).await;
        }
        active.retain(|stored| !self.0.replicas.runs(&stored.deployment.id));
        for build in self.0.store.read(super::store::builds::unfinished).await? {
            self.begin_build(build.id);
        }
        self.resume_deployments(active).await
    }

    /// Ends everything that runs here, and leaves the store as it is.
    pub async fn shut_down(&self) {
        self.0.ending.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.replicas.end_all().await;
    }

    /// Runs `work` in the background until it is done or the server ends. A failing store is only
    /// logged: no caller waits for the result.
    fn begin<W>(&self, what: &'static str, work: W)
    where
        W: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let working = self.0.work.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.0.tasks.spawn(async move {
            if let Some(Err(error)) = working.run_until_cancelled(work).await {
                tracing::error!(what, %error, "cannot go on");
            }
        });
    }

    /// Waits for the model's turn: its deployments change one after another.
    async fn turn(&self, model_id: i64) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.turns.lock().unwrap_or_else(PoisonError::into_inner);
            // A task that has or awaits a turn holds a second handle on it.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(model_id).or_default())
        };
        turn.lock_owned().await
    }

    /// Returns once all started work is done.
    #[cfg(test)]
    async fn settle(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.tasks.reopen();
    }

    fn now(&self) -> Timestamp {
        (self.0.now)()
    }

    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Connection, Timestamp) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let now = self.now();
        self.0.store.write(move |db| work(db, now)).await
    }

    /// The function with its build's files instead of the project's own: copied `anew`, or the
    /// existing copy.
    async fn with_files(
        &self,
        build: &str,
        function: python::Function,
        anew: bool,
    ) -> Result<python::Function, String> {
        let (snapshots, build) = (self.0.snapshots.clone(), build.to_owned());
        let copied = tokio::task::spawn_blocking(move || {
            let project = if anew {
                snapshots.take(&build, &function.project)
            } else {
                snapshots.have(&build, &function.project)
            };
            project.map(|project| python::Function { project, ..function }).map_err(|none| none.to_string())
        });
        copied.await.unwrap_or_else(|_| Err("the copying of the project's files broke off".to_owned()))
    }

    /// Removes the files of builds that are not in the store.
    async fn clear_snapshots(&self) -> Result<(), StoreError> {
        let snapshots = self.0.snapshots.clone();
        let clear = move |db: &Connection| {
            for build in snapshots.builds() {
                if !super::store::builds::is_there(db, &build)? {
                    snapshots.remove(&build);
                }
            }
            Ok(())
        };
        self.0.store.read(clear).await
    }

    /// The function of a build, for a deployment of it or, without one, for a trial.
    fn function(
        &self,
        db: &Connection,
        model: &StoredModel,
        build: &ModelBuild,
        deployment: Option<&ModelDeployment>,
    ) -> Result<Result<Function, NoKernel>, StoreError> {
        Ok(match kernel_of(build) {
            Ok(Kernel::Python) => Ok(Function::Python(self.python_function(db, model, build, deployment)?)),
            Ok(Kernel::Builtin(function)) => Ok(Function::Builtin(function)),
            Ok(Kernel::R) => Err(NoKernel::R),
            Err(none) => Err(none),
        })
    }

    /// A Python function, with the variables of its project, its deployment and the workbench
    /// (names and forms OBSERVED or DOCS, ml-engine-environment-variables).
    fn python_function(
        &self,
        db: &Connection,
        model: &StoredModel,
        build: &ModelBuild,
        deployment: Option<&ModelDeployment>,
    ) -> Result<python::Function, StoreError> {
        let project = projects::by_id(db, model.project_id)?.ok_or(StoreError::CutOff)?;
        let mut environment = variables(&project.project.environment);
        let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
        if let Some(deployment) = deployment {
            for (name, value) in variables(&deployment.environment) {
                set(&name, value);
            }
            set("CDSW_MODEL_DEPLOYMENT_CRN", deployment.crn.clone());
            set("CDSW_CPU_MILLICORES", format!("{:.0}", deployment.cpu * 1000.0));
            set("CDSW_MEMORY_MB", format!("{:.0}", deployment.memory * 1024.0));
        }
        let Api { url, authorities } = &self.0.api;
        let ShortUser { username: owner, .. } = project.project.owner;
        set("CDSW_DOMAIN", url.split_once("://").map_or(url.as_str(), |(_, domain)| domain).to_owned());
        set("CDSW_API_URL", format!("{url}/api/v1"));
        set("CDSW_PROJECT_URL", format!("{url}/api/v1/projects/{owner}/{}", project.project.slug));
        set("CDSW_PROJECT_ID", project.project.id);
        set("CDSW_PROJECT", project.project.slug);
        set("PROJECT_OWNER", owner);
        if let Some(file) = authorities {
            for name in certificates::VARIABLES {
                // A project that names authorities of its own keeps them.
                environment.entry(name.to_owned()).or_insert_with(|| file.display().to_string());
            }
        }
        Ok(python::Function {
            project: self.0.projects.join(project.directory),
            root: build.model_root_dir.clone(),
            file: build.file_path.clone(),
            name: build.function_name.clone(),
            // Checked when it was requested.
            memory: deployment.map_or(0, |it| (it.memory * GIGABYTE) as u64),
            environment: Environment(environment),
        })
    }
}

/// The kernel that a build asks for.
pub fn kernel_of(build: &ModelBuild) -> Result<Kernel, NoKernel> {
    kernels::kernel(&build.kernel, &build.runtime_identifier, &build.file_path, &build.function_name)
}

/// Environment variables as on the wire: a map as JSON text, which may be empty or unreadable
/// (OBSERVED, CAI_STUDIO_AGENT). Invalid names are omitted.
fn variables(text: &str) -> BTreeMap<String, String> {
    let map: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
    map.into_iter()
        .filter(|(name, _)| !name.is_empty() && !name.contains(['=', '\0']))
        .map(|(name, value)| match value {
            serde_json::Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .filter(|(_, value)| !value.contains('\0'))
        .collect()
}
