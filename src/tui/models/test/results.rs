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
use crate::tui::models::result_rows::Row;
use crate::tui::shared::Shared;

const NUMBER: u16 = 4;
const TIME: u16 = 9;
const CODE: u16 = 5;
const LATENCY: u16 = 9;
/// A key's short id and the beginning of its comment.
const KEY: u16 = 19;
/// The end of a replica's name, by which one knows it.
const REPLICA: u16 = 8;

/// Widths of the columns that depend on the room: what can be read beside the table goes first, and
/// RESULT gets the rest.
#[derive(Debug, Clone, Copy)]
struct Columns {
    time: u16,
    key: u16,
    replica: u16,
}

impl Columns {
    fn of(width: u16) -> Self {
        match width {
            74.. => Self { time: TIME, key: KEY, replica: REPLICA },
            58.. => Self { time: TIME, key: 14, replica: 0 },
            _ => Self { time: 0, key: 12, replica: 0 },
        }
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
        ("TIME", columns.time),
        ("HTTP", CODE),
        ("KEY", columns.key),
        ("REPLICA", columns.replica),
        ("LATENCY", LATENCY + 1),
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
    x = cell(buf, row, x, columns.time, &time, theme.text);
    x = cell(buf, row, x, CODE, &result.code(), if failed { theme.error } else { theme.ok });
    let key = text::truncate(&result.key, usize::from(columns.key - 1)).into_owned();
    x = cell(buf, row, x, columns.key, &text::clean(&key), theme.text);
    if columns.replica > 0 {
        let none = shared.preferences.glyphs.none;
        let room = usize::from(columns.replica - 1);
        let id = result.replica().map_or(none.into(), |id| text::tail(&text::clean(id), room));
        x = cell(buf, row, x, columns.replica, &id, theme.text);
    }
    let latency = text::latency(result.call.total);
    x = cell(buf, row, x, LATENCY, &format!("{latency:>9}"), theme.text) + 1;
    put(buf, row, x, &fit(&result.summary, row, x), if failed { theme.error } else { theme.text });
}

/// A head, a text, and the style of the text.
type WhyLine = (String, String, Style);

/// Why a result failed and what mends it: heads, texts, styles.
fn why_lines(shared: &Shared, result: &TestResult) -> Vec<WhyLine> {
    let theme = &shared.preferences.theme;
    let line =
        |head: &str, sentence: &str, style| (head.to_owned(), text::clean(sentence).into_owned(), style);
    if result.mended {
        let key = shared.entry(Command::SendTest, &OFFERED_IN).map(|entry| shared.keymap.key_of(entry));
        let sentence = format!("test again ({})", key.unwrap_or_default());
        return vec![line("fixed: ", &sentence, theme.ok)];
    }
    match &result.why {
        Why::Nothing => Vec::new(),
        Why::Unknown => vec![line("why: ", "not asked; test again", theme.dim)],
        Why::Asking(_) => vec![line("why: ", "asking the workbench…", theme.dim)],
        Why::Known(diagnosis) => {
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

/// Why a result failed and what mends it, in rows of at most `columns`: what follows stands under the
/// text.
pub fn why_rows(shared: &Shared, result: &TestResult, columns: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for (head, sentence, style) in why_lines(shared, result) {
        let indent = text::width(&head);
        for (at, part) in text::wrap(&sentence, columns.saturating_sub(indent)).into_iter().enumerate() {
            let head = if at == 0 { head.clone() } else { " ".repeat(indent) };
            rows.push(Row::new(head, shared.preferences.theme.text).and(part, style));
        }
    }
    rows
}
