//! A run as one self-contained page: no script, and nothing loaded from elsewhere.

use std::fmt::Write as _;

use super::chart;
use crate::probe::run::{Change, Latency, Plan, StopReason, Summary, compare, count_alike, method};
use crate::text::html::{self, escaped};
use crate::text::{self, millis};

/// The page of `run`, with a comparison if there is an earlier one.
pub fn page(run: &Summary, earlier: Option<&Summary>) -> String {
    let title = run.plan.label.as_deref().unwrap_or("a run");
    let mut html = html::begin(title);
    let _ = writeln!(html, "<h1>{}</h1>\n<p class=\"sub\">{}</p>", escaped(title), escaped(&subtitle(run)));
    figures(&mut html, run);
    for note in notes(run) {
        let _ = writeln!(html, "<p class=\"bad\">{}</p>", escaped(&note));
    }
    plan(&mut html, &run.plan);
    latencies(&mut html, run);
    over_time(&mut html, run);
    if !run.histogram.is_empty() {
        html.push_str("<h2>Distribution of latency</h2>\n");
        html.push_str(&chart::bars(&run.histogram));
    }
    replicas(&mut html, run);
    errors(&mut html, run);
    if let Some(earlier) = earlier {
        comparison(&mut html, earlier, run);
    }
    html.push_str(html::END);
    html
}

fn subtitle(run: &Summary) -> String {
    let time = millis(run.elapsed_s * 1e3);
    let merged = run.merged.map(|runs| format!(" · {runs} runs put together")).unwrap_or_default();
    format!("{} · {time}{merged} · keybench {}", moment(run), env!("CARGO_PKG_VERSION"))
}

/// When a run began, for people.
fn moment(run: &Summary) -> String {
    run.started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn figures(html: &mut String, run: &Summary) {
    html.push_str("<div class=\"figures\">\n");
    let bad = if run.errors > 0 { " class=\"bad\"" } else { "" };
    let errors = format!("errors ({:.1} %)", run.error_share() * 100.0);
    let latency = |ms| if run.has_latencies() { millis(ms) } else { "-".to_owned() };
    for (class, value, name) in [
        ("", run.total.to_string(), "requests"),
        ("", format!("{:.1}/s", run.rps), "rate"),
        ("", latency(run.latency.p50_ms), "p50"),
        ("", latency(run.latency.p99_ms), "p99"),
        ("", latency(run.latency.max_ms), "max"),
        (bad, run.errors.to_string(), &errors),
    ] {
        let _ = writeln!(html, "<div><b{class}>{value}</b><span>{name}</span></div>");
    }
    html.push_str("</div>\n");
}

/// What a reader of the figures must know.
fn notes(run: &Summary) -> Vec<String> {
    let mut notes: Vec<String> =
        run.trouble.iter().map(|what| format!("The machine held the run back: {what}.")).collect();
    if run.missed > 0 {
        notes.push(format!("{} requests were due and never sent: the model does not keep up.", run.missed));
    }
    if run.abandoned > 0 {
        notes.push(format!("{} requests were in flight at the end and are not counted.", run.abandoned));
    }
    match run.stopped_by {
        Some(StopReason::Person) => notes.push("The run was stopped before its end.".to_owned()),
        Some(StopReason::Ceiling) => {
            notes.push("The run ended at the ceiling for shared clusters.".to_owned())
        }
        _ => {}
    }
    notes
}

fn plan(html: &mut String, plan: &Plan) {
    let mut rows: Vec<(&str, String)> = Vec::new();
    rows.extend(plan.count.map(|count| ("requests", count.to_string())));
    rows.extend(plan.duration.map(|time| ("time", text::latency(time))));
    rows.push(("in flight at most", plan.in_flight().to_string()));
    rows.extend(plan.rate.map(|rate| ("rate", format!("{rate}/s, each when it is due"))));
    rows.extend(plan.stages.as_ref().map(|stages| ("stages", stages.to_string())));
    rows.extend(plan.think.map(|think| ("pause between requests", text::latency(think))));
    rows.extend(plan.data.as_ref().map(|data| ("rows of data", data.rows.to_string())));
    rows.extend(plan.shard.map(|part| ("shard", part.to_string())));
    if plan.warmup > 0 {
        rows.push(("warm-up, not counted", plan.warmup.to_string()));
    }
    html.push_str("<h2>Plan</h2>\n<table class=\"facts\">\n");
    for (name, value) in rows {
        let _ = writeln!(html, "<tr><td>{name}</td><td>{}</td></tr>", escaped(&value));
    }
    html.push_str("</table>\n");
}

fn latencies(html: &mut String, run: &Summary) {
    if !run.has_latencies() {
        return;
    }
    html.push_str("<h2>Percentiles</h2>\n");
    if run.errors > 0 {
        html.push_str("<p class=\"sub\">Of all requests that were sent, the failed ones too.</p>\n");
    }
    html.push_str("<table class=\"numbers\">\n<tr><th></th>");
    for (name, _) in run.latency.iter() {
        let _ = write!(html, "<th>{name}</th>");
    }
    html.push_str("</tr>\n");
    let mut row = |name: &str, latency: &Latency| {
        let _ = write!(html, "<tr><td>{name}</td>");
        for (_, value) in latency.iter() {
            let _ = write!(html, "<td>{}</td>", millis(value));
        }
        html.push_str("</tr>\n");
    };
    if run.latency_from == "due" {
        row("since due", &run.latency);
    }
    row("since sent", &run.service);
    let connections = usize::try_from(run.connections).unwrap_or(usize::MAX);
    row(&format!("opening {}", text::count(connections, "connection", "connections")), &run.connect);
    html.push_str("</table>\n");
}

fn over_time(html: &mut String, run: &Summary) {
    let points = run.whole_points();
    if points.len() < 2 {
        return;
    }
    let line = |value: fn(&crate::probe::run::Point) -> f64| -> Vec<(f64, f64)> {
        points.iter().map(|point| (point.at_s, value(point))).collect()
    };
    html.push_str("<h2>Latency over time</h2>\n<p class=\"sub\"><span class=\"key ka\">p50</span> <span class=\"key kb\">p99</span></p>\n");
    html.push_str(&chart::lines(&line(|p| p.p50_ms), &line(|p| p.p99_ms), "ms"));
    html.push_str("<h2>Requests over time</h2>\n<p class=\"sub\"><span class=\"key ka\">requests a second</span> <span class=\"key kb\">errors a second</span></p>\n");
    let errors =
        |p: &crate::probe::run::Point| if p.width_s > 0.0 { p.errors as f64 / p.width_s } else { 0.0 };
    html.push_str(&chart::lines(&line(|p| p.rps()), &line(errors), "/s"));
}

fn replicas(html: &mut String, run: &Summary) {
    if run.replicas.is_empty() {
        return;
    }
    html.push_str("<h2>Replicas</h2>\n<table class=\"numbers\">\n<tr><th>replica</th><th>share</th><th>requests</th><th>errors</th><th>p50</th><th>p99</th></tr>\n");
    for (name, replica) in &run.replicas {
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{:.1} %</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(name),
            replica.share * 100.0,
            replica.requests,
            replica.errors,
            millis(replica.p50_ms),
            millis(replica.p99_ms)
        );
    }
    html.push_str("</table>\n");
}

