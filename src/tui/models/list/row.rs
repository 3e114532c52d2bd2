//! One listed model and what is known about it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::wire::{Model, ModelBuild, ModelDeployment, ShortProject};

/// What is known about a model's deployment.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Deployed {
    #[default]
    Unread,
    Reading,
    /// The model's current deployment; `None` if it was never deployed.
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

    /// A label for a table.
    pub fn label(&self) -> &str {
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

/// The part of a listed model that is kept: a long list must not keep everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    pub id: String,
    pub name: String,
    pub description: String,
    pub access_key: String,
    pub auth_enabled: bool,
    pub project: Arc<ShortProject>,
}

impl ListedModel {
    /// As a message of the wire, with what was kept.
    pub fn to_wire(&self) -> Model {
        Model {
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            access_key: self.access_key.clone(),
            auth_enabled: self.auth_enabled,
            project: ShortProject::clone(&self.project),
            ..Model::default()
        }
    }
}

/// A model and what is known about it.
#[derive(Debug, Clone)]
pub struct Row {
    pub model: ListedModel,
    pub deployed: Deployed,
    /// Known from before a refresh: to be read again when in sight.
    pub(super) stale: bool,
    /// When the deployment was read last.
    pub(super) read_at: Option<Timestamp>,
    /// `project/name` in lower case, for the filter and the order.
    pub(super) search: Box<str>,
    /// Where the name starts in it.
    name_at: u32,
}

impl Row {
    pub(super) fn new(model: Model, projects: &mut HashMap<String, Arc<ShortProject>>) -> Self {
        let Model { id, name, description, access_key, auth_enabled, project, .. } = model;
        let project = match projects.get(&project.public_identifier) {
            Some(known) => Arc::clone(known),
            None => {
                let project = Arc::new(project);
                projects.insert(project.public_identifier.clone(), Arc::clone(&project));
                project
            }
        };
        let mut search = project.name.to_lowercase();
        search.push('/');
        let name_at = u32::try_from(search.len()).unwrap_or(0);
        search.push_str(&name.to_lowercase());
        let model = ListedModel { id, name, description, access_key, auth_enabled, project };
        let search = search.into_boxed_str();
        Self { model, deployed: Deployed::Unread, stale: false, read_at: None, search, name_at }
    }

    /// The sort key if the order is by name.
    pub(super) fn name_key(&self) -> &str {
        self.search.get(self.name_at as usize..).unwrap_or_default()
    }

    /// Whether `project/name` contains all of `words`, in lower case.
    pub(super) fn holds(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.search.contains(word.as_str()))
    }

    /// Its deployment is being read; what was known of it stays in sight meanwhile.
    pub(super) fn begin_reading(&mut self) {
        self.stale = false;
        if self.deployed == Deployed::Unread {
            self.deployed = Deployed::Reading;
        }
    }

    /// Whether to read the deployment again.
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
