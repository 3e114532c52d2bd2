//! `models show`: what there is to know about one model.

use clap::Args;
use serde_json::{Value, json};

use crate::actions::models::{self, Shown};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::times::in_utc;
use crate::text::count;
use crate::wire::ModelDeployment;

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  keybench models show churn-prod/churn --json\n\nA model that is not running is shown with why, as far as the workbench tells.\nEnds with 0 if all of it could be read."
)]
pub struct ShowArgs {
    /// project/name, or the model's id
    model: String,
}

pub async fn run(context: &Context, args: ShowArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let shown = models::show(&session, &args.model).await?;
    let endpoint = session.client.model_url();
    if context.out.json {
        context.out.document(&document(&shown, endpoint))?;
    } else {
        context.out.lines(&lines(&shown, endpoint))?;
    }
    Ok(Exit::Done)
}

fn document(Shown { model, latest, why }: &Shown, endpoint: &str) -> Value {
    json!({
        "id": model.id,
        "name": model.name,
        "description": model.description,
        "project": model.project,
        "creator": model.creator,
        "auth_enabled": model.auth_enabled,
        "access_key": model.access_key,
        "endpoint": endpoint,
        "created_at": in_utc(&model.created_at),
        "updated_at": in_utc(&model.updated_at),
        "deployment": latest.as_ref().map(|(_, deployment)| deployed(deployment)),
        "build": latest.as_ref().map(|(build, _)| json!({
            "id": build.id,
            "status": build.status,
            "file_path": build.file_path,
            "function_name": build.function_name,
            "built_at": in_utc(&build.built_at),
            "comment": build.comment,
        })),
        "why": why,
    })
}

/// Without the deployment's environment: it may hold secrets (OBSERVED, CAI_STUDIO_AGENT).
pub fn deployed(deployment: &ModelDeployment) -> Value {
    json!({
        "id": deployment.id,
        "status": deployment.status,
        "replicas": deployment.replicas,
        "cpu": deployment.cpu,
        "memory": deployment.memory,
        "created_at": in_utc(&deployment.created_at),
        "deployer": deployment.deployer,
    })
}

fn lines(Shown { model, latest, why }: &Shown, endpoint: &str) -> Vec<String> {
    let mut lines = vec![
        format!("{}  ({})", models::full_name(model), model.id),
        format!("description     {}", model.description),
        format!(
            "authentication  {}",
            if model.auth_enabled { "on" } else { "off: anyone with the access key may call it" }
        ),
        format!("endpoint        {endpoint}"),
        format!("access key      {}", model.access_key),
    ];
    match latest {
        None => lines.push("deployment      never deployed".to_owned()),
        Some((build, deployment)) => {
            let replicas = usize::try_from(deployment.replicas.0).unwrap_or_default();
            lines.push(format!(
                "deployment      {}, {}, since {}",
                deployment.status,
                count(replicas, "replica", "replicas"),
                in_utc(&deployment.created_at).unwrap_or_else(|| "—".to_owned())
            ));
            // What a workbench runs by itself has no file.
            let file = match build.file_path.as_str() {
                "" => String::new(),
                file => format!(" in {file}"),
            };
            lines.push(format!("build           {}, function {}{file}", build.status, build.function_name));
        }
    }
    for (at, line) in why.iter().flat_map(|why| why.lines()).enumerate() {
        lines.push(format!("{:<16}{line}", if at == 0 { "not running" } else { "" }));
    }
    lines
}
