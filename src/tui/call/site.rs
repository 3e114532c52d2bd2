//! The site: users, projects and their collaborators, the expiration setting.

use super::{Answer, Context};
use crate::api::{Client, PageQuery, Pages, ProjectScope, expiration_setting};

/// Rows a page: few round trips for a long list, and something to show soon.
const PAGE: u32 = 200;

pub(super) async fn expiration(client: &Client) -> Answer {
    Answer::Expiration(client.site_config().await.map(|settings| expiration_setting(&settings)))
}

pub(super) async fn set_expiration(client: &Client, name: String, days: u32) -> Answer {
    let answer = client.patch_site_config(&name, days.into()).await;
    Answer::ExpirationSet(answer.map(|settings| expiration_setting(&settings)))
}

pub(super) async fn version(client: &Client) -> Answer {
    Answer::Version(client.version().await.map(|version| version.git_sha))
}

pub(super) async fn users(context: &Context) -> Answer {
    let client = &context.session.client;
    let query = PageQuery { sort: Some("+username".into()), ..PageQuery::sized(PAGE) };
    let mut pages = Pages::new(query, |query| async move { client.users_page(&query).await });
    while let Some(page) = pages.next().await {
        match page {
            Ok(users) => context.progress(Answer::UsersPage(users)),
            Err(error) => return Answer::UsersListed(Err(error)),
        }
    }
    Answer::UsersListed(Ok(()))
}

pub(super) async fn projects(context: &Context) -> Answer {
    let client = &context.session.client;
    let mut pages = Pages::new(PageQuery::sized(PAGE), |query| async move {
        client.projects_page(ProjectScope::All, &query).await
    });
    while let Some(page) = pages.next().await {
        match page {
            Ok(projects) => context.progress(Answer::ProjectsPage(projects)),
            Err(error) => return Answer::ProjectsListed(Err(error)),
        }
    }
    Answer::ProjectsListed(Ok(()))
}

pub(super) async fn collaborators(client: &Client, project_id: String) -> Answer {
    let answer = client.collaborators(&project_id).await;
    Answer::Collaborators { project_id, answer }
}

pub(super) async fn set_permission(
    client: &Client,
    project_id: String,
    project: String,
    username: String,
    permission: String,
) -> Answer {
    let done = client.add_collaborator(&project_id, &username, &permission).await;
    Answer::PermissionSet { project_id, project, username, permission, done }
}

pub(super) async fn remove_collaborator(client: &Client, project_id: String, username: String) -> Answer {
    let done = client.remove_collaborator(&project_id, &username).await;
    Answer::CollaboratorRemoved { project_id, username, done }
}
