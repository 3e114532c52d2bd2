//! Checking a model's answers against a golden file: the file, the progress, what differs.

use std::borrow::Cow;
use std::path::PathBuf;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::draw::put;
use crate::text;
use crate::tui::call::{Answer, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout;
use crate::tui::parts::dialog::{centred, frame_box};
use crate::tui::parts::reader::{Scroll, reader};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

/// The check of one model.
#[derive(Debug)]
pub struct Check {
    model_id: String,
    /// `project/name`.
    path: String,
    file: Field,
    stage: Stage,
    scroll: Scroll,
}

#[derive(Debug)]
enum Stage {
    /// Why what was typed would not do.
    Asking(Option<String>),
    Running {
        done: u64,
        of: u64,
    },
    /// What was found.
    Done(Vec<String>),
}

impl Check {
    pub fn new(model_id: String, path: String) -> Self {
        let stage = Stage::Asking(None);
        Self { model_id, path, file: Field::new("golden.jsonl"), stage, scroll: Scroll::default() }
    }

    fn begin(&mut self, shared: &mut Shared) -> Outcome {
        let file = self.file.text().trim().to_owned();
        if file.is_empty() {
            self.stage = Stage::Asking(Some("type the name of a file".to_owned()));
            return Outcome::done();
        }
        self.stage = Stage::Running { done: 0, of: 0 };
        let what = format!("checking {}", self.path);
        let call = Call::CheckModel { model_id: self.model_id.clone(), golden: PathBuf::from(file) };
        shared.start(Kind::Read, what, call).1.into()
    }

    /// What is read in the stages without a field.
    fn lines(&self, shared: &Shared) -> Vec<Line<'_>> {
        match &self.stage {
            Stage::Asking(_) => Vec::new(),
            Stage::Running { of: 0, .. } => vec![Line::from("All rows are read before the first is sent …")],
            Stage::Running { done, of } => {
                let back = shared.key_of(Command::Back);
                vec![
                    Line::from(format!("{done} of {of} rows are compared")),
                    Line::from(format!("{back} stops the check")),
                ]
            }
            Stage::Done(lines) => lines.iter().map(|line| Line::from(text::clean(line))).collect(),
        }
    }
}

impl Layer for Check {
    fn name(&self) -> &'static str {
        "check"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        match self.stage {
            Stage::Asking(_) => vec![KeyContext::Form],
            Stage::Running { .. } | Stage::Done(_) => vec![KeyContext::Reader],
        }
    }

    fn typing(&self, _shared: &Shared) -> bool {
        matches!(self.stage, Stage::Asking(_))
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit).then(|| "check".into())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let asking = matches!(self.stage, Stage::Asking(_));
        match command {
            Command::Submit if asking => self.begin(shared),
            // There is one field only.
            Command::NextField | Command::PreviousField if asking => Outcome::done(),
            other if !asking => {
                let lines = match &self.stage {
                    Stage::Done(lines) => lines.iter().map(|line| Line::from(line.as_str())).collect(),
                    _ => Vec::new(),
                };
                match self.scroll.command(other, lines, layout::body(shared)) {
                    true => Outcome::done(),
                    false => Outcome::ignored(),
                }
            }
            _ => Outcome::ignored(),
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        if let Stage::Asking(problem) = &mut self.stage
            && self.file.on_key(key) == Edit::Changed
        {
            *problem = None;
        }
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        if let Stage::Asking(problem) = &mut self.stage {
            self.file.paste(text);
            *problem = None;
        }
        Outcome::done()
    }

    fn answer(&mut self, _shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::CheckProgress { done, of } => self.stage = Stage::Running { done, of },
            Answer::ModelChecked(Ok(lines)) => self.stage = Stage::Done(lines),
            Answer::ModelChecked(Err(problem)) => self.stage = Stage::Asking(Some(problem)),
            _ => {}
        }
        Outcome::done()
    }

    fn cancelled(&mut self, _shared: &mut Shared, _id: RequestId) -> Outcome {
        self.stage = Stage::Asking(Some("the check was cancelled".to_owned()));
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let title = format!("Check {} against a golden file", self.path);
        let Stage::Asking(problem) = &self.stage else {
            return reader(shared, &title, self.lines(shared), self.scroll, frame, area);
        };
        let theme = &shared.preferences.theme;
        let inside = frame_box(shared, &title, frame, centred(area, 70, 6));
        let mut rows = inside.rows();
        if let Some(row) = rows.next() {
            self.file.render(row, frame.buffer_mut(), true, &shared.styles());
        }
        let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
        let keys = || format!("JSONL with id, request and expect; {submit} checks, {back} goes back");
        let text = problem.clone().unwrap_or_else(keys);
        let style = if problem.is_some() { theme.error } else { theme.dim };
        for line in text::wrap(&text, inside.width.into()) {
            let Some(row) = rows.next() else { break };
            put(frame.buffer_mut(), row, row.x, &text::truncate(&line, row.width.into()), style);
        }
    }
}
