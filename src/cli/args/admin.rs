//! `projects`, `collaborators`, `admin`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::actions::collaborators::Permission;
use crate::cli::values;

#[derive(Debug, Subcommand)]
pub enum ProjectsCommand {
    /// List projects
    #[command(after_help = "Examples:\n  keybench projects list\n  keybench projects list --all --json")]
    List {
        /// Public ones too; for a site administrator all
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum CollaboratorsCommand {
    /// List a project's collaborators
    #[command(after_help = "Example:\n  keybench collaborators list churn-prod")]
    List {
        /// Name, OWNER/NAME or id
        project: String,
    },
    /// Add a collaborator, or change the permission of one
    #[command(after_help = "Example:\n  keybench collaborators add churn-prod outsider --permission read")]
    Add {
        /// Name, OWNER/NAME or id
        project: String,
        /// Username
        user: String,
        /// What they may do; read is enough to call models
        #[arg(long, default_value = "read", value_parser = permission())]
        permission: Permission,
    },
    /// Remove a collaborator
    #[command(
        after_help = "Example:\n  keybench collaborators remove churn-prod outsider\n\nActs at once and asks nothing: `collaborators add` undoes it."
    )]
    Remove {
        /// Name, OWNER/NAME or id
        project: String,
        /// Username
        user: String,
    },
}

fn permission() -> impl TypedValueParser<Value = Permission> {
    PossibleValuesParser::new(Permission::ALL.map(Permission::as_str))
        .try_map(|text| text.parse::<Permission>())
}

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// List users with the number of their keys
    #[command(
        after_help = "Example:\n  keybench admin users --json\n\nAnybody but a site administrator sees only themselves."
    )]
    Users,
    /// Show or set the default expiration of API keys
    #[command(after_help = "Examples:\n  keybench admin expiration\n  keybench admin expiration 90")]
    Expiration {
        /// Days; shows the setting where it is left out
        #[arg(value_name = "DAYS", value_parser = values::setting, allow_negative_numbers = true)]
        days: Option<u32>,
    },
    /// Report on all users' keys, on models without authentication and on keys in environments
    Audit(AuditArgs),
}

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench admin audit
  keybench admin audit --export keys.csv
  keybench admin audit --json > audit.json

An audit that was interrupted goes on where it stopped, within the hour. Values of environment
variables are never shown, only where something looks like a key.")]
pub struct AuditArgs {
    /// Write the report to a file that ends in .json or .csv (mode 0600)
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Do not go on with an audit that was interrupted
    #[arg(long)]
    pub fresh: bool,
    /// Leave out models and environments
    #[arg(long)]
    pub keys_only: bool,
}
