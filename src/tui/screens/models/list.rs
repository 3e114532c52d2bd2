//! The list of models: what is known of each, which are shown, and which is selected.
//!
//! Rows are kept once; filter and order are a vector of indexes, so that moving costs the same
//! for seven models and for a hundred thousand. Deployments are read for the rows in sight only.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::api;
use crate::wire::{Model, ModelBuild, ModelDeployment};

/// What is known about where a model runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Deployed {
    #[default]
    Unread,
    Reading,
    /// The deployment that stands for the model; `None` where it was never deployed.
    Read(Option<Box<(ModelBuild, ModelDeployment)>>),
    Failed(String),
}

impl Deployed {
    pub fn deployment(&self) -> Option<&ModelDeployment> {
        match self {
            Self::Read(Some(found)) => Some(&found.1),
            _ => None,
        }
    }

    pub fn build(&self) -> Option<&ModelBuild> {
        match self {
            Self::Read(Some(found)) => Some(&found.0),
            _ => None,
        }
    }

    /// One word for a table.
    pub fn word(&self) -> &str {
        match self {
            Self::Unread | Self::Reading => "",
            Self::Read(None) => "not deployed",
            Self::Read(Some(found)) if found.1.status.is_empty() => "unknown",
            Self::Read(Some(found)) => &found.1.status,
            Self::Failed(_) => "unknown",
        }
    }

    /// Whether the status will change by itself soon.
    pub fn is_changing(&self) -> bool {
        self.deployment().is_some_and(|d| matches!(d.status.as_str(), "pending" | "deploying" | "stopping"))
    }
}

/// A model and what is known of it.
#[derive(Debug, Clone)]
pub struct Row {
    pub model: Model,
    pub deployed: Deployed,
    /// Known from before a refresh: to be read again when in sight.
    stale: bool,
    /// When the deployment was read last.
    read_at: Option<Timestamp>,
    /// `project/name` in lower case, for the filter and the order.
    search: String,
}

impl Row {
    fn new(model: Model) -> Self {
        let search = format!("{}/{}", model.project.name, model.name).to_lowercase();
        Self { model, deployed: Deployed::Unread, stale: false, read_at: None, search }
    }

    /// Whether what is known of the deployment is to be read again.
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// How many replicas the deployment has, if there is one.
    pub fn replicas(&self) -> Option<i64> {
        self.deployed.deployment().map(|deployment| deployment.replicas.0)
    }

    /// `churn-prod/add`, as commands take it.
    pub fn path(&self) -> String {
        format!("{}/{}", self.model.project.name, self.model.name)
    }
}

/// What the rows are sorted by. Equal ones stand by project and name.
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

    pub fn word(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Name => "model",
            Self::Status => "status",
            Self::Replicas => "replicas",
        }
    }
}

/// Whose models are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListScope {
    /// Those that the workbench lists for the user, over all projects.
    #[default]
    Mine,
    /// Those of every project that the user sees, public ones among them.
    Public,
    /// Those of every project of the site, for administrators.
    All,
}

impl ListScope {
    pub fn next(self) -> Self {
        match self {
            Self::Mine => Self::Public,
            Self::Public => Self::All,
            Self::All => Self::Mine,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Public => "with public ones",
            Self::All => "all of the site",
        }
    }
}

/// How far the list has been fetched.
#[derive(Debug, Clone, Default)]
pub enum Fetched {
    #[default]
    Never,
    /// Pages are still coming.
    Coming,
    At(Timestamp),
    /// What was fetched before stays in sight.
    Failed(api::Error),
}

/// All models that the user sees.
#[derive(Debug, Default)]
pub struct ModelList {
    rows: Vec<Row>,
    /// Rows of a refresh that has not come to its end.
    incoming: Vec<Row>,
    by_id: HashMap<String, usize>,
    shown: Vec<usize>,
    selected: usize,
    /// The first row in sight.
    top: usize,
    filter: String,
    order: Order,
    reversed: bool,
    /// A whole list has been fetched once.
    complete: bool,
    pub fetched: Fetched,
}

