//! `projects`.

use std::pin::pin;

use clap::Subcommand;
use futures_util::StreamExt as _;
use serde_json::json;

use super::context::Context;
use super::error::{Exit, Failure};
use super::names::Collector;
use super::times::in_utc;
use crate::actions::projects::{self, strongest_right};
use crate::wire::Project;

#[derive(Debug, Subcommand)]
pub enum ProjectsCommand {
    /// List projects
    #[command(
        after_help = "Examples:\n  keybench projects list\n  keybench projects list --all --json\n\nEnds with 0 if all were listed."
    )]
    List {
        /// Public ones too; for a site administrator all
        #[arg(long)]
        all: bool,
    },
}

pub async fn run(context: &Context, command: ProjectsCommand) -> Result<Exit, Failure> {
    let ProjectsCommand::List { all } = command;
    let session = context.session()?;
    let client = &session.client;
    let mut pages = pin!(projects::list(client, all));
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
        strongest_right(&project.permissions).to_owned(),
        project.id.clone(),
    ]
}
