//! A run in figures, with a picture beside every one that changes over time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::probe::run::{NO_REPLICA, Point, Stage, StopReason, Summary, report, shortfalls};
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
    for note in shortfalls(summary).iter().flat_map(|note| text::wrap(note, area.width.into())) {
        put(buf, take(1), area.x, &note, shared.preferences.theme.warn);
    }
    let refused = summary.total > 0 && !summary.has_latencies();
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
    let mut failures = false;
    let lines = lines.iter().flat_map(|line| {
        // What further kinds of failure said is below the first.
        failures = line.starts_with("failures") || (failures && line.starts_with(' '));
        let red = move |line: String| {
            let failed = failures.then_some(0..line.len());
            let red = failed.or_else(|| errors_in(&line).filter(|_| summary.errors > 0));
            Figures { line, red }
        };
        in_groups(line, area.width.into()).into_iter().map(red)
    });
    let mut lines: Vec<Figures> = lines.chain(replicas(summary, area.width.into())).collect();
    // If they do not all fit, blank lines are dropped first.
    if lines.len() > usize::from(area.height.saturating_sub(1)) {
        lines.retain(|figures| !figures.line.is_empty());
    }
    let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    // Pictures get the rest, but never less than what makes sense of them.
    let text = take(wanted.min(area.height.saturating_sub(1)));
    for (row, figures) in text.rows().zip(&lines) {
        figures.draw(shared, buf, row);
    }
    // Pictures of refusals would look like those of a good run.
    if !refused {
        pictures(shared, buf, rest, summary);
    }
}

/// A line of figures, and the part of it that is about errors.
struct Figures {
    line: String,
    red: Option<std::ops::Range<usize>>,
}

impl Figures {
    fn draw(&self, shared: &Shared, buf: &mut Buffer, row: Rect) {
        let theme = &shared.preferences.theme;
        let Self { line, red } = self;
        let Some(red) = red.clone() else {
            put(buf, row, row.x, line, theme.text);
            return;
        };
        let (before, rest) = line.split_at(red.start);
        let (errors, after) = rest.split_at(red.len());
        let x = put(buf, row, row.x, before, theme.text);
        let x = put(buf, row, x, errors, theme.error);
        put(buf, row, x, after, theme.text);
    }
}

/// Where `12 errors` stands in a line.
fn errors_in(line: &str) -> Option<std::ops::Range<usize>> {
    let word = line.find(" error")?;
    let begin = line[..word].rfind(' ').map_or(0, |blank| blank + 1);
    let end = line[word + 1..].find([' ', ',']).map_or(line.len(), |at| word + 1 + at);
    line[begin..word].bytes().all(|byte| byte.is_ascii_digit()).then_some(begin..end)
}

