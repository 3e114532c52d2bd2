//! What is known about the projects of the models.

use std::collections::{HashMap, HashSet};

use crate::api;
use crate::tui::call::Call;
use crate::tui::effect::Effect;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::wire::{Project, ShortProject};

/// The projects, by id.
#[derive(Debug, Default)]
pub struct Projects {
    known: HashMap<String, Project>,
    /// Could not be read: not asked for again until a refresh.
    unreadable: HashSet<String>,
    reading: Option<RequestId>,
}

impl Projects {
    pub fn get(&self, id: &str) -> Option<&Project> {
        self.known.get(id)
    }

    /// All that are known whole.
    pub fn all(&self) -> impl Iterator<Item = &Project> {
        self.known.values()
    }

    /// A page of a list came.
    pub fn page(&mut self, projects: Vec<Project>) {
        self.known.extend(projects.into_iter().map(|project| (project.id.clone(), project)));
    }

    /// Projects that could not be read are requested again.
    pub fn refresh(&mut self) {
        self.unreadable.clear();
    }

    /// Reads a project that is not known yet; one at a time.
    pub fn read(&mut self, shared: &mut Shared, project: &ShortProject) -> Option<Effect> {
        let id = &project.public_identifier;
        if self.reading.is_some() || self.known.contains_key(id) || self.unreadable.contains(id) {
            return None;
        }
        let what = format!("reading the project {}", project.name);
        let (request, effect) = shared.start(Kind::Read, what, Call::Project { project_id: id.clone() });
        self.reading = Some(request);
        Some(effect)
    }

    /// A project was read.
    pub fn take(&mut self, id: String, project: Result<Box<Project>, api::Error>) {
        self.reading = None;
        match project {
            Ok(project) => {
                self.known.insert(id, *project);
            }
            Err(_) => {
                self.unreadable.insert(id);
            }
        }
    }

    /// A request whose answer is not wanted any more counts as never made.
    pub fn forget(&mut self, gone: impl Fn(&RequestId) -> bool) {
        self.reading = self.reading.filter(|id| !gone(id));
    }
}
