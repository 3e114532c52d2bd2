//! `keys`: one file for each command.

mod create;
mod delete;
mod identify;
mod list;
mod rotate;
mod row;

use clap::Subcommand;

use super::context::Context;
use super::error::{Exit, Failure};
use create::CreateArgs;
use delete::DeleteArgs;
use identify::{IdentifyArgs, ValidateArgs};
use list::ListArgs;
use rotate::RotateArgs;

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List API keys; expired ones are listed too
    List(ListArgs),
    /// Create an API key; it is shown this once
    Create(CreateArgs),
    /// Delete API keys; they stop working at once
    Delete(DeleteArgs),
    /// Keep the key of a service fresh; made to be run again and again
    Rotate(RotateArgs),
    /// Say whether a key is valid, and whose it is
    Validate(ValidateArgs),
    /// Say which Key ID a key has, as far as that can be known
    Identify(IdentifyArgs),
}

pub async fn run(context: &Context, command: KeysCommand) -> Result<Exit, Failure> {
    match command {
        KeysCommand::List(args) => list::run(context, args).await,
        KeysCommand::Create(args) => create::run(context, args).await,
        KeysCommand::Delete(args) => delete::run(context, args).await,
        KeysCommand::Rotate(args) => rotate::run(context, args).await,
        KeysCommand::Validate(args) => identify::validate(context, args).await,
        KeysCommand::Identify(args) => identify::identify(context, args).await,
    }
}
