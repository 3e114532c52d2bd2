//! The state of the Models tab.

use std::collections::{HashMap, HashSet};

use super::list::{ModelList, Row};
use super::panel::{KeyChoice, Panel};
use crate::tui::command::Context;
use crate::tui::requests::RequestId;
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
    pub viewer: Option<Viewer>,
    /// The request that was sent last, by model id.
    pub last_requests: HashMap<String, String>,
}

/// A list to choose an API key from.
#[derive(Debug)]
pub struct Chooser {
    pub options: Vec<(String, KeyChoice)>,
    pub selected: usize,
}

/// One result, whole.
#[derive(Debug)]
pub struct Viewer {
    pub title: String,
    pub lines: Vec<String>,
    /// The first line in sight.
    pub top: usize,
    /// The body, to be copied.
    pub body: String,
}

impl Viewer {
    pub fn scroll_to(&mut self, line: usize, height: usize) {
        self.top = line.min(self.lines.len().saturating_sub(height));
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

    /// The model that the commands are about: the open one, else the selected one.
    pub fn subject(&self) -> Option<&Row> {
        match &self.open {
            Some(id) => self.list.row(id),
            None => self.list.selected(),
        }
    }

    /// Where the keys go, the innermost first.
    pub fn contexts(&self) -> &'static [Context] {
        use super::panel::Focus;
        if self.viewer.is_some() {
            return &[Context::ResultView, Context::Reader];
        }
        if self.chooser.is_some() || self.filter.is_some() {
            return &[Context::List];
        }
        match self.panel().map(|panel| panel.focus) {
            None => &[Context::Models, Context::List],
            Some(Focus::Results) => &[Context::Results, Context::ModelPanel, Context::List],
            Some(Focus::Test | Focus::Key) => &[Context::ModelPanel, Context::Form],
            // Enter breaks the line there.
            Some(Focus::Request) => &[Context::ModelPanel],
        }
    }

    /// Whether characters are text and no commands.
    pub fn is_typing(&self) -> bool {
        use super::panel::Focus;
        self.viewer.is_none()
            && self.chooser.is_none()
            && (self.filter.is_some()
                || self.panel().is_some_and(|panel| matches!(panel.focus, Focus::Key | Focus::Request)))
    }
}
