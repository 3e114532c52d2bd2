//! One entry over the whole screen: a run in figures and pictures, two runs beside each other, or a
//! test without an answer.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::details;
use crate::actions::history::Entry;
use crate::probe::run::Summary;
use crate::text;
use crate::tui::call::{Answer, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout::body;
use crate::tui::models::prompt::Prompt;
use crate::tui::models::run::{comparison, report};
use crate::tui::parts::dialog::frame_box;
use crate::tui::parts::reader::{Scroll, reader};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// What is opened.
#[derive(Debug)]
pub enum Opened {
    Test(Box<Entry>, Scroll),
    Run {
        entry: Box<Entry>,
        summary: Arc<Summary>,
        /// The run of the same model before it, by id.
        before: Option<i64>,
    },
    /// Two runs, the earlier one first, each with its id.
    Pair(Box<[(i64, Summary); 2]>),
}

impl Opened {
    /// `before` is the id of the run before this one.
    pub fn entry(mut entry: Entry, before: Option<i64>) -> Self {
        match entry.summary.take() {
            Some(summary) => Self::Run { entry: Box::new(entry), summary: Arc::from(summary), before },
            None => Self::Test(Box::new(entry), Scroll::default()),
        }
    }

    /// A test, as a text.
    fn lines(&self) -> Vec<Line<'static>> {
        match self {
            Self::Test(entry, _) => {
                let lines = details::lines(entry, usize::MAX).into_iter();
                lines.map(|line| Line::raw(text::clean(&line).into_owned())).collect()
            }
            Self::Run { .. } | Self::Pair(_) => Vec::new(),
        }
    }

    /// The keys of a run that has just ended.
    fn run_command(&self, shared: &mut Shared, command: Command) -> Outcome {
        let Self::Run { entry, summary, before } = self else { return Outcome::ignored() };
        match command {
            Command::ExportResults => Outcome::push(Prompt::export_run(Arc::clone(summary))),
            // The history has what that takes.
            Command::RunModel => Outcome { run: Some(Command::SendTest), ..Outcome::pop() },
            Command::CompareRuns => match (*before, shared.session.history.clone()) {
                (Some(before), Some(file)) => compare(shared, file, before, entry.line.id),
                _ => {
                    let text = "there is no earlier run of this model to compare with";
                    shared.notices.warning(shared.now, text);
                    Outcome::done()
                }
            },
            _ => Outcome::ignored(),
        }
    }
}

/// Reads two runs, to set them side by side.
pub fn compare(shared: &mut Shared, file: PathBuf, before: i64, after: i64) -> Outcome {
    let call = Call::HistoryRuns { file, before, after };
    shared.start(Kind::Read, "reading two runs", call).1.into()
}

impl Layer for Opened {
    fn name(&self) -> &'static str {
        "entry of the history"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        match self {
            Self::Test(..) => vec![KeyContext::Reader],
            Self::Run { .. } => vec![KeyContext::Run],
            Self::Pair(_) => Vec::new(),
        }
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        match (command, self) {
            (Command::RunModel, _) => Some("run again".into()),
            (Command::CompareRuns, Self::Run { before: None, .. }) => Some("".into()),
            _ => None,
        }
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let lines = self.lines();
        let scrolled = match self {
            Self::Test(_, scroll) => scroll.command(command, lines, body(shared)),
            _ => return self.run_command(shared, command),
        };
        if scrolled { Outcome::done() } else { Outcome::ignored() }
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::HistoryRuns(Ok(runs)) => return Outcome::push(Self::Pair(runs)),
            Answer::HistoryRuns(Err(problem)) => shared.notices.warning(shared.now, problem),
            _ => {}
        }
        Outcome::done()
    }

    fn hides_opener(&self) -> bool {
        true
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        match self {
            Self::Test(entry, scroll) => {
                reader(shared, &super::title(&entry.line), self.lines(), *scroll, frame, area);
            }
            Self::Run { entry, summary, .. } => {
                let inside = frame_box(shared, &super::title(&entry.line), frame, area);
                report::draw(shared, frame.buffer_mut(), inside, summary);
            }
            Self::Pair(runs) => {
                let [(earlier, before), (later, after)] = &**runs;
                let model = |summary: &Summary| summary.plan.label.clone().unwrap_or_default();
                let title = match (model(before), model(after)) {
                    (one, other) if one == other => format!("{one}: two runs"),
                    (one, other) => format!("{one} and {other}"),
                };
                let inside = frame_box(shared, &text::clean(&title), frame, area);
                let heads = [format!("run {earlier}"), format!("run {later}")];
                comparison::draw(shared, frame.buffer_mut(), inside, &heads, before, after);
            }
        }
    }
}
