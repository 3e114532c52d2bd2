//! The list of models: its rows, what is fetched when, and how it is drawn.
//!
//! | file | what it holds |
//! |---|---|
//! | [`model_list`], [`row`] | the list as it comes, page by page; one of its rows |
//! | [`projects`] | what is known about the projects |
//! | [`view`] | how the list looks |
//! | `tab` | what commands and answers mean for it |

pub mod model_list;
pub mod projects;
pub mod row;
mod tab;
#[cfg(test)]
mod tests;
pub mod view;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use self::model_list::{Fetched, ModelList};
use self::projects::Projects;
use self::row::{Deployed, Row};
use crate::actions::models::Built;
use crate::api;
use crate::text;
use crate::tui::call::{BuildCall, Call, ListScope};
use crate::tui::effect::Effects;
use crate::tui::event::Listing;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::wire::{ModelBuild, ModelDeployment};

/// Requests for deployments in flight at a time.
const AT_A_TIME: usize = 8;
/// How long a deployment that is changing is left alone before it is read again.
const WATCH: SignedDuration = SignedDuration::from_secs(2);

/// The list, and the requests for it.
#[derive(Debug, Default)]
pub struct ListPane {
    pub models: ModelList,
    pub projects: Projects,
    pub scope: ListScope,
    listing: Option<RequestId>,
    /// When it was asked for last.
    asked_at: Option<Timestamp>,
    /// The list that comes outdates what is known of the deployments.
    outdated: bool,
    /// Deployments being read: request and model.
    reading: HashMap<RequestId, String>,
    /// Deployments that were made here, by model, until they are at rest: on the way through a model's
    /// builds the one that they replace would be found.
    followed: HashMap<String, Built>,
}

impl ListPane {
    /// The model that commands are about: the `open` one, else the selected one.
    pub fn subject(&self, open: Option<&str>) -> Option<&Row> {
        match open {
            Some(id) => self.models.row(id),
            None => self.models.selected(),
        }
    }

    /// Asks for everything again.
    pub fn refresh(&mut self, shared: &mut Shared) -> Effects {
        if !shared.session.signed_in || self.listing.is_some() {
            return Effects::new();
        }
        self.models.begin(shared.quiet);
        self.projects.refresh();
        let call = Call::ListModels { scope: self.scope };
        let (id, effect) = shared.start(Kind::Read, "listing the models", call);
        (self.listing, self.asked_at) = (Some(id), Some(shared.now));
        vec![effect]
    }

    /// Asks for the list again that comes into sight, unless it is as recent as those that stay there.
    pub fn catch_up(&mut self, shared: &mut Shared) -> Effects {
        let interval = shared.preferences.refresh.filter(|_| shared.session.contacts.is_up());
        let due = interval.and_then(|interval| self.asked_at?.checked_add(interval).ok());
        match due.is_some_and(|due| due <= shared.now) {
            true => shared.quietly(|shared| self.refresh(shared)),
            false => Effects::new(),
        }
    }

    /// Looks at what is in sight again, which nobody asked for: the list, where `listed` has so many rows of
    /// it in sight, and the deployments of the model that commands are about and of the one that was read
    /// longest ago; with `all`, every deployment in sight.
    pub fn look_again(
        &mut self,
        shared: &mut Shared,
        listed: Option<usize>,
        all: bool,
        open: Option<&str>,
    ) -> Effects {
        if let Some(id) = self.subject(open).map(|row| row.model.id.clone()) {
            self.models.outdate_row(&id);
        }
        self.outdated = all;
        let Some(rows) = listed else { return Effects::new() };
        self.models.outdate_oldest(rows);
        self.refresh(shared)
    }

    /// For a search from elsewhere: fetches a list that was never fetched, and with `again` also one
    /// whose fetching failed.
    pub fn prepare(&mut self, shared: &mut Shared, again: bool) -> Effects {
        match self.models.fetched {
            Fetched::Never => self.refresh(shared),
            Fetched::GivenUp | Fetched::Failed(_) if again => self.refresh(shared),
            _ => Effects::new(),
        }
    }

    /// Other models are wanted: mine, with public ones, all.
    pub fn next_scope(&mut self) {
        self.scope = self.scope.next();
        self.models.outdate();
    }

    /// Fetches what is visible and unknown: deployments of the `rows` visible rows, and the project
    /// of the model that commands apply to.
    pub fn read_what_is_in_sight(&mut self, shared: &mut Shared, rows: usize, open: Option<&str>) -> Effects {
        let mut effects = Effects::new();
        if !shared.session.signed_in {
            return effects;
        }
        let free = AT_A_TIME.saturating_sub(self.reading.len());
        let mut wanted = self.models.take_unread(rows, free);
        // An open model may have been filtered out of sight.
        if let Some(row) = self.subject(open)
            && (row.deployed == Deployed::Unread || row.is_stale())
            && wanted.len() < free
            && !wanted.iter().any(|(_, id)| *id == row.model.id)
        {
            let model_id = row.model.id.clone();
            wanted.push((row.model.project.public_identifier.clone(), model_id.clone()));
            self.models.note_reading(&model_id);
        }
        for (project_id, model_id) in wanted {
            let call = match self.followed.get(&model_id) {
                Some(built) => Call::Builds(BuildCall::Look {
                    project_id,
                    model_id: model_id.clone(),
                    built: vec![built.clone()],
                }),
                None => Call::Deployment { project_id, model_id: model_id.clone() },
            };
            let (id, effect) = shared.start(Kind::Read, "reading deployments", call);
            self.reading.insert(id, model_id);
            effects.push(effect);
        }
        let project = self.subject(open).map(|row| Arc::clone(&row.model.project));
        effects.extend(project.and_then(|project| self.projects.read(shared, &project)));
        effects
    }

