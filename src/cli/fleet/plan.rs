//! `fleet plan`.

use clap::Args;
use serde_json::{Value, json};

use super::{FleetArgs, TermsArgs, length, of_service, worst};
use crate::actions::fleet::look::look;
use crate::actions::fleet::prune::{self, Left};
use crate::actions::fleet::{Error, Service, ServicePlan};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::text::{self, short_ids};
use crate::wire::time;

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench fleet plan -f fleet.toml
  keybench fleet plan -f fleet.toml --safe-for 90d --offline-for 7d --json

Writes nothing. A service is safe if its delivered key is listed, has its audience and works now, and
if it either outlives --safe-for or will be rotated before it expires, even if no run happens for
--offline-for; the key that rotates it and the site's limit have to allow that.

Ends with 0 if every service is safe and nothing has drifted: a rotation that is due by itself is no
drift. Ends with 8 otherwise, with the reasons.")]
pub struct PlanArgs {
    #[command(flatten)]
    pub fleet: FleetArgs,
    #[command(flatten)]
    pub terms: TermsArgs,
}

pub async fn run(context: &Context, args: PlanArgs) -> Result<Exit, Failure> {
    let manifest = args.fleet.manifest(context)?;
    let session = context.session()?;
    let looked = look(&session, &manifest, args.fleet.options(context, &args.terms), context).await?;
    let left = prune::left(&session, &manifest).await?;
    let safe = looked.iter().all(|(_, plan)| plan.as_ref().is_ok_and(|plan| plan.safe));
    let drifted = !left.is_empty()
        || looked.iter().any(|(_, plan)| plan.as_ref().is_ok_and(|plan| !plan.drift.is_empty()));
    if context.out.json {
        let services: Vec<_> = looked.iter().map(|(service, plan)| document(service, plan)).collect();
        let gone = left
            .iter()
            .map(|left| json!({ "name": left.name, "username": left.username, "key_ids": left.keys }));
        context.out.document(&json!({
            "safe": safe,
            "drifted": drifted,
            "safe_for": args.terms.safe_for.as_secs(),
            "offline_for": args.terms.offline_for.as_secs(),
            "services": services,
            "left_the_manifest": gone.collect::<Vec<_>>(),
        }))?;
    } else {
        let mut lines: Vec<_> = looked.iter().flat_map(|(service, plan)| lines(service, plan)).collect();
        lines.extend(left.iter().map(gone));
        let all = if safe { "every service is safe" } else { "not every service is safe" };
        let drift = if safe && drifted { ", but something has drifted" } else { "" };
        lines.push(format!(
            "{all} for {}, with {} offline{drift}",
            length(args.terms.safe_for),
            length(args.terms.offline_for)
        ));
        context.out.lines(&lines)?;
    }
    let failures = looked
        .into_iter()
        .filter_map(|(service, plan)| Some(of_service(context, &service.name, plan.err()?.into())));
    match worst(failures.collect()) {
        Some(failure) => Err(failure),
        None if safe && !drifted => Ok(Exit::Done),
        None => Ok(Exit::No),
    }
}

type Planned = Result<ServicePlan, Error>;

fn gone(left: &Left) -> String {
    let ids: Vec<_> = left.keys.iter().map(|id| text::short_id(id)).collect();
    let keys = match ids.as_slice() {
        [] => "no key is left".to_owned(),
        ids => format!("`fleet apply --prune` deletes {}", ids.join(", ")),
    };
    format!("{}: left the manifest; {keys}", left.name)
}

fn document(service: &Service, plan: &Planned) -> Value {
    match plan {
        Ok(plan) => {
            let (restarts, runs) = plan.disturbs(service);
            json!({
                "name": plan.name,
                "username": plan.username,
                "action": plan.action.as_str(),
                "reason": plan.reason,
                "safe": plan.safe,
                "safe_until": plan.safe_until.map(time::format),
                "key_id": plan.key_id,
                "expiry_date": plan.expiry.map(time::format),
                "due": plan.due.map(time::format),
                "unsafe_because": plan.unsafe_because,
                "drift": plan.drift,
                "delivers": plan.delivers,
                "deletes": plan.deletes,
                "restarts": restarts,
                "runs": runs,
            })
        }
        Err(error) => json!({
            "name": service.name,
            "username": service.user,
            "action": "blocked",
            "reason": error.to_string(),
            "safe": false,
            "safe_until": null,
            "key_id": "",
            "expiry_date": null,
            "due": null,
            "unsafe_because": [error.to_string()],
            "drift": [],
            "delivers": [],
            "deletes": [],
            "restarts": [],
            "runs": [],
        }),
    }
}

fn lines(service: &Service, plan: &Planned) -> Vec<String> {
    let name = &service.name;
    match plan {
        Ok(plan) => {
            let safe = if plan.safe { "safe" } else { "not safe" };
            let (action, reason) = (plan.action.as_str().replace('_', " "), short_ids(&plan.reason));
            let mut lines = vec![format!("{name}: {safe}; {action}: {reason}")];
            lines.extend(plan.unsafe_because.iter().map(|why| format!("  not safe: {}", short_ids(why))));
            lines.extend(plan.drift.iter().map(|what| format!("  drift: {}", short_ids(what))));
            let (restarts, runs) = plan.disturbs(service);
            if !restarts.is_empty() {
                lines.push(format!("  restarts {}", restarts.join(", ")));
            }
            lines.extend(runs.iter().map(|command| format!("  runs `{}`", command.trim())));
            lines.extend(plan.safe_until.map(|until| format!("  works until {}", time::format(until))));
            lines.extend(plan.due.map(|due| format!("  next key due {}", time::format(due))));
            lines
        }
        Err(error) => vec![format!("{name}: not safe; blocked: {}", short_ids(&error.to_string()))],
    }
}
