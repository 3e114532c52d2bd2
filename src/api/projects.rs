//! Projects and their collaborators.

use reqwest::Method;
use secrecy::zeroize::Zeroizing;

use super::{Client, Error, Page, PageQuery, all_pages};
use crate::wire::{AddProjectCollaboratorRequest, Collaborator, Project};

/// Which projects to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProjectScope {
    /// Projects that the user owns or collaborates in.
    #[default]
    Mine,
    /// Public ones too.
    Public,
    /// All projects of the site; for users who are not site administrators the same as
    /// [`Self::Public`] (SPEC).
    All,
}

impl Client {
    /// A page of projects. Filter members: `name`, `description`, `owner.username`, `creator.username`, …
    pub async fn projects_page(
        &self,
        scope: ProjectScope,
        query: &PageQuery,
    ) -> Result<Page<Project>, Error> {
        let mut pairs = query.pairs();
        match scope {
            ProjectScope::Mine => {}
            ProjectScope::Public => pairs.push(("include_public_projects", "true".to_owned())),
            ProjectScope::All => pairs.push(("include_all_projects", "true".to_owned())),
        }
        let call = self.call("listing projects", Method::GET, &["api", "v2", "projects"])?.query(&pairs);
        self.send_page(call, "projects").await
    }

    /// One project by its id.
    pub async fn project(&self, id: &str) -> Result<Project, Error> {
        self.send(self.call("reading a project", Method::GET, &["api", "v2", "projects", id])?).await
    }

    /// Replaces the environment of a project: `environment` is all of it, as JSON text (OBSERVED,
    /// agent-studio).
    pub async fn set_project_environment(&self, id: &str, environment: &str) -> Result<(), Error> {
        let body = Zeroizing::new(environment.to_owned());
        let path = ["api", "v2", "projects", id];
        let call = self.call("changing a project's environment", Method::PATCH, &path)?;
        self.send_for_success(call.json(&serde_json::json!({ "environment": *body }))?).await
    }

    /// Every user with a permission in a project, except its owner.
    pub async fn collaborators(&self, project_id: &str) -> Result<Vec<Collaborator>, Error> {
        let path = ["api", "v2", "projects", project_id, "collaborators"];
        all_pages(PageQuery::sized(100), |query| async move {
            let call = self.call("listing collaborators", Method::GET, &path)?.query(&query.pairs());
            self.send_page(call, "collaborators").await
        })
        .await
    }

    /// Adds a collaborator, or changes the permission of one (`read`, `write`, `admin` are known
    /// to work, `operator` is INFERRED).
    pub async fn add_collaborator(
        &self,
        project_id: &str,
        username: &str,
        permission: &str,
    ) -> Result<(), Error> {
        let body = AddProjectCollaboratorRequest {
            project_id: project_id.to_owned(),
            username: username.to_owned(),
            permission: permission.to_owned(),
        };
        let path = ["api", "v2", "projects", project_id, "collaborators", username];
        self.send_for_success(self.call("adding a collaborator", Method::PUT, &path)?.json(&body)?).await
    }

    /// Removes a collaborator.
    pub async fn remove_collaborator(&self, project_id: &str, username: &str) -> Result<(), Error> {
        let path = ["api", "v2", "projects", project_id, "collaborators", username];
        self.send_for_success(self.call("removing a collaborator", Method::DELETE, &path)?).await
    }
}
