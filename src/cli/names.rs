//! What lists leave behind for completions: the names of projects and models, and Key IDs with their
//! comments. Never a key.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::paths::{cache_dir, process_env};
use crate::config::private_file;
use crate::secret;
use crate::wire::V2KeyDetails;

/// How long a list is good enough for completions.
const VALID: Duration = Duration::from_secs(10 * 60);
/// More names are no help in a completion.
const KEPT: usize = 5_000;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cache {
    url: String,
    pub projects: BTreeSet<String>,
    pub models: BTreeSet<String>,
    /// Comments by Key ID, by user.
    pub keys: BTreeMap<String, BTreeMap<String, String>>,
    /// Whose keys are listed where no user is named.
    pub own: String,
}

/// One file a workbench.
fn file(url: &str) -> Option<PathBuf> {
    let name: String =
        url.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    cache_dir(&process_env).ok().map(|folder| folder.join(format!("names-{name}.json")))
}

/// What was kept of the workbench at `url`; nothing where it is too old.
pub fn read(url: &str) -> Cache {
    let Some(file) = file(url) else { return Cache::default() };
    let fresh = fs::metadata(&file)
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < VALID));
    if !fresh {
        return Cache::default();
    }
    let text = private_file::read(&file).ok().flatten();
    let cache: Cache = text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    if cache.url == url { cache } else { Cache::default() }
}

/// Collects names while a list is printed, and leaves them for completions.
#[derive(Debug, Default)]
pub struct Collector {
    cache: Cache,
}

impl Collector {
    pub fn new(url: &str) -> Self {
        Self { cache: Cache { url: url.to_owned(), ..read(url) } }
    }

    pub fn project(&mut self, name: &str) {
        if self.cache.projects.len() < KEPT {
            self.cache.projects.insert(name.to_owned());
        }
    }

    pub fn model(&mut self, name: String) {
        if self.cache.models.len() < KEPT {
            self.cache.models.insert(name);
        }
    }

    /// The keys of `username` follow, in place of those from before. Without a name that was asked for
    /// they are one's own.
    pub fn keys_of(&mut self, username: &str, is_own: bool) {
        self.cache.keys.insert(username.to_owned(), BTreeMap::new());
        if is_own {
            username.clone_into(&mut self.cache.own);
        }
    }

    pub fn key(&mut self, username: &str, key: &V2KeyDetails) {
        let Some(keys) = self.cache.keys.get_mut(username).filter(|keys| keys.len() < KEPT) else { return };
        // A comment is free text, and may hold a key by mistake.
        let comment = secret::mask(&key.comments);
        keys.insert(key.key_id.clone(), secret::mask_shapes(&comment).into_owned());
    }

    /// Keys that are there no more.
    pub fn without<'a>(&mut self, key_ids: impl Iterator<Item = &'a String>) {
        for id in key_ids {
            self.cache.keys.values_mut().for_each(|keys| drop(keys.remove(id)));
        }
    }

    /// Not being able to is no reason to fail.
    pub fn keep(self) {
        let Some(file) = file(&self.cache.url) else { return };
        let Some(folder) = file.parent() else { return };
        let Ok(text) = serde_json::to_vec(&self.cache) else { return };
        let _ = private_file::make_folder(folder).and_then(|()| private_file::write(&file, &text));
    }
}
