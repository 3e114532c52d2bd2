//! A run beside an earlier one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::probe::run::{Change, Summary, are_too_short, compare, count_alike, method, report};
use crate::text;
use crate::tui::models::draw::put;
use crate::tui::shared::Shared;

/// Draws a run beside an earlier one; `heads` is what the two are called.
pub fn draw(
    shared: &Shared,
    buf: &mut Buffer,
    area: Rect,
    heads: &[String; 2],
    before: &Summary,
    after: &Summary,
) {
    let theme = &shared.preferences.theme;
    let [earlier, later] = heads;
    let head = format!("{:<12}{earlier:>14}{later:>14}{:>10}", "", "change");
    let too_short = are_too_short(before, after);
    let mut rows = area.rows();
    if let Some(row) = rows.next() {
        put(buf, row, row.x, &head, theme.column);
    }
    for (row, difference) in rows.by_ref().zip(compare(before, after)) {
        let (word, style) = match difference.change {
            // Whether it is small or large.
            _ if too_short && difference.before != difference.after => ("too short to judge", theme.dim),
            Change::Better => (difference.verdict(), theme.ok),
            Change::Worse => (difference.verdict(), theme.error),
            Change::Same | Change::NotJudged => (difference.verdict(), theme.dim),
        };
        let [before, after] = difference.values();
        let line = format!("{:<12}{before:>14}{after:>14}{:>10}", difference.figure, difference.changed());
        let x = put(buf, row, row.x, &line, theme.text);
        put(buf, row, x + 2, word, style);
    }
    let plans = [(earlier, before), (later, after)]
        .map(|(name, summary)| format!("{name}: {}", report(summary).into_iter().next().unwrap_or_default()));
    rows.next();
    let alike = count_alike(before, after);
    let since = (!alike).then(|| "latencies since sent: one of the runs had no rate".to_owned());
    let method = method(before, after);
    let lines = plans.iter().chain(&since).chain([&method]);
    for (row, line) in rows.zip(lines.flat_map(|line| text::wrap(line, area.width.into()))) {
        put(buf, row, row.x, &line, theme.dim);
    }
}
