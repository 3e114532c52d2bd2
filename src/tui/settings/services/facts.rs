//! What is said about services: about one of them, before an apply, and after it.

use std::collections::BTreeSet;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::row::{Content, ServiceRow, Stage};
use crate::actions::fleet::manifest::readable;
use crate::actions::fleet::prune::Left;
use crate::actions::fleet::{Applied, ServicePlan};
use crate::text::{self, count};
use crate::tui::call::PrunedServices;
use crate::tui::command::Command;
use crate::tui::shared::Shared;
use crate::wire::time;

/// Services of the question that are listed one by one.
const LISTED: usize = 8;

/// Everything that is known about one service.
pub fn about(shared: &Shared, row: &ServiceRow) -> Vec<Line<'static>> {
    let theme = &shared.preferences.theme;
    let fact = |name: &str, value: &str, style| {
        Line::from(vec![
            Span::styled(format!("{name:<10}"), theme.dim),
            Span::styled(text::clean(value).into_owned(), style),
        ])
    };
    let planned = match &row.content {
        Content::Planned(planned) => planned,
        Content::Left(left) => return about_left(shared, left, fact),
    };
    let plan = match &planned.plan {
        Ok(plan) => plan,
        Err(problem) => {
            return vec![
                fact("service", row.name(), theme.text),
                fact("blocked", &text::short_ids(problem), theme.error),
            ];
        }
    };
    let safe = if row.is_safe() { theme.ok } else { theme.warn };
    let mut lines = vec![fact("service", &plan.name, theme.text), fact("safe", row.safe(), safe)];
    let deliveries = |name: &str, ids: Vec<&str>| -> Vec<_> {
        ids.into_iter().map(|id| fact(name, &readable(id), theme.text)).collect()
    };
    let needed = planned.service.deliver.iter().map(|delivery| delivery.id.as_str());
    if row.is_outdated() {
        let again = shared.key_of(Command::PlanFleet);
        lines.push(fact("next", &format!("{}; {again} plans again", row.next()), theme.text));
        lines.push(fact("user", &plan.username, theme.text));
        lines.extend(deliveries("needed by", needed.collect()));
        return lines;
    }
    lines.extend(plan.unsafe_because.iter().map(|why| fact("", &text::short_ids(why), theme.warn)));
    lines.extend(plan.drift.iter().map(|what| fact("drift", &text::short_ids(what), theme.warn)));
    let mut delivers = Vec::new();
    if row.stage == Stage::Applying {
        // What was planned may be done.
        lines.push(fact("next", row.next(), theme.text));
    } else {
        lines.push(fact("next", &format!("{}: {}", row.next(), text::short_ids(&plan.reason)), theme.text));
        delivers = plan.delivers.iter().map(String::as_str).collect();
        lines.extend(deliveries("delivers", delivers.clone()));
        lines.extend(plan.deletes.iter().map(|id| fact("deletes", &text::short_id(id), theme.text)));
    }
    let minute = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    lines.extend(plan.safe_until.map(|until| fact("works", &format!("until {}", minute(until)), theme.text)));
    lines.extend(plan.due.map(|due| fact("key due", &minute(due), theme.text)));
    lines.push(fact("user", &plan.username, theme.text));
    let key_id = text::short_id(&plan.key_id);
    lines.push(fact("key", if key_id.is_empty() { "none" } else { &key_id }, theme.text));
    lines.extend(deliveries("needed by", needed.filter(|id| !delivers.contains(id)).collect()));
    lines
}

/// Everything that is known about a service that left the manifest.
fn about_left<'a>(
    shared: &Shared,
    left: &Left,
    fact: impl Fn(&str, &str, Style) -> Line<'a>,
) -> Vec<Line<'a>> {
    let theme = &shared.preferences.theme;
    let prune = shared.key_of(Command::PruneFleet);
    let keys = text::count(left.keys.len(), "key", "keys");
    let mut lines = vec![
        fact("service", &left.name, theme.text),
        fact("drift", &format!("it left the manifest, with {keys}"), theme.warn),
        fact("next", &format!("{prune} deletes its keys, after a question"), theme.text),
        fact("user", &left.username, theme.text),
    ];
    lines.extend(left.keys.iter().map(|id| fact("key", &text::short_id(id), theme.text)));
    lines
}

/// The question before the keys of services that left the manifest are deleted.
pub fn prune_question(left: &[Left]) -> Vec<String> {
    let of = |left: &Left| {
        let ids: Vec<_> = left.keys.iter().map(|id| text::short_id(id)).collect();
        match ids.as_slice() {
            [] => format!("  {} of {}: no key is left", left.name, left.username),
            ids => format!("  {} of {}: {}", left.name, left.username, ids.join(", ")),
        }
    };
    let mut lines: Vec<String> = left.iter().take(LISTED).map(of).collect();
    if left.len() > LISTED {
        lines.push(format!("  and {} more", left.len() - LISTED));
    }
    let keys: usize = left.iter().map(|left| left.keys.len()).sum();
    lines.push(String::new());
    lines.push(format!("{} deleted. What still uses one stops working.", count(keys, "key is", "keys are")));
    lines
}

/// What came of that: a sentence, and whether something stays.
pub fn pruned(pruned: &PrunedServices) -> (String, bool) {
    let all = pruned.services.iter().chain(&pruned.stay);
    let keys: usize = all.map(|service| service.keys.len()).sum();
    let mut sentence = format!(
        "{} of {} deleted",
        count(keys, "key", "keys"),
        count(pruned.services.len(), "service", "services")
    );
    match (pruned.failures.as_slice(), pruned.stay.len()) {
        ([], 0) => return (sentence, false),
        ([], stay) => sentence.push_str(&format!(
            "; {}, with keys that the question did not name",
            count(stay, "service stays", "services stay")
        )),
        ([first, ..], stay) => {
            sentence.push_str(&format!("; {}: {first}", count(stay, "service stays", "services stay")));
        }
    }
    (sentence, true)
}

