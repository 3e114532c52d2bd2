//! Runs against models: the form, the run that goes on, those that have ended.
//!
//! | file | what it holds |
//! |---|---|
//! | [`form`] | the parameters |
//! | [`history`] | the runs of one model |
//! | [`view`] | how form and run look |
//! | [`report`], [`comparison`] | one run in figures and pictures; two beside each other |
//! | `tab` | what commands mean for them |

pub mod comparison;
pub mod form;
pub mod history;
pub mod report;
mod tab;
pub mod view;

use std::collections::HashMap;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use self::history::{Live, ModelRuns};
use super::list::row::Row;
use super::prompt::Prompt;
use super::test::panel::{Focus, Panel, not_json};
use crate::probe::CallError;
use crate::probe::run::{Plan, Summary};
use crate::text;
use crate::tui::call::{Call, RunRequest};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::effect::Effect;
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// The runs of all models, and whose are on the screen. They go on while others are.
#[derive(Debug, Default)]
pub struct Runs {
    /// By model id.
    of_models: HashMap<String, ModelRuns>,
    /// The model whose runs are on the screen.
    shown: Option<String>,
}

impl Runs {
    /// The runs on the screen.
    pub fn shown(&self) -> Option<&ModelRuns> {
        self.of_models.get(self.shown.as_ref()?)
    }

    fn shown_mut(&mut self) -> Option<&mut ModelRuns> {
        self.of_models.get_mut(self.shown.as_ref()?)
    }

    /// The form, if it is on the screen.
    fn form_mut(&mut self) -> Option<&mut form::RunForm> {
        self.shown_mut().filter(|runs| runs.asking).map(|runs| &mut runs.form)
    }

    pub fn are_shown(&self) -> bool {
        self.shown().is_some()
    }

    /// Whether the form for a new run is on the screen.
    pub fn is_asking(&self) -> bool {
        self.shown().is_some_and(|runs| runs.asking)
    }

    /// Which commands apply now; `None` if no run is on the screen.
    pub fn context(&self) -> Option<KeyContext> {
        let runs = self.shown()?;
        Some(match (runs.asking, &runs.live) {
            (true, _) => KeyContext::Form,
            (false, Some(_)) => KeyContext::RunLive,
            (false, None) => KeyContext::Run,
        })
    }

    /// Whether a run of a model goes on, or ended while something else was in sight.
    pub fn are_news(&self, model_id: &str) -> bool {
        self.of_models.get(model_id).is_some_and(|runs| runs.live.is_some() || runs.unseen)
    }

    /// Whether the run on the screen is the first of its model since keybench was started.
    pub fn is_first(&self) -> bool {
        self.shown().is_some_and(|runs| runs.earlier.is_empty())
    }

