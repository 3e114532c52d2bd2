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
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use tokio_util::sync::CancellationToken;

pub(super) use self::tab::FromCheck;

use self::form::Form;
use self::row::Differing;
use super::prompt::{Prompt, note_written};
use crate::actions::check::{Report, RowReport, lines};
use crate::actions::score::Input;
use crate::tui::call::{Answer, Call, CheckRequest, KeyToSend};
use crate::tui::command::{Command, KeyContext};
use crate::tui::event::Event;
use crate::tui::kept_check::{Checked, KeptCheck};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout::body;
use crate::tui::list::List;
use crate::tui::list::view::{click_in, rows_in};
use crate::tui::overlays::ColumnChooser;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// The check of one model.
#[derive(Debug)]
pub struct Check {
    model_id: String,
    /// `project/name`.
    path: String,
    /// The key of the Test panel, and what to call it.
    key: Option<(KeyToSend, String)>,
    form: Form,
    /// The form is in sight, and no results.
    asking: bool,
    live: Option<Live>,
    checked: Option<Checked>,
    rows: List<Differing>,
    /// Below the rows stands what differs over all of them.
    over_all: bool,
}

/// A check that goes on.
#[derive(Debug)]
struct Live {
    id: RequestId,
    stop: CancellationToken,
    stopping: bool,
    input: Input,
    done: u64,
    of: u64,
}

impl Check {
    /// Of the model at `path`, as it was left; `key` is that of its Test panel.
    pub fn new(
        model_id: String,
        path: String,
        key: Option<(KeyToSend, String)>,
        kept: Option<KeptCheck>,
    ) -> Self {
        let mut check = Self {
            model_id,
            path,
            key,
            form: Form::default(),
            asking: true,
            live: None,
            checked: None,
            rows: List::default(),
            over_all: false,
        };
        if let Some(kept) = kept {
            check.form.fields.set(&kept.typed);
            if let Some(checked) = kept.checked {
                check.list(checked.report.worst());
                check.asking = false;
                check.checked = Some(checked);
            }
            kept.selected.map(|row| check.rows.select(&row));
        }
        check
    }

    fn begin(&mut self, shared: &mut Shared) -> Outcome {
        let Some(typed) = self.form.read() else { return Outcome::done() };
        let stop = CancellationToken::new();
        let request = CheckRequest {
            model_id: self.model_id.clone(),
            key: self.key.as_ref().map(|(key, _)| key.clone()),
            input: typed.input.clone(),
            request: typed.request,
            options: typed.options,
            stop: stop.clone(),
        };
        let what = format!("checking {}", self.path);
        let (id, effect) = shared.start(Kind::Read, what, Call::CheckModel(Box::new(request)));
        let live = Live { id, stop, stopping: false, input: typed.input, done: 0, of: 0 };
        (self.live, self.checked, self.asking) = (Some(live), None, false);
        self.list(&[]);
        effect.into()
    }

    /// Lists these rows; the selection stays on its row.
    fn list(&mut self, rows: &[RowReport]) {
        self.rows.replace(rows.iter().cloned().map(Differing::from).collect());
    }

    fn ended(&mut self, ended: Result<Box<Report>, String>) {
        let Some(live) = self.live.take() else { return };
        match ended {
            Ok(report) => {
                self.list(report.worst());
                self.checked = Some(Checked { report: Arc::from(report), input: live.input });
            }
            Err(problem) => (self.form.problem, self.asking) = (Some(problem), true),
        }
    }

    /// Ends the check that goes on, with what was compared so far.
    fn stop(&mut self, shared: &mut Shared) -> Outcome {
        let Some(live) = self.live.as_mut().filter(|live| !live.stopping) else { return Outcome::done() };
        live.stopping = true;
        shared.start(Kind::Background, "stopping the check", Call::StopRun(live.stop.clone())).1.into()
    }

    /// Leaves what was typed and found to the tab; `request` goes into the model's Test panel.
    fn leave(&self, request: Option<String>) -> Outcome {
        let check = KeptCheck {
            model_id: self.model_id.clone(),
            typed: self.form.fields.texts(),
            checked: self.checked.clone(),
            selected: self.rows.selected().map(|row| row.number().to_owned()),
        };
        Outcome::pop().and_event(Event::CheckLeft { check: Box::new(check), request })
    }

    fn form_command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit => return self.begin(shared),
            Command::NextField => self.form.fields.next(),
            Command::PreviousField => self.form.fields.previous(),
            Command::Back if self.checked.is_some() => self.asking = false,
            Command::Back => return self.leave(None),
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    /// Reads the request of the selected row from its file.
    fn open(&self, shared: &mut Shared) -> Outcome {
        let (Some(row), Some(checked)) = (self.rows.selected(), &self.checked) else {
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
        match (self.asking, &self.live) {
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
            Command::Back if !self.asking && self.live.is_some() => Some("stop".into()),
            Command::Submit => Some("keep filter".into()),
            Command::TestRow | Command::Members if self.rows.all().is_empty() => Some("".into()),
            Command::Members if self.over_all => Some("row".into()),
            _ => None,
        }
    }

    fn enter(&mut self, shared: &mut Shared) -> Outcome {
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
            Command::Back | Command::StopRun if self.live.as_ref().is_some_and(|live| !live.stopping) => {
                return self.stop(shared);
            }
            Command::Back => return self.leave(None),
            Command::TestRow => return self.open(shared),
            Command::CheckModel if self.live.is_none() => {
                self.asking = true;
                self.form.fields.offer();
            }
            Command::Members => self.over_all = !self.over_all,
            Command::ExportResults => {
                let Some(checked) = &self.checked else { return Outcome::done() };
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
                if let Some(live) = &mut self.live {
                    (live.done, live.of) = (done, of);
                    self.list(&worst);
                }
            }
            Answer::ModelChecked(ended) => self.ended(ended),
            Answer::RowRead(Ok(request)) => return self.leave(Some(request)),
            Answer::RowRead(Err(problem)) => shared.notices.error(shared.now, problem, None),
            Answer::Written { file, done } => note_written(shared, &file, &done),
            _ => {}
        }
        Outcome::done()
    }

    fn cancelled(&mut self, _shared: &mut Shared, id: RequestId) -> Outcome {
        if self.live.as_ref().is_some_and(|live| live.id == id) {
            self.ended(Err("the check was cancelled".to_owned()));
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
