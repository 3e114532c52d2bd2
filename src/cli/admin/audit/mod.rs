//! `admin audit`: all keys of all users in one report, and where keys are exposed: as a table, as JSON
//! or CSV, or as evidence under a policy.

mod diff;
mod output;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::actions::audit::evidence::{self, Evidence};
use crate::actions::audit::{self, Policy, Read, Report, Request, Verdict};
use crate::bounded;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use diff::DiffArgs;
use output::{Form, Said};

#[derive(Debug, Clone, Default, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  keybench admin audit
  keybench admin audit --export keys.csv
  keybench admin audit --policy policy.toml --evidence /var/audit/keys
  keybench admin audit diff january.json february.json

An audit that was interrupted goes on where it stopped, within the hour. Values of environment
variables are never shown, only where something looks like a key.
Ends with 0 if everything could be read and no finding counts under the policy, with 8 if one does,
and with 5 if something could not be read."
)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: Option<AuditCommand>,
    /// Judge findings by this TOML file: limits, what counts, exceptions
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Write JSON, CSV, an HTML page and a manifest with their SHA-256 sums to this folder
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
    /// Write the report to a file that ends in .json or .csv (mode 0600)
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Do not go on with an audit that was interrupted
    #[arg(long)]
    fresh: bool,
    /// Leave out models and environments
    #[arg(long)]
    keys_only: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum AuditCommand {
    /// Compare two audits: keys that are new, gone, extended or renamed, findings opened and closed
    Diff(DiffArgs),
}

/// What a report of one user may mean.
const ONE_USER: &str = "the workbench shows one user: only a site administrator can audit all users";
/// What a report lacks where the workbench ignores the filter.
const NO_ACCOUNTS: &str = "the workbench does not say which users are deactivated or banned";

pub async fn run(context: &Context, args: AuditArgs) -> Result<Exit, Failure> {
    if let Some(AuditCommand::Diff(args)) = args.command {
        return diff::run(context, &args);
    }
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    let session = context.session()?;
    let form = args.export.as_deref().map(|file| Form::check(file).map(|form| (file, form))).transpose()?;
    let evidence = args.evidence.as_deref().map(Evidence::claim).transpose().map_err(no_evidence)?;
    let (policy, policy_text) = policy.unzip();
    let request = Request { fresh: args.fresh, keys_only: args.keys_only, policy, unnoted: false };
    let said = Said::new(context);
    let ended = audit::run(&session, request, &said).await;
    drop(said);
    let report = &ended.map_err(broken_off)?;
    warn(context, report);
    if let Some(evidence) = &evidence {
        evidence.write(report, policy_text.as_deref()).map_err(no_evidence)?;
    }
    if let Some((file, form)) = form {
        form.write(file, report)?;
    }
    let folder = evidence.as_ref().map(Evidence::folder);
    match form {
        Some((file, _)) => output::summarise(report, context, Some(file), folder)?,
        None if context.out.json => context.out.stream(report)?,
        None => output::print(report, context, folder)?,
    }
    match report.verdict() {
        Verdict::Clean => Ok(Exit::Done),
        Verdict::Findings(_) => Ok(Exit::No),
        Verdict::Incomplete => {
            let message = format!("the audit is not complete: {}", report.missing().join("; "));
            Err(Failure::new(Exit::Refused, "incomplete", message)
                .hint("the result says what was read; of the rest nothing is known"))
        }
    }
}

/// Says on standard error what the result cannot show.
fn warn(context: &Context, report: &Report) {
    // Otherwise a scheduled audit would go on unnoticed after its user lost the right to see everybody.
    if !report.everybody {
        context.out.warn("incomplete", ONE_USER, None);
    } else if !report.accounts_known {
        context.out.warn("incomplete", NO_ACCOUNTS, None);
    }
    let exceptions = report.policy.iter().flat_map(|policy| &policy.exceptions);
    for exception in exceptions.filter(|exception| exception.over && exception.findings_covered > 0) {
        let message = format!(
            "an exception that {} approved ended on {}, and its findings count again: {}",
            exception.approver, exception.end, exception.reason
        );
        context.out.warn("exception", &message, None);
    }
}

/// A policy and the bytes of its file.
fn read_policy(file: &Path) -> Result<(Policy, Vec<u8>), Failure> {
    let broken = |why: String| {
        Failure::invalid(format!("{}: {why}", file.display()))
            .hint("a policy is TOML, such as: max_life = \"90d\", and below it fail_on = [\"max_life\", \"expired\"]")
    };
    let bytes = bounded::read(file).map_err(|error| broken(format!("it cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| broken("it is not UTF-8".to_owned()))?;
    let policy = Policy::parse(&text, evidence::sha256(text.as_bytes()));
    Ok((policy.map_err(|error| broken(error.to_string()))?, text.into_bytes()))
}

fn no_evidence(error: evidence::Error) -> Failure {
    match error {
        evidence::Error::Unwritten { .. } | evidence::Error::Json(_) => {
            Failure::new(Exit::Unwritten, "output", error.to_string())
        }
        evidence::Error::Locked { .. } => Failure::new(Exit::Locked, "locked", error.to_string())
            .hint("run it again once that one has ended, or name another folder"),
        evidence::Error::Previous(_) => Failure::invalid(error.to_string())
            .hint("find out who changed it; to begin anew, name another folder"),
    }
}

fn broken_off(error: audit::Error) -> Failure {
    match error {
        audit::Error::Api(error) => error.into(),
        audit::Error::BrokenOff { error, read } => {
            let first = if error.is_rejection() { "sign in again with `keybench login`: " } else { "" };
            Failure::from(error).hint(format!("{first}{}", so_far(read)))
        }
    }
}

/// How far it is, and how it goes on.
fn so_far(read: Read) -> String {
    let next = match read.is_kept {
        true => "the same command goes on from there within the hour",
        false => "there is no folder to note that in, so the next audit begins anew",
    };
    format!("the keys of {} of {} users are read; {next}", read.users, read.of)
}
