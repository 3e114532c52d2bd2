//! `projects` and `collaborators`.

use serde_json::json;

use super::args::{CollaboratorsCommand, ProjectsCommand};
use super::context::Context;
use super::error::{Exit, Failure};
use super::keys::in_utc;
use super::names::Collector;
use crate::actions::collaborators::{self, Permission};
use crate::actions::projects;
use crate::api::{PageQuery, Pages, ProjectScope};
use crate::wire::{Project, ProjectPermissions};

const PAGE: u32 = 500;

pub async fn list_projects(context: &Context, command: ProjectsCommand) -> Result<Exit, Failure> {
    let ProjectsCommand::List { all } = command;
    let session = context.session()?;
    let client = &session.client;
    let scope = if all { ProjectScope::All } else { ProjectScope::Mine };
    let fetch = |query: PageQuery| async move { client.projects_page(scope, &query).await };
    let mut pages = Pages::new(PageQuery::sized(PAGE), fetch);
    let mut names = Collector::new(client.url());
    let mut list = context.out.list(&["OWNER", "PROJECT", "VISIBILITY", "MY RIGHTS", "ID"]);
    while let Some(page) = pages.next().await {
        let page = page?;
        page.iter().for_each(|project| names.project(&project.name));
        let rows: Vec<_> = page.iter().map(|project| (document(project), cells(project))).collect();
        list.page(&rows)?;
    }
    list.end()?;
    names.keep();
    Ok(Exit::Done)
}

/// Without the environment, which may hold secrets.
fn document(project: &Project) -> serde_json::Value {
    json!({
        "id": project.id,
        "name": project.name,
        "slug": project.slug,
        "owner": project.owner,
        "creator": project.creator,
        "description": project.description,
        "visibility": project.visibility,
        "permissions": project.permissions,
        "created_at": in_utc(&project.created_at),
        "updated_at": in_utc(&project.updated_at),
    })
}

fn cells(project: &Project) -> Vec<String> {
    vec![
        project.owner.username.clone(),
        project.name.clone(),
        project.visibility.clone(),
        strongest(&project.permissions).to_owned(),
        project.id.clone(),
    ]
}

fn strongest(rights: &ProjectPermissions) -> &'static str {
    let order = [
        (rights.admin, "admin"),
        (rights.write, "write"),
        (rights.operator, "operator"),
        (rights.read, "read"),
        (rights.business_user, "applications"),
    ];
    order.into_iter().find_map(|(has, word)| has.then_some(word)).unwrap_or("none")
}

pub async fn change_collaborators(context: &Context, command: CollaboratorsCommand) -> Result<Exit, Failure> {
    match command {
        CollaboratorsCommand::List { project } => list(context, &project).await,
        CollaboratorsCommand::Add { project, user, permission } => {
            add(context, &project, &user, permission).await
        }
        CollaboratorsCommand::Remove { project, user } => remove(context, &project, &user).await,
    }
}

async fn list(context: &Context, wanted: &str) -> Result<Exit, Failure> {
    let session = context.session()?;
    let project = projects::find(&session.client, wanted).await?;
    let collaborators = collaborators::list(&session.client, &project.id).await?;
    let mut list = context.out.list(&["PERMISSION", "NAME", "USER"]);
    let rows: Vec<_> = collaborators
        .into_iter()
        .map(|collaborator| {
            let user = &collaborator.user;
            let cells = vec![collaborator.permission.clone(), user.name.clone(), user.username.clone()];
            (json!(collaborator), cells)
        })
        .collect();
    list.page(&rows)?;
    list.end()?;
    context.out.note(&format!("{} is owned by {}", project.name, project.owner.username));
    Ok(Exit::Done)
}

async fn add(context: &Context, wanted: &str, user: &str, permission: Permission) -> Result<Exit, Failure> {
    let session = context.session_to_change("adding a collaborator")?;
    let project = projects::find(&session.client, wanted).await?;
    collaborators::set(&session, &project.id, user, permission).await?;
    let document = json!({ "project": project.name, "project_id": project.id, "username": user, "permission": permission.as_str() });
    report(context, &document, format!("{user} may {permission} in {}", project.name))
}

async fn remove(context: &Context, wanted: &str, user: &str) -> Result<Exit, Failure> {
    let session = context.session_to_change("removing a collaborator")?;
    let project = projects::find(&session.client, wanted).await?;
    collaborators::remove(&session, &project.id, user).await?;
    let document = json!({ "project": project.name, "project_id": project.id, "removed": user });
    report(context, &document, format!("{user} is no collaborator of {} any more", project.name))
}

fn report(context: &Context, document: &serde_json::Value, line: String) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.document(document)?;
    } else {
        context.out.lines(&[line])?;
    }
    Ok(Exit::Done)
}
