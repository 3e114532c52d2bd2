//! `keys`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::values;

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List API keys; expired ones are listed too
    List(ListArgs),
    /// Create an API key; it is shown this once
    Create(CreateArgs),
    /// Delete API keys; they stop working at once
    Delete(DeleteArgs),
}

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys list
  keybench keys list --json
  keybench keys list --expiring-within 14d   ends with 8 if there are some")]
pub struct ListArgs {
    /// The keys of this user instead of one's own
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Only keys that expire within this time; exit code 8 if there are any
    #[arg(long, value_name = "DAYS", value_parser = values::days)]
    pub expiring_within: Option<u32>,
}

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys create --name 'nightly scoring' --expires +90d
  keybench keys create --name dashboard --output ~/.dashboard-key
  keybench keys create --audience API --audience Application --json")]
pub struct CreateArgs {
    /// What the key is for; the workbench calls it the comment
    #[arg(long, visible_alias = "comment", default_value = "", hide_default_value = true)]
    pub name: String,
    /// Day on which it expires: 2027-01-31, +90d, '3 months', default or max
    #[arg(long, value_name = "DAY", default_value = "default")]
    pub expires: String,
    /// What it may be used for: API, Application; may be given several times
    #[arg(long, value_name = "AUDIENCE")]
    pub audience: Vec<String>,
    /// Write the key to this file (mode 0600) instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Create it for this user instead of oneself
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys delete 5b1cdd0011223344
  keybench keys delete --all --user leaver --yes")]
pub struct DeleteArgs {
    /// Key IDs, as `keys list` shows them
    #[arg(value_name = "KEY_ID", required_unless_present = "all", conflicts_with = "all")]
    pub key_ids: Vec<String>,
    /// All keys of the user
    #[arg(long)]
    pub all: bool,
    /// The keys of this user instead of one's own
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Do not ask; needed where there is no terminal
    #[arg(long, short)]
    pub yes: bool,
}