impl ModelList {
    pub fn total(&self) -> usize {
        self.rows.len()
    }

    /// How many rows the filter lets through.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    pub fn filter(&self) -> &str {
        &self.filter
    }

    pub fn order(&self) -> (Order, bool) {
        (self.order, self.reversed)
    }

    pub fn selected_at(&self) -> usize {
        self.selected
    }

    pub fn selected(&self) -> Option<&Row> {
        self.rows.get(*self.shown.get(self.selected)?)
    }

    pub fn row(&self, model_id: &str) -> Option<&Row> {
        self.rows.get(*self.by_id.get(model_id)?)
    }

    /// All rows, in no useful order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows in sight of a list `height` rows high, with their positions.
    pub fn in_sight(&self, height: usize) -> impl Iterator<Item = (usize, &Row)> {
        let top = self.top_for(height);
        self.shown.iter().enumerate().skip(top).take(height).map(|(at, &row)| (at, &self.rows[row]))
    }

    /// Where the window must begin so that the selection is in it.
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
        let Some(&row) = self.by_id.get(model_id) else { return false };
        let Some(position) = self.shown.iter().position(|&shown| shown == row) else { return false };
        self.select(position, height);
        true
    }

    pub fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.filter);
        self.arrange();
    }

    /// Sorts by `order`; by the same one again, the other way round.
    pub fn sort_by(&mut self, order: Order) {
        self.reversed = self.order == order && !self.reversed;
        self.order = order;
        self.arrange();
    }

    /// A fetch begins. What is there stays until the new list is complete.
    pub fn begin(&mut self) {
        self.incoming.clear();
        self.fetched = Fetched::Coming;
    }

    /// A page came. The very first list is shown as it comes.
    pub fn page(&mut self, models: Vec<Model>) {
        let rows = models.into_iter().map(Row::new);
        if self.complete {
            self.incoming.extend(rows);
        } else {
            self.rows.extend(rows);
            self.arrange();
        }
    }

    /// The last page has come.
    pub fn end(&mut self, now: Timestamp) {
        if self.complete {
            let old = std::mem::replace(&mut self.rows, std::mem::take(&mut self.incoming));
            // What was known of the deployments stays in sight until it has been read again.
            let known: HashMap<String, Deployed> =
                old.into_iter().map(|row| (row.model.id, row.deployed)).collect();
            for row in &mut self.rows {
                if let Some(deployed @ Deployed::Read(_)) = known.get(&row.model.id) {
                    row.deployed = deployed.clone();
                    row.stale = true;
                }
            }
        }
        self.complete = true;
        self.fetched = Fetched::At(now);
        self.arrange();
    }

    pub fn fail(&mut self, error: api::Error) {
        self.incoming.clear();
        self.fetched = Fetched::Failed(error);
    }

    /// The models in sight whose deployment is to be read now: `limit` at most. They count as
    /// being read from here on.
    pub fn take_unread(&mut self, height: usize, limit: usize) -> Vec<(String, String)> {
        let top = self.top_for(height);
        let mut taken = Vec::new();
        for &at in self.shown.iter().skip(top).take(height) {
            let Some(row) = self.rows.get_mut(at).filter(|_| taken.len() < limit) else { break };
            let wanted = match row.deployed {
                Deployed::Unread => true,
                Deployed::Read(_) => row.stale,
                Deployed::Reading | Deployed::Failed(_) => false,
            };
            if wanted {
                row.stale = false;
                if row.deployed == Deployed::Unread {
                    row.deployed = Deployed::Reading;
                }
                taken.push((row.model.project.public_identifier.clone(), row.model.id.clone()));
            }
        }
        taken
    }

    /// A model is being read out of order.
    pub fn note_reading(&mut self, model_id: &str) {
        let Some(row) = self.by_id.get(model_id).and_then(|&at| self.rows.get_mut(at)) else { return };
        row.stale = false;
        if row.deployed == Deployed::Unread {
            row.deployed = Deployed::Reading;
        }
    }

    /// Rows in sight that are changing and were read before `when` are to be read again.
    /// So is the model `also`, which may be out of sight.
    pub fn watch(
        &mut self,
        height: usize,
        also: Option<&str>,
        when: Timestamp,
        being_read: impl Fn(&str) -> bool,
    ) {
        let top = self.top_for(height);
        let also = also.and_then(|id| self.by_id.get(id));
        for &at in self.shown.iter().skip(top).take(height).chain(also) {
            if let Some(row) = self.rows.get_mut(at)
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
        if let Some(row) = self.by_id.get(model_id).and_then(|&at| self.rows.get_mut(at)) {
            row.read_at = Some(now);
        }
    }

    pub fn set_deployed(&mut self, model_id: &str, deployed: Deployed) {
        let Some(row) = self.by_id.get(model_id).and_then(|&at| self.rows.get_mut(at)) else { return };
        row.deployed = deployed;
        row.stale = false;
        // The rows keep their places while one looks at them: sorting follows on demand.
    }

    /// The fetch was given up; what came is shown, and the next one begins anew.
    pub fn give_up(&mut self) {
        self.incoming.clear();
        if matches!(self.fetched, Fetched::Coming) {
            self.fetched = Fetched::Never;
        }
        if !self.complete {
            self.rows.clear();
            self.arrange();
        }
    }

    /// Filters and sorts; the same model stays selected where it is still shown.
    fn arrange(&mut self) {
        let selected = self.selected().map(|row| row.model.id.clone());
        let words: Vec<String> = self.filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let rows = &self.rows;
        let passes = |row: &Row| words.iter().all(|word| row.search.contains(word));
        self.shown = (0..rows.len()).filter(|&at| passes(&rows[at])).collect();
        let place = |at: &usize| (&rows[*at].search, &rows[*at].model.id);
        self.shown.sort_by(|a, b| {
            let (x, y) = (&rows[*a], &rows[*b]);
            let first = match self.order {
                Order::Project => std::cmp::Ordering::Equal,
                Order::Name => x.model.name.to_lowercase().cmp(&y.model.name.to_lowercase()),
                Order::Status => x.deployed.word().cmp(y.deployed.word()),
                Order::Replicas => x.replicas().cmp(&y.replicas()),
            };
            first.then_with(|| place(a).cmp(&place(b)))
        });
        if self.reversed {
            self.shown.reverse();
        }
        self.by_id = rows.iter().enumerate().map(|(at, row)| (row.model.id.clone(), at)).collect();
        let kept = selected.and_then(|id| {
            let row = *self.by_id.get(&id)?;
            self.shown.iter().position(|&shown| shown == row)
        });
        self.selected = kept.unwrap_or(self.selected).min(self.shown.len().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ShortProject, Whole};

    pub fn model(project: &str, name: &str) -> Model {
        Model {
            id: format!("{project}-{name}"),
            name: name.to_owned(),
            project: ShortProject {
                public_identifier: project.to_owned(),
                name: project.to_owned(),
                ..ShortProject::default()
            },
            ..Model::default()
        }
    }

    fn demo() -> ModelList {
        let mut list = ModelList::default();
        list.begin();
        list.page(vec![model("playground", "echo"), model("churn-prod", "slow"), model("churn-prod", "add")]);
        list.page(vec![model("fraud-lab", "score")]);
        list.end(Timestamp::UNIX_EPOCH);
        list
    }

    fn shown(list: &ModelList) -> Vec<String> {
        list.in_sight(100).map(|(_, row)| row.path()).collect()
    }

    fn deployed(status: &str, replicas: i64) -> Deployed {
        let deployment = ModelDeployment {
            status: status.to_owned(),
            replicas: Whole(replicas),
            ..ModelDeployment::default()
        };
        Deployed::Read(Some(Box::new((ModelBuild::default(), deployment))))
    }

    #[test]
    fn rows_stand_by_project_and_filter_by_every_word() {
        let mut list = demo();
        assert_eq!(shown(&list), ["churn-prod/add", "churn-prod/slow", "fraud-lab/score", "playground/echo"]);
        list.set_filter("prod SL");
        assert_eq!(shown(&list), ["churn-prod/slow"]);
        list.set_filter("nothing");
        assert!(list.selected().is_none());
        list.move_by(1, 10);
        list.set_filter("");
        assert_eq!(list.len(), 4);
    }

    #[test]
    fn the_selected_model_stays_selected() {
        let mut list = demo();
        list.select_model("fraud-lab-score", 10);
        list.sort_by(Order::Name);
        assert_eq!(list.selected().unwrap().path(), "fraud-lab/score");
        list.begin();
        list.page(vec![model("fraud-lab", "score"), model("aaa", "first")]);
        assert_eq!(list.len(), 4, "the old list stays until the new one is complete");
        list.end(Timestamp::UNIX_EPOCH);
        assert_eq!(list.selected().unwrap().path(), "fraud-lab/score");
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn deployments_are_read_for_the_rows_in_sight_and_once() {
        let mut list = demo();
        let ids = |taken: Vec<(String, String)>| taken.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
        assert_eq!(ids(list.take_unread(3, 2)), ["churn-prod-add", "churn-prod-slow"]);
        assert_eq!(ids(list.take_unread(3, 2)), ["fraud-lab-score"]);
        assert!(list.take_unread(3, 2).is_empty());
        list.select(3, 3);
        assert_eq!(ids(list.take_unread(3, 8)), ["playground-echo"]);
        list.set_deployed("playground-echo", Deployed::Unread);
        assert_eq!(list.take_unread(3, 8).len(), 1, "what was given up is read again");
        list.set_deployed("fraud-lab-score", deployed("deploying", 2));
        assert!(list.row("fraud-lab-score").unwrap().deployed.is_changing());
        assert!(list.take_unread(3, 8).is_empty());
    }

    #[test]
    fn a_refresh_reads_known_deployments_again_and_shows_them_meanwhile() {
        let mut list = demo();
        list.set_deployed("churn-prod-add", deployed("deployed", 2));
        list.begin();
        list.page(vec![model("churn-prod", "add")]);
        list.end(Timestamp::UNIX_EPOCH);
        assert_eq!(list.row("churn-prod-add").unwrap().deployed.word(), "deployed");
        assert_eq!(list.take_unread(3, 8).len(), 1);
        assert_eq!(list.row("churn-prod-add").unwrap().deployed.word(), "deployed");
        assert!(list.take_unread(3, 8).is_empty());
    }

    #[test]
    fn sorting_by_replicas_and_round() {
        let mut list = demo();
        list.set_deployed("playground-echo", deployed("deployed", 2));
        list.set_deployed("churn-prod-slow", deployed("deployed", 1));
        list.sort_by(Order::Replicas);
        assert_eq!(shown(&list)[3], "playground/echo");
        list.sort_by(Order::Replicas);
        assert_eq!(shown(&list)[..2], ["playground/echo", "churn-prod/slow"]);
    }

    #[test]
    fn the_window_follows_the_selection() {
        let mut list = ModelList::default();
        list.begin();
        list.page((0..50).map(|n| model("p", &format!("m{n:02}"))).collect());
        list.end(Timestamp::UNIX_EPOCH);
        list.move_by(12, 10);
        assert_eq!(list.in_sight(10).next().unwrap().0, 3);
        list.move_by(-5, 10);
        assert_eq!(list.in_sight(10).next().unwrap().0, 3, "it scrolls only when it must");
        list.move_by(-7, 10);
        assert_eq!(list.in_sight(10).next().unwrap().0, 0);
        list.move_by(1000, 10);
        assert_eq!(list.in_sight(10).last().unwrap().0, 49);
        assert_eq!(list.in_sight(100).count(), 50, "a window that grew leaves no row out");
    }
}
