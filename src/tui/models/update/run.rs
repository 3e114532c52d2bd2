//! Runs: the form, the live view, stopping, comparing, exporting.

use crossterm::event::KeyEvent;
use tokio_util::sync::CancellationToken;

use super::Confirmed;
use super::panel::{key_label, not_json};
use super::saved::note_sent;
use crate::probe::CallError;
use crate::probe::run::Plan;
use crate::tui::app::App;
use crate::tui::command::Command;
use crate::tui::effect::{self, Effects};
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::screens::models::calls::{Call, RunRequest};
use crate::tui::screens::models::panel::Focus;
use crate::tui::screens::models::run::{Live, Runs};
use crate::tui::screens::models::state::{Prompt, Purpose};
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

/// Shows the runs of the open model: the one that goes on, or the form for a new one.
pub(super) fn open_runs(app: &mut App) -> Effects {
    let Some(model_id) = app.models.open.clone() else { return Effects::new() };
    let runs = app.models.runs.entry(model_id.clone()).or_default();
    runs.asking = runs.live.is_none() && !std::mem::take(&mut runs.unseen);
    app.models.running = Some(model_id);
    Effects::new()
}

/// The runs in sight.
fn runs(app: &mut App) -> Option<&mut Runs> {
    let model_id = app.models.running.as_ref()?;
    app.models.runs.get_mut(model_id)
}

pub(super) fn run_command(app: &mut App, command: Command) -> Option<Effects> {
    let runs = runs(app)?;
    if runs.asking {
        match command {
            Command::NextField => runs.form.move_by(1),
            Command::PreviousField => runs.form.move_by(runs.form.fields.len() - 1),
            Command::Submit => return Some(begin(app)),
            Command::Back if runs.form.is_touched() => {
                let lines = vec!["What was typed for the run goes away.".to_owned()];
                let then = overlays::Confirmed::Models(Confirmed::DiscardRunForm);
                return Some(Confirm::new("Leave the run?", lines, "Discard", then).esc_discards().ask(app));
            }
            Command::Back => return Some(discard_form(app)),
            _ => return None,
        }
        return Some(Effects::new());
    }
    match command {
        Command::Back => app.models.running = None,
        Command::StopRun => {
            if let Some(live) = runs.live.as_mut().filter(|live| !live.stopping) {
                live.stopping = true;
                let stop = live.stop.clone();
                let call = effect::Call::Models(Call::StopRun(stop));
                return Some(vec![app.start(Scope::Session, Kind::Read, "stopping the run", call).1]);
            }
        }
        Command::FreezeRun => {
            let latest = runs.latest.clone();
            if let Some(live) = &mut runs.live {
                live.frozen = if live.frozen.is_some() { None } else { latest };
            }
        }
        Command::RunModel if runs.live.is_none() => runs.asking = true,
        Command::CompareRuns if runs.earlier.is_empty() => {
            app.notices.warning(app.now, "there is no earlier run of this model to compare with");
        }
        Command::CompareRuns => runs.compare_next(),
        Command::ExportResults if runs.live.is_none() => {
            let prompt = Prompt { purpose: Purpose::ExportRun, field: Field::new("run.json"), problem: None };
            app.models.prompt = Some(prompt);
        }
        _ => return None,
    }
    Some(Effects::new())
}

/// Back to what was there before the form, or out.
pub(super) fn discard_form(app: &mut App) -> Effects {
    if let Some(runs) = runs(app) {
        runs.form.discard();
        runs.asking = false;
        if runs.latest.is_none() {
            app.models.running = None;
        }
    }
    Effects::new()
}

pub(super) fn run_key(app: &mut App, key: KeyEvent) -> Effects {
    use crossterm::event::KeyCode;
    if let Some(runs) = runs(app).filter(|runs| runs.asking) {
        match key.code {
            KeyCode::Down => runs.form.move_by(1),
            KeyCode::Up => runs.form.move_by(runs.form.fields.len() - 1),
            _ => {
                if runs.form.field_mut().on_key(key) == Edit::Changed {
                    runs.form.problem = None;
                }
            }
        }
    }
    Effects::new()
}

pub(super) fn run_paste(app: &mut App, pasted: &str) {
    if let Some(runs) = runs(app).filter(|runs| runs.asking) {
        runs.form.field_mut().paste(pasted.trim());
    }
}

/// Begins the run that the form asks for; one beyond the ceiling only after a question.
fn begin(app: &mut App) -> Effects {
    let Some(path) = app.models.subject().map(|row| row.path()) else { return Effects::new() };
    let Some(runs) = runs(app) else { return Effects::new() };
    let plan = match runs.form.plan(&path) {
        Ok(plan) => plan,
        Err((field, problem)) => {
            runs.form.focus = field;
            runs.form.problem = Some(problem);
            return Effects::new();
        }
    };
    let Err(problem) = plan.check() else { return begin_with(app, plan) };
    let lifted = Plan { unbounded: true, ..plan };
    if lifted.check().is_err() {
        runs.form.problem = Some(sentence(&problem));
        return Effects::new();
    }
    let lines = vec![format!("{problem}."), format!("Everybody who calls {path} will feel it.")];
    let then = overlays::Confirmed::Models(Confirmed::Run(Box::new(RunPlan(lifted))));
    Confirm::new(format!("Run against {path} all the same?"), lines, "Run", then).ask(app)
}

fn sentence(problem: &CallError) -> String {
    problem.hint().map_or_else(|| problem.to_string(), |hint| format!("{problem}; {hint}"))
}

/// A plan that stands in a question. Equal when it is the same plan.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPlan(pub Plan);

// A plan holds a rate, which is finite once it has been checked.
impl Eq for RunPlan {}

pub(super) fn begin_with(app: &mut App, plan: Plan) -> Effects {
    let user = app.session.user().to_owned();
    let Some(row) = app.models.subject() else { return Effects::new() };
    let (model_id, path, access_key) = (row.model.id.clone(), row.path(), row.model.access_key.clone());
    let Some(panel) = app.models.panel_mut() else { return Effects::new() };
    let wrong = match (panel.key_to_send(), panel.editor.value()) {
        (Err(problem), _) => Some((Focus::Key, format!("API key: {problem}"))),
        (_, Err(problem)) => Some((Focus::Test, not_json("the run did not begin", problem))),
        (Ok(_), Ok(_)) => None,
    };
    let Some(key) = panel.key_to_send().ok().filter(|_| wrong.is_none()) else {
        if let Some((focus, problem)) = wrong {
            panel.focus = focus;
            panel.problem = Some(problem);
        }
        app.models.running = None;
        return Effects::new();
    };
    let request = panel.editor.text();
    let label = key_label(panel, &user);
    let stop = CancellationToken::new();
    let kept = note_sent(app, &model_id, &request);
    let run = RunRequest { model_id: model_id.clone(), access_key, key, request, plan, stop: stop.clone() };
    let what = format!("running against {path} with {label}");
    // It goes on when the tab is left, and leaving the program asks.
    let (id, start) =
        app.start(Scope::Session, Kind::Change, what, effect::Call::Models(Call::Run(Box::new(run))));
    let live = Live { id, stop, stopping: false, frozen: None };
    app.models.runs.entry(model_id).or_default().begin(live);
    let mut effects = vec![start];
    effects.extend(kept);
    effects
}

/// The run was given up: what was measured so far stays.
pub(super) fn forget_given_up(runs: &mut Runs, gone: impl Fn(&RequestId) -> bool) {
    if runs.live.as_ref().is_some_and(|live| gone(&live.id)) {
        runs.live = None;
    }
}
