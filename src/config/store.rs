//! The configuration folder: reading it, and the few changes made to it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::lock::FileLock;
use super::paths::{Env, config_dir};
use super::profile::{Credential, Credentials, Profile, Profiles};
use super::ui::{SettingLines, UiSettings};
use super::{Error, lock, owner, private_file, versioned};

/// How long a change waits for another process's change, which takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The configuration folder.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
}

/// Everything that could be read. The rest is empty, with its error among the problems: the program
/// starts with defaults.
#[derive(Debug, Default)]
pub struct Loaded {
    pub ui: UiSettings,
    /// Whether tests and runs are kept in the history.
    pub history: bool,
    /// The manifest of the fleet.
    pub fleet: Option<PathBuf>,
    pub profiles: Profiles,
    pub credentials: Credentials,
    pub problems: Vec<Error>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ConfigFile {
    #[serde(rename = "version")]
    _version: Option<u32>,
    history: Option<bool>,
    fleet: Option<PathBuf>,
    ui: UiSettings,
}

impl Store {
    /// The folder at `dir`, which need not exist.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder that the environment names.
    pub fn from_env(env: Env<'_>) -> Result<Self, Error> {
        config_dir(env).map(Self::at)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `config.toml`, which the user writes.
    pub fn config_file(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    /// `profiles.toml`.
    pub fn profiles_file(&self) -> PathBuf {
        self.dir.join("profiles.toml")
    }

    /// `credentials.toml`, the only one with keys.
    pub fn credentials_file(&self) -> PathBuf {
        self.dir.join("credentials.toml")
    }

    /// Reads the three files.
    pub fn load(&self) -> Loaded {
        let mut loaded = Loaded::default();
        let mut problems = Vec::new();
        let (file, wrong) = versioned::read_settings::<ConfigFile>(&self.config_file());
        // A file that cannot be read at all may switch it off.
        let unreadable = file.is_none() && !wrong.is_empty();
        problems.extend(wrong);
        let settings = file.unwrap_or_default();
        loaded.history = settings.history.unwrap_or(!unreadable);
        loaded.fleet = settings.fleet.map(|named| self.dir.join(named));
        loaded.ui = settings.ui;
        loaded.ui.setting_lines = SettingLines::of(self.config_file());
        match self.profiles() {
            Ok(profiles) => loaded.profiles = profiles,
            Err(error) => problems.push(error),
        }
        match self.credentials() {
            Ok(credentials) => loaded.credentials = credentials,
            Err(error) => problems.push(error),
        }
        loaded.problems = problems;
        loaded
    }

    /// The contents of `profiles.toml`; empty if it does not exist.
    ///
    /// # Errors
    /// What is wrong with the file, or that another user may change it.
    pub fn profiles(&self) -> Result<Profiles, Error> {
        let file = self.profiles_file();
        private_file::check_unchangeable(&file)?;
        Ok(versioned::read(&file)?.unwrap_or_default())
    }

    fn credentials(&self) -> Result<Credentials, Error> {
        let file = self.credentials_file();
        private_file::check(&file)?;
        Ok(versioned::read(&file)?.unwrap_or_default())
    }

    /// Stores a profile and its key, if it has one to store, and makes the profile current.
    pub fn save(&self, name: &str, profile: Profile, credential: Option<Credential>) -> Result<(), Error> {
        self.save_as(|_| Ok::<_, Error>((name.to_owned(), profile)), credential).map(drop)
    }

    /// Like [`Self::save`], with the name and the profile that `choose` derives from the existing
    /// ones. Stores nothing if it refuses.
    pub fn save_as<E: From<Error>>(
        &self,
        choose: impl FnOnce(&Profiles) -> Result<(String, Profile), E>,
        credential: Option<Credential>,
    ) -> Result<String, E> {
        let failed = |error: io::Error| Error::Write { file: self.dir.clone(), error };
        private_file::make_folder(&self.dir).map_err(failed)?;
        let _alone = self.lock()?;
        let mut profiles = self.profiles()?;
        let (name, profile) = choose(&profiles)?;
        let mut credentials = self.credentials()?;
        // The key first: a profile without its key is worse than a key without a profile.
        match credential {
            Some(mut credential) => {
                if let Some(old) = credentials.keys.get(&name).filter(|old| old.url == credential.url) {
                    credential.legacy_api_key = credential.legacy_api_key.or(old.legacy_api_key.clone());
                }
                credentials.keys.insert(name.clone(), credential);
                versioned::write(&self.credentials_file(), &credentials, true)?;
            }
            None if credentials.keys.remove(&name).is_some() => {
                versioned::write(&self.credentials_file(), &credentials, true)?;
            }
            None => {}
        }
        profiles.current = Some(name.clone());
        profiles.profiles.insert(name.clone(), profile);
        versioned::write(&self.profiles_file(), &profiles, false)?;
        Ok(name)
    }

    /// Keeps other processes from changing the files until it is dropped. `None` if no lock is
    /// possible: the folder does not exist or cannot be written to.
    ///
    /// # Errors
    /// [`Error::Locked`], and a folder or a lock that belongs to another user.
    pub(super) fn lock(&self) -> Result<Option<FileLock>, Error> {
        owner::check_path(&self.dir)?;
        let file = self.dir.join(".lock");
        match FileLock::take(&file, PATIENCE) {
            Ok(Some(lock)) => Ok(Some(lock)),
            Ok(None) => Err(Error::Locked { folder: self.dir.clone() }),
            Err(error) if lock::is_none_of_ours(&error) => Err(Error::Write { file, error }),
            // The next write reports what is wrong with the folder.
            Err(_) => Ok(None),
        }
    }

    /// Makes `name` the current profile.
    pub fn make_current(&self, name: &str) -> Result<(), Error> {
        let _alone = self.lock()?;
        let mut profiles = self.profiles()?;
        known(&profiles, name)?;
        profiles.current = Some(name.to_owned());
        versioned::write(&self.profiles_file(), &profiles, false)
    }

    /// Signs `name` out: removes its key and its profile from the files.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        let _alone = self.lock()?;
        let mut profiles = self.profiles()?;
        known(&profiles, name)?;
        self.forget_key(name)?;
        profiles.profiles.remove(name);
        profiles.current = profiles.current.filter(|current| current != name);
        versioned::write(&self.profiles_file(), &profiles, false)
    }

    fn forget_key(&self, name: &str) -> Result<(), Error> {
        let file = self.credentials_file();
        let mut credentials = self.credentials()?;
        if credentials.keys.remove(name).is_none() {
            return Ok(());
        }
        versioned::write(&file, &credentials, true)
    }
}

fn known(profiles: &Profiles, name: &str) -> Result<(), Error> {
    if profiles.profiles.contains_key(name) {
        return Ok(());
    }
    Err(Error::UnknownProfile { name: name.to_owned(), known: profiles.profiles.keys().cloned().collect() })
}
