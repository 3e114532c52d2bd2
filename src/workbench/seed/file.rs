//! Seed files: users, keys, projects, models and settings for an empty data directory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::bounded;
use crate::expiry::DEFAULT_LIFE_DAYS;
use crate::text::toml::Mistake;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION};
use crate::workbench::functions::Builtin;
use crate::workbench::rights::Permission;

/// The version of seed files that this program reads.
const VERSION: u32 = 1;
/// Most replicas of a model.
const REPLICAS: u32 = 64;

/// The seed file of the demo.
const DEMO: &str = include_str!("../../../assets/seed.example.toml");

/// Why a seed file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedFileError {
    #[error("the seed file {} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the seed file {} is invalid: {mistake}", path.display())]
    Malformed { path: PathBuf, mistake: Mistake },
    #[error("the seed file {} is invalid: {detail}", path.display())]
    Invalid { path: PathBuf, detail: String },
}

/// The content of a seed file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedFile {
    version: u32,
    #[serde(default = "default_days")]
    pub expiration_days: u32,
    #[serde(default)]
    pub settings: Map<String, Value>,
    #[serde(rename = "user")]
    pub users: Vec<User>,
    #[serde(default, rename = "project")]
    pub projects: Vec<Project>,
}

fn default_days() -> u32 {
    DEFAULT_LIFE_DAYS
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub name: String,
    #[serde(default)]
    pub full_name: String,
    #[serde(default)]
    pub admin: bool,
    #[serde(default, rename = "key")]
    pub keys: Vec<Key>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub comment: String,
    #[serde(default = "for_the_api")]
    pub audiences: Vec<String>,
    pub created: Option<Day>,
    pub expires: Day,
}

fn for_the_api() -> Vec<String> {
    vec![AUDIENCE_API.to_owned()]
}

/// A day: this many from today, or a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Day {
    FromToday(i64),
    Date(Date),
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let days = text.strip_suffix('d').and_then(|days| days.parse().ok()).map(Self::FromToday);
        let days = days.filter(|day| matches!(day, Self::FromToday(-36_500..=36_500)));
        days.or_else(|| text.parse().ok().map(Self::Date))
            .ok_or_else(|| format!("{text:?} is not a date; write +90d, -7d or 2027-01-31"))
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    pub name: String,
    pub owner: String,
    #[serde(default = "private")]
    pub visibility: String,
    #[serde(default)]
    pub description: String,
    /// User and permission.
    #[serde(default)]
    pub collaborators: BTreeMap<String, String>,
    /// A folder beside the seed file.
    pub files: Option<PathBuf>,
    #[serde(default, rename = "model")]
    pub models: Vec<Model>,
}

fn private() -> String {
    "private".to_owned()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub builtin: Option<String>,
    pub file: Option<String>,
    pub function: Option<String>,
    #[serde(default = "one")]
    pub replicas: u32,
    #[serde(default = "yes")]
    pub authentication: bool,
    #[serde(default = "yes")]
    pub deployed: bool,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl SeedFile {
    /// The demo.
    pub fn demo() -> Result<Self, SeedFileError> {
        Self::read(DEMO, Path::new("seed.example.toml"))
    }

    pub fn load(path: &Path) -> Result<Self, SeedFileError> {
        let text = bounded::read_named_text(path)
            .map_err(|source| SeedFileError::Unreadable { path: path.to_owned(), source })?;
        let mut file = Self::read(&text, path)?;
        let beside = path.parent().unwrap_or(Path::new(""));
        for files in file.projects.iter_mut().filter_map(|project| project.files.as_mut()) {
            *files = beside.join(&*files);
            if !files.is_dir() {
                let detail = format!("there is no folder {}", files.display());
                return Err(SeedFileError::Invalid { path: path.to_owned(), detail });
            }
        }
        Ok(file)
    }

    fn read(text: &str, path: &Path) -> Result<Self, SeedFileError> {
        let file: Self = toml::from_str(text).map_err(|error| SeedFileError::Malformed {
            path: path.to_owned(),
            mistake: Mistake::of(text, &error),
        })?;
        match file.problem() {
            None => Ok(file),
            Some(detail) => Err(SeedFileError::Invalid { path: path.to_owned(), detail }),
        }
    }

    fn problem(&self) -> Option<String> {
        if self.version != VERSION {
            return Some(format!("it must say `version = {VERSION}`"));
        }
        if !self.users.iter().any(|user| user.admin) {
            return Some("one user must be admin".to_owned());
        }
        if let Some(twice) = repeated(self.users.iter().map(|user| user.name.as_str())) {
            return Some(format!("there are two users {twice:?}"));
        }
        let slugs: Vec<_> =
            self.projects.iter().map(|project| format!("{}/{}", project.owner, project.name)).collect();
        if let Some(twice) = repeated(slugs.iter().map(String::as_str)) {
            return Some(format!("there are two projects {twice:?}"));
        }
        let users = self.users.iter().find_map(User::problem);
        users.or_else(|| self.projects.iter().find_map(|project| project.problem(&self.users)))
    }
}

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// Names go into paths of URLs.
fn is_user_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    (1..=64).contains(&name.len()) && name.chars().all(fits) && !name.starts_with('.')
}

