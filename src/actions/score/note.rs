//! The note beside a result: of which input, model, build and deployment it is.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::watch::Deployed;
use crate::bounded;
use crate::config::replace::Replacement;
use crate::probe::Part;

const VERSION: u32 = 1;

/// What must not change between two runs that write one result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub version: u32,
    /// SHA-256 of the input file.
    pub input: String,
    pub mapping: String,
    pub pass_through: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Part>,
    /// `project/name`.
    pub model: String,
    pub model_id: String,
    #[serde(flatten)]
    pub deployed: Deployed,
    /// The deployments before it whose answers are in the result, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Deployed>,
    /// Rows that may be in flight while nothing of them is recorded. 0 once a run has ended with
    /// every row either recorded or not sent.
    pub in_flight: u64,
    /// Rows that were sent a second time by all runs so far, though they may have run the first time.
    #[serde(default)]
    pub may_have_run_twice: u64,
}

impl Note {
    pub const VERSION: u32 = VERSION;

    /// Where the note of `output` is.
    pub fn path(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".keybench");
        name.into()
    }

    /// # Errors
    /// It cannot be read, or a newer keybench wrote it.
    pub fn read(output: &Path) -> Result<Option<Self>, Error> {
        let path = Self::path(output);
        let broken = |why: String| Error::Note { note: path.clone(), why };
        let bytes = match bounded::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| broken(error.to_string()))?,
        };
        let note: Self = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        match note.version {
            VERSION => Ok(Some(note)),
            _ => Err(broken("a newer keybench wrote it".to_owned())),
        }
    }

    /// # Errors
    /// It cannot be written.
    pub fn write(&self, output: &Path) -> Result<(), Error> {
        let path = Self::path(output);
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from);
        let written = text.and_then(|text| Replacement::of(&path).write((text + "\n").as_bytes()));
        written.map_err(|error| Error::Unwritten { file: path, error })
    }

    /// This one for a result that `old` is the note of.
    pub fn after(self, old: &Self) -> Self {
        let mut deployments = old.deployments();
        deployments.retain(|earlier| *earlier != self.deployed);
        Self { earlier: deployments, ..self }
    }

    /// Whose answers are in the result, the latest last.
    pub fn deployments(&self) -> Vec<Deployed> {
        self.earlier.iter().chain([&self.deployed]).cloned().collect()
    }

    /// From now on `next` answers.
    pub fn replaced_by(&mut self, next: Deployed) {
        if next != self.deployed {
            self.earlier.push(std::mem::replace(&mut self.deployed, next));
        }
    }

    /// Refuses to go on with the result of something else. `allow_new_build`: another build or
    /// deployment of the same model will do.
    ///
    /// # Errors
    /// [`Error::Other`], which names what is different.
    pub fn check(&self, now: &Self, output: &Path, allow_new_build: bool) -> Result<(), Error> {
        self.check_rows(&now.input, &now.mapping, output)?;
        let same = |what, is_same: bool| same(output, what, is_same);
        same("another choice of --pass-through", self.pass_through == now.pass_through)?;
        same("another --shard", self.shard == now.shard)?;
        same("another model", self.model_id == now.model_id)?;
        if allow_new_build || self.deployed == now.deployed {
            return Ok(());
        }
        let what = "another build or deployment";
        Err(Error::Other { output: output.to_owned(), what, is_build: true })
    }

    /// Refuses a result of other rows than those of an input with this hash, read with this mapping.
    ///
    /// # Errors
    /// [`Error::Other`], which names what is different.
    pub fn check_rows(&self, hash: &str, mapping: &str, output: &Path) -> Result<(), Error> {
        same(output, "another input", self.input == hash)?;
        same(output, "another --map or --id", self.mapping == mapping)
    }
}

fn same(output: &Path, what: &'static str, is_same: bool) -> Result<(), Error> {
    if is_same {
        return Ok(());
    }
    Err(Error::Other { output: output.to_owned(), what, is_build: false })
}
