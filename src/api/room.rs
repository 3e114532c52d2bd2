//! What lists may take in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::de::DeserializeOwned;

use crate::wire::{
    Collaborator, Model, ModelBuild, ModelDeployment, Project, UsageResponse, UserQuota, V2KeyDetails,
};

/// Bytes of a list that is held: a million API keys with names of up to 70 characters.
const LIST: usize = 320 << 20;
/// Bytes of one page.
const PAGE: usize = 32 << 20;

/// Memory for lists that are held together. Clones share it.
#[derive(Debug, Clone)]
pub struct Room(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    size: usize,
    taken: AtomicUsize,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(LIST)
    }
}

impl Room {
    pub(super) fn of(size: usize) -> Self {
        Self(Arc::new(Shared { size, taken: AtomicUsize::new(0) }))
    }

    pub(super) fn for_a_page() -> Self {
        Self::of(PAGE)
    }

    /// Takes room for rows that are held from now on.
    pub(super) fn take(&self, bytes: usize) -> Result<(), String> {
        let Shared { size, taken } = &*self.0;
        if taken.fetch_add(bytes, Ordering::Relaxed) + bytes <= *size {
            return Ok(());
        }
        self.give_back(bytes);
        Err(format!(
            "its rows take more than {} MiB here (`keys list`, `models list` and `projects list` print a list of any length)",
            size >> 20
        ))
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.0.taken.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that are taken.
    pub(super) fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }
}

/// A row of a list.
pub trait Row: DeserializeOwned + Send {
    /// Bytes that it takes in memory, at most; `received` as JSON.
    fn size(&self, received: usize) -> usize {
        size_of::<Self>() + received
    }

    /// Why it cannot be used.
    fn problem(&self) -> Option<&'static str> {
        None
    }
}

impl Row for V2KeyDetails {
    fn size(&self, _received: usize) -> usize {
        Self::size(self)
    }

    fn problem(&self) -> Option<&'static str> {
        self.key_id.is_empty().then_some("it holds a key without an id")
    }
}

impl Row for Collaborator {}
impl Row for Model {}
impl Row for ModelBuild {}
impl Row for ModelDeployment {}
impl Row for Project {}
impl Row for UsageResponse {}
impl Row for UserQuota {}
#[cfg(test)]
impl Row for i32 {}
