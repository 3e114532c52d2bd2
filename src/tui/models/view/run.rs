//! Runs: the form, and the live view with a text beside every picture.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{bordered, cell, fit, put};
use crate::probe::run::{Change, Stage, StopReason, Summary, compare, count_alike, report};
use crate::text;
use crate::tui::app::App;
use crate::tui::screens::models::layout;
use crate::tui::screens::models::panel::KeyChoice;
use crate::tui::screens::models::run::{FIELDS, RunForm, Runs};
use crate::tui::screens::models::update::key_label;
use crate::tui::widgets::chart::{self, Bar, Bars};

/// Draws the runs of a model over the whole tab.
pub fn runs(app: &App, runs: &Runs, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let path = app.models.subject().map(|row| row.path()).unwrap_or_default();
    let title = Line::styled(format!(" Run against {} ", text::clean(&path)), theme.title);
    let inner = layout::inside(area);
    let padded = Rect { x: inner.x + inner.width.min(1), width: inner.width.saturating_sub(2), ..inner };
    if runs.asking {
        bordered(app, frame, area, title, Line::default(), true);
        form(app, &runs.form, frame.buffer_mut(), padded);
        return;
    }
    let state = Line::from(Span::styled(format!(" {} ", state(app, runs)), theme.accent));
    bordered(app, frame, area, title, state, true);
    let buf = frame.buffer_mut();
    match (runs.shown(), &runs.problem) {
        (_, Some(problem)) => {
            for (row, line) in padded.rows().zip(text::wrap(problem, padded.width.into())) {
                put(buf, row, row.x, &line, theme.error);
            }
        }
        (Some(summary), None) => match runs.beside.and_then(|at| Some((at, runs.earlier.get(at)?))) {
            Some((at, before)) => side_by_side(app, buf, padded, at, before, summary),
            None => summary_of(app, buf, padded, summary),
        },
        (None, None) => {
            put(buf, padded, padded.x, "connecting…", theme.dim);
        }
    }
}

/// How the run stands, in a few words.
fn state(app: &App, runs: &Runs) -> String {
    let Some(live) = &runs.live else {
        return match runs.latest.as_ref().and_then(|summary| summary.stopped_by) {
            Some(StopReason::Person) => "stopped".to_owned(),
            Some(StopReason::Ceiling) => "ended at the ceiling of 10 000 requests".to_owned(),
            _ => "ended".to_owned(),
        };
    };
    if live.frozen.is_some() {
        return "frozen, the run goes on".to_owned();
    }
    let word = match runs.latest.as_ref().map(|summary| summary.stage) {
        _ if live.stopping => "stopping",
        Some(Stage::WarmingUp) | None => "warming up",
        Some(Stage::Finishing) => "waiting for the last answers",
        Some(Stage::Running | Stage::Done) => "running",
    };
    format!("{} {word}", app.spinner())
}

fn form(app: &App, form: &RunForm, buf: &mut Buffer, area: Rect) {
    const FIELD: u16 = 14;
    const BEFORE: u16 = 2 + 11 + FIELD + 1;
    let theme = &app.preferences.theme;
    let room = usize::from(area.width.saturating_sub(BEFORE));
    // Where the explanations do not fit beside the fields, the one of the field in hand stands below.
    let beside = FIELDS.iter().all(|(_, _, explanation)| text::width(explanation) <= room);
    let mut rows = area.rows();
    rows.next();
    for (at, ((name, _, explanation), field)) in FIELDS.iter().zip(&form.fields).enumerate() {
        let Some(row) = rows.next() else { return };
        let here = at == form.focus;
        put(buf, row, row.x, if here { app.preferences.glyphs.cursor } else { " " }, theme.accent);
        let x = cell(buf, row, row.x + 2, 11, name, if here { theme.title } else { theme.dim });
        let width = FIELD.min(row.right().saturating_sub(x));
        field.render(Rect { x, width, ..row }, buf, here, &app.styles());
        if beside {
            put(buf, row, x + width + 1, explanation, theme.dim);
        }
    }
    rows.next();
    if !beside && form.problem.is_none() {
        let (name, _, explanation) = FIELDS[form.focus];
        for line in text::wrap(&format!("{name}: {explanation}"), usize::from(area.width.saturating_sub(2))) {
            let Some(row) = rows.next() else { return };
            put(buf, row, row.x + 2, &line, theme.text);
        }
    }
    let words = form.problem.clone().unwrap_or_else(|| what_is_sent(app));
    let style = if form.problem.is_some() { theme.error } else { theme.dim };
    for (row, line) in rows.zip(text::wrap(&words, usize::from(area.width.saturating_sub(2)))) {
        put(buf, row, row.x + 2, &line, style);
    }
}

