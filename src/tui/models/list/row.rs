//! One listed model and what is known about it.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::tui::list::{self, Column, Key, Width};
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
        self.deployment().is_some_and(|deployment| deployment.state().is_changing())
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
    /// `project/name` in lower case, for the order.
    path: Box<str>,
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
        let mut path = project.name.to_lowercase();
        path.push('/');
        let name_at = u32::try_from(path.len()).unwrap_or(0);
        path.push_str(&name.to_lowercase());
        let model = ListedModel { id, name, description, access_key, auth_enabled, project };
        let path = path.into_boxed_str();
        Self { model, deployed: Deployed::Unread, stale: false, read_at: None, path, name_at }
    }

    fn name_key(&self) -> &str {
        self.path.get(self.name_at as usize..).unwrap_or_default()
    }

    /// `on` or `off`
    pub fn authentication(&self) -> &'static str {
        if self.model.auth_enabled { "on" } else { "off" }
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

/// Columns, by index.
pub const PROJECT: usize = 0;
pub const MODEL: usize = 1;
const AUTH: usize = 2;
const STATUS: usize = 3;
const REPLICAS: usize = 4;

impl list::Row for Row {
    const NAME: &'static str = "models";
    const COLUMNS: &'static [Column] = &[
        Column::new("PROJECT", Width::Fill(10)).ends(),
        Column::new("MODEL", Width::Fill(8)).ends(),
        Column::new("AUTH", Width::Fixed(4)).unsorted(),
        Column::new("STATUS", Width::Fixed(14)),
        Column::new("REPLICAS", Width::Fixed(8)),
    ];
    const KEPT: &'static [usize] = &[PROJECT, MODEL];
    const FIRST: Option<usize> = Some(PROJECT);

    fn id(&self) -> &str {
        &self.model.id
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        add(PROJECT, &self.model.project.name);
        // The whole of a model's name, as commands take it.
        add(MODEL, &self.path());
        add(AUTH, self.authentication());
        add(STATUS, self.deployed.label());
        if let Some(replicas) = self.replicas() {
            add(REPLICAS, &replicas.to_string());
        }
    }

    fn filling(&self, column: usize) -> &str {
        match column {
            PROJECT => &self.model.project.name,
            MODEL => &self.model.name,
            _ => "",
        }
    }

    fn key(&self, column: usize) -> Key<'_> {
        match column {
            PROJECT => Key::Text(&self.path),
            MODEL => Key::Text(self.name_key()),
            STATUS => self.deployed.label().into(),
            _ => self.replicas().map_or(Key::None, Key::Number),
        }
    }

    /// Equal ones by project, name and id.
    fn order(&self, other: &Self, column: usize) -> Ordering {
        self.key(column)
            .cmp(&other.key(column))
            .then_with(|| self.path.cmp(&other.path))
            .then_with(|| self.model.id.cmp(&other.model.id))
    }

    /// Within one list it is the same.
    fn renew(&mut self, _newer: Self) -> bool {
        false
    }
}

/// The columns where there is little room.
pub const NARROW: [Column; 5] = [
    Column::new("PROJECT", Width::Fill(8)).ends(),
    Column::new("MODEL", Width::Fill(8)).ends(),
    Column::new("AUTH", Width::Fixed(4)).unsorted(),
    Column::new("STATUS", Width::Fixed(11)),
    Column::new("REPL", Width::Fixed(4)),
];
