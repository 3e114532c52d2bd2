//! `fleet apply`.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::{FleetArgs, TermsArgs, of_service, worst};
use crate::actions::fleet::apply::{Applied, apply};
use crate::actions::fleet::manifest::readable;
use crate::actions::fleet::prune::{Pruned, prune};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::times::{day, in_utc};
use crate::text;

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
    let options = args.fleet.options(context, &terms);
    let all = apply(&session, &manifest, options, args.max_rotations, context).await?;
    let all: Vec<_> = all.into_iter().map(Done::from).collect();
    let pruned = match args.prune {
        true => prune(&session, &manifest, None, context).await,
        false => Ok(Pruned::default()),
    };
    let pruned = pruned.unwrap_or_else(|error| Pruned { failures: vec![error], ..Pruned::default() });
    let deleted: Vec<_> = pruned.deleted().collect();
    if context.out.json {
        let services: Vec<_> = all.iter().map(document).collect();
        context.out.document(&json!({ "services": services, "pruned": deleted }))?;
    } else {
        let mut lines: Vec<_> = all.iter().flat_map(lines).collect();
        lines.extend(deleted.iter().map(|id| format!("pruned {}", text::short_id(id))));
        context.out.lines(&lines)?;
    }
    let failures = all.into_iter().flat_map(|Done { applied, failures, .. }| {
        failures.into_iter().map(move |failure| of_service(context, &applied.name, failure))
    });
    let pruned = pruned.failures.into_iter().map(Failure::from);
    worst(failures.chain(pruned).collect()).map_or(Ok(Exit::Done), Err)
}

/// What was done for one service, with its failures as they are printed.
struct Done {
    applied: Applied,
    action: &'static str,
    text: &'static str,
    failures: Vec<Failure>,
}

impl From<Applied> for Done {
    fn from(mut applied: Applied) -> Self {
        let (action, text) = (applied.action(), applied.text());
        let failures = std::mem::take(&mut applied.failures).into_iter().map(Failure::from).collect();
        Self { applied, action, text, failures }
    }
}

fn document(Done { applied, action, failures, .. }: &Done) -> Value {
    let failures: Vec<_> = failures.iter().map(|failure| failure.to_json()["error"].clone()).collect();
    json!({
        "name": applied.name,
        "username": applied.username,
        "action": action,
        "reason": applied.reason,
        "key_id": applied.key_id,
        "expiry_date": in_utc(&applied.expiry),
        "delivered": applied.delivered,
        "restarted": applied.restarted,
        "ran": applied.reloaded,
        "deleted": applied.deleted,
        "failures": failures,
    })
}

fn lines(Done { applied, text, failures, .. }: &Done) -> Vec<String> {
    let name = &applied.name;
    let mut lines = vec![match (applied.key_id.is_empty(), applied.expiry.is_empty()) {
        (true, _) => format!("{name}: no key"),
        (false, true) => format!("{name}: {text}"),
        (false, false) => format!("{name}: {text}, expires {}", day(&applied.expiry)),
    }];
    lines.extend(applied.delivered.iter().map(|id| format!("  delivered to {}", readable(id))));
    lines.extend(applied.restarted.iter().map(|model| format!("  restarted {model}")));
    lines.extend(applied.reloaded.iter().map(|command| format!("  ran `{}`", command.trim())));
    lines.extend(applied.deleted.iter().map(|id| format!("  deleted {}", text::short_id(id))));
    lines.extend(failures.iter().map(|failure| format!("  failed: {}", text::short_ids(&failure.message))));
    lines
}
