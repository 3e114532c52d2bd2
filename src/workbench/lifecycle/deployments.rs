//! pending → deploying → deployed → stopping → stopped, or failed (DOCS,
//! ml-cli-listing-model-builds-and-deployments).
//!
//! A new deployment of a model replaces the running one, with a short outage (DOCS,
//! cdsw-models-known-issues).

use std::collections::HashMap;

use rusqlite::Connection;
use tokio::time::sleep;

use super::builds::BUILT;
use super::{Lifecycle, StoredBuild};
use crate::wire::{ModelDeployment, ShortCreateModelDeployment, Whole};
use crate::workbench::replicas::{Function, Plan, ReplicaNames};
use crate::workbench::store::deployments::{self, StoredDeployment};
use crate::workbench::store::{StoreError, builds, models, users};

pub const PENDING: &str = "pending";
pub const DEPLOYING: &str = "deploying";
pub const DEPLOYED: &str = "deployed";
pub const STOPPING: &str = "stopping";
pub const STOPPED: &str = "stopped";
pub const FAILED: &str = "failed";

/// A new deployment for the store: the request, with defaults filled in.
pub fn wanted(wish: &ShortCreateModelDeployment, default_replicas: i64) -> ModelDeployment {
    let or = |value: f64, default: f64| if value > 0.0 { value } else { default };
    ModelDeployment {
        id: uuid::Uuid::new_v4().to_string(),
        cpu: or(wish.cpu, 1.0),
        memory: or(wish.memory, 2.0),
        nvidia_gpu: wish.nvidia_gpus,
        environment: serde_json::to_string(&wish.environment).unwrap_or_default(),
        replicas: Whole(if wish.replicas.0 > 0 { wish.replicas.0 } else { default_replicas.max(1) }),
        status: PENDING.to_owned(),
        ..ModelDeployment::default()
    }
}

impl Lifecycle {
    /// Starts everything that is `pending` in the store, in the background.
    pub fn begin_deployment(&self, stored: StoredDeployment) {
        let lifecycle = self.clone();
        self.begin("a deployment", async move {
            let _turn = lifecycle.turn(stored.model_id).await;
            sleep(lifecycle.0.steps.deployment).await;
            lifecycle.replace_with(stored).await
        });
    }

    /// Restarts the replicas of everything that is `deploying` in the store, in the background.
    pub fn begin_restart(&self, stored: StoredDeployment) {
        let lifecycle = self.clone();
        self.begin("a restart", async move {
            let _turn = lifecycle.turn(stored.model_id).await;
            lifecycle.0.replicas.stop(&stored.deployment.id).await;
            sleep(lifecycle.0.steps.deployment).await;
            lifecycle.replace_with(stored).await
        });
    }

    /// Stops everything that is `stopping` in the store, in the background.
    pub fn begin_stop(&self, stored: StoredDeployment) {
        let lifecycle = self.clone();
        self.begin("a stop", async move {
            let _turn = lifecycle.turn(stored.model_id).await;
            sleep(lifecycle.0.steps.deployment).await;
            lifecycle.stop(&stored).await
        });
    }

    /// Ends the replicas of deployments that are gone from the store, and removes the files of such
    /// builds, in the background. Call it after models, builds or projects were deleted.
    pub fn begin_clearing(&self) {
        let lifecycle = self.clone();
        self.begin("a clearing", async move {
            let known = lifecycle.0.store.read(deployments::active).await?;
            for gone in lifecycle.0.replicas.running() {
                if !known.iter().any(|stored| stored.deployment.id == gone) {
                    lifecycle.0.replicas.stop(&gone).await;
                }
            }
            lifecycle.clear_snapshots().await
        });
    }

    /// At the start of the server: starts what was running and stops what was stopping. If a model
    /// has several deployments, the newest one stays, as it would have without the interruption.
    pub(super) async fn resume_deployments(&self, active: Vec<StoredDeployment>) -> Result<(), StoreError> {
        let (stopping, rising): (Vec<_>, Vec<_>) = active
            .into_iter()
            // The build starts the deployments that wait for it.
            .filter(|stored| stored.deployment.status != PENDING || stored.build_status == BUILT)
            .partition(|stored| stored.deployment.status == STOPPING);
        let newest: HashMap<i64, i64> = rising.iter().map(|stored| (stored.model_id, stored.id)).collect();
        let (rising, replaced): (Vec<_>, Vec<_>) =
            rising.into_iter().partition(|stored| newest.get(&stored.model_id) == Some(&stored.id));
        let ids: Vec<i64> = replaced.iter().map(|stored| stored.id).collect();
        if !ids.is_empty() {
            self.write(move |db, now| {
                ids.iter().try_for_each(|id| deployments::set_status(db, *id, STOPPING, now))
            })
            .await?;
        }
        for stored in stopping.iter().chain(&replaced) {
            self.stop(stored).await?;
        }
        let resumed = rising.iter().map(|stored| self.bring_up(stored));
        futures_util::future::try_join_all(resumed).await.map(drop)
    }

