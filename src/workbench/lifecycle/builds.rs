//! pending → queued → building → pushing → built, or `build failed` (SPEC; `building` OBSERVED).

use tokio::time::sleep;

use super::{Lifecycle, StoredBuild};
use crate::wire::ModelBuild;
use crate::workbench::replicas::Function;
use crate::workbench::store::{StoreError, builds, deployments, models};

pub const PENDING: &str = "pending";
const QUEUED: &str = "queued";
const BUILDING: &str = "building";
const PUSHING: &str = "pushing";
pub const BUILT: &str = "built";
pub const FAILED: &str = "build failed";

/// Whether a build can still be built.
pub fn is_on_its_way(stored: &StoredBuild) -> bool {
    [PENDING, QUEUED, BUILDING, PUSHING].contains(&stored.build.status.as_str())
}

impl Lifecycle {
    /// Builds everything that is `pending` in the store, in the background.
    pub fn begin_build(&self, id: i64) {
        let lifecycle = self.clone();
        self.begin("a build", async move { lifecycle.build(id).await });
    }

    async fn build(&self, id: i64) -> Result<(), StoreError> {
        for status in [QUEUED, BUILDING] {
            self.build_step(id, status).await?;
        }
        let Some((stored, function)) = self.what_to_build(id).await? else { return Ok(()) };
        if let Err(reason) = self.try_out(&stored, function).await {
            return self.fail_build(stored, reason).await;
        }
        self.build_step(id, PUSHING).await?;
        sleep(self.0.steps.build).await;
        let deployer = stored.build.creator.username.clone();
        // Atomically, so that each deployment is started once: here, or by a later request.
        let waiting = self
            .write(move |db, now| {
                builds::set_status(db, id, BUILT, now)?;
                deployments::pending_of_build(db, id)
            })
            .await?;
        for deployment in waiting {
            self.begin_deployment(deployment);
        }
        if let Some(wanted) = &stored.deploy_when_built {
            self.deploy_when_built(&stored, wanted, deployer).await?;
        }
        Ok(())
    }

    async fn build_step(&self, id: i64, status: &'static str) -> Result<(), StoreError> {
        sleep(self.0.steps.build).await;
        self.write(move |db, now| builds::set_status(db, id, status, now)).await
    }

    /// `None` if the build was deleted meanwhile.
    async fn what_to_build(
        &self,
        id: i64,
    ) -> Result<Option<(StoredBuild, Result<Function, String>)>, StoreError> {
        let lifecycle = self.clone();
        let read = move |db: &rusqlite::Connection| {
            let Some(stored) = builds::by_id(db, id)? else { return Ok(None) };
            let Some(model) = models::by_id(db, stored.model_id)? else { return Ok(None) };
            let function = lifecycle.function(db, &model, &stored.build, None)?;
            Ok(Some((stored, function.map_err(|none| none.to_string()))))
        };
        self.0.store.read(read).await
    }

    /// Copies the project's files and loads the function once, so that anything that cannot be
    /// served is found now.
    async fn try_out(&self, stored: &StoredBuild, function: Result<Function, String>) -> Result<(), String> {
        self.meet_doom(&stored.build.id)?;
        let settings = self.0.replicas.settings();
        match function? {
            Function::Builtin(_) => Ok(()),
            Function::Python(function) => {
                let function = self.with_files(&stored.build.id, function, true).await?;
                let checked = settings.python.check(&function, settings.start_limit).await;
                checked.map_err(|unusable| unusable.to_string())
            }
        }
    }

    async fn fail_build(&self, stored: StoredBuild, reason: String) -> Result<(), StoreError> {
        let ModelBuild { comment, .. } = stored.build;
        let comment = if comment.is_empty() { reason.clone() } else { format!("{comment}\n\n{reason}") };
        let id = stored.id;
        self.0.snapshots.remove(&stored.build.id);
        self.write(move |db, now| {
            builds::set_report(db, id, &comment, &reason, now)?;
            for waiting in deployments::pending_of_build(db, id)? {
                deployments::fail(db, waiting.id, &format!("its build failed: {reason}"), now)?;
            }
            builds::set_status(db, id, FAILED, now)
        })
        .await
    }
}
