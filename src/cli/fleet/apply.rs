//! `fleet apply`.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::{FleetArgs, TermsArgs, worst};
use crate::actions::fleet::apply::{Applied, apply};
use crate::actions::fleet::prune::{Pruned, prune};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::times::{day, in_utc};

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench fleet apply -f fleet.toml
  keybench fleet apply -f fleet.toml --max-rotations 5 --json

For each service whose key is due, a new key is created, proven and delivered to everything that needs
it. Older keys are deleted once all deliveries have had the new one for the grace time. A delivery that
fails is tried again by the next run, alone. Goes on with the next service after a failure; a run that
is killed is finished by the next one. While one run is at a manifest, another ends with 75.

Ends with 0 if everything is as the manifest says, otherwise with the worst exit code of a service.")]
pub struct ApplyArgs {
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// Create no more keys than this; the next run goes on
    #[arg(long, value_name = "N")]
    pub max_rotations: Option<usize>,
    /// Delete the keys of services that left the manifest
    #[arg(long)]
    pub prune: bool,
}

pub async fn run(context: &Context, args: ApplyArgs) -> Result<Exit, Failure> {
    let manifest = args.fleet.manifest(context)?;
    let session = context.session_to_change("rotating keys")?;
    let terms = TermsArgs { safe_for: Duration::ZERO, offline_for: Duration::ZERO };
    let options = args.fleet.options(&terms);
    let all = apply(&session, &manifest, options, args.max_rotations, context).await?;
    let with_failures = |mut one: Applied| {
        let failures: Vec<_> = std::mem::take(&mut one.failures).into_iter().map(Failure::from).collect();
        (one, failures)
    };
    let all: Vec<_> = all.into_iter().map(with_failures).collect();
    let pruned = match args.prune {
        true => prune(&session, &manifest, None, context).await,
        false => Ok(Pruned::default()),
    };
    let pruned = pruned.unwrap_or_else(|error| Pruned { failures: vec![error], ..Pruned::default() });
    let deleted: Vec<_> = pruned.deleted().collect();
    if context.out.json {
        let services: Vec<_> = all.iter().map(|(one, failures)| document(one, failures)).collect();
        context.out.document(&json!({ "services": services, "pruned": deleted }))?;
    } else {
        let mut lines: Vec<_> = all.iter().flat_map(|(one, failures)| lines(one, failures)).collect();
        lines.extend(deleted.iter().map(|id| format!("pruned {id}")));
        context.out.lines(&lines)?;
    }
    let of =
        |name: &str, failure: Failure| Failure { message: format!("{name}: {}", failure.message), ..failure };
    let failures = all.into_iter().flat_map(|(one, failures)| {
        failures.into_iter().map(|failure| of(&one.name, failure)).collect::<Vec<_>>()
    });
    let pruned = pruned.failures.into_iter().map(Failure::from);
    worst(failures.chain(pruned).collect()).map_or(Ok(Exit::Done), Err)
}

fn document(one: &Applied, failures: &[Failure]) -> Value {
    let failures: Vec<_> = failures.iter().map(|failure| failure.to_json()["error"].clone()).collect();
    json!({
        "name": one.name,
        "username": one.username,
        "action": one.action(),
        "reason": one.reason,
        "key_id": one.key_id,
        "expiry_date": in_utc(&one.expiry),
        "delivered": one.delivered,
        "deleted": one.deleted,
        "failures": failures,
    })
}

fn lines(one: &Applied, failures: &[Failure]) -> Vec<String> {
    let mut lines = vec![match one.key_id.is_empty() {
        true => format!("{}: no key", one.name),
        false => format!("{}: {}, expires {}", one.name, one.text(), day(&one.expiry)),
    }];
    lines.extend(one.delivered.iter().map(|id| format!("  delivered to {id}")));
    lines.extend(one.deleted.iter().map(|id| format!("  deleted {id}")));
    lines.extend(failures.iter().map(|failure| format!("  failed: {}", failure.message)));
    lines
}
