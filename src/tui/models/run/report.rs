//! A run in figures, with a picture beside every one that changes over time.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::probe::run::{Summary, report};
use crate::text;
use crate::tui::command::Command;
use crate::tui::models::draw::{fit, put};
use crate::tui::shared::Shared;
use crate::tui::widgets::chart::{self, Bar, Bars};

/// Draws a run.
pub fn draw(shared: &Shared, buf: &mut Buffer, area: Rect, summary: &Summary) {
    let mut rest = area;
    let mut take = |rows: u16| {
        let rows = rows.min(rest.height);
        let taken = Rect { height: rows, ..rest };
        rest = Rect { y: rest.y + rows, height: rest.height - rows, ..rest };
        taken
    };
    progress(shared, buf, take(1), summary);
    let refused = summary.total > 0 && summary.ok == 0;
    if refused {
        put(
            buf,
            take(1),
            area.x,
            &text::truncate(&none_answered(shared, summary), area.width.into()),
            shared.preferences.theme.error,
        );
    }
    let mut lines = report(summary);
    // The table of replicas is drawn here, to the width that there is.
    lines.truncate(lines.iter().position(|line| line.starts_with("REPLICA")).unwrap_or(lines.len()));
    lines = lines.iter().flat_map(|line| in_groups(line, area.width.into())).collect();
    lines.extend(replicas(summary, area.width.into()));
    // If they do not all fit, blank lines are dropped first.
    if lines.len() > usize::from(area.height.saturating_sub(1)) {
        lines.retain(|line| !line.is_empty());
    }
    let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    // Pictures get the rest, but never less than what makes sense of them.
    let text = take(wanted.min(area.height.saturating_sub(1)));
    for (row, line) in text.rows().zip(&lines) {
        put(buf, row, row.x, line, shared.preferences.theme.text);
    }
    // Pictures of refusals would look like those of a good run.
    if !refused {
        pictures(shared, buf, rest, summary);
    }
}

/// A line of figures in as many as it takes; name and value stay together.
fn in_groups(line: &str, columns: usize) -> Vec<String> {
    /// Columns of the names at the left.
    const INDENT: usize = 11;
    if text::width(line) <= columns {
        return vec![line.to_owned()];
    }
    let mut lines = vec![String::new()];
    for group in line.split("  ").filter(|group| !group.is_empty()) {
        let last = lines.last().map_or(0, |line| text::width(line));
        let group = group.trim();
        if last > 0 && last + 2 + text::width(group) > columns {
            lines.push(format!("{:INDENT$}{group}", ""));
        } else if let Some(line) = lines.last_mut() {
            let pad = if last == 0 { 0 } else { INDENT.saturating_sub(last).max(2) };
            line.push_str(&format!("{:pad$}{group}", ""));
        }
    }
    lines
}

/// `no call succeeded: HTTP 401 × 200; one test says why`.
fn none_answered(shared: &Shared, summary: &Summary) -> String {
    let statuses = summary.statuses.iter().map(|(status, n)| format!("HTTP {status} × {n}"));
    let others = summary.failures.iter().map(|(kind, n)| format!("{} × {n}", kind.replace('_', " ")));
    let mut reasons: Vec<String> = statuses.collect();
    if reasons.is_empty() {
        reasons.extend(others);
    }
    let (back, test) = (shared.key_of(Command::Back), shared.key_of(Command::TestModel));
    format!("no call succeeded: {}; one test ({back}, {test}) says why", reasons.join(", "))
}

/// The replicas as a table, the busiest first; at most six of them.
fn replicas(summary: &Summary, columns: usize) -> Vec<String> {
    const MOST: usize = 6;
    const FIGURES: usize = 45;
    if summary.replicas.is_empty() {
        return Vec::new();
    }
    let name = columns.saturating_sub(FIGURES).clamp(8, 40);
    let line = |id: &str, cells: [String; 5]| {
        let [share, requests, errors, p50, p99] = cells;
        // Replicas of a model differ at the end.
        let id = text::tail(id, name);
        let pad = name.saturating_sub(text::width(&id));
        format!("{id}{:pad$}{share:>8}{requests:>10}{errors:>7}{p50:>10}{p99:>10}", "")
    };
    let heads = ["SHARE", "REQUESTS", "ERRORS", "P50", "P99"].map(str::to_owned);
    let mut lines = vec![line("REPLICA", heads)];
    let mut sorted: Vec<_> = summary.replicas.iter().collect();
    sorted.sort_by_key(|(id, replica)| (std::cmp::Reverse(replica.requests), id.as_str()));
    for (id, replica) in sorted.iter().take(MOST) {
        let cells = [
            format!("{:.1} %", replica.share * 100.0),
            replica.requests.to_string(),
            replica.errors.to_string(),
            ms(replica.p50_ms),
            ms(replica.p99_ms),
        ];
        lines.push(line(id, cells));
    }
    let more = sorted.len().saturating_sub(MOST);
    if more > 0 {
        lines.push(format!("and {}", text::count(more, "replica more", "replicas more")));
    }
    lines
}

