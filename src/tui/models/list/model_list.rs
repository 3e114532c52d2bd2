//! The list of models: what is known about each, and how far it has been fetched.
//!
//! Deployments are read for the rows in sight only.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::row::{Deployed, PROJECT, Row};
use crate::api;
use crate::tui::list::{List, Rows, Select};
use crate::wire::{Model, ShortProject};

/// How far the list has been fetched.
#[derive(Debug, Clone, Default)]
pub enum Fetched {
    #[default]
    Never,
    /// The user cancelled it, or has left the tab.
    GivenUp,
    /// Pages are still coming.
    Coming,
    Whole,
    /// What was fetched before stays in sight.
    Failed(api::Error),
}

/// Projects of rows, by id.
type ProjectsById = HashMap<String, Arc<ShortProject>>;

/// All models that the user sees.
#[derive(Debug, Default)]
pub struct ModelList {
    pub list: List<Row>,
    projects: ProjectsById,
    /// Rows of a refresh that has not come to its end.
    incoming: (Rows<Row>, ProjectsById),
    /// A whole list has been fetched once.
    complete: bool,
    /// When the whole list was another for the last time; `None` if there is none, or another is needed.
    as_of: Option<Timestamp>,
    pub fetched: Fetched,
}

impl ModelList {
    pub fn total(&self) -> usize {
        self.list.all().len()
    }

    pub fn selected(&self) -> Option<&Row> {
        self.list.selected()
    }

    pub fn row(&self, model_id: &str) -> Option<&Row> {
        self.list.row(model_id)
    }

    /// The projects of all rows.
    pub fn projects(&self) -> impl Iterator<Item = &ShortProject> {
        self.projects.values().map(Arc::as_ref)
    }

    /// Groups the rows by project and selects the first model of this project. Clears a filter that
    /// hides all of its models. Returns `false` if the project has no models.
    pub fn select_project(&mut self, project_id: &str) -> bool {
        let of_it = |row: &Row| row.model.project.public_identifier == project_id;
        if !self.list.all().iter().any(of_it) {
            return false;
        }
        let shown = |list: &List<Row>| {
            list.in_sight(usize::MAX).find(|row| of_it(row)).map(|row| row.model.id.clone())
        };
        if shown(&self.list).is_none() {
            self.list.state.filter = Default::default();
        }
        self.list.state.sort = Some((PROJECT, false));
        self.list.arrange(Select::Same);
        if let Some(first) = shown(&self.list) {
            self.list.select(&first);
        }
        // All its models appear in the window, not just one row at the end.
        self.list.state.scroll_to_selected();
        true
    }

    /// When the visible list changed last; `None` if another list is needed.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// Other models are wanted than those in sight.
    pub fn outdate(&mut self) {
        self.as_of = None;
    }

    /// A fetch starts. The current rows stay until the new list is complete; a `quiet` one is not
    /// seen where there is a whole list.
    pub fn begin(&mut self, quiet: bool) {
        self.incoming = Default::default();
        if !(quiet && matches!(self.fetched, Fetched::Whole)) {
            self.fetched = Fetched::Coming;
        }
    }

    /// A page came. The very first list is shown as it comes.
    pub fn page(&mut self, models: Vec<Model>) {
        let Self { list, projects, incoming, .. } = self;
        if self.complete {
            incoming.0.add(models.into_iter().map(|model| Row::new(model, &mut incoming.1)));
        } else {
            list.add(models.into_iter().map(|model| Row::new(model, projects)));
        }
    }

    /// The last page has come. With `outdated`, what is known of the deployments is to be read again.
    pub fn end(&mut self, now: Timestamp, outdated: bool) {
        self.fetched = Fetched::Whole;
        let same = self.complete && self.comes_as_it_is();
        self.as_of = self.as_of.filter(|_| same).or(Some(now));
        if !self.complete {
            self.complete = true;
            return;
        }
        let (mut rows, projects) = std::mem::take(&mut self.incoming);
        self.projects = projects;
        // What was known of the deployments stays in sight until it has been read again.
        for row in self.list.all() {
            if matches!(row.deployed, Deployed::Read(_))
                && let Some(at) = rows.find(&row.model.id)
            {
                rows.change(at, |new| {
                    new.deployed = row.deployed.clone();
                    new.stale = row.stale || outdated;
                    new.read_at = row.read_at;
                });
            }
        }
        self.list.replace(rows);
    }

