//! `models list`: page by page.

use clap::Args;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::show::deployed;
use crate::actions::models;
use crate::api;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::names::Collector;
use crate::cli::times::in_utc;
use crate::wire::{Model, ModelDeployment};

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  keybench models list\n  keybench models list --project churn-prod --json\n  keybench models list --status\n\nEnds with 0 if all were listed; with --status, if all of them could be asked."
)]
pub struct ListArgs {
    /// Only the models of this project: name, OWNER/NAME or id
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// Ask for the deployment of each model, too: two requests a model or more, eight at a time
    #[arg(long)]
    status: bool,
}

pub async fn run(context: &Context, args: ListArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let mut names = Collector::new(session.client.url());
    let titles: &[_] = match args.status {
        true => &["PROJECT", "MODEL", "STATUS", "AUTH", "DESCRIPTION", "ID"],
        false => &["PROJECT", "MODEL", "AUTH", "DESCRIPTION", "ID"],
    };
    let mut list = context.out.list(titles).shrinking("DESCRIPTION");
    let mut pages = models::list(&session, args.project.as_deref()).await?;
    let mut failure = None;
    while let Some(page) = pages.next().await {
        let page = page?;
        for model in &page {
            names.project(&model.project.name);
            names.model(models::full_name(model));
        }
        let deployments = match args.status {
            true => models::deployments(&session, &page).await.into_iter().map(Some).collect(),
            false => vec![None; page.len()],
        };
        let rows: Vec<_> = page.iter().zip(&deployments).map(|(model, of)| row(model, of.as_ref())).collect();
        list.page(&rows)?;
        failure = failure.or(first_failure(page, deployments));
    }
    list.end()?;
    names.keep();
    failure.map_or(Ok(Exit::Done), Err)
}

type Latest = Result<Option<ModelDeployment>, api::Error>;

/// With `latest` only if it was asked for.
fn row(model: &Model, latest: Option<&Latest>) -> (Value, Vec<String>) {
    let mut cells = vec![
        model.project.name.clone(),
        model.name.clone(),
        if model.auth_enabled { "on" } else { "off" }.to_owned(),
        model.description.clone(),
        model.id.clone(),
    ];
    let mut document = json!({
        "id": model.id,
        "name": model.name,
        "project": model.project,
        "description": model.description,
        "auth_enabled": model.auth_enabled,
        "access_key": model.access_key,
        "created_at": in_utc(&model.created_at),
        "updated_at": in_utc(&model.updated_at),
    });
    if let Some(latest) = latest {
        let deployment = latest.as_ref().ok().and_then(Option::as_ref);
        let status = match (latest, deployment) {
            (Err(_), _) => "unknown",
            (_, None) => "never deployed",
            (_, Some(deployment)) => &deployment.status,
        };
        cells.insert(2, status.to_owned());
        document["status"] = json!(status);
        document["deployment"] = json!(deployment.map(deployed));
    }
    (document, cells)
}

/// The first model that could not be asked, named.
fn first_failure(page: Vec<Model>, deployments: Vec<Option<Latest>>) -> Option<Failure> {
    page.iter().zip(deployments).find_map(|(model, latest)| {
        let failure = Failure::from(latest?.err()?);
        Some(Failure { message: format!("{}: {}", models::full_name(model), failure.message), ..failure })
    })
}