    /// What the key that compares does next, if there is something to compare with.
    pub fn next_comparison(&self, shared: &Shared) -> Option<&'static str> {
        let runs = self.shown()?;
        Some(match runs.beside {
            // With one of the history.
            None if runs.earlier.is_empty() && shared.session.history.is_none() => return None,
            None => "compare",
            Some(at) if at + 1 < runs.earlier.len() => "with an earlier one",
            Some(_) => "this run alone",
        })
    }

    /// Shows the runs of a model: the one in progress, one that ended unseen, or the form for a new
    /// one.
    pub fn show(&mut self, shared: &Shared, model_id: &str) {
        let runs = self.of_models.entry(model_id.to_owned()).or_default();
        runs.asking = runs.live.is_none() && !std::mem::take(&mut runs.unseen);
        runs.form.explain_ceiling(is_alone(shared));
        self.shown = Some(model_id.to_owned());
    }

    /// Shows the form for a run of a model, filled in with `plan`; `false` if that cannot be.
    pub fn show_plan(&mut self, shared: &Shared, model_id: &str, plan: &Plan) -> bool {
        let runs = self.of_models.entry(model_id.to_owned()).or_default();
        if runs.live.is_some() || !runs.form.fill(plan) {
            return false;
        }
        runs.form.explain_ceiling(is_alone(shared));
        runs.asking = true;
        self.shown = Some(model_id.to_owned());
        true
    }

    /// Which replicas have answered calls of runs against a model, and when such a run began.
    pub fn replicas_seen(&self, model_id: &str) -> Vec<(Timestamp, String)> {
        let runs = self.of_models.get(model_id).into_iter();
        let summaries = runs.flat_map(|runs| runs.latest.iter().chain(&runs.earlier));
        let seen = |summary: &Arc<Summary>| -> Vec<_> {
            summary.replicas.keys().map(|name| (summary.started, name.clone())).collect()
        };
        summaries.flat_map(seen).collect()
    }

    /// Back to the panel.
    pub fn leave(&mut self) {
        self.shown = None;
    }

    /// Runs every command except starting a run.
    pub fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        if self.is_asking() {
            return self.form_command(command);
        }
        let Some(runs) = self.shown_mut() else { return Outcome::ignored() };
        match command {
            Command::Back => self.leave(),
            Command::StopRun => return runs.stop(shared).into(),
            Command::FreezeRun => runs.freeze(),
            Command::RunModel if runs.live.is_none() => {
                runs.asking = true;
                runs.form.reopen();
            }
            Command::CompareRuns => runs.compare_next(),
            Command::ExportResults if runs.live.is_none() => {
                return match &runs.latest {
                    Some(summary) => Outcome::push(Prompt::export_run(Arc::clone(summary))),
                    None => Outcome::done(),
                };
            }
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn form_command(&mut self, command: Command) -> Outcome {
        let Some(form) = self.form_mut() else { return Outcome::ignored() };
        match command {
            Command::NextField => form.fields.next(),
            Command::PreviousField => form.fields.previous(),
            Command::Back if form.is_touched() => {
                let lines = vec!["What was typed for the run is lost.".to_owned()];
                let question = Question::new("Leave the run?", lines, "Discard", Decision::Discard);
                return question.esc_discards().ask();
            }
            Command::Back => self.discard_form(),
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    /// Back to the screen before the form, or out.
    pub fn discard_form(&mut self) {
        let Some(runs) = self.shown_mut() else { return };
        runs.form.discard();
        runs.asking = false;
        if runs.latest.is_none() {
            self.leave();
        }
    }

    /// A key that is no command: text for the form.
    pub fn key(&mut self, key: KeyEvent) {
        if let Some(form) = self.form_mut() {
            form.key(key);
        }
    }

    /// Pasted text: only ever into the form.
    pub fn paste(&mut self, pasted: &str) {
        if let Some(form) = self.form_mut() {
            form.fields.paste(pasted);
        }
    }

    /// The plan in the form. A plan beyond the ceiling needs a yes to a question, which sets
    /// `agreed`; where the workbench [is ours alone](is_alone) a run by time lasts that long.
    ///
    /// # Errors
    /// What happens instead.
    pub fn plan(&mut self, shared: &Shared, path: &str, agreed: bool) -> Result<Plan, Box<Outcome>> {
        let Some(form) = self.form_mut() else { return Err(Box::new(Outcome::done())) };
        let plan = match form.plan(path) {
            Ok(plan) => Plan { unbounded: agreed, ..plan },
            Err((field, problem)) => {
                form.fields.focus = field;
                form.problem = Some(problem);
                return Err(Box::new(Outcome::done()));
            }
        };
        let Err(problem) = plan.check() else {
            let by_time = plan.count.is_none() && plan.duration.is_some();
            return Ok(Plan { unbounded: plan.unbounded || (by_time && is_alone(shared)), ..plan });
        };
        if agreed || (Plan { unbounded: true, ..plan }).check().is_err() {
            form.problem = Some(sentence(&problem));
            return Err(Box::new(Outcome::done()));
        }
        let lines = vec![format!("{problem}."), format!("All callers of {path} will notice.")];
        let title = format!("Run against {path} anyway?");
        Err(Box::new(Question::new(title, lines, "Run", Decision::BeginRun).ask()))
    }

    /// A run has begun.
    pub fn begun(&mut self, model_id: &str, live: Live) {
        self.of_models.entry(model_id.to_owned()).or_default().begin(live);
    }

    /// A run has a newer summary.
    pub fn progress(&mut self, model_id: &str, summary: Arc<Summary>) {
        if let Some(runs) = self.of_models.get_mut(model_id) {
            runs.latest = Some(summary);
        }
    }

    /// A run has ended, or did not start.
    pub fn ended(
        &mut self,
        shared: &mut Shared,
        model_id: &str,
        ended: Result<Arc<Summary>, CallError>,
    ) -> Option<Effect> {
        const LONG: f64 = 10.0;
        let runs = self.of_models.get_mut(model_id)?;
        runs.live = None;
        let long = ended.as_ref().is_ok_and(|summary| summary.elapsed_s > LONG);
        match ended {
            Ok(summary) => runs.latest = Some(summary),
            Err(error) => runs.problem = Some(format!("the run did not begin: {}", sentence(&error))),
        }
        if self.shown.as_deref() != Some(model_id) {
            runs.unseen = true;
            let model = runs.latest.as_ref().and_then(|run| run.plan.label.as_deref()).unwrap_or("a model");
            let key = shared.key_of(Command::RunModel);
            let text = format!("the run of {} has ended; {key} shows it", text::clean(model));
            shared.notices.info(shared.now, text);
        }
        // A user who looks at it needs no bell.
        (long && shared.watch.focused == Some(false)).then_some(Effect::Notify("keybench: the run has ended"))
    }

    /// Stops the run that is this request, and keeps its figures. Ignored if it is being stopped: then it
    /// is cancelled.
    pub fn end_early(&mut self, shared: &mut Shared, id: RequestId) -> Outcome {
        let mut all = self.of_models.values_mut();
        let of_id = all.find(|runs| runs.live.as_ref().is_some_and(|live| live.id == id));
        let Some(effect) = of_id.and_then(|runs| runs.stop(shared)) else { return Outcome::ignored() };
        shared.notices.info(shared.now, "stopping the run; its figures are kept");
        effect.into()
    }

    /// A cancelled run has ended: its measurements are kept.
    pub fn forget(&mut self, gone: impl Fn(&RequestId) -> bool) {
        for runs in self.of_models.values_mut() {
            runs.live = runs.live.take().filter(|live| !gone(&live.id));
        }
    }
}

/// Begins a run with the key and the request of the model's panel. Returns the running state, the
/// request, and the effect that starts it; `None` if key or request is invalid, which the panel then
/// shows.
pub fn begin(
    panel: &mut Panel,
    shared: &mut Shared,
    row: &Row,
    plan: Plan,
) -> Option<(Live, String, Effect)> {
    let key = match (panel.key_to_send(), panel.editor.value()) {
        (Ok(key), Ok(_)) => key,
        (Err(problem), _) => {
            panel.go(Focus::Key);
            panel.problem = Some(format!("API key: {problem}"));
            return None;
        }
        (_, Err(problem)) => {
            panel.problem = Some(not_json("the run did not begin", problem));
            panel.go(Focus::Test);
            return None;
        }
    };
    let (request, stop) = (panel.editor.text(), CancellationToken::new());
    let run = RunRequest {
        model_id: row.model.id.clone(),
        access_key: row.model.access_key.clone(),
        key,
        key_label: panel.key_label(&shared.session),
        request: request.clone(),
        plan,
        stop: stop.clone(),
    };
    let what = format!("running against {} with {}", row.path(), panel.key_label(&shared.session));
    // It goes on when the tab is left, and leaving the program asks.
    let (id, effect) = shared.start(Kind::Calls, what, Call::Run(Box::new(run)));
    Some((Live { id, stop, stopping: false, frozen: None }, request, effect))
}

/// Whether nobody else calls the models of this workbench: it runs inside this program, so there is
/// nothing that the ceiling of a run would protect.
fn is_alone(shared: &Shared) -> bool {
    shared.session.embedded
}

fn sentence(problem: &CallError) -> String {
    problem.hint().map_or_else(|| problem.to_string(), |hint| format!("{problem}; {hint}"))
}