/// A line of figures in as many as it takes; name and value stay together.
pub fn in_groups(line: &str, columns: usize) -> Vec<String> {
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
    // What has no gap is folded.
    lines.iter().flat_map(|line| text::fold(line, columns)).collect()
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

/// The replicas as a table, the busiest first, at most six of them; then the calls without one, so that
/// the rows add up.
fn replicas(summary: &Summary, columns: usize) -> Vec<Figures> {
    const MOST: usize = 6;
    const FIGURES: usize = 45;
    if summary.replicas.is_empty() {
        return Vec::new();
    }
    let name = columns.saturating_sub(FIGURES).clamp(8, 40);
    let line = |id: &str, cells: [String; 5], failed: bool| {
        let [share, requests, errors, p50, p99] = cells;
        // Replicas of a model differ at the end.
        let id = text::tail(id, name);
        let pad = name.saturating_sub(text::width(&id));
        let before = format!("{id}{:pad$}{share:>8}{requests:>10}", "");
        let red = failed.then_some(before.len()..before.len() + errors.len().max(7));
        Figures { line: format!("{before}{errors:>7}{p50:>10}{p99:>10}"), red }
    };
    let share = |requests: u64| format!("{:.1} %", requests as f64 / summary.total.max(1) as f64 * 100.0);
    let heads = ["SHARE", "REQUESTS", "ERRORS", "P50", "P99"].map(str::to_owned);
    let mut lines = vec![line("REPLICA", heads, false)];
    let mut sorted: Vec<_> = summary.replicas.iter().collect();
    sorted.sort_by_key(|(id, replica)| (std::cmp::Reverse(replica.requests), id.as_str()));
    for (id, replica) in sorted.iter().take(MOST) {
        let cells = [
            share(replica.requests),
            replica.requests.to_string(),
            replica.errors.to_string(),
            text::millis(replica.p50_ms),
            text::millis(replica.p99_ms),
        ];
        lines.push(line(id, cells, replica.errors > 0));
    }
    let more = sorted.len().saturating_sub(MOST);
    if more > 0 {
        let more = format!("and {}", text::count(more, "replica more", "replicas more"));
        lines.push(Figures { line: more, red: None });
    }
    if let Some((requests, errors)) = summary.without_replica() {
        let cells = [share(requests), requests.to_string(), errors.to_string(), "-".into(), "-".into()];
        lines.push(line(NO_REPLICA, cells, errors > 0));
    }
    lines
}

fn progress(shared: &Shared, buf: &mut Buffer, row: Rect, summary: &Summary) {
    let theme = &shared.preferences.theme;
    if row.is_empty() {
        return;
    }
    if summary.stopped_by == Some(StopReason::Ceiling) {
        let run = shared.key_of(Command::RunModel);
        let note = format!("10 000 requests end a run; {run}, then 50000 sends more");
        put(buf, row, row.x, &fit(&note, row, row.x), theme.warn);
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
    let ended = summary.stage == Stage::Done;
    let over = |name, value: fn(&Point) -> Option<f64>, figure: fn(f64) -> String| Curve {
        name,
        values: points.iter().map(value).collect(),
        figure,
        all: expected_points(summary).filter(|_| !ended).unwrap_or_default().max(points.len()),
        ended,
    };
    let curves = [
        over("requests/s", |point| Some(point.rps()), |value| format!("{value:.0}")),
        // Where nothing was answered there is no latency.
        over("p99", |point| (point.requests > 0).then_some(point.p99_ms), text::millis),
    ];
    // The same second is at the same column of both.
    let label = curves.iter().map(|curve| text::width(&curve.largest())).max().unwrap_or_default() as u16;
    for (curve, area) in curves.iter().zip([upper, lower]) {
        curve.draw(shared, buf, area, label + 1, points);
    }
    histogram(shared, buf, right, summary);
}

/// How many points a run by time comes to.
fn expected_points(summary: &Summary) -> Option<usize> {
    let (duration, first) = (summary.plan.duration?, summary.whole_points().first()?);
    let points = duration.as_secs_f64() / first.width_s.max(0.001);
    Some((points.ceil() as usize).min(usize::from(u16::MAX)))
}

/// A figure over time.
struct Curve {
    name: &'static str,
    /// One for each point, where there is one.
    values: Vec<Option<f64>>,
    figure: fn(f64) -> String,
    /// Points that share the width, those that are still to come too.
    all: usize,
    /// The run is over: no value is that of now.
    ended: bool,
}

impl Curve {
    /// The values, 0 where there is none.
    fn values(&self) -> Vec<f64> {
        self.values.iter().map(|value| value.unwrap_or_default()).collect()
    }

    fn largest(&self) -> String {
        (self.figure)(chart::largest(&self.values()))
    }

    /// Draws it between its axes: the largest value with its unit, in `label` columns, and the seconds.
    fn draw(&self, shared: &Shared, buf: &mut Buffer, area: Rect, label: u16, points: &[Point]) {
        /// From this width on the head says that it is over time. It does not depend on the figures, which
        /// would make it come and go.
        const LONG: u16 = 48;
        /// Few points are not drawn as a wall.
        const WIDEST: u16 = 8;
        if area.height < 2 {
            return;
        }
        let theme = &shared.preferences.theme;
        let (values, largest) = (self.values(), self.largest());
        let figures = match (self.ended, self.values.last()) {
            (false, Some(Some(now))) => format!("{} now, {largest} max", (self.figure)(*now)),
            (false, Some(None)) => format!("no answer now, {largest} max"),
            _ => format!("{largest} max"),
        };
        let over = if area.width < LONG { "" } else { " over time" };
        let head = format!("{}{over}: {figures}", self.name);
        put(buf, area, area.x, &fit(&head, area, area.x), theme.dim);
        let axes = area.height >= 5 && area.width >= 24;
        let label = if axes { label } else { 0 };
        let plot = Rect {
            x: area.x + label,
            y: area.y + 1,
            width: area.width - label,
            height: area.height - 1 - u16::from(axes),
        };
        let of = self.all.max(usize::from(plot.width / WIDEST));
        let line = chart::Line { values: &values, ceiling: None, of };
        line.render(plot, buf, &shared.styles());
        if axes {
            for (y, figure) in [(plot.y, largest.as_str()), (plot.bottom() - 1, "0")] {
                let figure = format!("{figure:>width$}", width = usize::from(label - 1));
                put(buf, Rect { y, height: 1, ..area }, area.x, &figure, theme.dim);
            }
            let (shown, width) = line.extent(plot.width);
            let shown = &points[points.len().saturating_sub(shown)..];
            seconds(shared, buf, Rect { y: plot.bottom(), height: 1, ..plot }, width, shown);
        }
    }
}

/// The axis below: when the first of these points began, and when the last one ended, `width` columns
/// further to the right.
fn seconds(shared: &Shared, buf: &mut Buffer, row: Rect, width: u16, shown: &[Point]) {
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return };
    let until = last.at_s + last.width_s;
    let figure = |at: f64| match until {
        // The begin of all is 0 s.
        ..1.0 if at > 0.0 => format!("{:.0} ms", at * 1e3),
        _ => format!("{at:.0} s"),
    };
    let (begin, end) = (figure(first.at_s), figure(until));
    let theme = &shared.preferences.theme;
    let columns = |text: &str| text::width(text) as u16;
    if width > columns(&begin) + columns(&end) {
        put(buf, row, row.x, &begin, theme.dim);
    }
    put(buf, row, row.x + width.saturating_sub(columns(&end)), &end, theme.dim);
}

fn histogram(shared: &Shared, buf: &mut Buffer, area: Rect, summary: &Summary) {
    let rows = usize::from(area.height.saturating_sub(1));
    if rows == 0 || summary.histogram.is_empty() {
        return;
    }
    let theme = &shared.preferences.theme;
    let head = if summary.errors > 0 { "requests by latency, the failed too" } else { "requests by latency" };
    put(buf, area, area.x, &fit(head, area, area.x), theme.dim);
    // Neighbouring steps share a row if there are more steps than rows.
    let together = summary.histogram.len().div_ceil(rows);
    let bars: Vec<Bar> = summary
        .histogram
        .chunks(together)
        .filter_map(|steps| {
            let last = steps.last()?;
            let requests: u64 = steps.iter().map(|step| step.requests).sum();
            let label = format!("up to {:>8}", text::millis(last.to_ms));
            Some(Bar { label, value: requests as f64, text: requests.to_string() })
        })
        .collect();
    let plot = Rect { y: area.y + 1, height: area.height - 1, ..area };
    Bars { bars: &bars }.render(plot, buf, &shared.styles());
}
