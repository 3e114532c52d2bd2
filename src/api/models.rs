//! Models, their builds and deployments. [`crate::probe`] calls models.

use std::cmp::Reverse;

use reqwest::Method;

use super::{Client, Error, Page, PageQuery, all_pages};
use crate::wire::{Model, ModelBuild, ModelDeployment, time};

/// States of an active deployment: at most one deployment of a model is in one of them (DOCS,
/// ml-site-admin-model-monitoring).
const ACTIVE: [&str; 4] = ["pending", "deploying", "deployed", "stopping"];

impl Client {
    /// A page of the models that the key's owner sees, over all projects. Not sorted (SPEC).
    pub async fn models_page(&self, query: &PageQuery) -> Result<Page<Model>, Error> {
        let call = self.call("listing models", Method::GET, &["api", "v2", "models"])?.query(&query.pairs());
        self.send_page(call, "models").await
    }

    /// A page of one project's models.
    pub async fn project_models_page(
        &self,
        project_id: &str,
        query: &PageQuery,
    ) -> Result<Page<Model>, Error> {
        let path = ["api", "v2", "projects", project_id, "models"];
        let call = self.call("listing a project's models", Method::GET, &path)?.query(&query.pairs());
        self.send_page(call, "models").await
    }

    /// One model.
    pub async fn model(&self, project_id: &str, model_id: &str) -> Result<Model, Error> {
        let path = ["api", "v2", "projects", project_id, "models", model_id];
        self.send(self.call("reading a model", Method::GET, &path)?).await
    }

    /// The builds of a model, newest first.
    pub async fn builds(&self, project_id: &str, model_id: &str) -> Result<Vec<ModelBuild>, Error> {
        let path = ["api", "v2", "projects", project_id, "models", model_id, "builds"];
        let mut builds = all_pages(PageQuery::sized(100), |query| async move {
            let call = self.call("listing builds", Method::GET, &path)?.query(&query.pairs());
            self.send_page::<ModelBuild>(call, "model_builds").await
        })
        .await?;
        builds.sort_by_key(|build| Reverse(time::parse(&build.created_at)));
        Ok(builds)
    }

    /// The deployments of a build, newest first.
    pub async fn deployments(
        &self,
        project_id: &str,
        model_id: &str,
        build_id: &str,
    ) -> Result<Vec<ModelDeployment>, Error> {
        let path =
            ["api", "v2", "projects", project_id, "models", model_id, "builds", build_id, "deployments"];
        let mut deployments = all_pages(PageQuery::sized(100), |query| async move {
            let call = self.call("listing deployments", Method::GET, &path)?.query(&query.pairs());
            self.send_page::<ModelDeployment>(call, "model_deployments").await
        })
        .await?;
        deployments.sort_by_key(|deployment| Reverse(time::parse(&deployment.created_at)));
        Ok(deployments)
    }

    /// The current deployment of a model: the active one, else the newest.
    ///
    /// There is no list of a model's deployments, so this walks its builds, newest first (SPEC),
    /// and stops at the first active deployment.
    pub async fn latest_deployment(
        &self,
        project_id: &str,
        model_id: &str,
    ) -> Result<Option<(ModelBuild, ModelDeployment)>, Error> {
        let mut newest: Option<(ModelBuild, ModelDeployment)> = None;
        for build in self.builds(project_id, model_id).await? {
            let deployments = self.deployments(project_id, model_id, &build.id).await?;
            let active = deployments.iter().position(|d| ACTIVE.contains(&d.status.as_str()));
            let Some(found) = deployments.into_iter().nth(active.unwrap_or(0)) else { continue };
            if active.is_some() {
                return Ok(Some((build, found)));
            }
            let created = |d: &ModelDeployment| time::parse(&d.created_at);
            if newest.as_ref().is_none_or(|(_, other)| created(&found) > created(other)) {
                newest = Some((build, found));
            }
        }
        Ok(newest)
    }

    /// Restarts a deployment's replicas.
    pub async fn restart_deployment(&self, deployment: &ModelDeployment) -> Result<ModelDeployment, Error> {
        self.deployment_verb("restarting a deployment", "restart", deployment).await
    }

    /// Stops a deployment; the model answers no calls until it is deployed again.
    pub async fn stop_deployment(&self, deployment: &ModelDeployment) -> Result<ModelDeployment, Error> {
        self.deployment_verb("stopping a deployment", "stop", deployment).await
    }

    async fn deployment_verb(
        &self,
        operation: &'static str,
        verb: &str,
        deployment: &ModelDeployment,
    ) -> Result<ModelDeployment, Error> {
        let ModelDeployment { project_id, model_id, build_id, id, .. } = deployment;
        if id.is_empty() {
            return Err(Error::invalid(
                format!("{operation}: the deployment has no id"),
                "read the deployment again",
            ));
        }
        let last = format!("{id}:{verb}");
        let path = [
            "api",
            "v2",
            "projects",
            project_id,
            "models",
            model_id,
            "builds",
            build_id,
            "deployments",
            &last,
        ];
        self.send(self.call(operation, Method::POST, &path)?).await
    }
}
