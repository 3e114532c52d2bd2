//! What this machine keeps of a service, in the configuration folder: the current key, and what has it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use super::{Error, Service, manifest};
use crate::actions::key_file;
use crate::actions::rotation::HandedOver;
use crate::config::lock::FileLock;
use crate::config::{Session, private_file};
use crate::secret::ApiKey;
use crate::text;

const VERSION: u32 = 1;
/// More keys of one service are not listed at a time.
const REMEMBERED: usize = 100;

/// The folder of one service.
#[derive(Debug, Clone)]
pub struct Held {
    folder: PathBuf,
    pub state: State,
}

/// What is known of a service from earlier runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    version: u32,
    pub url: String,
    pub username: String,
    pub name: String,
    /// The manifest that it is in, or was.
    pub manifest: PathBuf,
    /// Which key each delivery has.
    #[serde(default)]
    pub delivered: BTreeMap<String, Delivered>,
    /// The keys that all deliveries have, or had, and since when; newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub completed: Vec<Delivered>,
    /// The last key that was made here, and how it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    #[serde(default)]
    pub last_exit: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    pub key_id: String,
    /// The workbench's time.
    pub at: Timestamp,
    /// Its service has not been made to read it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_reloaded: bool,
    /// The models that were restarted for it, while others still have to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restarted: Vec<String>,
}

impl Delivered {
    /// Of a delivery that needs nothing more.
    pub fn new(key_id: &str, at: Timestamp) -> Self {
        Self { key_id: key_id.to_owned(), at, not_reloaded: false, restarted: Vec::new() }
    }
}

/// How long a key lasts that was asked for with `expires`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    pub expires: String,
    pub seconds: u64,
}

fn root(session: &Session) -> Result<PathBuf, Error> {
    Ok(session.store.as_ref().ok_or(Error::NoFolder)?.dir().join("fleet"))
}

/// One run at a time.
///
/// # Errors
/// [`Error::Locked`], or there is no folder.
pub fn lock(session: &Session) -> Result<FileLock, Error> {
    let root = root(session)?;
    let failed = |error: io::Error| Error::Held { file: root.clone(), why: error.to_string() };
    private_file::make_folder(&root).map_err(failed)?;
    FileLock::try_take(&root.join("lock")).map_err(failed)?.ok_or(Error::Locked)
}

impl Held {
    pub(super) fn new(folder: PathBuf, state: State) -> Self {
        Self { folder, state }
    }

    /// What is kept of `service`, whose keys `username` has.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn of(session: &Session, username: &str, service: &Service, manifest: &Path) -> Result<Self, Error> {
        let url = session.client.url();
        let text = format!("{url}\n{username}\n{}", service.name);
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let folder = root(session)?.join(text::hex(&digest.as_ref()[..16]));
        let known = read(&folder)?.unwrap_or_default();
        let state = State {
            version: VERSION,
            url: url.to_owned(),
            username: username.to_owned(),
            name: service.name.clone(),
            manifest: manifest.to_owned(),
            ..known
        };
        Ok(Self::new(folder, state))
    }

    /// All that were ever kept for `manifest` on this workbench.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn all(session: &Session, manifest: &Path) -> Result<Vec<Self>, Error> {
        let mut all = Vec::new();
        for folder in folders(&root(session)?) {
            if let Some(state) = read(&folder)?
                && state.manifest == manifest
                && state.url == session.client.url()
            {
                all.push(Self::new(folder, state));
            }
        }
        all.sort_by(|one, other| one.state.name.cmp(&other.state.name));
        Ok(all)
    }

    /// What is known of all services on this workbench, whatever their manifest. What cannot be read is
    /// not known.
    pub fn known(session: &Session) -> Vec<State> {
        let folders = root(session).into_iter().flat_map(|root| folders(&root));
        let states = folders.filter_map(|folder| read(&folder).ok().flatten());
        states.filter(|state| state.url == session.client.url()).collect()
    }

    /// The project variables that fleets of this machine deliver keys to: project and variable.
    pub fn project_variables(session: &Session) -> Vec<(String, String)> {
        let states = Self::known(session);
        let ids = states.iter().flat_map(|state| state.delivered.keys());
        let variables = ids.filter_map(|id| manifest::project_variable(id));
        variables.map(|(project, variable)| (project.to_owned(), variable.to_owned())).collect()
    }

    /// The file with the current key.
    pub fn key_file(&self) -> PathBuf {
        self.folder.join("key")
    }

    /// The current key; `None`: there is none yet.
    pub fn key(&self) -> Option<ApiKey> {
        key_file::read(&self.key_file()).ok()
    }

    /// Makes the folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(&self) -> Result<(), Error> {
        private_file::make_folder(&self.folder).map_err(|error| self.failed(&error))
    }

    /// Takes a key that was found where it is needed for the current one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn adopt(&self, key: &ApiKey) -> Result<(), Error> {
        self.make()?;
        let text = Zeroizing::new(format!("{}\n", key.expose()));
        private_file::write(&self.key_file(), text.as_bytes()).map_err(|error| self.failed(&error))
    }

    /// Writes the state, on the disk when this returns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self) -> Result<(), Error> {
        self.make()?;
        let text = serde_json::to_vec_pretty(&self.state).map_err(|error| self.failed(&error.into()))?;
        private_file::write(&self.folder.join("state.json"), &text).map_err(|error| self.failed(&error))
    }

    /// Forgets the service.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(&self) -> Result<(), Error> {
        fs::remove_dir_all(&self.folder).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Error {
        Error::Held { file: self.folder.clone(), why: error.to_string() }
    }

    /// Since when keys are in use by all deliveries, if the key `key_id` is.
    pub fn in_use(&self, key_id: &str) -> Option<HandedOver> {
        let completed = &self.state.completed;
        let all = completed.iter().map(|complete| (complete.key_id.clone(), complete.at));
        completed.iter().any(|complete| complete.key_id == key_id).then(|| all.collect())
    }

    /// How long a key lasted when it was made that `service` asks for.
    pub fn observed(&self, service: &Service) -> Option<Duration> {
        let made = self.state.made.as_ref().filter(|made| made.expires == service.expires)?;
        Some(Duration::from_secs(made.seconds))
    }

    /// All deliveries have the key `key_id` now.
    pub fn complete(&mut self, key_id: &str, now: Timestamp) {
        self.state.completed.push(Delivered::new(key_id, now));
        let surplus = self.state.completed.len().saturating_sub(REMEMBERED);
        self.state.completed.drain(..surplus);
    }
}

/// The folders of all services. The lock of a run is no folder.
fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn read(folder: &Path) -> Result<Option<State>, Error> {
    let file = folder.join("state.json");
    let failed = |why: String| Error::Held { file: file.clone(), why };
    let Some(text) = private_file::read_to_string(&file).map_err(|error| failed(error.to_string()))? else {
        return Ok(None);
    };
    match serde_json::from_str::<State>(&text) {
        Ok(state) if state.version == VERSION => Ok(Some(state)),
        Ok(_) => Err(failed("a newer keybench wrote it".to_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}
