//! Saves and restores states: the initial one for a reset, and named ones.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::workbench::Workbench;
use crate::workbench::store::{StoreError, projects};

/// Maximum number of named states.
const MOST: usize = 64;
/// The initial state; no valid name looks like it.
const START: &str = "start.ready";

/// Why a state cannot be saved or restored.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("a name has 1 to 64 letters, digits, _ and -")]
    Name,
    #[error("there is no snapshot {0}")]
    Unknown(String),
    #[error("there are {MOST} snapshots; that is the most")]
    TooMany,
    #[error("{} cannot be written: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The folder of the states; emptied at the start.
#[derive(Debug)]
pub struct States {
    folder: PathBuf,
    /// One change of the whole state at a time.
    turn: tokio::sync::Mutex<()>,
}

impl States {
    pub fn new(folder: PathBuf) -> Result<Self, StateError> {
        let failed = |source| StateError::File { path: folder.clone(), source };
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => fs::create_dir_all(&folder).map_err(failed)?,
        }
        Ok(Self { folder, turn: tokio::sync::Mutex::default() })
    }

    /// Saves the state that a reset restores.
    pub async fn keep_start(&self, workbench: &Workbench) -> Result<(), StateError> {
        self.keep_as(workbench, START).await
    }

    pub async fn keep(&self, workbench: &Workbench, name: &str) -> Result<(), StateError> {
        let path = self.path(name)?;
        let count = fs::read_dir(&self.folder).map_or(0, Iterator::count);
        if !path.exists() && count > MOST {
            return Err(StateError::TooMany);
        }
        self.keep_as(workbench, &format!("{name}.sqlite")).await
    }

    pub async fn reset(&self, workbench: &Workbench) -> Result<(), StateError> {
        self.bring_back(workbench, &self.folder.join(START)).await
    }

    pub async fn restore(&self, workbench: &Workbench, name: &str) -> Result<(), StateError> {
        let path = self.path(name)?;
        if !path.exists() {
            return Err(StateError::Unknown(name.to_owned()));
        }
        self.bring_back(workbench, &path).await
    }

    fn path(&self, name: &str) -> Result<PathBuf, StateError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if (1..=64).contains(&name.len()) && name.bytes().all(fits) {
            Ok(self.folder.join(format!("{name}.sqlite")))
        } else {
            Err(StateError::Name)
        }
    }

    async fn keep_as(&self, workbench: &Workbench, file: &str) -> Result<(), StateError> {
        let _turn = self.turn.lock().await;
        let (part, whole) = (self.folder.join("part"), self.folder.join(file));
        let _ = fs::remove_file(&part);
        workbench.store().save_to(part.clone()).await?;
        fs::rename(&part, &whole).map_err(|source| StateError::File { path: whole, source })
    }

    async fn bring_back(&self, workbench: &Workbench, file: &Path) -> Result<(), StateError> {
        let _turn = self.turn.lock().await;
        let lifecycle = workbench.lifecycle();
        lifecycle.break_off().await;
        let before = workbench.store().read(projects::directories).await?;
        workbench.store().restore_from(file.to_owned()).await?;
        let after = workbench.store().read(projects::directories).await?;
        for (id, directory) in after {
            let (now, then) = (before.get(&id), workbench.project_folder(&directory));
            // A project that was renamed in the meantime returns to its folder.
            match now.map(|now| workbench.project_folder(now)) {
                Some(now) if now != then && !then.exists() => drop(fs::rename(now, &then)),
                _ => {}
            }
        }
        Ok(lifecycle.follow().await?)
    }
}
