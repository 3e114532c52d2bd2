//! `models`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// List the models that one sees
    #[command(
        after_help = "Examples:\n  keybench models list\n  keybench models list --project churn-prod --json"
    )]
    List {
        /// Only the models of this project: name, OWNER/NAME or id
        #[arg(long, value_name = "PROJECT")]
        project: Option<String>,
    },
    /// Call a model and say what came of it
    Test(TestArgs),
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench models test churn-prod/add --request '{\"a\":3,\"b\":5}'
  keybench models test churn-prod/add --request @request.json --api-key-file ~/.service-key")]
pub struct TestArgs {
    /// project/name, or the model's id
    pub model: String,
    /// Request as JSON, or @FILE; without it the example in the model's description
    #[arg(long, value_name = "JSON|@FILE")]
    pub request: Option<String>,
    /// Call with the key in this file (- for standard input) instead of one's own
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
}
