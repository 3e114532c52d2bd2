//! A dialog over the builds: a few fields, what they mean, and the request that they make.

use std::borrow::Cow;
use std::fmt;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::form::Form;
use super::made::made;
use crate::text;
use crate::tui::call::{Answer, BuildCall, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::overlays::Question;
use crate::tui::parts::dialog::{centred, frame_box};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// Columns of a dialog.
const COLUMNS: u16 = 74;

/// What a dialog is about.
pub trait Subject: fmt::Debug + 'static {
    /// For tests and debugging.
    const NAME: &'static str;
    /// What Enter does: `deploy`, and as a sentence has it: `deploys`.
    const SUBMIT: [&'static str; 2];
    /// Columns of a field, and rows of the dialog.
    const SIZE: (u16, u16);

    fn title(&self) -> String;

    /// What it means, and whether that is a warning.
    fn notes(&self, form: &Form) -> Vec<(String, bool)>;

    /// Reads the fields. What is wrong stands in the form then.
    fn read(&mut self, form: &mut Form) -> Result<(), ()>;

    /// A question to ask before.
    fn question(&self) -> Option<Question>;

    /// `deploying churn-prod/add`
    fn what(&self) -> String;

    /// The request for what was read.
    fn call(&self) -> BuildCall;
}

/// A dialog.
#[derive(Debug)]
pub struct Dialog<S> {
    subject: S,
    form: Form,
}

impl<S: Subject> Dialog<S> {
    pub fn new(subject: S, form: Form) -> Self {
        Self { subject, form }
    }

    fn submit(&mut self, shared: &mut Shared) -> Outcome {
        if self.form.sending.is_some() || self.subject.read(&mut self.form).is_err() {
            return Outcome::done();
        }
        match self.subject.question() {
            Some(question) => question.ask(),
            None => self.send(shared),
        }
    }

    fn send(&mut self, shared: &mut Shared) -> Outcome {
        let call = Call::Builds(self.subject.call());
        let (id, effect) = shared.start(Kind::Change, self.subject.what(), call);
        (self.form.problem, self.form.sending) = (None, Some(id));
        effect.into()
    }

    /// What it means, and which keys do what.
    fn notes(&self, shared: &Shared) -> Vec<(String, bool)> {
        let mut notes = self.subject.notes(&self.form);
        let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
        let keys = match self.form.sending {
            Some(_) => self.subject.what(),
            None => format!("{submit} {}, {back} leaves", S::SUBMIT[1]),
        };
        notes.extend([(String::new(), false), (keys, false)]);
        notes
    }
}

impl<S: Subject> Layer for Dialog<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Form]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        true
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit).then(|| S::SUBMIT[0].into())
    }

    fn unsaved(&self, _shared: &Shared) -> Option<String> {
        self.form.is_touched().then(|| "A form of the Models tab is filled in.".to_owned())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit => self.submit(shared),
            other => self.form.command(other),
        }
    }

    fn decided(&mut self, shared: &mut Shared, decision: Decision) -> Outcome {
        match decision {
            Decision::Discard => Outcome::pop(),
            _ => self.send(shared),
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.form.key(key);
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.form.paste(text);
        Outcome::done()
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        let Answer::Builds(answer) = answer else { return Outcome::done() };
        match answer.error() {
            Some(error) => {
                let hint = shared.notices.way_out(error).map(|hint| format!("; {hint}")).unwrap_or_default();
                self.form.refused(format!("{error}{hint}"));
                Outcome::done()
            }
            None => Outcome::pop().and(made(shared, answer)),
        }
    }

    fn cancelled(&mut self, _shared: &mut Shared, _id: RequestId) -> Outcome {
        self.form.refused("cancelled; it may have been done anyway: look at the list".to_owned());
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let (field, rows) = S::SIZE;
        let title = text::clean(&self.subject.title()).into_owned();
        let inside = frame_box(shared, &title, frame, centred(area, COLUMNS, rows));
        self.form.draw(shared, frame.buffer_mut(), inside, field, &self.notes(shared));
    }
}