    pub(super) async fn deploy_when_built(
        &self,
        built: &StoredBuild,
        wish: &ShortCreateModelDeployment,
        deployer: String,
    ) -> Result<(), StoreError> {
        let (build_id, model_id, wish) = (built.id, built.model_id, wish.clone());
        let stored = self
            .write(move |db, now| {
                let Some(model) = models::by_id(db, model_id)? else { return Ok(None) };
                let Some(deployer) = users::by_username(db, &deployer)? else { return Ok(None) };
                let new = wanted(&wish, model.model.default_replication_policy.num_replicas.0);
                let id = deployments::insert(db, model_id, build_id, deployer.id, &new, now)?;
                deployments::by_id(db, id)
            })
            .await?;
        if let Some(stored) = stored {
            self.begin_deployment(stored);
        }
        Ok(())
    }

    /// Stops the model's other deployments, then starts this one.
    async fn replace_with(&self, stored: StoredDeployment) -> Result<(), StoreError> {
        let (id, model_id) = (stored.id, stored.model_id);
        let Some(others) = self
            .write(move |db, now| {
                // Stopped while it waited for its turn, or deleted.
                if !is_under_way(db, id)? {
                    return Ok(None);
                }
                let mut others = deployments::active_of_model(db, model_id)?;
                // A newer one is still waiting for its turn.
                others.retain(|other| other.id != id && other.deployment.status != PENDING);
                for other in &others {
                    deployments::set_status(db, other.id, STOPPING, now)?;
                }
                deployments::set_status(db, id, DEPLOYING, now)?;
                Ok(Some(others))
            })
            .await?
        else {
            return Ok(());
        };
        for other in others {
            self.stop(&other).await?;
        }
        sleep(self.0.steps.deployment).await;
        self.bring_up(&stored).await
    }

    /// Starts the replicas and records the result in the store.
    async fn bring_up(&self, stored: &StoredDeployment) -> Result<(), StoreError> {
        let started = self.start(stored).await?;
        if let Err(reason) = &started {
            tracing::warn!(deployment = stored.deployment.id, %reason, "a deployment failed");
        }
        let status = if started.is_ok() { DEPLOYED } else { FAILED };
        let (id, uuid) = (stored.id, stored.deployment.id.clone());
        let found = self.0.store.read(move |db| deployments::by_id(db, id)).await?;
        if found.is_some_and(|found| found.deployment.status == status) {
            // As after a start of the server: every change costs a sync of the disk.
            return Ok(());
        }
        let kept = self
            .write(move |db, now| {
                let kept = is_under_way(db, id)?;
                match started {
                    _ if !kept => {}
                    Ok(()) => deployments::set_status(db, id, DEPLOYED, now)?,
                    Err(reason) => deployments::fail(db, id, &reason, now)?,
                }
                Ok(kept)
            })
            .await?;
        if !kept {
            self.0.replicas.stop(&uuid).await;
        }
        Ok(())
    }

    async fn start(&self, stored: &StoredDeployment) -> Result<Result<(), String>, StoreError> {
        if let Err(reason) = self.meet_doom(&stored.deployment.id) {
            return Ok(Err(reason));
        }
        let lifecycle = self.clone();
        let wanted = stored.clone();
        let read = move |db: &Connection| -> Result<_, StoreError> {
            let Some(build) = builds::by_id(db, wanted.build_id)? else { return Ok(None) };
            let Some(model) = models::by_id(db, wanted.model_id)? else { return Ok(None) };
            let function = lifecycle.function(db, &model, &build.build, Some(&wanted.deployment))?;
            let names = ReplicaNames::new(&model.model.name, model.id, wanted.id);
            Ok(Some((function, names, build.build.id)))
        };
        let Some((function, names, build)) = self.0.store.read(read).await? else {
            return Ok(Err("its model is gone".to_owned()));
        };
        let function = match function {
            Ok(Function::Python(function)) => match self.with_files(&build, function, false).await {
                Ok(function) => Function::Python(function),
                Err(reason) => return Ok(Err(reason)),
            },
            Ok(builtin) => builtin,
            Err(none) => return Ok(Err(none.to_string())),
        };
        let plan = Plan {
            deployment: stored.deployment.id.clone(),
            names,
            replicas: u32::try_from(stored.deployment.replicas.0).unwrap_or(1),
            function,
        };
        Ok(self.0.replicas.deploy(plan).await.map_err(|unusable| unusable.to_string()))
    }

    /// Ends the replicas of what is `stopping`. Calls in flight have their time; a restart that comes
    /// meanwhile counts.
    async fn stop(&self, stored: &StoredDeployment) -> Result<(), StoreError> {
        let id = stored.id;
        self.0.replicas.stop(&stored.deployment.id).await;
        let end = move |db: &Connection, now| match deployments::by_id(db, id)? {
            Some(found) if found.deployment.status == STOPPING => {
                deployments::set_status(db, id, STOPPED, now)
            }
            _ => Ok(()),
        };
        self.write(end).await
    }
}

/// Whether a deployment is up or coming up.
fn is_under_way(db: &Connection, id: i64) -> Result<bool, StoreError> {
    let stored = deployments::by_id(db, id)?;
    Ok(stored
        .is_some_and(|stored| matches!(stored.deployment.status.as_str(), PENDING | DEPLOYING | DEPLOYED)))
}
