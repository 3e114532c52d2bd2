//! `models`: one file for each command.

pub mod call;
mod deployment;
mod list;
pub mod run;
mod show;
pub mod test;

use clap::Subcommand;

use super::context::Context;
use super::error::{Exit, Failure};
use crate::actions::models::Verb;
use deployment::ModelArgs;
use list::ListArgs;
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

/// Runs a command; a test with the options of a run is [`run::run`], which ends gently.
pub async fn run(context: &Context, command: ModelsCommand) -> Result<Exit, Failure> {
    match command {
        ModelsCommand::List(args) => list::run(context, args).await,
        ModelsCommand::Show(args) => show::run(context, args).await,
        ModelsCommand::Test(args) => test::run(context, args).await,
        ModelsCommand::Restart(args) => deployment::run(context, Verb::Restart, args).await,
        ModelsCommand::Stop(args) => deployment::run(context, Verb::Stop, args).await,
    }
}
