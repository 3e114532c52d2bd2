//! `models list`: page by page.

use clap::Args;
use futures_util::StreamExt as _;
use serde_json::json;

use crate::actions::models;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::names::Collector;
use crate::cli::output::List;
use crate::cli::times::in_utc;
use crate::wire::Model;

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  keybench models list\n  keybench models list --project churn-prod --json\n\nEnds with 0 if all were listed."
)]
pub struct ListArgs {
    /// Only the models of this project: name, OWNER/NAME or id
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
}

pub async fn run(context: &Context, args: ListArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let mut names = Collector::new(session.client.url());
    let mut list =
        context.out.list(&["PROJECT", "MODEL", "AUTH", "DESCRIPTION", "ID"]).shrinking("DESCRIPTION");
    let mut pages = models::list(&session, args.project.as_deref()).await?;
    while let Some(page) = pages.next().await {
        print(&mut list, &mut names, page?)?;
    }
    list.end()?;
    names.keep();
    Ok(Exit::Done)
}

fn print(list: &mut List, names: &mut Collector, page: Vec<Model>) -> Result<(), Failure> {
    let rows: Vec<_> = page
        .into_iter()
        .map(|model| {
            names.project(&model.project.name);
            names.model(models::full_name(&model));
            let cells = vec![
                model.project.name.clone(),
                model.name.clone(),
                if model.auth_enabled { "on" } else { "off" }.to_owned(),
                model.description.clone(),
                model.id.clone(),
            ];
            let document = json!({
                "id": model.id,
                "name": model.name,
                "project": model.project,
                "description": model.description,
                "auth_enabled": model.auth_enabled,
                "access_key": model.access_key,
                "created_at": in_utc(&model.created_at),
                "updated_at": in_utc(&model.updated_at),
            });
            (document, cells)
        })
        .collect();
    list.page(&rows)
}