/// The question before an apply; `None` if there is nothing to do.
pub fn question<'a>(rows: impl Iterator<Item = &'a ServiceRow>) -> Option<Vec<String>> {
    let rows: Vec<&ServiceRow> = rows.filter(|row| row.plan().is_some_and(ServicePlan::changes)).collect();
    let plans: Vec<&ServicePlan> = rows.iter().filter_map(|row| row.plan()).collect();
    if plans.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = plans.iter().take(LISTED).map(|plan| format!("  {}", line(plan))).collect();
    if plans.len() > LISTED {
        lines.push(format!("  and {} more", plans.len() - LISTED));
    }
    lines.push(String::new());
    let created = plans.iter().filter(|plan| plan.creates()).count();
    let delivered: usize = plans.iter().map(|plan| plan.delivers.len()).sum();
    let deleted: usize = plans.iter().map(|plan| plan.deletes.len()).sum();
    lines.push(format!(
        "{} created, {} made, {} deleted.",
        count(created, "key is", "keys are"),
        count(delivered, "delivery is", "deliveries are"),
        count(deleted, "key is", "keys are"),
    ));
    lines.extend(disturbed(&rows));
    lines.push("Older keys go once every delivery has had the new one for the grace time.".to_owned());
    Some(lines)
}

/// The models that an apply restarts, and the commands that it runs: what the users of a service notice.
fn disturbed(rows: &[&ServiceRow]) -> Vec<String> {
    let (mut restarted, mut reloaded) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        let (Content::Planned(planned), Some(plan)) = (&row.content, row.plan()) else { continue };
        let (models, commands) = plan.disturbs(&planned.service);
        restarted.extend(models);
        reloaded.extend(commands);
    }
    disturbances("It restarts", "It runs", restarted, reloaded)
}

/// `It restarts churn-prod/churn.`, ``It runs `systemctl reload scoring`.``
fn disturbances(
    restarts: &str,
    runs: &str,
    models: impl IntoIterator<Item = String>,
    commands: impl IntoIterator<Item = String>,
) -> Vec<String> {
    let models: Vec<_> = models.into_iter().collect();
    let commands: Vec<_> = commands.into_iter().map(|command| format!("`{}`", command.trim())).collect();
    [(restarts, models), (runs, commands)]
        .into_iter()
        .filter(|(_, what)| !what.is_empty())
        .map(|(verb, what)| format!("{verb} {}.", what.join(", ")))
        .collect()
}

/// `nightly scoring: a new key, to file /etc/scoring/key; deletes 5b1c…9f0a`
fn line(plan: &ServicePlan) -> String {
    let mut parts = Vec::new();
    let to = plan.delivers.iter().map(|id| readable(id)).collect::<Vec<_>>().join(", ");
    match (plan.creates(), plan.delivers.is_empty()) {
        (true, _) => parts.push(format!("a new key, to {to}")),
        (false, false) => parts.push(format!("its key, to {to}")),
        (false, true) => {}
    }
    if !plan.deletes.is_empty() {
        let ids: Vec<_> = plan.deletes.iter().map(|id| text::short_id(id)).collect();
        parts.push(format!("deletes {}", ids.join(", ")));
    }
    format!("{}: {}", plan.name, parts.join("; "))
}

/// What an apply did: a sentence, whether something failed, and the rest line by line, with what failed
/// first and what had nothing to do last.
pub fn summary(all: &[Applied]) -> (String, bool, Vec<String>) {
    let created = all.iter().filter(|one| one.rotated).count();
    let delivered: usize = all.iter().map(|one| one.delivered.len()).sum();
    let deleted: usize = all.iter().map(|one| one.deleted.len()).sum();
    let failed = all.iter().filter(|one| !one.failures.is_empty()).count();
    let mut sentence = format!(
        "{} created, {} made, {} deleted",
        count(created, "key", "keys"),
        count(delivered, "delivery", "deliveries"),
        count(deleted, "key", "keys"),
    );
    if failed > 0 {
        sentence = format!("{} failed; {sentence}", count(failed, "service", "services"));
    }
    let mut lines = vec![sentence.clone()];
    let mut all: Vec<&Applied> = all.iter().collect();
    all.sort_by_key(|one| (one.failures.is_empty(), one.action() == "nothing_to_do"));
    for applied in all {
        let day = time::parse(&applied.expiry).map(|at| format!(", expires {}", time::utc_day(at)));
        lines.push(String::new());
        lines.push(match applied.key_id.is_empty() {
            true => format!("{}: no key", applied.name),
            false => format!("{}: {}{}", applied.name, applied.text(), day.unwrap_or_default()),
        });
        lines.extend(
            applied
                .failures
                .iter()
                .map(|failure| format!("  failed: {}", text::short_ids(&failure.to_string()))),
        );
        lines.extend(applied.delivered.iter().map(|id| format!("  delivered to {}", readable(id))));
        let (models, commands) = (applied.restarted.clone(), applied.reloaded.clone());
        lines.extend(disturbances("  restarted", "  ran", models, commands));
        lines.extend(applied.deleted.iter().map(|id| format!("  deleted {}", text::short_id(id))));
    }
    (sentence, failed > 0, lines)
}
