//! The results table, and why the selected result failed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::panel::{Focus, Panel};
use crate::diagnosis::{Action, Diagnosis};
use crate::text;
use crate::tui::command::{Command, KeyContext};
use crate::tui::model_result::{TestResult, Why};
use crate::tui::models::draw::{cell, cursor, fit, put};
use crate::tui::shared::Shared;

const NUMBER: u16 = 4;
const TIME: u16 = 9;
const CODE: u16 = 5;
const LATENCY: u16 = 9;
const SIZE: u16 = 8;

/// From this width on the table has all its columns.
const ROOMY: u16 = 58;

/// Widths of the columns that depend on the room.
#[derive(Debug, Clone, Copy)]
struct Columns {
    replica: u16,
    /// 0 if the column is omitted.
    size: u16,
}

impl Columns {
    fn of(width: u16) -> Self {
        // Beside the list there may be no room for everything; the answer is worth more than its size.
        let size = if width < ROOMY { 0 } else { SIZE };
        let fixed = 2 + NUMBER + TIME + CODE + LATENCY + size + 2;
        let left = width.saturating_sub(fixed);
        // The result needs room too; the end of a long name is enough to distinguish replicas.
        Self { replica: (left / 2).clamp(7, 28).min(left), size }
    }
}

/// Draws the table of results.
pub fn results(shared: &Shared, buf: &mut Buffer, heads: Rect, area: Rect, panel: &Panel, focused: bool) {
    let theme = &shared.preferences.theme;
    let here = focused && panel.focus == Focus::Results;
    let columns = Columns::of(heads.width);
    put(buf, heads, heads.x, if here { shared.preferences.glyphs.cursor } else { " " }, theme.accent);
    let mut x = heads.x + 1;
    for (name, width) in [
        ("#", NUMBER),
        ("TIME", TIME),
        ("HTTP", CODE),
        ("REPLICA", columns.replica + 1),
        ("LATENCY", LATENCY + 1),
        ("SIZE", columns.size),
    ] {
        x = cell(buf, heads, x, width, name, theme.column);
    }
    put(buf, heads, x, "RESULT", theme.column);
    if panel.results.is_empty() {
        let (submit, send) = (shared.key_of(Command::Submit), shared.key_of(Command::SendTest));
        put(buf, area, area.x + 1, &format!("no test yet: {submit} on Test, or {send}"), theme.dim);
        return;
    }
    let top = (panel.selected + 1).saturating_sub(area.height.into());
    for (row, (at, result)) in area.rows().zip(panel.results.iter().enumerate().skip(top)) {
        let (sign, style) = cursor(shared, at == panel.selected, here);
        put(buf, row, row.x, sign, theme.accent);
        cell(buf, row, row.x + 1, NUMBER - 1, &result.number.to_string(), style);
        draw_result(shared, buf, row, columns, result);
    }
}

/// What follows the number of a result.
fn draw_result(shared: &Shared, buf: &mut Buffer, row: Rect, columns: Columns, result: &TestResult) {
    let theme = &shared.preferences.theme;
    let failed = result.failure().is_some();
    let mut x = row.x + 1 + NUMBER;
    let time = result.call.started.strftime("%H:%M:%S").to_string();
    x = cell(buf, row, x, TIME, &time, theme.text);
    x = cell(buf, row, x, CODE, &result.code(), if failed { theme.error } else { theme.ok });
    let none = shared.preferences.glyphs.none;
    let id = result.replica().map_or(none.into(), |id| text::tail(&text::clean(id), columns.replica.into()));
    x = cell(buf, row, x, columns.replica, &id, theme.text) + 1;
    let latency = text::latency(result.call.total);
    x = cell(buf, row, x, LATENCY, &format!("{latency:>9}"), theme.text) + 1;
    if columns.size > 0 {
        let size = result.size().map_or_else(|| "-".to_owned(), text::size);
        x = cell(buf, row, x, columns.size - 1, &format!("{size:>7}"), theme.text) + 1;
    }
    put(buf, row, x, &fit(&result.summary, row, x), if failed { theme.error } else { theme.text });
}

/// A head, a text, and the style of the text.
pub type WhyLine = (String, String, Style);