fn progress(shared: &Shared, buf: &mut Buffer, row: Rect, summary: &Summary) {
    let theme = &shared.preferences.theme;
    if row.is_empty() {
        return;
    }
    let Some(share) = summary.done_share() else {
        put(buf, row, row.x, "no end is set: s stops", theme.dim);
        return;
    };
    let percent = format!("{:>4.0} %", share * 100.0);
    let columns = usize::from(row.width).saturating_sub(percent.len() + 1);
    let bar = chart::bar_text(share, columns, shared.styles().ascii);
    put(buf, row, row.x, &bar, theme.accent);
    put(buf, row, row.right().saturating_sub(percent.len() as u16), &percent, theme.text);
}

/// Throughput and latency over time at the left, the histogram at the right.
fn pictures(shared: &Shared, buf: &mut Buffer, area: Rect, summary: &Summary) {
    if area.height < 3 || area.width < 40 || summary.series.is_empty() {
        return;
    }
    let area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let left = Rect { width: area.width / 2 - 1, ..area };
    let right = Rect { x: area.x + area.width / 2 + 1, width: area.width - area.width / 2 - 1, ..area };
    let upper = Rect { height: left.height / 2, ..left };
    let lower = Rect { y: upper.bottom(), height: left.height - upper.height, ..left };
    let points = summary.whole_points();
    let rates: Vec<f64> = points.iter().map(|point| point.rps()).collect();
    over_time(shared, buf, upper, "requests/s", &rates, |value| format!("{value:.0}"));
    let latencies: Vec<f64> = points.iter().map(|point| point.p99_ms).collect();
    over_time(shared, buf, lower, "p99", &latencies, ms);
    histogram(shared, buf, right, summary);
}

fn over_time(
    shared: &Shared,
    buf: &mut Buffer,
    area: Rect,
    name: &str,
    values: &[f64],
    figure: impl Fn(f64) -> String,
) {
    if area.height < 2 {
        return;
    }
    let theme = &shared.preferences.theme;
    let now = values.last().copied().unwrap_or(0.0);
    let figures = format!("{} now, {} max", figure(now), figure(chart::largest(values)));
    let long = format!("{name} over time: {figures}");
    let head = if text::width(&long) > area.width.into() { format!("{name}: {figures}") } else { long };
    put(buf, area, area.x, &fit(&head, area, area.x), theme.dim);
    let plot = Rect { y: area.y + 1, height: area.height - 1, ..area };
    chart::Line { values, ceiling: None }.render(plot, buf, &shared.styles());
}

fn histogram(shared: &Shared, buf: &mut Buffer, area: Rect, summary: &Summary) {
    let rows = usize::from(area.height.saturating_sub(1));
    if rows == 0 || summary.histogram.is_empty() {
        return;
    }
    let theme = &shared.preferences.theme;
    put(buf, area, area.x, "requests by latency", theme.dim);
    // Neighbouring steps share a row if there are more steps than rows.
    let together = summary.histogram.len().div_ceil(rows);
    let bars: Vec<Bar> = summary
        .histogram
        .chunks(together)
        .filter_map(|steps| {
            let last = steps.last()?;
            let requests: u64 = steps.iter().map(|step| step.requests).sum();
            let label = format!("up to {:>8}", ms(last.to_ms));
            Some(Bar { label, value: requests as f64, text: requests.to_string() })
        })
        .collect();
    let plot = Rect { y: area.y + 1, height: area.height - 1, ..area };
    Bars { bars: &bars }.render(plot, buf, &shared.styles());
}

/// Milliseconds as a latency.
pub fn ms(value: f64) -> String {
    text::latency(Duration::try_from_secs_f64(value / 1e3).unwrap_or_default())
}
