//! `admin`: one file for each command.

mod audit;
mod expiration;
mod users;

use clap::Subcommand;

use super::context::Context;
use super::error::{Exit, Failure};
use audit::AuditArgs;
use expiration::ExpirationArgs;

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// List users with the number of their keys
    #[command(
        after_help = "Example:\n  keybench admin users --json\n\nUsers who are not site administrators see only themselves.\nEnds with 0 if the keys of all of them could be read, with 8 otherwise."
    )]
    Users,
    /// Show or set the default expiration of API keys
    Expiration(ExpirationArgs),
    /// Report on all users' keys, on models without authentication and on keys in environments
    Audit(AuditArgs),
}

pub async fn run(context: &Context, command: AdminCommand) -> Result<Exit, Failure> {
    match command {
        AdminCommand::Users => users::run(context).await,
        AdminCommand::Expiration(args) => expiration::run(context, args).await,
        AdminCommand::Audit(args) => audit::run(context, args).await,
    }
}
