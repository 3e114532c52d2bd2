//! The options that every command takes, and those that several share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::values;
use crate::actions::clock;

/// Options that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Use this profile instead of the current one [env: KEYBENCH_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// URL of the workbench [env: KEYBENCH_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// URL of its model service, path included [env: KEYBENCH_MODEL_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub model_url: Option<String>,
    /// Print the result as one JSON document, and errors as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but the result, warnings and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// No colours [env: NO_COLOR]
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Trust the certificates in this PEM file, beside the system's
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
    /// Accept any certificate; anyone on the network path can then read the key
    #[arg(long, global = true)]
    pub insecure: bool,
    /// Time for one request, such as 10s [default: 30s; 75s for a model call]
    #[arg(long, global = true, value_name = "DURATION", value_parser = values::duration, allow_hyphen_values = true)]
    pub timeout: Option<Duration>,
    /// Create, change and delete nothing: what would do so ends with 7
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Log to standard error; twice for more
    #[arg(short = 'v', global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Write the log to this file instead
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

/// How far this machine's clock may be from the workbench's.
#[derive(Debug, Clone, Args)]
pub struct ClockArgs {
    /// How far this machine's clock may be from the workbench's, whose time counts
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = values::duration, allow_hyphen_values = true)]
    pub clock_difference: Duration,
}

impl Default for ClockArgs {
    fn default() -> Self {
        Self { clock_difference: clock::DIFFERENCE }
    }
}
