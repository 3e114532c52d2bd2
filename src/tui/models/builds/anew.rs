//! The dialog that builds a model anew.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::form::Form;
use super::made::made;
use crate::actions::models::BuildWish;
use crate::text;
use crate::tui::call::{Answer, BuildAnswer, BuildCall, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::parts::dialog::{centred, frame_box};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::wire::{Model, ModelBuild};

/// Fields, by index.
const FILE: usize = 0;
const FUNCTION: usize = 1;
const RUNTIME: usize = 2;
const COMMENT: usize = 3;

/// The dialog.
#[derive(Debug)]
pub struct BuildAnew {
    /// `project/name`
    path: String,
    model: Model,
    /// What runs where no runtime is named.
    kernel: String,
    form: Form,
}

impl BuildAnew {
    /// With what the newest build has.
    pub fn new(path: String, model: Model, newest: Option<&ModelBuild>) -> Self {
        let ModelBuild { file_path, function_name, runtime_identifier, kernel, .. } =
            newest.cloned().unwrap_or_default();
        let form = Form::new(
            [
                ("file", file_path, ""),
                ("function", function_name, ""),
                ("runtime", runtime_identifier, ""),
                ("comment", String::new(), ""),
            ],
            400,
        );
        Self { path, model, kernel, form }
    }

    fn send(&mut self, shared: &mut Shared) -> Outcome {
        let text = |at| Some(self.form.text(at).to_owned());
        let wish = BuildWish {
            file: text(FILE),
            function: text(FUNCTION),
            runtime: text(RUNTIME),
            comment: text(COMMENT),
        };
        if self.form.text(FUNCTION).is_empty() {
            self.form.problem = Some("function: type the name of the function that answers calls".to_owned());
            return Outcome::done();
        }
        let call = Call::Builds(BuildCall::Begin { model: Box::new(self.model.clone()), wish });
        let (id, effect) = shared.start(Kind::Change, format!("building {}", self.path), call);
        self.form.problem = None;
        self.form.sending = Some(id);
        effect.into()
    }

    fn notes(&self, shared: &Shared) -> Vec<(String, bool)> {
        let mut notes = Vec::new();
        if self.form.text(RUNTIME).is_empty() && !self.kernel.is_empty() {
            notes.push((
                format!("Without a runtime it runs on the kernel {}.", text::clean(&self.kernel)),
                false,
            ));
        }
        let what = "Copies the project's files as they are now. Nothing is deployed.";
        notes.push((what.to_owned(), false));
        let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
        notes.push((String::new(), false));
        notes.push(match self.form.sending {
            Some(_) => ("asking for the build".to_owned(), false),
            None => (format!("{submit} builds, {back} leaves"), false),
        });
        notes
    }
}

impl Layer for BuildAnew {
    fn name(&self) -> &'static str {
        "build"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Form]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        true
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit).then(|| "build".into())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit if self.form.sending.is_some() => Outcome::done(),
            Command::Submit => self.send(shared),
            other => self.form.command(other),
        }
    }

    fn decided(&mut self, _shared: &mut Shared, _decision: Decision) -> Outcome {
        Outcome::pop()
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
        match answer {
            Answer::Builds(BuildAnswer::Begun { done: Err(error), .. }) => {
                let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                self.form.refused(format!("{error}{hint}"));
                Outcome::done()
            }
            Answer::Builds(answer) => Outcome::pop().and(made(shared, answer)),
            _ => Outcome::done(),
        }
    }

    fn cancelled(&mut self, _shared: &mut Shared, _id: RequestId) -> Outcome {
        self.form.refused("cancelled; it may have been begun anyway: look at the list".to_owned());
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let title = format!("Build {} anew", text::clean(&self.path));
        let inside = frame_box(shared, &title, frame, centred(area, 74, 12));
        self.form.draw(shared, frame.buffer_mut(), inside, 60, &self.notes(shared));
    }
}