    /// Whether the same models are listed again, in whatever order.
    fn comes_as_it_is(&self) -> bool {
        let incoming = &self.incoming.0;
        let same = |row: &Row| {
            let at = incoming.find(&row.model.id);
            at.and_then(|at| incoming.all().get(at)).is_some_and(|other| other.model == row.model)
        };
        incoming.len() == self.total() && self.list.all().iter().all(same)
    }

    pub fn fail(&mut self, error: api::Error) {
        self.incoming = Default::default();
        self.fetched = Fetched::Failed(error);
    }

    /// The visible models whose deployment must be read, at most `limit`. Marks them as being read.
    pub fn take_unread(&mut self, height: usize, limit: usize) -> Vec<(String, String)> {
        let wanted = |row: &&Row| match row.deployed {
            Deployed::Unread => true,
            Deployed::Read(_) => row.stale,
            Deployed::Reading | Deployed::Failed(_) => false,
        };
        let ids = |row: &Row| (row.model.project.public_identifier.clone(), row.model.id.clone());
        let taken: Vec<_> = self.list.in_sight(height).filter(wanted).take(limit).map(ids).collect();
        for (_, model_id) in &taken {
            self.note_reading(model_id);
        }
        taken
    }

    /// What is known of the deployment of a model is to be read again.
    pub fn outdate_row(&mut self, model_id: &str) {
        self.list.change(model_id, |row| row.stale = matches!(row.deployed, Deployed::Read(_)));
    }

    /// The same of the visible model that was read longest ago. One at a time: each costs a request.
    pub fn outdate_oldest(&mut self, height: usize) {
        let read =
            self.list.in_sight(height).filter(|row| matches!(row.deployed, Deployed::Read(_)) && !row.stale);
        if let Some(id) = read.min_by_key(|row| row.read_at).map(|row| row.model.id.clone()) {
            self.outdate_row(&id);
        }
    }

    /// A model is being read out of order.
    pub fn note_reading(&mut self, model_id: &str) {
        self.list.change(model_id, Row::begin_reading);
    }

    /// Marks visible rows that are changing and were read before `when` to be read again; also the
    /// model `also`, visible or not.
    pub fn watch(
        &mut self,
        height: usize,
        also: Option<&str>,
        when: Timestamp,
        being_read: impl Fn(&str) -> bool,
    ) {
        let is_old = |row: &&Row| {
            row.deployed.is_changing()
                && row.read_at.is_none_or(|read| read <= when)
                && !being_read(&row.model.id)
        };
        let also = also.and_then(|id| self.row(id));
        let rows = self.list.in_sight(height).chain(also).filter(is_old);
        let ids: Vec<String> = rows.map(|row| row.model.id.clone()).collect();
        for id in ids {
            self.list.change(&id, |row| row.stale = true);
        }
    }

    /// Whether a row in sight is changing.
    pub fn is_changing(&self, height: usize) -> bool {
        self.list.in_sight(height).any(|row| row.deployed.is_changing())
    }

    /// An answer about a deployment came.
    pub fn read(&mut self, model_id: &str, deployed: Deployed, now: Timestamp) {
        self.set_deployed(model_id, deployed);
        self.list.change(model_id, |row| row.read_at = Some(now));
    }

    pub fn set_deployed(&mut self, model_id: &str, deployed: Deployed) {
        self.list.change(model_id, |row| {
            row.deployed = deployed;
            row.stale = false;
        });
    }

    /// The fetch was cancelled; its rows are shown, and the next one starts over.
    pub fn give_up(&mut self) {
        self.incoming = Default::default();
        if matches!(self.fetched, Fetched::Coming) {
            self.fetched = if self.as_of.is_some() { Fetched::Whole } else { Fetched::GivenUp };
        }
        if !self.complete {
            self.list.replace(Rows::default());
        }
    }
}