fn errors(html: &mut String, run: &Summary) {
    html.push_str("<h2>Statuses and errors</h2>\n<table class=\"numbers\">\n<tr><th></th><th>requests</th><th>p50</th><th>p99</th></tr>\n");
    for (status, share) in &run.by_status {
        let (p50, p99) = (millis(share.p50_ms), millis(share.p99_ms));
        let _ = writeln!(
            html,
            "<tr><td>HTTP {status}</td><td>{}</td><td>{p50}</td><td>{p99}</td></tr>",
            share.requests
        );
    }
    for (kind, requests) in &run.failures {
        let said = run.said.get(kind).map(|said| escaped(said)).unwrap_or_default();
        let kind = escaped(&kind.replace('_', " "));
        let _ = writeln!(
            html,
            "<tr><td class=\"bad\">{kind}</td><td>{requests}</td><td colspan=\"2\">{said}</td></tr>"
        );
    }
    html.push_str("</table>\n");
}

fn comparison(html: &mut String, earlier: &Summary, run: &Summary) {
    let label = |run: &Summary| escaped(run.plan.label.as_deref().unwrap_or("a run"));
    let _ = writeln!(html, "<h2>Compared with {} of {}</h2>", label(earlier), moment(earlier));
    if !count_alike(earlier, run) {
        html.push_str(
            "<p class=\"sub\">One has a rate and the other has none: latencies since sending.</p>\n",
        );
    }
    let _ = writeln!(html, "<p class=\"sub\">{}</p>", method(earlier, run));
    html.push_str(
        "<table class=\"numbers\">\n<tr><th></th><th>before</th><th>now</th><th>change</th><th></th></tr>\n",
    );
    for row in compare(earlier, run) {
        let class = match row.change {
            Change::Better => " class=\"good\"",
            Change::Worse => " class=\"bad\"",
            Change::Same | Change::NotJudged => "",
        };
        let ([before, after], changed, verdict) = (row.values(), row.changed(), row.verdict());
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{before}</td><td>{after}</td><td>{changed}</td><td{class}>{verdict}</td></tr>",
            row.figure
        );
    }
    html.push_str("</table>\n");
}