/// What a run takes from the Test panel: its key and its request.
fn what_is_sent(app: &App) -> String {
    const REQUEST: usize = 60;
    let Some(panel) = app.models.panel() else { return "Enter begins the run".to_owned() };
    let key = key_label(panel, app.session.user());
    let auth = app.models.subject().is_some_and(|row| row.model.auth_enabled);
    let refused = match panel.choice {
        KeyChoice::Nothing if auth => " (which this model refuses)",
        _ => "",
    };
    let request = panel.editor.text().split_whitespace().collect::<Vec<_>>().join(" ");
    let request = text::clean(&text::truncate(&request, REQUEST)).into_owned();
    format!("Enter begins the run with the key and the request of the Test panel: {key}{refused}, {request}")
}

fn summary_of(app: &App, buf: &mut Buffer, area: Rect, summary: &Summary) {
    let mut rest = area;
    let mut take = |rows: u16| {
        let rows = rows.min(rest.height);
        let taken = Rect { height: rows, ..rest };
        rest = Rect { y: rest.y + rows, height: rest.height - rows, ..rest };
        taken
    };
    progress(app, buf, take(1), summary);
    let refused = summary.total > 0 && summary.ok == 0;
    if refused {
        put(
            buf,
            take(1),
            area.x,
            &text::truncate(&none_answered(summary), area.width.into()),
            app.preferences.theme.error,
        );
    }
    let mut lines = report(summary);
    // The table of replicas is drawn here, to the width that there is.
    lines.truncate(lines.iter().position(|line| line.starts_with("REPLICA")).unwrap_or(lines.len()));
    lines = lines.iter().flat_map(|line| in_groups(line, area.width.into())).collect();
    lines.extend(replicas(summary, area.width.into()));
    // Where there is no room for all of them, blank ones go first.
    if lines.len() > usize::from(area.height.saturating_sub(1)) {
        lines.retain(|line| !line.is_empty());
    }
    let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    // Pictures get the rest, but never less than what makes sense of them.
    let text = take(wanted.min(area.height.saturating_sub(1)));
    for (row, line) in text.rows().zip(&lines) {
        put(buf, row, row.x, line, app.preferences.theme.text);
    }
    // Pictures of refusals would look like those of a good run.
    if !refused {
        pictures(app, buf, rest, summary);
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
fn none_answered(summary: &Summary) -> String {
    let statuses = summary.statuses.iter().map(|(status, n)| format!("HTTP {status} × {n}"));
    let others = summary.failures.iter().map(|(kind, n)| format!("{} × {n}", kind.replace('_', " ")));
    let mut reasons: Vec<String> = statuses.collect();
    if reasons.is_empty() {
        reasons.extend(others);
    }
    format!("no call succeeded: {}; one test (Esc, t) says why", reasons.join(", "))
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

fn progress(app: &App, buf: &mut Buffer, row: Rect, summary: &Summary) {
    let theme = &app.preferences.theme;
    if row.is_empty() {
        return;
    }
    let Some(share) = summary.done_share() else {
        put(buf, row, row.x, "no end is set: s stops", theme.dim);
        return;
    };
    let words = format!("{:>4.0} %", share * 100.0);
    let columns = usize::from(row.width).saturating_sub(words.len() + 1);
    let bar = chart::bar_text(share, columns, app.styles().ascii);
    put(buf, row, row.x, &bar, theme.accent);
    put(buf, row, row.right().saturating_sub(words.len() as u16), &words, theme.text);
}

/// Throughput and latency over time at the left, the histogram at the right.
fn pictures(app: &App, buf: &mut Buffer, area: Rect, summary: &Summary) {
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
    over_time(app, buf, upper, "requests/s", &rates, |value| format!("{value:.0}"));
    let latencies: Vec<f64> = points.iter().map(|point| point.p99_ms).collect();
    over_time(app, buf, lower, "p99", &latencies, ms);
    histogram(app, buf, right, summary);
}

fn over_time(
    app: &App,
    buf: &mut Buffer,
    area: Rect,
    name: &str,
    values: &[f64],
    words: impl Fn(f64) -> String,
) {
    if area.height < 2 {
        return;
    }
    let theme = &app.preferences.theme;
    let now = values.last().copied().unwrap_or(0.0);
    let figures = format!("{} now, {} max", words(now), words(chart::largest(values)));
    let long = format!("{name} over time: {figures}");
    let head = if text::width(&long) > area.width.into() { format!("{name}: {figures}") } else { long };
    put(buf, area, area.x, &fit(&head, area, area.x), theme.dim);
    let plot = Rect { y: area.y + 1, height: area.height - 1, ..area };
    chart::Line { values, ceiling: None }.render(plot, buf, &app.styles());
}

fn histogram(app: &App, buf: &mut Buffer, area: Rect, summary: &Summary) {
    let rows = usize::from(area.height.saturating_sub(1));
    if rows == 0 || summary.histogram.is_empty() {
        return;
    }
    let theme = &app.preferences.theme;
    put(buf, area, area.x, "requests by latency", theme.dim);
    // Neighbouring steps share a row where there are more steps than rows.
    let together = summary.histogram.len().div_ceil(rows);
    let bars: Vec<Bar> = summary
        .histogram
        .chunks(together)
        .filter_map(|steps| {
            let last = steps.last()?;
            let requests: u64 = steps.iter().map(|step| step.requests).sum();
            let label = format!("up to {:>8}", ms(last.to_ms));
            Some(Bar { label, value: requests as f64, words: requests.to_string() })
        })
        .collect();
    let plot = Rect { y: area.y + 1, height: area.height - 1, ..area };
    Bars { bars: &bars }.render(plot, buf, &app.styles());
}

fn ms(value: f64) -> String {
    text::latency(std::time::Duration::try_from_secs_f64(value / 1e3).unwrap_or_default())
}

fn side_by_side(app: &App, buf: &mut Buffer, area: Rect, at: usize, before: &Summary, after: &Summary) {
    let theme = &app.preferences.theme;
    let which = if at == 0 { "the run before".to_owned() } else { format!("{} runs before", at + 1) };
    let head = format!("{:<12}{:>14}{:>14}{:>10}", "", which, "this run", "change");
    let mut rows = area.rows();
    if let Some(row) = rows.next() {
        put(buf, row, row.x, &head, theme.column);
    }
    for (row, difference) in rows.by_ref().zip(compare(before, after)) {
        let value = |value: f64| match difference.unit {
            "ms" => ms(value),
            "" => format!("{value:.0}"),
            unit => format!("{value:.1} {unit}").trim_end().to_owned(),
        };
        let percent = difference.percent().map_or_else(String::new, |percent| format!("{percent:+.0} %"));
        let (word, style) = match difference.change {
            Change::Better => ("better", theme.ok),
            Change::Worse => ("worse", theme.error),
            Change::Same => ("same", theme.dim),
        };
        let line = format!(
            "{:<12}{:>14}{:>14}{:>10}",
            difference.figure,
            value(difference.before),
            value(difference.after),
            percent
        );
        let x = put(buf, row, row.x, &line, theme.text);
        put(buf, row, x + 2, word, style);
    }
    let plans = [("before", before), ("now", after)]
        .map(|(name, summary)| format!("{name}: {}", report(summary).into_iter().next().unwrap_or_default()));
    rows.next();
    let alike = count_alike(before, after);
    let since = (!alike).then(|| "latencies since sent: one of the runs had no rate".to_owned());
    for (row, line) in rows.zip(plans.iter().chain(&since)) {
        put(buf, row, row.x, &fit(line, row, row.x), theme.dim);
    }
}
