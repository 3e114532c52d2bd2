//! A name to type: for a request that is saved, or for a file that is written.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw::put;
use crate::probe::run::Summary;
use crate::text;
use crate::tui::call::{Answer, Call, WriteError};
use crate::tui::choice::Choice;
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::overlays::Question;
use crate::tui::parts::dialog::{centred, frame_box};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

/// The field.
#[derive(Debug)]
pub struct Prompt {
    purpose: Purpose,
    field: Field,
    /// Why what was typed would not do.
    problem: Option<String>,
}

/// What the name is for.
#[derive(Debug)]
enum Purpose {
    /// The layer that opened the prompt gets the name.
    SaveRequest,
    /// This text goes into the file.
    WriteText(String),
    /// This run goes into the file.
    ExportRun(Arc<Summary>),
}

impl Prompt {
    fn new(purpose: Purpose, name: &str) -> Self {
        Self { purpose, field: Field::new(name), problem: None }
    }

    /// Asks for the name of a request: the decision that follows has it.
    pub fn save_request() -> Self {
        Self::new(Purpose::SaveRequest, "")
    }

    /// Asks for a file and writes `text` into it; `name` is offered.
    pub fn write_text(name: &str, text: String) -> Self {
        Self::new(Purpose::WriteText(text), name)
    }

    /// Asks for a file and writes a run into it.
    pub fn export_run(summary: Arc<Summary>) -> Self {
        Self::new(Purpose::ExportRun(summary), "run.json")
    }

    fn title(&self) -> &'static str {
        match self.purpose {
            Purpose::SaveRequest => "Save the request under a name",
            Purpose::WriteText(_) => "Write the result into a file",
            Purpose::ExportRun(_) => "Write the run into a file (.json or .csv)",
        }
    }

    fn submit(&mut self, shared: &mut Shared, replace: bool) -> Outcome {
        let name = self.field.text().trim().to_owned();
        if name.is_empty() {
            self.problem = Some("type a name".to_owned());
            return Outcome::done();
        }
        let what = format!("writing {name}");
        let file = PathBuf::from(&name);
        let call = match &self.purpose {
            Purpose::SaveRequest => {
                let chosen = Decision::Chosen(Choice::SaveRequest(name));
                return Outcome { decision: Some(chosen), ..Outcome::pop() };
            }
            Purpose::WriteText(text) => Call::WriteText { file, text: text.clone(), replace },
            Purpose::ExportRun(summary) => Call::ExportRun { file, summary: Arc::clone(summary), replace },
        };
        shared.start(Kind::Change, what, call).1.into()
    }
}

/// Reports the result of writing a file.
pub fn note_written(shared: &mut Shared, file: &Path, done: &Result<(), WriteError>) {
    let file = file.display();
    match done {
        Ok(()) => shared.notices.info(shared.now, format!("written to {file}")),
        Err(problem) => shared.notices.error(shared.now, format!("{file}: {problem}"), None),
    }
}

impl Layer for Prompt {
    fn name(&self) -> &'static str {
        "prompt"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Form]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        true
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        let label = if matches!(self.purpose, Purpose::SaveRequest) { "save" } else { "write file" };
        (command == Command::Submit).then(|| label.into())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit => self.submit(shared, false),
            // There is one field only.
            Command::NextField | Command::PreviousField => Outcome::done(),
            _ => Outcome::ignored(),
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        if self.field.on_key(key) == Edit::Changed {
            self.problem = None;
        }
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.field.paste(text);
        self.problem = None;
        Outcome::done()
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        let Answer::Written { file, done } = answer else { return Outcome::done() };
        match done {
            Ok(()) => {
                note_written(shared, &file, &done);
                Outcome::pop()
            }
            // What was typed meanwhile is another file.
            Err(WriteError::Exists) if file == Path::new(self.field.text().trim()) => {
                let lines = vec![format!("{} is there already: what it holds is lost.", file.display())];
                Question::new("Replace the file?", lines, "Replace", Decision::ReplaceFile).ask()
            }
            Err(problem) => {
                self.problem = Some(problem.to_string());
                Outcome::done()
            }
        }
    }

    fn decided(&mut self, shared: &mut Shared, _decision: Decision) -> Outcome {
        self.submit(shared, true)
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let inside = frame_box(shared, self.title(), frame, centred(area, 60, 4));
        let mut rows = inside.rows();
        if let Some(row) = rows.next() {
            self.field.render(row, frame.buffer_mut(), true, &shared.styles());
        }
        if let Some(row) = rows.next() {
            let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
            let keys = || format!("{submit} takes it, {back} goes back");
            let text = self.problem.clone().unwrap_or_else(keys);
            let style = if self.problem.is_some() { theme.error } else { theme.dim };
            put(frame.buffer_mut(), row, row.x, &text::truncate(&text, row.width.into()), style);
        }
    }
}