impl User {
    fn problem(&self) -> Option<String> {
        if !is_user_name(&self.name) {
            return Some(format!("{:?} is not a user name; it has letters, digits and - _ . @", self.name));
        }
        let audiences = self.keys.iter().flat_map(|key| &key.audiences);
        let known = [AUDIENCE_API, AUDIENCE_APPLICATION];
        let unknown = audiences.into_iter().find(|audience| !known.contains(&audience.as_str()))?;
        Some(format!("{unknown:?} is not an audience; there are API and Application"))
    }
}

impl Project {
    fn problem(&self, users: &[User]) -> Option<String> {
        let name = &self.name;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if !(1..=60).contains(&name.len()) || !name.chars().all(fits) {
            return Some(format!("{name:?} is not a project name here; it has a-z, 0-9, - and _"));
        }
        if !["private", "organization", "public"].contains(&self.visibility.as_str()) {
            return Some(format!("project {name}: visibility is private, organization or public"));
        }
        let mut people = self.collaborators.keys().chain([&self.owner]);
        if let Some(nobody) = people.find(|person| users.iter().all(|user| user.name != **person)) {
            return Some(format!("project {name}: there is no user {nobody:?}"));
        }
        if self.collaborators.contains_key(&self.owner) {
            return Some(format!("project {name}: its owner is not a collaborator"));
        }
        let mut permissions = self.collaborators.values();
        if let Some(unknown) = permissions.find(|text| Permission::parse(text, "operator").is_none()) {
            return Some(format!(
                "project {name}: {unknown:?} is not a permission; there are read, operator, write, admin"
            ));
        }
        if let Some(twice) = repeated(self.models.iter().map(|model| model.name.as_str())) {
            return Some(format!("project {name}: there are two models {twice:?}"));
        }
        self.models
            .iter()
            .find_map(|model| Some(format!("model {name}/{}: {}", model.name, model.problem()?)))
    }
}

impl Model {
    fn problem(&self) -> Option<String> {
        if self.name.trim().is_empty() || self.name.chars().any(char::is_control) {
            return Some("it needs a name".to_owned());
        }
        if !(1..=REPLICAS).contains(&self.replicas) {
            return Some(format!("replicas is from 1 to {REPLICAS}"));
        }
        match (&self.builtin, &self.file, &self.function) {
            (Some(name), None, None) if Builtin::named(name).is_some() => None,
            (Some(name), None, None) => Some(format!(
                "there is no builtin {name:?}; there are add, churn, slow, flaky, score and echo"
            )),
            (None, Some(file), Some(_)) if file.contains("..") || file.starts_with('/') => {
                Some("file is a path inside the project".to_owned())
            }
            (None, Some(_), Some(_)) => None,
            _ => Some("it has builtin, or file and function".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_the_demo() {
        let demo = SeedFile::demo().unwrap();
        assert_eq!(demo.users.len(), 5);
        assert_eq!(demo.projects.iter().map(|project| project.models.len()).sum::<usize>(), 7);
        for model in demo.projects.iter().flat_map(|project| &project.models) {
            let function = Builtin::named(model.builtin.as_deref().unwrap()).unwrap();
            let example = &model.description[model.description.find('{').unwrap()..];
            let reply = function.call(serde_json::from_str(example).unwrap());
            assert!(
                !matches!(reply, crate::workbench::functions::Reply::Raised(_)),
                "{}: {reply:?}",
                model.name
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let file = |rest: &str| format!("version = 1\n[[user]]\nname = 'a'\nadmin = true\n{rest}");
        let project = |rest: &str| file(&format!("[[project]]\nname = 'p'\nowner = 'a'\n{rest}"));
        for (text, expected) in [
            ("version = 2\nuser = []".to_owned(), "version = 1"),
            ("version = 1\n[[user]]\nname = 'a'".to_owned(), "must be admin"),
            (file("[[user]]\nname = 'a'"), "two users"),
            (file("[[user]]\nname = 'a/b'"), "not a user name"),
            (file("[[user.key]]\ncomment = 'x'\nexpires = 'soon'"), "+90d"),
            (file("[[user.key]]\ncomment = 'x'\nexpires = '+1d'\naudiences = ['UI']"), "not an audience"),
            (project("collaborators = { b = 'read' }"), "no user"),
            (project("visibility = 'open'"), "visibility"),
            (project("[[project.model]]\nname = 'm'"), "builtin, or file"),
            (project("[[project.model]]\nname = 'm'\nbuiltin = 'nope'"), "no builtin"),
            (project("[[project.model]]\nname = 'm'\nbuiltin = 'add'\nreplicas = 0"), "replicas"),
            (
                project("[[project.model]]\nname = 'm'\nfile = '../x.py'\nfunction = 'f'"),
                "inside the project",
            ),
            (project("surprise = 1"), "surprise"),
        ] {
            let error = SeedFile::read(&text, Path::new("s.toml")).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("s.toml"), "{text}: {error}");
        }
    }
}
