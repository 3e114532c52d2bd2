//! The results table, and why the selected result failed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::panel::{Focus, Panel};
use super::result_list::{columns_in, time};
use crate::diagnosis::{Action, Diagnosis};
use crate::text;
use crate::tui::command::{Command, KeyContext};
use crate::tui::list::{ListView, Shown};
use crate::tui::model_result::{TestResult, Why};
use crate::tui::models::draw::put;
use crate::tui::models::result_rows::Row;
use crate::tui::shared::Shared;

/// Draws the table of results; `around` is the frame around it.
pub fn results(
    shared: &Shared,
    frame: &mut Frame<'_>,
    area: Rect,
    around: Rect,
    panel: &Panel,
    focused: bool,
) {
    let theme = &shared.preferences.theme;
    let columns = columns_in(area.width, panel.results.widest());
    let [.., replica, _, _] = columns;
    let view = ListView::of::<TestResult>(shared, &panel.results.state).columns(&columns);
    let here = focused && panel.focus == Focus::Results;
    view.focused(here).without_marks().framed(around).draw(frame, area, |row, cells| {
        if let Some(result) = panel.results.all().get(row) {
            shown(shared, result, replica.least(), cells);
        }
        false
    });
    if panel.results.all().is_empty() && area.height > 1 {
        let (submit, send) = (shared.key_of(Command::Submit), shared.key_of(Command::SendTest));
        let below = Rect { y: area.y + 1, height: 1, ..area };
        let hint = format!("no test yet: {submit} on Test, or {send}");
        put(frame.buffer_mut(), below, below.x + 2, &hint, theme.dim);
    }
}

/// The cells of one row; `replica` columns show the end of a replica's name, by which one knows it.
fn shown<'a>(shared: &Shared, result: &'a TestResult, replica: u16, cells: &mut Vec<Shown<'a>>) {
    let (theme, failed) = (&shared.preferences.theme, result.failure().is_some());
    cells.push(Shown::new(result.id()));
    cells.push(Shown::new(time(result)));
    cells.push(Shown::styled(result.code(), if failed { theme.error } else { theme.ok }));
    cells.push(Shown::new(result.key.as_str()));
    cells.push(match result.replica() {
        Some(id) => Shown::new(text::tail(&text::clean(id), replica.into())).whole(id),
        None => Shown::new(shared.preferences.glyphs.none),
    });
    cells.push(Shown::new(text::latency(result.call.total)));
    let summary = if failed { theme.error } else { theme.text };
    cells.push(Shown::styled(result.summary.as_str(), summary));
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
            Action::CreateKey { .. } => return None,
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
