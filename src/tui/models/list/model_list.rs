//! The list of models: what is known about each, which are shown, and which is selected.
//!
//! Rows are kept once; filter and order are a vector of indexes, so that moving costs the same
//! for seven models and for a hundred thousand. Deployments are read for the rows in sight only.

use std::sync::Arc;

use jiff::Timestamp;

use super::row::{Deployed, Row};
use super::rows::{Rows, words};
use crate::api;
use crate::tui::widgets::filter::Filter;
use crate::wire::{Model, ShortProject};

/// The sort order of the rows. Equal ones are sorted by project and name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Project,
    Name,
    Status,
    Replicas,
}

impl Order {
    pub fn next(self) -> Self {
        match self {
            Self::Project => Self::Name,
            Self::Name => Self::Status,
            Self::Status => Self::Replicas,
            Self::Replicas => Self::Project,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Name => "model",
            Self::Status => "status",
            Self::Replicas => "replicas",
        }
    }
}

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

/// All models that the user sees.
#[derive(Debug, Default)]
pub struct ModelList {
    rows: Rows,
    /// Rows of a refresh that has not come to its end.
    incoming: Rows,
    /// Indexes of all rows in the requested order.
    sorted: Vec<usize>,
    /// Those of them that the filter lets through.
    shown: Vec<usize>,
    selected: usize,
    /// The first row in sight.
    top: usize,
    pub filter: Filter,
    order: Order,
    reversed: bool,
    /// A whole list has been fetched once.
    complete: bool,
    /// When the whole list was another for the last time; `None` if there is none, or another is needed.
    as_of: Option<Timestamp>,
    pub fetched: Fetched,
}

impl ModelList {
    pub fn total(&self) -> usize {
        self.rows.all.len()
    }