    /// The last page of the list came, or why it did not.
    pub fn listed(&mut self, shared: &mut Shared, done: Result<(), api::Error>) {
        self.listing = None;
        match done {
            Ok(()) => self.models.end(shared.now, !shared.quiet || std::mem::take(&mut self.outdated)),
            Err(error) => {
                // An empty list has the room to say it itself.
                if self.models.total() > 0 {
                    shared.notices.failed(shared.now, &error);
                }
                self.models.fail(error);
            }
        }
    }

    /// An answer about a deployment came.
    pub fn deployment(
        &mut self,
        shared: &Shared,
        id: RequestId,
        model_id: &str,
        found: Result<Option<Box<(ModelBuild, ModelDeployment)>>, api::Error>,
    ) {
        self.reading.remove(&id);
        let deployed = match found {
            Ok(found) => Deployed::Read(found),
            Err(error) => Deployed::Failed(error.to_string()),
        };
        self.models.read(model_id, deployed, shared.now);
    }

    /// A model has a new build or another deployment: `made` is followed, anything else is read again.
    pub fn deployment_changed(&mut self, shared: &Shared, model_id: &str, made: Option<&Built>) {
        match made {
            Some(made) => self.follow(shared, model_id, made.clone()),
            None => {
                self.followed.remove(model_id);
                self.models.outdate_row(model_id);
            }
        }
    }

    fn follow(&mut self, shared: &Shared, model_id: &str, built: Built) {
        let Built { build, deployment: Some(deployment) } = &built else { return };
        let found = Some(Box::new((build.clone(), deployment.clone())));
        self.models.read(model_id, Deployed::Read(found), shared.now);
        if built.is_changing() {
            self.followed.insert(model_id.to_owned(), built);
        } else {
            self.followed.remove(model_id);
        }
    }

    /// An answer about a deployment that is followed came.
    pub fn looked(
        &mut self,
        shared: &Shared,
        id: RequestId,
        model_id: &str,
        answer: Result<Vec<Built>, api::Error>,
    ) {
        self.reading.remove(&id);
        match answer.map(|mut built| built.pop()) {
            Ok(Some(built)) => self.follow(shared, model_id, built),
            Ok(None) | Err(_) => {
                self.followed.remove(model_id);
                self.models.set_deployed(model_id, Deployed::Unread);
            }
        }
    }

    /// Forgets requests that were cancelled, by leaving the tab or by the user, as if they were never
    /// made.
    pub fn forget(&mut self, gone: impl Fn(&RequestId) -> bool) {
        let unread: Vec<_> = self.reading.extract_if(|id, _| gone(id)).map(|(_, model)| model).collect();
        for model_id in unread {
            self.models.set_deployed(&model_id, Deployed::Unread);
        }
        self.projects.forget(&gone);
        if self.listing.as_ref().is_some_and(gone) {
            self.listing = None;
            self.models.give_up();
        }
    }

    /// Whether something in sight changes by itself, so that it is to be looked at again.
    pub fn watches(&self, shared: &Shared, rows: usize, open: Option<&str>) -> bool {
        shared.session.signed_in && self.models.is_changing(rows)
            || self.subject(open).is_some_and(|row| row.deployed.is_changing())
    }

    /// What changes and was not read for a while is to be read again.
    pub fn tick(&mut self, shared: &Shared, rows: usize, open: Option<&str>) {
        let Ok(before) = shared.now.checked_sub(WATCH) else { return };
        let subject = self.subject(open).map(|row| row.model.id.clone());
        let being_read = |id: &str| self.reading.values().any(|reading| reading == id);
        self.models.watch(rows, subject.as_deref(), before, being_read);
    }

    /// Whether the list is asked for, and has not come whole.
    pub fn is_coming(&self) -> bool {
        self.listing.is_some()
    }

    /// How far the list has come, for those who search it.
    pub fn state(&self) -> Listing {
        match &self.models.fetched {
            Fetched::Never | Fetched::GivenUp => Listing::Unread,
            Fetched::Coming => Listing::Reading,
            Fetched::Failed(error) => Listing::Failed(error.to_string()),
            Fetched::Whole => Listing::Complete(self.scope.label()),
        }
    }

    /// `3 of 7 models`, for the title.
    fn count(&self) -> String {
        let all = text::count(self.models.total(), "model", "models");
        let shown = self.models.list.state.len();
        if shown == self.models.total() { all } else { format!("{shown} of {all}") }
    }
}
