//! `models builds` and `models build`: what there is to deploy, and something new.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::waiting::{WaitArgs, ended};
use crate::actions::models::{self, BuildWish, Built, Ended};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::times::in_utc;
use crate::text;
use crate::wire::{Model, ModelBuild};

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  keybench models builds churn-prod/churn\n  keybench models builds churn-prod/churn --json\n\nNewest first. DEPLOYMENT is the status of the build's own deployment: of a model, one is active.\nEnds with 0 if all were listed."
)]
pub struct BuildsArgs {
    /// project/name, or the model's id
    model: String,
}

pub async fn list(context: &Context, args: BuildsArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let model = models::find(&session, &args.model).await?;
    let built = models::builds(&session, &model.project.public_identifier, &model.id).await?;
    let mut list = context
        .out
        .list(&["STATUS", "CREATED", "FILE", "FUNCTION", "RUNTIME", "DEPLOYMENT", "COMMENT", "BUILD"])
        .shrinking("COMMENT");
    list.page(&built.iter().map(row).collect::<Vec<_>>())?;
    list.end()?;
    Ok(Exit::Done)
}

fn row(Built { build, deployment }: &Built) -> (Value, Vec<String>) {
    let created = in_utc(&build.created_at).unwrap_or_default();
    let minutes = created.get(..16).unwrap_or(&created).replace('T', " ");
    let comment = build.comment.lines().next().unwrap_or_default();
    let cells = vec![
        build.status.clone(),
        minutes,
        build.file_path.clone(),
        build.function_name.clone(),
        models::runtime(build).to_owned(),
        deployment.as_ref().map(|it| it.status.clone()).unwrap_or_default(),
        comment.to_owned(),
        text::short_id(&build.id).into_owned(),
    ];
    let deployed =
        deployment.as_ref().map(|it| json!({ "id": it.id, "status": it.status, "replicas": it.replicas }));
    let mut document = document(build);
    document["deployment"] = deployed.into();
    (document, cells)
}

/// A build as `--json` prints it.
fn document(build: &ModelBuild) -> Value {
    json!({
        "id": build.id,
        "status": build.status,
        "file_path": build.file_path,
        "function_name": build.function_name,
        "kernel": build.kernel,
        "runtime_identifier": build.runtime_identifier,
        "comment": build.comment,
        "creator": build.creator,
        "created_at": in_utc(&build.created_at),
        "built_at": in_utc(&build.built_at),
    })
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench models build churn-prod/churn --comment 'retrained on October' --wait
  keybench models build churn-prod/churn --file churn_v2.py

A build is a copy of the project's files as they are now; edits need a new build. What is not given
is as in the newest build that has not failed. Nothing is deployed.
Ends with 0 once the workbench has taken the request, with --wait once the build is built. Ends
with 8 if it fails, or if it is still in progress when the time is up.")]
pub struct BuildArgs {
    /// project/name, or the model's id
    model: String,
    /// The file with the function, from the project's root
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// The function that answers calls
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// The runtime's image identifier
    #[arg(long, value_name = "IMAGE")]
    runtime: Option<String>,
    /// A comment on the build
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    #[command(flatten)]
    wait: WaitArgs,
}

pub async fn build(context: &Context, args: BuildArgs) -> Result<Exit, Failure> {
    let session = context.session_to_change(models::BUILDING)?;
    let model = models::find(&session, &args.model).await?;
    let BuildArgs { file, function, runtime, comment, wait, .. } = args;
    let wish = BuildWish { file, function, runtime, comment };
    let mut build = models::build(&session, &model, wish).await?;
    let name = models::full_name(&model);
    context.done(format!("build {} of {name} was begun", build.id));
    let mut end = None;
    if let Some(limit) = wait.limit() {
        let project = &model.project.public_identifier;
        let (last, ended) = models::follow_build(&session, project, &build, limit, context).await?;
        (build, end) = (last, Some((limit, ended)));
    }
    report(context, &model, &build, end)
}

fn report(
    context: &Context,
    model: &Model,
    build: &ModelBuild,
    end: Option<(Duration, Ended)>,
) -> Result<Exit, Failure> {
    let name = models::full_name(model);
    if context.out.json {
        let mut document = document(build);
        (document["model"], document["model_id"]) = (name.as_str().into(), model.id.as_str().into());
        context.out.document(&document)?;
    } else {
        // The product's own words: `built`, `build failed`.
        let status = build.status.strip_prefix("build ").unwrap_or(&build.status);
        context.out.lines(&[format!("{name}: build {}: {status}", text::short_id(&build.id))])?;
    }
    match end {
        None | Some((_, Ended::Done)) => Ok(Exit::Done),
        Some((limit, Ended::TimeUp | Ended::Stopped)) => {
            Err(ended(&format!("the build of {name}"), &build.status, limit, ""))
        }
        Some((_, Ended::Failed)) => {
            let why = models::build_failed(build).join(" ");
            Err(Failure::new(Exit::No, "build_failed", format!("{name} was not built. {why}"))
                .hint("mend what it says, and build again; what is deployed was not touched"))
        }
    }
}
