//! A run as lines of text, for a terminal without graphics.

use std::iter;

use super::summary::{Latency, Stage, StopReason, Summary};
use crate::text::{self, millis};

/// The name of the row of calls that no replica answered.
pub const NO_REPLICA: &str = "(no replica)";

/// The report of a run, at most 80 columns a line.
pub fn report(summary: &Summary) -> Vec<String> {
    let mut lines = text::wrap(&headline(summary), 80);
    lines.push(outcome(summary));
    lines.push(String::new());
    match summary.latency_from.as_str() {
        _ if !summary.has_latencies() => {}
        "due" => {
            lines.push(latency("since due", &summary.latency));
            lines.push(latency("since sent", &summary.service));
        }
        _ => lines.push(latency("latency", &summary.latency)),
    }
    if summary.connections > 0 {
        lines.push(connections(summary));
    }
    if !summary.statuses.is_empty() {
        let all: Vec<_> = summary.statuses.iter().map(|(status, n)| format!("{status} × {n}")).collect();
        lines.push(format!("{:<11}{}", "status", all.join("   ")));
    }
    lines.extend(failures(summary));
    if !summary.replicas.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "{:<34}{:>7}{:>10}{:>8}{:>10}{:>10}",
            "REPLICA", "SHARE", "REQUESTS", "ERRORS", "P50", "P99"
        ));
        for (name, replica) in &summary.replicas {
            lines.push(format!(
                "{:<34}{:>7}{:>10}{:>8}{:>10}{:>10}",
                text::truncate(name, 33),
                share(summary, replica.requests),
                replica.requests,
                replica.errors,
                millis(replica.p50_ms),
                millis(replica.p99_ms),
            ));
        }
    }
    if let Some((requests, errors)) = summary.without_replica() {
        let share = share(summary, requests);
        lines.push(format!("{:<34}{share:>7}{requests:>10}{errors:>8}{:>10}{:>10}", NO_REPLICA, "-", "-"));
    }
    lines.extend(notes(summary));
    lines
}

/// Of all requests, so that the rows of a table add up.
fn share(summary: &Summary, requests: u64) -> String {
    format!("{:.1} %", requests as f64 / summary.total.max(1) as f64 * 100.0)
}

fn headline(summary: &Summary) -> String {
    let requests = count(summary.total, "request", "requests");
    let time = millis(summary.elapsed_s * 1e3);
    let pace = match (summary.plan.rate, &summary.plan.stages) {
        (_, Some(stages)) => format!("stages {stages}, at most {} in flight", summary.plan.in_flight()),
        (Some(rate), None) => format!("{rate}/s due, at most {} in flight", summary.plan.in_flight()),
        (None, None) => format!("at most {} in flight", summary.plan.in_flight()),
    };
    let shard = summary.plan.shard.map(|part| format!(" · shard {part}")).unwrap_or_default();
    let runs = |many: u64| format!(" · {}", count(many, "run", "runs"));
    let merged = summary.merged.map(runs).unwrap_or_default();
    format!("{requests} in {time} · {:.1}/s · {pace}{shard}{merged}", summary.rps)
}

fn outcome(summary: &Summary) -> String {
    let share = summary.error_share() * 100.0;
    // Their callers waited too.
    let too = if summary.ok > 0 && summary.errors > 0 { ", in the latencies too" } else { "" };
    let errors = count(summary.errors, "error", "errors");
    let mut text = format!("{} ok · {errors} ({share:.1} %{too})", summary.ok);
    if summary.busy > 0 {
        text.push_str(&format!(" · {} busy (429)", summary.busy));
    }
    text
}

fn latency(name: &str, latency: &Latency) -> String {
    let figures = latency.iter().filter(|(figure, _)| !matches!(*figure, "min" | "mean"));
    let text: Vec<_> = figures.map(|(figure, value)| format!("{figure} {}", millis(value))).collect();
    format!("{name:<11}{}", text.join("  "))
}

/// Opening a connection stands apart from what is sent on it.
fn connections(summary: &Summary) -> String {
    let opened = count(summary.connections, "connection", "connections");
    let (p50, max) = (millis(summary.connect.p50_ms), millis(summary.connect.max_ms));
    format!("{:<11}{opened} opened, p50 {p50}  max {max}", "connect")
}

