//! Checking a model's answers: against a golden file, another model or an earlier result.
//!
//! | file | what it holds |
//! |---|---|
//! | [`form`] | the file, what to compare with, what may differ |
//! | [`row`] | a row that differs, in the table of results |
//! | [`view`] | how form, progress and results look |
//! | `tab` | what the tab does with them |

mod form;
mod row;
mod tab;
mod view;

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use tokio_util::sync::CancellationToken;

pub(super) use self::tab::FromCheck;

use self::form::Form;
use self::row::Differing;
use super::prompt::{Prompt, note_written};
use crate::actions::check::{RowReport, lines};
use crate::tui::call::{Answer, Call, CheckRequest, KeyToSend};
use crate::tui::command::{Command, KeyContext};
use crate::tui::event::Event;
use crate::tui::kept_check::{KeptCheck, LiveCheck};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout::body;
use crate::tui::list::List;
use crate::tui::list::view::{click_in, rows_in};
use crate::tui::overlays::ColumnChooser;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

const CANCELLED: &str = "the check was cancelled";

/// The check of one model.
#[derive(Debug)]
pub struct Check {
    kept: KeptCheck,
    /// `project/name`.
    path: String,
    /// The key of the Test panel, and what to call it.
    key: Option<(KeyToSend, String)>,
    form: Form,
    /// The form is in sight, and no results.
    asking: bool,
    rows: List<Differing>,
    /// Below the rows stands what differs over all of them.
    over_all: bool,
}

impl Check {
    /// Of the model at `path`, as it was left; `key` is that of its Test panel.
    pub fn new(path: String, key: Option<(KeyToSend, String)>, kept: KeptCheck) -> Self {
        let mut check = Self {
            kept,
            path,
            key,
            form: Form::default(),
            asking: true,
            rows: List::default(),
            over_all: false,
        };
        let kept = &mut check.kept;
        check.form.fields.set(&kept.typed);
        check.form.problem = kept.problem.take();
        let selected = kept.selected.take();
        check.asking = check.form.problem.is_some() || (kept.live.is_none() && kept.checked.is_none());
        check.list_found();
        selected.map(|row| check.rows.select(&row));
        check
    }

    fn begin(&mut self, shared: &mut Shared) -> Outcome {
        let Some(typed) = self.form.read() else { return Outcome::done() };
        let stop = CancellationToken::new();
        let request = CheckRequest {
            model_id: self.kept.model_id.clone(),
            key: self.key.as_ref().map(|(key, _)| key.clone()),
            input: typed.input.clone(),
            concurrency: typed.concurrency,
            request: typed.request,
            options: typed.options,
            stop: stop.clone(),
        };
        let what = format!("checking {}", self.path);
        // As a run does, it goes on when it is left, and leaving the program asks.
        let (id, effect) = shared.start(Kind::Calls, what, Call::CheckModel(Box::new(request)));
        let (stopping, done, of, worst) = (false, 0, 0, Vec::new());
        self.kept.live = Some(LiveCheck { id, stop, stopping, input: typed.input, done, of, worst });
        (self.kept.checked, self.asking) = (None, false);
        self.list_found();
        effect.into()
    }

    /// Lists the rows that differ; the selection stays on its row.
    fn list_found(&mut self) {
        let rows: &[RowReport] = match (&self.kept.live, &self.kept.checked) {
            (Some(live), _) => &live.worst,
            (None, Some(checked)) => checked.report.worst(),
            (None, None) => &[],
        };
        self.rows.replace(rows.iter().cloned().map(Differing::from).collect());
    }

    /// The check has ended: shows what it found, or the form with the reason why it found nothing.
    fn ended(&mut self) {
        self.form.problem = self.kept.problem.take();
        self.asking = self.form.problem.is_some();
        self.list_found();
    }

    /// Leaves what was typed and found to the tab; `request` goes into the model's Test panel.
    fn leave(&self, request: Option<String>) -> Outcome {
        let check = KeptCheck {
            typed: self.form.fields.texts(),
            selected: self.rows.selected().map(|row| row.number().to_owned()),
            ..self.kept.clone()
        };
        Outcome::pop().and_event(Event::CheckLeft { check: Box::new(check), request })
    }

