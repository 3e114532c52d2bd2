//! A report as lines of text, for a terminal.

use super::report::Report;
use crate::text;

/// Lines of the report for one kind of finding.
const SHOWN: usize = 10;

/// What a check found, the most important first.
pub fn lines(report: &Report) -> Vec<String> {
    let models = report.models.join(" and ");
    let rows = rows(report.compared());
    let mut lines =
        vec![format!("{rows} of {models} in {} · {}", text::latency(report.elapsed), counts(report))];
    let over_all = over_all(report);
    if !over_all.is_empty() {
        lines.push(String::new());
        lines.extend(over_all);
    }
    for row in report.worst().iter().take(SHOWN) {
        let id = row.id.as_ref().map(|id| format!(", id {id}")).unwrap_or_default();
        lines.push(String::new());
        lines.push(format!("row {}{id} (line {})", row.row, row.line));
        let instead = row.expected.as_ref().map(|expected| format!(", instead of {expected}"));
        let instead = instead.unwrap_or_default();
        lines.extend(row.failure.iter().map(|failure| format!("  {failure}{instead}")));
        lines.extend(row.differences.iter().map(|one| {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            let off = one
                .difference
                .map(|difference| format!(" (off by {})", number(difference)))
                .unwrap_or_default();
            format!("  {}: {} instead of {}{off}", one.path, shown(&one.got), shown(&one.expected))
        }));
    }
    lines
}

/// A difference, as people write one: `1`, `0.3333`, `5.2e-7`, `1e-4`.
pub fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-3..1e6).contains(&size) => {
            let fixed = format!("{value:.4}");
            fixed.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{value:.1e}").replace(".0e", "e"),
    }
}

/// `39 same · 1 different · 0 failed`.
pub fn counts(report: &Report) -> String {
    let Report { same, different, failed, unrecorded, .. } = report;
    let missing = if *unrecorded > 0 { format!(" · {unrecorded} not in the result") } else { String::new() };
    format!("{same} same · {different} different · {failed} failed{missing}")
}

/// Over all rows: the members, and the labels that flipped.
pub fn over_all(report: &Report) -> Vec<String> {
    let mut lines = fields(report);
    let flips = report.flips();
    if !flips.is_empty() && !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(
        flips.iter().take(SHOWN).map(|flip| {
            format!("{}: {} became {} in {}", flip.path, flip.expected, flip.got, rows(flip.rows))
        }),
    );
    lines
}

/// A table of the members, the worst first.
fn fields(report: &Report) -> Vec<String> {
    let fields = report.fields();
    if fields.is_empty() {
        return Vec::new();
    }
    let row = |cells: [&str; 5]| {
        format!("{:<28}{:>10}{:>12}{:>12}{:>12}", cells[0], cells[1], cells[2], cells[3], cells[4])
    };
    let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
    let mut lines = vec![row(["MEMBER", "COMPARED", "DIFFERENT", "LARGEST", "MEAN"])];
    lines.extend(fields.iter().take(SHOWN).map(|field| {
        row([
            &text::truncate(&field.path, 27),
            &field.compared.to_string(),
            &field.different.to_string(),
            &shown(field.largest),
            &shown(field.mean),
        ])
    }));
    let more = fields.len().saturating_sub(SHOWN);
    lines.extend((more > 0).then(|| format!("and {}", text::count(more, "more member", "more members"))));
    lines
}

fn rows(n: u64) -> String {
    text::count(usize::try_from(n).unwrap_or(usize::MAX), "row", "rows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_written_as_people_write_numbers() {
        let written = [0.0, 1.0, 1.0 / 3.0, 0.0025, 1e-4, 1.23e-7, 2e6].map(number);
        assert_eq!(written, ["0", "1", "0.3333", "0.0025", "1e-4", "1.2e-7", "2e6"]);
    }
}
