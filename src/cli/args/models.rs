//! `models`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::values;
use crate::probe::CallError;
use crate::probe::run::{Expectations, Plan};

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
    /// Show a model: access, deployment, build
    #[command(after_help = "Example:\n  keybench models show churn-prod/churn --json")]
    Show {
        /// project/name, or the model's id
        model: String,
    },
    /// Call a model once, or in a run, and say what came of it
    Test(TestArgs),
    /// Restart the replicas of a model's deployment
    #[command(
        after_help = "Example:\n  keybench models restart churn-prod/churn\n\nActs at once and asks nothing."
    )]
    Restart {
        /// project/name, or the model's id
        model: String,
    },
    /// Stop a model's deployment: it answers no calls until it is deployed again
    #[command(
        after_help = "Example:\n  keybench models stop churn-prod/retired\n\nActs at once and asks nothing; deploying it again undoes it."
    )]
    Stop {
        /// project/name, or the model's id
        model: String,
    },
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench models test churn-prod/add --request '{\"a\":3,\"b\":5}'
  keybench models test churn-prod/add --request @request.json --api-key-file ~/.service-key
  keybench models test churn-prod/add -n 500 -c 4 --expect 'p99<250ms,errors<1%,replicas>=2'
  keybench models test churn-prod/add --rate 20 --duration 1m --export run.json

With any of the options of a run it is a run. Latency counts from when a request was sent, with
--rate from when it was due. Without --expect a run succeeds if every request did.")]
pub struct TestArgs {
    /// project/name, or the model's id
    pub model: String,
    /// Request as JSON, or @FILE; without it the example in the model's description
    #[arg(long, value_name = "JSON|@FILE")]
    pub request: Option<String>,
    /// Call with the key in this file (- for standard input) instead of one's own
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    #[command(flatten)]
    pub run: RunArgs,
}

/// What makes a test a run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Runs")]
pub struct RunArgs {
    /// Send N requests [default: 100 with -c or --rate, else 1]
    #[arg(short = 'n', value_name = "N", allow_negative_numbers = true)]
    pub count: Option<u64>,
    /// Keep C requests in flight, with --rate at most [default: 1, with --rate 64]
    #[arg(short = 'c', value_name = "C", allow_negative_numbers = true)]
    pub concurrency: Option<u32>,
    /// Send for this long, such as 30s
    #[arg(long, value_name = "D", value_parser = values::duration, allow_hyphen_values = true)]
    pub duration: Option<Duration>,
    /// Send R requests a second, each when it is due
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// Send N requests before, and do not count them
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub warmup: Option<u64>,
    /// Conditions that decide the exit code: 'p99<250ms,errors<1%,replicas>=2'
    #[arg(long, value_name = "EXPR", value_parser = expectations)]
    pub expect: Option<Expectations>,
    /// Write the result to FILE.json or FILE.csv
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Lift the ceiling of 64 requests in flight and 10000 in all
    #[arg(long)]
    pub unbounded: bool,
}

impl RunArgs {
    /// Whether a run was asked for, and not one call.
    pub fn is_run(&self) -> bool {
        let Self { count, concurrency, duration, rate, warmup, expect, export, unbounded } = self;
        *unbounded
            || count.or(*warmup).is_some()
            || concurrency.is_some()
            || duration.is_some()
            || rate.is_some()
            || expect.is_some()
            || export.is_some()
    }

    /// The plan of the run; `label` says what is tested.
    pub fn plan(&self, label: String) -> Plan {
        let open_ended = self.count.is_none() && self.duration.is_none();
        let spread = self.concurrency.is_some() || self.rate.is_some();
        let count = if open_ended { Some(if spread { 100 } else { 1 }) } else { self.count };
        Plan {
            label: Some(label),
            count,
            duration: self.duration,
            concurrency: self.concurrency,
            rate: self.rate,
            warmup: self.warmup.unwrap_or(0),
            unbounded: self.unbounded,
        }
    }
}

fn expectations(text: &str) -> Result<Expectations, String> {
    text.parse().map_err(|error: CallError| match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    })
}
