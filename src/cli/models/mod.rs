//! `models`: one file for each command.

mod builds;
pub mod call;
pub mod check;
mod deploy;
mod deployment;
mod job;
mod list;
mod live;
pub mod run;
pub mod score;
mod show;
pub mod test;
mod waiting;

use clap::Subcommand;

use super::context::Context;
use super::error::{Exit, Failure};
use crate::actions::models::Verb;
use builds::{BuildArgs, BuildsArgs};
use check::CheckArgs;
use deploy::DeployArgs;
use deployment::ModelArgs;
use list::ListArgs;
use score::ScoreArgs;
use show::ShowArgs;
use test::TestArgs;

#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// List the models that you can see
    List(ListArgs),
    /// Show a model: access, deployment, build
    Show(ShowArgs),
    /// Call a model once or many times, and explain the result
    Test(TestArgs),
    /// Send every row of a file through a model, and record each answer once
    Score(ScoreArgs),
    /// Compare a model's answers with a golden file, another model or an earlier result
    Check(CheckArgs),
    /// List the builds of a model, newest first, and which one is deployed
    Builds(BuildsArgs),
    /// Build a model anew, from the files that its project has now
    Build(BuildArgs),
    /// Deploy a build of a model: a newer one, or an older one to roll back
    Deploy(DeployArgs),
    /// Restart the replicas of a model's deployment
    #[command(
        after_help = "Example:\n  keybench models restart churn-prod/churn\n\nActs at once and asks nothing. Ends with 0 once the workbench has taken the request."
    )]
    Restart(ModelArgs),
    /// Stop a model's deployment: it answers no calls until it is deployed again
    #[command(
        after_help = "Example:\n  keybench models stop churn-prod/retired\n\nActs at once and asks nothing; deploying it again undoes it.\nEnds with 0 once the workbench has taken the request."
    )]
    Stop(ModelArgs),
}

impl ModelsCommand {
    /// Whether an interruption leaves a result, so that the command ends by itself after it.
    pub fn ends_gently(&self) -> bool {
        match self {
            Self::Test(args) => args.run.is_run(),
            Self::Score(_) | Self::Check(_) => true,
            _ => false,
        }
    }
}

/// Runs a command that [ends gently](ModelsCommand::ends_gently) once `interrupted` returns.
pub async fn run_gently(
    context: &Context,
    command: ModelsCommand,
    interrupted: impl AsyncFn(),
) -> Result<Exit, Failure> {
    match command {
        ModelsCommand::Test(args) => run::run(context, &args.call, &args.run, interrupted).await,
        ModelsCommand::Score(args) => score::run(context, args, interrupted).await,
        ModelsCommand::Check(args) => check::run(context, args, interrupted).await,
        command => run(context, command).await,
    }
}

/// Runs a command that an interruption cuts short.
pub async fn run(context: &Context, command: ModelsCommand) -> Result<Exit, Failure> {
    match command {
        ModelsCommand::List(args) => list::run(context, args).await,
        ModelsCommand::Show(args) => show::run(context, args).await,
        ModelsCommand::Test(args) => test::run(context, args).await,
        ModelsCommand::Score(args) => score::run(context, args, std::future::pending).await,
        ModelsCommand::Check(args) => check::run(context, args, std::future::pending).await,
        ModelsCommand::Builds(args) => builds::list(context, args).await,
        ModelsCommand::Build(args) => builds::build(context, args).await,
        ModelsCommand::Deploy(args) => deploy::run(context, args).await,
        ModelsCommand::Restart(args) => deployment::run(context, Verb::Restart, args).await,
        ModelsCommand::Stop(args) => deployment::run(context, Verb::Stop, args).await,
    }
}