    /// How many rows the filter lets through.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    pub fn order(&self) -> (Order, bool) {
        (self.order, self.reversed)
    }

    pub fn selected_at(&self) -> usize {
        self.selected
    }

    pub fn selected(&self) -> Option<&Row> {
        self.rows.all.get(*self.shown.get(self.selected)?)
    }

    pub fn row(&self, model_id: &str) -> Option<&Row> {
        self.rows.all.get(*self.rows.by_id.get(model_id)?)
    }

    /// All rows, in no useful order.
    pub fn rows(&self) -> &[Row] {
        &self.rows.all
    }

    /// The rows that a filter would let through, by project and name.
    pub fn matching(&self, filter: &str) -> impl Iterator<Item = &Row> {
        let words = words(filter);
        let rows = self.rows.by_project.iter().filter_map(|&at| self.rows.all.get(at));
        rows.filter(move |row| row.holds(&words))
    }

    /// The rows in sight of a list `height` rows high, with their positions.
    pub fn in_sight(&self, height: usize) -> impl Iterator<Item = (usize, &Row)> {
        let top = self.top_for(height);
        self.shown.iter().enumerate().skip(top).take(height).map(|(at, &row)| (at, &self.rows.all[row]))
    }

    /// The first row of the window that keeps the selection visible.
    pub fn top_for(&self, height: usize) -> usize {
        let lowest = (self.selected + 1).saturating_sub(height);
        // No empty rows at the end while there are rows before the window.
        let highest = self.selected.min(self.shown.len().saturating_sub(height)).max(lowest);
        self.top.clamp(lowest, highest)
    }

    /// Selects the row at `position`, or the last one, and keeps it in a window of `height` rows.
    pub fn select(&mut self, position: usize, height: usize) {
        self.selected = position.min(self.shown.len().saturating_sub(1));
        self.top = self.top_for(height.max(1));
    }

    pub fn move_by(&mut self, rows: isize, height: usize) {
        self.select(self.selected.saturating_add_signed(rows), height);
    }

    /// Selects a model by its id, if the filter shows it.
    pub fn select_model(&mut self, model_id: &str, height: usize) -> bool {
        let Some(&row) = self.rows.by_id.get(model_id) else { return false };
        let Some(position) = self.shown.iter().position(|&shown| shown == row) else { return false };
        self.select(position, height);
        true
    }

    /// The projects of all rows.
    pub fn projects(&self) -> impl Iterator<Item = &ShortProject> {
        self.rows.projects.values().map(Arc::as_ref)
    }

    /// Groups the rows by project and selects the first model of this project. Clears a filter that
    /// hides all of its models. Returns `false` if the project has no models.
    pub fn select_project(&mut self, project_id: &str, height: usize) -> bool {
        let of_it = |list: &Self, at: usize| list.rows.all[at].model.project.public_identifier == project_id;
        if !self.rows.by_project.iter().any(|&at| of_it(self, at)) {
            return false;
        }
        if !self.shown.iter().any(|&at| of_it(self, at)) {
            self.filter = Filter::default();
        }
        (self.order, self.reversed) = (Order::Project, false);
        self.arrange(None);
        let position = self.shown.iter().position(|&at| of_it(self, at)).unwrap_or_default();
        // All its models appear in the window, not just one row at the end.
        self.top = position;
        self.select(position, height);
        true
    }

    /// The filter has another text.
    pub fn refilter(&mut self) {
        let selected = self.selected_row();
        self.narrow(selected);
    }

    /// Sorts by `order`; by the same order again, reversed.
    pub fn sort_by(&mut self, order: Order) {
        let selected = self.selected_row();
        self.reversed = self.order == order && !self.reversed;
        self.order = order;
        self.arrange(selected);
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
        self.incoming = Rows::default();
        if !(quiet && matches!(self.fetched, Fetched::Whole)) {
            self.fetched = Fetched::Coming;
        }
    }

    /// A page came. The very first list is shown as it comes.
    pub fn page(&mut self, models: Vec<Model>) {
        if self.complete {
            self.incoming.add(models);
        } else {
            let selected = self.selected_row();
            self.rows.add(models);
            self.arrange(selected);
        }
    }

    /// The last page has come. With `outdated`, what is known of the deployments is to be read again.
    pub fn end(&mut self, now: Timestamp, outdated: bool) {
        self.fetched = Fetched::Whole;
        let same = self.complete && self.rows.same_models(&self.incoming);
        self.as_of = self.as_of.filter(|_| same).or(Some(now));
        if !self.complete {
            self.complete = true;
            return;
        }
        let selected = self.selected().map(|row| row.model.id.clone());
        let old = std::mem::replace(&mut self.rows, std::mem::take(&mut self.incoming));
        // What was known of the deployments stays in sight until it has been read again.
        for row in old.all {
            if matches!(row.deployed, Deployed::Read(_))
                && let Some(&at) = self.rows.by_id.get(row.model.id.as_str())
            {
                self.rows.all[at].deployed = row.deployed;
                self.rows.all[at].stale = row.stale || outdated;
                self.rows.all[at].read_at = row.read_at;
            }
        }
        self.arrange(selected.and_then(|id| self.rows.by_id.get(id.as_str()).copied()));
    }

    pub fn fail(&mut self, error: api::Error) {
        self.incoming = Rows::default();
        self.fetched = Fetched::Failed(error);
    }

    /// The visible models whose deployment must be read, at most `limit`. Marks them as being read.
    pub fn take_unread(&mut self, height: usize, limit: usize) -> Vec<(String, String)> {
        let top = self.top_for(height);
        let mut taken = Vec::new();
        for &at in self.shown.iter().skip(top).take(height) {
            let Some(row) = self.rows.all.get_mut(at).filter(|_| taken.len() < limit) else { break };
            let wanted = match row.deployed {
                Deployed::Unread => true,
                Deployed::Read(_) => row.stale,
                Deployed::Reading | Deployed::Failed(_) => false,
            };
            if wanted {
                row.begin_reading();
                taken.push((row.model.project.public_identifier.clone(), row.model.id.clone()));
            }
        }
        taken
    }

    /// What is known of the deployment of a model is to be read again.
    pub fn outdate_row(&mut self, model_id: &str) {
        if let Some(row) = self.row_mut(model_id) {
            row.stale = matches!(row.deployed, Deployed::Read(_));
        }
    }

    /// A model is being read out of order.
    pub fn note_reading(&mut self, model_id: &str) {
        if let Some(row) = self.row_mut(model_id) {
            row.begin_reading();
        }
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
        let top = self.top_for(height);
        let also = also.and_then(|id| self.rows.by_id.get(id));
        for &at in self.shown.iter().skip(top).take(height).chain(also) {
            if let Some(row) = self.rows.all.get_mut(at)
                && row.deployed.is_changing()
                && row.read_at.is_none_or(|read| read <= when)
                && !being_read(&row.model.id)
            {
                row.stale = true;
            }
        }
    }

    /// Whether a row in sight is changing.
    pub fn is_changing(&self, height: usize) -> bool {
        self.in_sight(height).any(|(_, row)| row.deployed.is_changing())
    }

    /// An answer about a deployment came.
    pub fn read(&mut self, model_id: &str, deployed: Deployed, now: Timestamp) {
        self.set_deployed(model_id, deployed);
        if let Some(row) = self.row_mut(model_id) {
            row.read_at = Some(now);
        }
    }

    pub fn set_deployed(&mut self, model_id: &str, deployed: Deployed) {
        let Some(row) = self.row_mut(model_id) else { return };
        row.deployed = deployed;
        row.stale = false;
        // The rows stay in place while the user looks at them: sorting follows on demand.
    }

    /// The fetch was cancelled; its rows are shown, and the next one starts over.
    pub fn give_up(&mut self) {
        self.incoming = Rows::default();
        if matches!(self.fetched, Fetched::Coming) {
            self.fetched = if self.as_of.is_some() { Fetched::Whole } else { Fetched::GivenUp };
        }
        if !self.complete {
            self.rows = Rows::default();
            self.arrange(None);
        }
    }

    fn row_mut(&mut self, model_id: &str) -> Option<&mut Row> {
        self.rows.by_id.get(model_id).and_then(|&at| self.rows.all.get_mut(at))
    }

    /// The selected row's index among all.
    fn selected_row(&self) -> Option<usize> {
        self.shown.get(self.selected).copied()
    }

    /// Sorts the rows; the row `selected` stays selected if it is still shown.
    fn arrange(&mut self, selected: Option<usize>) {
        let Rows { all, by_project, by_name, .. } = &self.rows;
        self.sorted.clear();
        self.sorted.extend(if self.order == Order::Name { by_name } else { by_project });
        match self.order {
            Order::Project | Order::Name => {}
            // Each row is looked at once, in the order of memory; comparing would jump to and fro.
            Order::Status => {
                // `None` instead of an empty text: comparing empty texts, whose pointers are
                // dangling, can take a hundred times as long as comparing others (glibc's memcmp with
                // AVX-512).
                let known = |row: &Row| !row.deployed.label().is_empty();
                let words: Vec<Option<&str>> =
                    all.iter().map(|row| known(row).then(|| row.deployed.label())).collect();
                self.sorted.sort_by_key(|at| words[*at]);
            }
            Order::Replicas => {
                let replicas: Vec<Option<i64>> = all.iter().map(Row::replicas).collect();
                self.sorted.sort_by_key(|at| replicas[*at]);
            }
        }
        if self.reversed {
            self.sorted.reverse();
        }
        self.narrow(selected);
    }

    /// Takes the rows that the filter lets through.
    fn narrow(&mut self, selected: Option<usize>) {
        let words = words(self.filter.text());
        self.shown.clear();
        if words.is_empty() {
            self.shown.extend_from_slice(&self.sorted);
        } else {
            // In the order of memory, which is much faster than in that of the list.
            let passing: Vec<bool> = self.rows.all.iter().map(|row| row.holds(&words)).collect();
            self.shown.extend(self.sorted.iter().filter(|at| passing[**at]));
        }
        let kept = selected.and_then(|row| self.shown.iter().position(|&shown| shown == row));
        self.selected = kept.unwrap_or(self.selected).min(self.shown.len().saturating_sub(1));
    }
}
