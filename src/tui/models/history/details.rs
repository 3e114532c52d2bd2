//! The selected entry in lines.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::actions::history::entry::Kept;
use crate::actions::history::{Entry, Line};
use crate::probe::run;
use crate::text;
use crate::tui::model_result::TestResult;
use crate::tui::models::draw::put;
use crate::tui::models::run::report::in_groups;
use crate::tui::shared::Shared;

/// So much of a request is shown, in characters.
const SENT: usize = 160;

/// A test as the viewer of results shows it; `None` for a run, and for a test without an answer.
pub fn result(entry: &Entry) -> Option<TestResult> {
    let number = u32::try_from(entry.line.id).unwrap_or_default();
    Some(TestResult::new(number, entry.line.key.clone(), request(entry), entry.call()?))
}

/// The request, or why it is not there.
fn request(entry: &Entry) -> String {
    match &entry.request {
        Some(request) => text::json::pretty(&request.text),
        None => "not kept: it came from a file, or is over 64 kB".to_owned(),
    }
}

/// The entry as a text, in lines of at most `columns` where they are figures: what came of it, with
/// which key and request.
pub fn lines(entry: &Entry, columns: usize) -> Vec<String> {
    let Line { result: short, key, workbench, started, .. } = &entry.line;
    let took = entry.line.took();
    let sent = match &entry.request {
        Some(request) => text::json::beginning(&request.text, SENT),
        None => request(entry),
    };
    let sent = format!("request    {sent}");
    let mut lines = match (&entry.summary, result(entry)) {
        (Some(summary), _) => {
            let mut lines = run::report(summary);
            // Whole, the run has its replicas too.
            lines.truncate(lines.iter().position(|line| line.starts_with("REPLICA")).unwrap_or(lines.len()));
            while lines.last().is_some_and(String::is_empty) {
                lines.pop();
            }
            let mut lines: Vec<_> = lines.iter().flat_map(|line| in_groups(line, columns)).collect();
            lines.extend([format!("key        {key}"), sent]);
            lines
        }
        (None, Some(result)) => {
            let mut lines = result.head(usize::MAX);
            lines.truncate(1);
            lines.extend([format!("{took}, with {key}"), sent, String::new()]);
            lines.extend(result.body_text().lines().map(str::to_owned));
            lines
        }
        (None, None) => vec![format!("no answer: {short}"), format!("{took}, with {key}"), sent],
    };
    lines.extend(remark("The answer", entry.answer.as_ref()));
    lines.extend(remark("The request", entry.request.as_ref()));
    lines.push(String::new());
    lines.push(format!("{} UTC at {workbench}", started.strftime("%Y-%m-%d %H:%M:%S")));
    lines
}

fn remark(what: &str, kept: Option<&Kept>) -> Option<String> {
    kept.filter(|kept| !kept.whole).map(|_| format!("({what} was masked or cut.)"))
}

/// Draws as much of the entry as fits.
pub fn draw(shared: &Shared, entry: &Entry, buf: &mut Buffer, area: Rect) {
    let theme = &shared.preferences.theme;
    let outcome = if entry.line.ok { theme.ok } else { theme.error };
    let is_test = entry.summary.is_none();
    let style = |at: usize| match at {
        0 if is_test => outcome,
        1 if is_test => theme.dim,
        _ => Style::new(),
    };
    let columns = usize::from(area.width).max(1);
    let rows = lines(entry, columns).into_iter().enumerate().flat_map(|(at, line)| {
        let style = style(at);
        text::fold(&text::clean(&line), columns)
            .into_iter()
            .map(move |part| (part, style))
            .collect::<Vec<_>>()
    });
    for (row, (line, style)) in area.rows().zip(rows) {
        put(buf, row, row.x, &line, style);
    }
}
