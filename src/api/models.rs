//! Models, their builds and deployments. [`crate::probe`] calls models.

use std::cmp::Reverse;

use reqwest::Method;

use super::{Client, Error, Page, PageQuery, all_pages};
use crate::wire::{
    CreateModelBuildRequest, CreateModelDeploymentRequest, Model, ModelBuild, ModelDeployment, UsageResponse,
    time,
};

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

    /// One build.
    pub async fn build(&self, project_id: &str, model_id: &str, build_id: &str) -> Result<ModelBuild, Error> {
        let path = ["api", "v2", "projects", project_id, "models", model_id, "builds", build_id];
        let read: ModelBuild = self.send(self.call("reading a build", Method::GET, &path)?).await?;
        // An answer without its identifiers can be followed too.
        Ok(ModelBuild { id: build_id.to_owned(), model_id: model_id.to_owned(), ..read })
    }

    /// Builds a model anew from the files that its project has now.
    pub async fn create_build(&self, new: &CreateModelBuildRequest) -> Result<ModelBuild, Error> {
        const OPERATION: &str = "building a model";
        let path = ["api", "v2", "projects", &new.project_id, "models", &new.model_id, "builds"];
        let build: ModelBuild = self.send(self.call(OPERATION, Method::POST, &path)?.json(new)?).await?;
        if build.id.is_empty() {
            return Err(Error::BadAnswer { operation: OPERATION, detail: "the build has no id".to_owned() });
        }
        Ok(build)
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
            let active = deployments.iter().position(|deployment| deployment.state().is_active());
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

    /// One deployment.
    pub async fn deployment(&self, known: &ModelDeployment) -> Result<ModelDeployment, Error> {
        const OPERATION: &str = "reading a deployment";
        let ModelDeployment { project_id, model_id, build_id, id, .. } = known;
        let path =
            ["api", "v2", "projects", project_id, "models", model_id, "builds", build_id, "deployments", id];
        let read: ModelDeployment = self.send(self.call(OPERATION, Method::GET, &path)?).await?;
        Ok(identified(read, [project_id, model_id, build_id, id]))
    }

    /// Deploys a build. The model's other deployment is replaced, with a short outage (DOCS,
    /// cdsw-models-known-issues); a build in progress is deployed once it is built (OBSERVED as
    /// depended on by five programs).
    pub async fn create_deployment(
        &self,
        new: &CreateModelDeploymentRequest,
    ) -> Result<ModelDeployment, Error> {
        const OPERATION: &str = "deploying a build";
        let CreateModelDeploymentRequest { project_id, model_id, build_id, .. } = new;
        let path =
            ["api", "v2", "projects", project_id, "models", model_id, "builds", build_id, "deployments"];
        let made: ModelDeployment = self.send(self.call(OPERATION, Method::POST, &path)?.json(new)?).await?;
        if made.id.is_empty() {
            let detail = "the deployment has no id".to_owned();
            return Err(Error::BadAnswer { operation: OPERATION, detail });
        }
        let id = made.id.clone();
        Ok(identified(made, [project_id, model_id, build_id, &id]))
    }

    /// A page of the workloads that the key's owner sees. Filter members: `name`, `creator`, `group`,
    /// `project_name`, `workload_type`, `status` (SPEC).
    pub async fn usage_page(&self, query: &PageQuery) -> Result<Page<UsageResponse>, Error> {
        let call =
            self.call("listing workloads", Method::GET, &["api", "v2", "usage"])?.query(&query.pairs());
        self.send_page(call, "usage_response").await
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

/// A deployment as it was asked for by its identifiers (project, model, build, its own): an answer
/// without them can be followed too.
fn identified(mut deployment: ModelDeployment, asked: [&String; 4]) -> ModelDeployment {
    let ModelDeployment { project_id, model_id, build_id, id, .. } = &mut deployment;
    for (own, asked) in [project_id, model_id, build_id, id].into_iter().zip(asked) {
        if own.is_empty() {
            own.clone_from(asked);
        }
    }
    deployment
}
