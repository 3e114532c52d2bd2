//! The history: tests and runs of earlier days, over the tab.
//!
//! | file | what it holds |
//! |---|---|
//! | [`row`] | an entry as a row of the list |
//! | [`details`] | the selected entry in lines |
//! | [`opened`] | a run, or two beside each other, whole |
//! | `layer` | what keys and answers do |
//!
//! The file is read by a task: the list when the history is opened, an entry when it is selected, one
//! at a time.

mod details;
mod layer;
mod opened;
mod row;

use ratatui::layout::{Constraint, Layout, Rect};

use self::row::Item;
use crate::actions::history::{Entry, Kind, Line};
use crate::text;
use crate::tui::call::Call;
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::layout::{body, is_wide};
use crate::tui::list::List;
use crate::tui::list::view::rows_in;
use crate::tui::requests::{self, RequestId};
use crate::tui::shared::Shared;

/// How far the list has been read.
#[derive(Debug, Default)]
enum Reading {
    #[default]
    Coming,
    Done,
    Failed(String),
}

/// The entry beside the list.
#[derive(Debug)]
struct Selected {
    id: i64,
    entry: Result<Box<Entry>, String>,
}

/// The list and the entry beside it.
#[derive(Debug, Default)]
pub struct History {
    entries: List<Item>,
    reading: Reading,
    selected: Option<Selected>,
    /// An entry is being read.
    asked: Option<RequestId>,
    /// Runs to be compared, by id: two at most.
    marked: Vec<i64>,
    /// The entry that is selected once the list was read.
    wanted: Option<i64>,
    /// The model whose latest run is marked then.
    compared: Option<String>,
}

impl History {
    /// As it was left with this entry selected.
    pub fn at(entry: i64, filter: &str) -> Self {
        let mut history = Self { wanted: Some(entry), ..Self::default() };
        history.entries.state.filter.set(filter);
        history
    }

    /// The runs of the model at `path`: the latest is marked, to be set beside an earlier one.
    pub fn to_compare(path: &str, model_id: &str) -> Self {
        let mut history = Self { compared: Some(model_id.to_owned()), ..Self::default() };
        history.entries.state.filter.set(&format!("\"{path}\""));
        history
    }

    /// Marks the latest run of the model that is compared, and selects the one before it; `false` if there
    /// is none.
    fn mark_compared(&mut self) -> bool {
        let Some(model_id) = self.compared.take() else { return true };
        let lines = self.entries.all().iter().map(|item| &item.line);
        let runs = lines.filter(|line| line.kind == Kind::Run && line.model_id == model_id);
        let mut ids: Vec<i64> = runs.map(|line| line.id).collect();
        ids.sort_unstable_by(|one, other| other.cmp(one));
        let [latest, before, ..] = ids[..] else { return false };
        self.marked = vec![latest];
        self.entries.select(&before.to_string());
        true
    }

    /// Reads the list.
    fn read(&mut self, shared: &mut Shared) -> Option<Effect> {
        let Some(file) = shared.session.history.clone() else {
            let why = if shared.session.inside_workbench {
                "Inside a workbench session no history is kept: collaborators can read the home directory."
            } else {
                "No history is kept: it is switched off, or there is no folder for it."
            };
            self.reading = Reading::Failed(why.to_owned());
            return None;
        };
        Some(shared.start(requests::Kind::Read, "reading the history", Call::History { file }).1)
    }

    /// The list was read.
    fn list(&mut self, lines: Result<Vec<Line>, String>) {
        match lines {
            Ok(lines) => {
                self.entries.replace(lines.into_iter().map(Item::new).collect());
                self.reading = Reading::Done;
                self.wanted.take().map(|id| self.entries.select(&id.to_string()));
            }
            Err(problem) => self.reading = Reading::Failed(problem),
        }
    }

    fn line(&self) -> Option<&Line> {
        self.entries.selected().map(|item| &item.line)
    }

    /// The selected entry, once it was read.
    fn entry(&self) -> Option<&Entry> {
        let id = self.line()?.id;
        self.selected.as_ref().filter(|selected| selected.id == id)?.entry.as_deref().ok()
    }

    /// The run of the same model before the selected one, by id.
    fn run_before(&self) -> Option<i64> {
        let Line { id, model_id, .. } = self.line()?;
        let lines = self.entries.all().iter().map(|item| &item.line);
        let earlier =
            lines.filter(|line| line.kind == Kind::Run && line.model_id == *model_id && line.id < *id);
        earlier.map(|line| line.id).max()
    }

    /// Reads the selected entry, unless it is there or another one is being read.
    fn follow(&mut self, shared: &mut Shared) -> Option<Effect> {
        let id = self.line()?.id;
        if self.asked.is_some() || self.selected.as_ref().is_some_and(|selected| selected.id == id) {
            return None;
        }
        let call = Call::HistoryEntry { file: shared.session.history.clone()?, id };
        let (request, effect) = shared.start(requests::Kind::Quiet, "reading an entry of the history", call);
        self.asked = Some(request);
        Some(effect)
    }

    /// Marks the selected run, or takes its mark away, and moves on. Of three the one that was marked first
    /// loses it.
    fn mark(&mut self, shared: &mut Shared) {
        let Some(Line { id, kind, .. }) = self.line().cloned() else { return };
        if kind != Kind::Run {
            shared.notices.warning(shared.now, "runs can be compared; this is a test");
            return;
        }
        let before = self.marked.len();
        self.marked.retain(|marked| *marked != id);
        if self.marked.len() == before {
            self.marked.push(id);
            self.marked.drain(..self.marked.len().saturating_sub(2));
        }
        self.entries.command(Command::Down, self.rows(shared));
    }

    /// The runs to compare, the earlier one first: the marked two, or the marked and the selected one.
    fn pair(&self) -> Option<(i64, i64)> {
        let selected = self.line().filter(|line| line.kind == Kind::Run).map(|line| line.id);
        let (one, other) = match self.marked.as_slice() {
            [one, other] => (*one, *other),
            [one] => (*one, selected?),
            _ => return None,
        };
        (one != other).then(|| (one.min(other), one.max(other)))
    }

    /// List and entry: side by side where there is room, else one above the other.
    fn parts(shared: &Shared, area: Rect) -> [Rect; 2] {
        let layout = match is_wide(shared) {
            true => Layout::horizontal([Constraint::Percentage(60), Constraint::Fill(1)]),
            false => Layout::vertical([Constraint::Percentage(55), Constraint::Fill(1)]),
        };
        area.layout(&layout)
    }

    /// Rows of the list that are in sight.
    fn rows(&self, shared: &Shared) -> usize {
        let [list, _] = Self::parts(shared, body(shared));
        rows_in(inside(list), &self.entries.state)
    }
}

/// `run 21 of churn-prod/add`
fn title(line: &Line) -> String {
    text::clean(&format!("{} {} of {}", line.kind.as_str(), line.id, line.model)).into_owned()
}

/// The area inside a border.
fn inside(area: Rect) -> Rect {
    area.inner(ratatui::layout::Margin::new(1, 1))
}