/// The failures by kind: beside each other, or one a line with what the first of it said.
fn failures(summary: &Summary) -> Vec<String> {
    let kinds = summary.failures.iter().map(|(kind, n)| {
        let said = summary.said.get(kind).map(|said| format!(": {said}")).unwrap_or_default();
        format!("{} × {n}{said}", kind.replace('_', " "))
    });
    let mut kinds: Vec<String> = kinds.collect();
    if summary.said.is_empty() && !kinds.is_empty() {
        kinds = vec![kinds.join("   ")];
    }
    let names = iter::once("failures").chain(iter::repeat(""));
    let line = |(name, kind): (&str, &String)| text::truncate(&format!("{name:<11}{kind}"), 80).into_owned();
    names.zip(&kinds).map(line).collect()
}

/// How the run was not the one that was planned, which no figure shows: sentences.
pub fn shortfalls(summary: &Summary) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(trouble) = &summary.trouble {
        notes.push(format!("This machine held the run back: {trouble}."));
    }
    if summary.missed > 0 {
        notes.push(format!(
            "{} due and never sent: the model does not keep up with this rate.",
            count(summary.missed, "request was", "requests were")
        ));
    }
    if summary.reconnects > 0 {
        let resent = count(summary.reconnects, "request was", "requests were");
        let because = "the service had closed the connection kept for it";
        notes.push(format!("{resent} sent again on a new connection: {because}."));
    }
    if summary.abandoned > 0 {
        notes.push(format!(
            "{} still in flight when the run was stopped, and not counted.",
            count(summary.abandoned, "request was", "requests were")
        ));
    }
    notes
}

/// What a reader of the figures must know.
fn notes(summary: &Summary) -> Vec<String> {
    let mut notes: Vec<_> = shortfalls(summary).iter().flat_map(|note| text::wrap(note, 80)).collect();
    match summary.stopped_by {
        Some(StopReason::Ceiling) => {
            notes.push("Ended at the ceiling for shared clusters; --unbounded lifts it.".to_owned());
        }
        Some(StopReason::Person) if summary.stage == Stage::Done => {
            notes.push("Stopped before its end.".to_owned());
        }
        _ => {}
    }
    if !notes.is_empty() {
        notes.insert(0, String::new());
    }
    notes
}

fn count(n: u64, one: &str, many: &str) -> String {
    text::count(usize::try_from(n).unwrap_or(usize::MAX), one, many)
}

#[cfg(test)]
mod tests {
    use super::super::plan::Plan;
    use super::super::summary::ReplicaSummary;
    use super::*;

    #[test]
    fn a_report_says_what_matters_in_80_columns() {
        let plan = Plan { rate: Some(50.0), concurrency: Some(8), ..Plan::default() };
        let mut summary = Summary::new(&plan);
        (summary.total, summary.ok, summary.errors, summary.busy) = (200, 197, 3, 2);
        (summary.elapsed_s, summary.rps, summary.missed) = (4.0, 50.0, 17);
        summary.stopped_by = Some(StopReason::Duration);
        summary.latency = Latency {
            min_ms: 0.4,
            mean_ms: 3.0,
            p50_ms: 1.25,
            p90_ms: 8.0,
            p99_ms: 120.5,
            p999_ms: 1210.0,
            max_ms: 1210.0,
        };
        summary.service = Latency { p50_ms: 0.9, ..summary.latency };
        summary.statuses.extend([(200, 197), (429, 2)]);
        summary.failures.extend([("busy".to_owned(), 2), ("timeout".to_owned(), 1)]);
        summary
            .said
            .insert("timeout".to_owned(), "no answer within 60.0 s (waiting took too long)".repeat(3));
        for (name, requests) in
            [("churn-1-3-7f9c6496b4-hp6tz", 120), ("churn-1-3-7f9c6496b4-x2k9d-long-name", 77)]
        {
            let share = requests as f64 / 197.0;
            let replica = ReplicaSummary { requests, share, errors: 0, p50_ms: 0.9, p99_ms: 80.0 };
            summary.replicas.insert(name.to_owned(), replica);
        }
        let lines = report(&summary);
        assert!(lines.iter().all(|line| text::width(line) <= 80), "{lines:#?}");
        insta::assert_snapshot!(lines.join("\n"));
    }
}
