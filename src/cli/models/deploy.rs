//! `models deploy`: a newer build, or an older one.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::waiting::{WaitArgs, ended};
use crate::actions::models::{self, BuildChoice, Ended, Environment, Plan, Resources};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::config::Session;
use crate::text;
use crate::wire::{BuildState, ModelBuild, ModelDeployment};

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench models deploy churn-prod/churn --wait
  keybench models deploy churn-prod/churn --build 5b1c --wait --wait-timeout 20m
  keybench models deploy churn-prod/churn --replicas 3 --memory 4

Acts at once and asks nothing: the model's running deployment is replaced, with a short outage. An
older --build is the roll-back. Replicas, CPU, memory and GPUs that are not given are as in the last
deployment, as are its environment variables; secrets of a deployment cannot be read back, so they
are not carried over. A build in progress is deployed once it is built.
Ends with 0 once the workbench has taken the request, with --wait once it is deployed. Ends with 8
if the build or the deployment fails, is stopped, or is still in progress when the time is up.")]
pub struct DeployArgs {
    /// project/name, or the model's id
    model: String,
    /// Which build: its id, the beginning of it, or latest
    #[arg(long, value_name = "BUILD|latest", default_value = "latest")]
    build: String,
    /// Replicas that answer calls
    #[arg(long, value_name = "N", value_parser = models::replicas, allow_negative_numbers = true)]
    replicas: Option<u32>,
    /// vCPU of each replica
    #[arg(long, value_name = "VCPU", value_parser = models::amount, allow_negative_numbers = true)]
    cpu: Option<f64>,
    /// Memory of each replica, in GB
    #[arg(long, value_name = "GB", value_parser = models::amount, allow_negative_numbers = true)]
    memory: Option<f64>,
    /// GPUs of each replica
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    gpus: Option<u32>,
    #[command(flatten)]
    wait: WaitArgs,
}

/// How it went.
struct Done {
    build: ModelBuild,
    deployment: ModelDeployment,
    /// With `--wait`: for how long, and how that ended.
    waited: Option<(Duration, Ended)>,
    /// Why it does not run, if it is to by now.
    why: Vec<String>,
}

pub async fn run(context: &Context, args: DeployArgs) -> Result<Exit, Failure> {
    let session = context.session_to_change(models::DEPLOYING)?;
    let DeployArgs { model, build, replicas, cpu, memory, gpus, wait } = args;
    let wish = Resources { replicas, cpu, memory, gpus };
    let plan = models::plan(&session, &model, &BuildChoice::from(build.as_str()), wish).await?;
    let (deployment, environment) = models::deploy(&session, &plan).await?;
    context.done(format!("deployment {} of {} was made", deployment.id, models::full_name(&plan.model)));
    if environment == Environment::Unreadable {
        let message = "the environment variables of the last deployment cannot be read: this one has none";
        context.out.warn("environment", message, Some("set them in the browser, or in the project"));
    }
    let done = match wait.limit() {
        None => Done { build: plan.build.clone(), deployment, waited: None, why: Vec::new() },
        Some(limit) => follow(context, &session, &plan, &deployment, limit).await?,
    };
    report(context, &plan, &done)?;
    end(&plan, &done)
}

async fn follow(
    context: &Context,
    session: &Session,
    plan: &Plan,
    deployment: &ModelDeployment,
    limit: Duration,
) -> Result<Done, Failure> {
    let (build, deployment, ended) =
        models::follow_deployment(session, &plan.build, deployment, limit, context).await?;
    let why = match ended {
        Ended::Done => Vec::new(),
        _ => models::why(session, &plan.model, &build, &deployment).await,
    };
    Ok(Done { build, deployment, waited: Some((limit, ended)), why })
}

fn report(context: &Context, plan: &Plan, done: &Done) -> Result<(), Failure> {
    let name = models::full_name(&plan.model);
    let Done { build, deployment, why, .. } = done;
    if context.out.json {
        return context.out.document(&json!({
            "model": name,
            "model_id": plan.model.id,
            "build_id": build.id,
            "build_status": build.status,
            "deployment_id": deployment.id,
            "status": deployment.status,
            "replicas": deployment.replicas,
            "cpu": deployment.cpu,
            "memory": deployment.memory,
            "nvidia_gpu": deployment.nvidia_gpu,
            "replaces": plan.replaces().map(|before| &before.id),
            "why": why,
        }));
    }
    let replicas = usize::try_from(deployment.replicas.0).unwrap_or_default();
    let size = format!(
        "{} × {} vCPU, {} GB",
        text::count(replicas, "replica", "replicas"),
        deployment.cpu,
        deployment.memory
    );
    let line = format!("{name}: {}, build {}, {size}", deployment.status, text::short_id(&build.id));
    context.out.lines(&[line])
}

fn end(plan: &Plan, done: &Done) -> Result<Exit, Failure> {
    let name = models::full_name(&plan.model);
    // What has several lines is on standard output, and in `models show`.
    let why: Vec<&str> = done.why.iter().map(String::as_str).filter(|why| !why.contains('\n')).collect();
    let why = why.join(" ");
    let failed = |kind, what: &str| Failure::new(Exit::No, kind, format!("{name} {what}. {why}"));
    let again = "mend what it says and deploy again, or an older build: `keybench models builds` lists them";
    Err(match done.waited {
        None | Some((_, Ended::Done)) => return Ok(Exit::Done),
        Some((_, Ended::Failed)) if done.build.state() == BuildState::Failed => {
            failed("build_failed", "was not deployed").hint(again)
        }
        Some((_, Ended::Failed)) => failed("deployment_failed", "does not run").hint(again),
        Some((_, Ended::Stopped)) => failed("stopped", "does not run")
            .hint("someone stopped it or deployed another build: look with `keybench models show`"),
        Some((limit, Ended::TimeUp)) => {
            // While the build is in progress, the deployment waits for it.
            let (what, status) = match done.build.state() {
                BuildState::OnItsWay => ("build", &done.build.status),
                _ => ("deployment", &done.deployment.status),
            };
            ended(&format!("the {what} of {name}"), status, limit, &why)
        }
    })
}