    fn form_command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit => return self.begin(shared),
            Command::NextField => self.form.fields.next(),
            Command::PreviousField => self.form.fields.previous(),
            Command::Back if self.kept.checked.is_some() => self.asking = false,
            Command::Back => return self.leave(None),
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    /// Reads the request of the selected row from its file.
    fn open(&self, shared: &mut Shared) -> Outcome {
        let (Some(row), Some(checked)) = (self.rows.selected(), &self.kept.checked) else {
            return Outcome::done();
        };
        let call = Call::ReadRow(checked.input.clone(), row.report.row);
        shared.start(Kind::Read, format!("reading row {}", row.number()), call).1.into()
    }
}

impl Layer for Check {
    fn name(&self) -> &'static str {
        "check"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        match (self.asking, &self.kept.live) {
            (true, _) => vec![KeyContext::Form],
            _ if self.rows.state.filter.is_open() => vec![KeyContext::FilterField, KeyContext::List],
            (false, Some(_)) => vec![KeyContext::CheckLive, KeyContext::List],
            (false, None) => vec![KeyContext::Check, KeyContext::List],
        }
    }

    fn typing(&self, _shared: &Shared) -> bool {
        self.asking || self.rows.state.filter.is_open()
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        match command {
            Command::Submit if self.asking => Some("check".into()),
            Command::Submit => Some("keep filter".into()),
            Command::TestRow | Command::Members if self.rows.all().is_empty() => Some("".into()),
            Command::Members if self.over_all => Some("row".into()),
            _ => None,
        }
    }

    fn enter(&mut self, shared: &mut Shared) -> Outcome {
        if let Some(live) = &self.kept.live {
            shared.take_over(live.id);
        }
        self.rows.follow_columns(shared);
        Outcome::done()
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        if self.asking {
            return self.form_command(shared, command);
        }
        let height = rows_in(self.parts(shared, body(shared)).rows, &self.rows.state);
        if self.rows.command(command, height) {
            return Outcome::done();
        }
        match command {
            _ if self.rows.state.filter.is_open() => return Outcome::ignored(),
            Command::StopRun => return tab::stop(shared, &mut self.kept).into(),
            Command::Back => return self.leave(None),
            Command::TestRow => return self.open(shared),
            Command::CheckModel if self.kept.live.is_none() => {
                self.asking = true;
                self.form.fields.offer();
            }
            Command::Members => self.over_all = !self.over_all,
            Command::ExportResults => {
                let Some(checked) = &self.kept.checked else { return Outcome::done() };
                return Outcome::push(Prompt::write_text(
                    "check.txt",
                    lines(&checked.report).join("\n") + "\n",
                ));
            }
            Command::ChooseColumns => return Outcome::push(ColumnChooser::of::<Differing>(shared)),
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        match self.asking {
            true => self.form.key(key),
            false => self.rows.key(key),
        }
        Outcome::done()
    }

    fn click(&mut self, shared: &mut Shared, x: u16, y: u16) -> Outcome {
        if self.asking {
            return Outcome::ignored();
        }
        let area = self.parts(shared, body(shared)).rows;
        match click_in(area, &mut self.rows.state, x, y) {
            Some(true) => self.open(shared),
            Some(false) => Outcome::done(),
            None => Outcome::ignored(),
        }
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        match self.asking {
            true => self.form.paste(text),
            false => self.rows.paste(text),
        }
        Outcome::done()
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::CheckProgress { done, of, worst } => {
                self.kept.progress(done, of, worst);
                self.list_found();
            }
            Answer::ModelChecked(ended) => {
                self.kept.ended(ended);
                self.ended();
            }
            Answer::RowRead(Ok(request)) => return self.leave(Some(request)),
            Answer::RowRead(Err(problem)) => shared.notices.error(shared.now, problem, None),
            Answer::Written { file, done } => note_written(shared, &file, &done),
            _ => {}
        }
        Outcome::done()
    }

    fn end_early(&mut self, shared: &mut Shared, id: RequestId) -> Outcome {
        tab::end_early(shared, &mut self.kept, id)
    }

    fn cancelled(&mut self, _shared: &mut Shared, id: RequestId) -> Outcome {
        if self.kept.is(id) {
            self.kept.ended(Err(CANCELLED.to_owned()));
            self.ended();
        }
        Outcome::done()
    }

    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        if matches!(event, Event::ColumnsChanged) {
            self.rows.follow_columns(shared);
        }
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        match self.asking {
            true => self.draw_form(shared, frame, area),
            false => self.draw_rows(shared, frame, area),
        }
    }
}
