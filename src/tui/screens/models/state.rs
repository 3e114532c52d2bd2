//! The state of the Models tab.

use std::collections::{HashMap, HashSet};

use super::code::Language;
use super::list::{ListScope, ModelList, Row};
use super::panel::{Focus, KeyChoice, Panel};
use super::run::Runs;
use crate::config::requests::Requests;
use crate::tui::command::Context;
use crate::tui::requests::RequestId;
use crate::tui::session::KnownKey;
use crate::tui::widgets::field::Field;
use crate::wire::Project;

/// Requests for deployments in flight at a time.
pub const AT_A_TIME: usize = 8;

#[derive(Debug, Default)]
pub struct State {
    pub list: ModelList,
    /// The model whose panel has the keys; without one the list has them.
    pub open: Option<String>,
    /// Test panels of the models that were opened, by model id.
    pub panels: HashMap<String, Panel>,
    /// What is known of the projects, by id.
    pub projects: HashMap<String, Project>,
    /// Projects that could not be read: not asked for again until a refresh.
    pub unreadable_projects: HashSet<String>,
    pub listing: Option<RequestId>,
    pub reading_project: Option<RequestId>,
    /// Deployments being read: request and model.
    pub reading: HashMap<RequestId, String>,
    /// The filter while it is being typed.
    pub filter: Option<Field>,
    pub chooser: Option<Chooser>,
    pub prompt: Option<Prompt>,
    pub viewer: Option<Viewer>,
    /// Requests that were sent or saved, by model id.
    pub requests: HashMap<String, Requests>,
    /// The requests of earlier starts have been asked for.
    pub requests_asked: bool,
    pub scope: ListScope,
    /// A key that Settings handed over: the next model that is opened is tested with it.
    pub offered_key: Option<KnownKey>,
    /// Runs, by model id.
    pub runs: HashMap<String, Runs>,
    /// The model whose runs are in sight.
    pub running: Option<String>,
}

/// Something to choose from.
#[derive(Debug)]
pub struct Chooser {
    pub title: &'static str,
    pub options: Vec<(String, Choice)>,
    pub selected: usize,
}

/// What a choice does.
#[derive(Debug, Clone)]
pub enum Choice {
    /// The API key of the test.
    Key(KeyChoice),
    /// Copy the call in this language.
    Copy(Language),
    /// This request goes into the editor.
    Request(String),
}

/// A name to be typed.
#[derive(Debug)]
pub struct Prompt {
    pub purpose: Purpose,
    pub field: Field,
    /// Why what was typed would not do.
    pub problem: Option<String>,
}

/// What a typed name is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Save the open model's request under this name.
    SaveRequest,
    /// Write the shown result into this file.
    SaveResult,
    /// Write the run in sight into this file, as JSON or CSV by its name.
    ExportRun,
}

impl Purpose {
    pub fn title(&self) -> &'static str {
        match self {
            Self::SaveRequest => "Save the request under a name",
            Self::SaveResult => "Write the result into a file",
            Self::ExportRun => "Write the run into a file (.json or .csv)",
        }
    }
}

/// What is shown whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The result with this number.
    Result(u32),
    /// What is known of the model.
    Overview,
}

/// One result or Overview, whole.
#[derive(Debug)]
pub struct Viewer {
    pub title: String,
    pub model_id: String,
    pub shown: Shown,
    pub lines: Vec<String>,
    /// The first line in sight.
    pub top: usize,
    /// Deep parts of the body are left out.
    pub folded: bool,
    /// The search while it is being typed.
    pub search: Option<Field>,
    /// What was searched for last, in lower case.
    pub needle: String,
    /// How many lines hold it.
    pub matches: usize,
}

impl Viewer {
    pub fn scroll_to(&mut self, line: usize, height: usize) {
        self.top = line.min(self.lines.len().saturating_sub(height));
    }

    /// Searches for something else, or the same in other lines.
    pub fn search_for(&mut self, needle: String) {
        let holds = |line: &&String| !needle.is_empty() && line.to_lowercase().contains(&needle);
        self.matches = self.lines.iter().filter(holds).count();
        self.needle = needle;
    }

