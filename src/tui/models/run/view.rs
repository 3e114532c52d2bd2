//! How the runs of a model look: the form, or a run.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::comparison;
use super::form::RunForm;
use super::history::ModelRuns;
use super::report;
use crate::probe::run::{Stage, StopReason};
use crate::text;
use crate::tui::command::Command;
use crate::tui::models::draw::put;
use crate::tui::models::layout;
use crate::tui::models::list::row::Row;
use crate::tui::models::test::key::KeyChoice;
use crate::tui::models::test::panel::Panel;
use crate::tui::parts::pane::bordered;
use crate::tui::shared::Shared;

/// A model, and the panel that its runs take key and request from.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub row: Option<&'a Row>,
    pub panel: Option<&'a Panel>,
}

/// Draws the runs of a model over the whole tab.
pub fn draw(shared: &Shared, runs: &ModelRuns, subject: Subject<'_>, frame: &mut Frame<'_>, area: Rect) {
    let theme = &shared.preferences.theme;
    let path = subject.row.map(Row::path).unwrap_or_default();
    let title = Line::styled(format!(" Run against {} ", text::clean(&path)), theme.title);
    let inner = layout::inside(area);
    let padded = Rect { x: inner.x + inner.width.min(1), width: inner.width.saturating_sub(2), ..inner };
    if runs.asking {
        bordered(shared, frame, area, title, Line::default(), true);
        form(shared, &runs.form, subject, frame.buffer_mut(), padded);
        return;
    }
    let state = Line::from(Span::styled(format!(" {} ", state(shared, runs)), theme.accent));
    bordered(shared, frame, area, title, state, true);
    let buf = frame.buffer_mut();
    match (runs.shown(), &runs.problem) {
        (_, Some(problem)) => {
            for (row, line) in padded.rows().zip(text::wrap(problem, padded.width.into())) {
                put(buf, row, row.x, &line, theme.error);
            }
        }
        (Some(summary), None) => match runs.beside.and_then(|at| Some((at, runs.earlier.get(at)?))) {
            Some((at, before)) => {
                let earlier =
                    if at == 0 { "the run before".to_owned() } else { format!("{} runs before", at + 1) };
                let heads = [earlier, "this run".to_owned()];
                comparison::draw(shared, buf, padded, &heads, before, summary);
            }
            None => report::draw(shared, buf, padded, summary),
        },
        (None, None) => {
            put(buf, padded, padded.x, "connecting…", theme.dim);
        }
    }
}

/// The state of the run, in a few words.
fn state(shared: &Shared, runs: &ModelRuns) -> String {
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
    format!("{} {word}", shared.spinner())
}

fn form(shared: &Shared, form: &RunForm, subject: Subject<'_>, buf: &mut Buffer, area: Rect) {
    const FIELD: u16 = 14;
    let note = (form.problem.as_deref(), &*what_is_sent(shared, subject));
    form.fields.draw(shared, buf, area, FIELD, note);
}

/// What a run takes from the Test panel: its key and its request.
fn what_is_sent(shared: &Shared, subject: Subject<'_>) -> String {
    const REQUEST: usize = 60;
    let submit = shared.key_of(Command::Submit);
    let Some(panel) = subject.panel else { return format!("{submit} begins the run") };
    let key = panel.key_label(&shared.session);
    let auth = subject.row.is_some_and(|row| row.model.auth_enabled);
    let refused = match panel.choice {
        KeyChoice::Nothing if auth => " (which this model refuses)",
        _ => "",
    };
    let request = panel.editor.text().split_whitespace().collect::<Vec<_>>().join(" ");
    let request = text::clean(&text::truncate(&request, REQUEST)).into_owned();
    format!(
        "{submit} begins the run with the key and the request of the Test panel: {key}{refused}, {request}"
    )
}