/// The text under the results: heads, texts, styles. First the answer to the last press of Test, then
/// why the selected result failed and how to fix it.
pub fn why_lines(shared: &Shared, panel: &Panel) -> Vec<WhyLine> {
    let theme = &shared.preferences.theme;
    let line =
        |head: &str, sentence: &str, style| (head.to_owned(), text::clean(sentence).into_owned(), style);
    if let Some(problem) = &panel.problem {
        return vec![line("", problem, theme.error)];
    }
    if panel.selected_result().is_some_and(|result| result.mended) {
        let key = shared.entry(Command::SendTest, &OFFERED_IN).map(|entry| shared.keymap.key_of(entry));
        let sentence = format!("test again ({})", key.unwrap_or_default());
        return vec![line("fixed: ", &sentence, theme.ok)];
    }
    match panel.selected_result().map(|result| &result.why) {
        None | Some(Why::Nothing) => Vec::new(),
        Some(Why::Unknown) => vec![line("why: ", "not asked; test again", theme.dim)],
        Some(Why::Asking(_)) => vec![line("why: ", "asking the workbench…", theme.dim)],
        Some(Why::Known(diagnosis)) => {
            let mut lines = vec![line("why: ", &diagnosis.sentence, theme.error)];
            for (at, (key, sentence)) in offers(shared, diagnosis).iter().enumerate() {
                let head = format!("{} {key}  ", if at == 0 { "fix:" } else { "    " });
                lines.push(line(&head, sentence, theme.accent));
            }
            let head = if lines.len() == 1 { "fix: " } else { "     " };
            // The hint about a key says the same as the remedy.
            let said = |action: &Action| {
                let command = match action {
                    Action::AddCollaborator { .. } => Command::AddCollaboratorFix,
                    Action::RestartDeployment { .. } => Command::RestartModel,
                    _ => return false,
                };
                shared.entry(command, &OFFERED_IN).is_some_and(|entry| shared.allows(entry))
            };
            if !diagnosis.actions.iter().any(said) {
                lines.extend(diagnosis.remedy.as_ref().map(|remedy| line(head, remedy, theme.text)));
            }
            lines
        }
    }
}

/// A key that helps with a failure, and what it does.
pub fn offers(shared: &Shared, diagnosis: &Diagnosis) -> Vec<(String, String)> {
    let key = |command: Command| {
        let entry = shared.entry(command, &OFFERED_IN).filter(|entry| shared.allows(entry))?;
        Some(shared.keymap.key_of(entry))
    };
    let offer = |action: &Action| {
        let (command, sentence) = match action {
            Action::AddCollaborator { username, project_name, permission, .. } => (
                Command::AddCollaboratorFix,
                format!("add {username} as collaborator of {project_name} ({permission})"),
            ),
            Action::CopyMessage { .. } => {
                (Command::CopyMessage, "copy a message that asks for access".to_owned())
            }
            Action::ChooseKey | Action::TestWithoutKey => (Command::ChooseKey, action.label()),
            Action::TestAgain => (Command::SendTest, action.label()),
            Action::ReloadModel => (Command::Refresh, action.label()),
            Action::RestartDeployment { .. } => (Command::RestartModel, action.label()),
            Action::CreateKey => return None,
        };
        Some((key(command)?, sentence))
    };
    diagnosis.actions.iter().filter_map(offer).collect()
}

/// The positions in the table of the commands that fix a refusal.
pub const OFFERED_IN: [KeyContext; 4] =
    [KeyContext::MendableRefusal, KeyContext::Refusal, KeyContext::ModelPanel, KeyContext::Global];

/// The same in rows of at most `columns`: what follows stands under the text.
pub fn wrapped(lines: Vec<WhyLine>, columns: usize) -> Vec<WhyLine> {
    let mut rows = Vec::new();
    for (head, sentence, style) in lines {
        let indent = text::width(&head);
        for (at, part) in text::wrap(&sentence, columns.saturating_sub(indent)).into_iter().enumerate() {
            let head = if at == 0 { head.clone() } else { " ".repeat(indent) };
            rows.push((head, part, style));
        }
    }
    rows
}

/// Draws the rows; where there is no room for all of them, the last says where they can be read.
pub fn explain(shared: &Shared, buf: &mut Buffer, area: Rect, rows: &[WhyLine]) {
    let fits = rows.len() <= usize::from(area.height);
    for (at, (row, (head, sentence, style))) in area.rows().zip(rows).enumerate() {
        let x = row.x + 1;
        if !fits && at + 1 == usize::from(area.height) {
            let (ellipsis, open) = (shared.preferences.glyphs.ellipsis, shared.key_of(Command::OpenResult));
            let sentence = format!("{ellipsis} {open} on the result shows all");
            put(buf, row, x, &fit(&sentence, row, x), shared.preferences.theme.dim);
            return;
        }
        let x = put(buf, row, x, head, shared.preferences.theme.text);
        put(buf, row, x, sentence, *style);
    }
}