    /// Shows the first line from `from` on that holds the needle, round the end; `false` where
    /// there is none.
    pub fn find(&mut self, from: usize, height: usize) -> bool {
        let count = self.lines.len();
        if self.needle.is_empty() || count == 0 {
            return false;
        }
        let holds = |at: &usize| self.lines[*at].to_lowercase().contains(&self.needle);
        let found = (from..from + count).map(|at| at % count).find(holds);
        if let Some(at) = found {
            self.scroll_to(at, height);
        }
        found.is_some()
    }

    /// The same backwards.
    pub fn find_back(&mut self, height: usize) -> bool {
        let count = self.lines.len();
        let holds = |at: &usize| self.lines[*at].to_lowercase().contains(&self.needle);
        let found = (1..=count).map(|back| (self.top + count - back % count) % count).find(holds);
        if self.needle.is_empty() {
            return false;
        }
        if let Some(at) = found {
            self.scroll_to(at, height);
        }
        found.is_some()
    }
}

impl State {
    /// The panel that has the keys.
    pub fn panel(&self) -> Option<&Panel> {
        self.panels.get(self.open.as_ref()?)
    }

    pub fn panel_mut(&mut self) -> Option<&mut Panel> {
        self.panels.get_mut(self.open.as_ref()?)
    }

    /// The runs that have the keys.
    pub fn runs_in_sight(&self) -> Option<&Runs> {
        self.runs.get(self.running.as_ref()?)
    }

    /// The model that the commands are about: the open one, else the selected one.
    pub fn subject(&self) -> Option<&Row> {
        match &self.open {
            Some(id) => self.list.row(id),
            None => self.list.selected(),
        }
    }

    /// Where the keys go, the innermost first.
    pub fn contexts(&self) -> &'static [Context] {
        if self.prompt.is_some() {
            return &[Context::Form];
        }
        if let Some(viewer) = &self.viewer {
            return match (&viewer.search, viewer.shown) {
                (Some(_), _) => &[Context::FilterField],
                (None, Shown::Result(_)) => &[Context::ResultView, Context::Viewer, Context::Reader],
                (None, Shown::Overview) => &[Context::Viewer, Context::Reader],
            };
        }
        if self.chooser.is_some() {
            return &[Context::Choice];
        }
        if self.filter.is_some() {
            return &[Context::FilterField, Context::List];
        }
        if let Some(runs) = self.runs_in_sight() {
            return match (runs.asking, &runs.live) {
                (true, _) => &[Context::Form],
                (false, Some(_)) => &[Context::RunLive],
                (false, None) => &[Context::Run],
            };
        }
        match self.panel().map(|panel| panel.focus) {
            None => &[Context::Models, Context::List],
            Some(Focus::Results) => &[Context::Results, Context::ModelPanel, Context::Choice],
            Some(Focus::Test | Focus::Key) => &[Context::ModelPanel, Context::Form],
            // Enter breaks the line there.
            Some(Focus::Request) => &[Context::ModelPanel],
        }
    }

    /// Whether the list is filtered or about to be.
    pub fn is_filtered(&self) -> bool {
        self.filter.is_some() || !self.list.filter().is_empty()
    }

    /// Whether something lies over the tab and wants an answer.
    pub fn is_modal(&self) -> bool {
        self.viewer.is_some() || self.chooser.is_some() || self.prompt.is_some()
    }

    /// Whether characters are text and no commands.
    pub fn is_typing(&self) -> bool {
        if self.prompt.is_some() {
            return true;
        }
        if let Some(viewer) = &self.viewer {
            return viewer.search.is_some();
        }
        if let Some(runs) = self.runs_in_sight() {
            return runs.asking;
        }
        self.chooser.is_none()
            && (self.filter.is_some()
                || self.panel().is_some_and(|panel| matches!(panel.focus, Focus::Key | Focus::Request)))
    }
}
