//! `fleet`: one file for each command.

mod apply;
mod metrics;
mod plan;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::SignedDuration;

use super::context::Context;
use super::error::{Exit, Failure};
use super::options::ClockArgs;
use super::output;
use super::values;
use crate::actions::fleet::look::{self, Options};
use crate::actions::fleet::{Manifest, Output, Terms, manifest};
use crate::text;
use apply::ApplyArgs;
use metrics::MetricsArgs;
use plan::PlanArgs;

#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// Show what would be done for each service, and whether it is safe
    Plan(PlanArgs),
    /// Rotate, deliver and clean up what is due
    Apply(ApplyArgs),
    /// Write figures for an alert
    Metrics(MetricsArgs),
    /// Print a schema of the manifest, for editors
    #[command(
        after_help = "Example:\n  keybench fleet schema > fleet.schema.json\n\nEnds with 0 once it is printed."
    )]
    Schema,
}

/// What all of them take.
#[derive(Debug, Clone, Args)]
pub struct FleetArgs {
    /// The manifest; default: KEYBENCH_FLEET, else `fleet` in config.toml
    #[arg(long, short, value_name = "FILE.toml")]
    pub file: Option<PathBuf>,
    /// Services at a time
    #[arg(long, value_name = "N", default_value_t = look::PARALLEL, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: u16,
    #[command(flatten)]
    pub clock: ClockArgs,
}

/// What a plan has to promise.
#[derive(Debug, Clone, Args)]
pub struct TermsArgs {
    /// How long each service is to work
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = values::duration, allow_hyphen_values = true)]
    pub safe_for: Duration,
    /// How long no run may happen meanwhile
    #[arg(long, value_name = "DURATION", default_value = "3d", value_parser = values::span, allow_hyphen_values = true)]
    pub offline_for: Duration,
}

impl FleetArgs {
    fn options(&self, context: &Context, terms: &TermsArgs) -> Options {
        // With --json standard error holds documents.
        let output = if context.out.json { Output::Kept } else { Output::Shown };
        Options {
            terms: Terms { safe_for: terms.safe_for, offline_for: terms.offline_for },
            parallel: self.parallel.into(),
            clock_difference: self.clock.clock_difference,
            output,
        }
    }

    fn manifest(&self, context: &Context) -> Result<Manifest, Failure> {
        let file = match &self.file {
            Some(file) => file.clone(),
            None => context.fleet()?.ok_or_else(|| {
                Failure::new(Exit::NotConfigured, "manifest", "no manifest is named")
                    .hint("name one with --file, KEYBENCH_FLEET, or `fleet = \"FILE\"` in config.toml")
            })?,
        };
        Ok(Manifest::read(&file)?)
    }
}

pub async fn run(context: &Context, command: FleetCommand) -> Result<Exit, Failure> {
    match command {
        FleetCommand::Plan(args) => plan::run(context, args).await,
        FleetCommand::Apply(args) => apply::run(context, args).await,
        FleetCommand::Metrics(args) => metrics::run(context, args).await,
        FleetCommand::Schema => schema(&context.out),
    }
}

fn schema(out: &output::Output) -> Result<Exit, Failure> {
    let schema: serde_json::Value = serde_json::from_str(manifest::SCHEMA)
        .map_err(|error| Failure::new(Exit::Bug, "schema", error.to_string()))?;
    out.document(&schema)?;
    Ok(Exit::Done)
}

/// The failure with the name of its service. JSON has Key IDs in full.
fn of_service(context: &Context, name: &str, failure: Failure) -> Failure {
    let message = format!("{name}: {}", failure.message);
    let message = if context.out.json { message } else { text::short_ids(&message) };
    Failure { message, ..failure }
}

/// The worst of several failures; of those that are equally bad the first.
fn worst(failures: Vec<Failure>) -> Option<Failure> {
    let mut worst: Option<Failure> = None;
    for failure in failures {
        if worst.as_ref().is_none_or(|worst| failure.exit.is_worse_than(worst.exit)) {
            worst = Some(failure);
        }
    }
    worst
}

/// `45 d` and `3 h`.
fn length(duration: Duration) -> String {
    let seconds = SignedDuration::try_from(duration).unwrap_or_default().as_secs();
    match seconds {
        86_400.. => format!("{} d", seconds / 86_400),
        _ => format!("{} h", seconds / 3_600),
    }
}
