//! The note beside a result: of which input, model, build and deployment it is.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Error;
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
    pub build_id: String,
    pub deployment_id: String,
    /// Rows that may be in flight while nothing of them is recorded. 0 once a run has ended with
    /// every row either recorded or not sent.
    pub in_flight: u64,
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

    /// Refuses to go on with the result of something else. `allow_new_build`: another build or
    /// deployment of the same model will do.
    ///
    /// # Errors
    /// [`Error::Other`], which names what is different.
    pub fn check(&self, now: &Self, output: &Path, allow_new_build: bool) -> Result<(), Error> {
        let parts: [(&'static str, bool); 6] = [
            ("another input", self.input != now.input),
            ("another --map or --id", self.mapping != now.mapping),
            ("another choice of --pass-through", self.pass_through != now.pass_through),
            ("another --shard", self.shard != now.shard),
            ("another model", self.model_id != now.model_id),
            (
                "another build or deployment",
                !allow_new_build
                    && (&self.build_id, &self.deployment_id) != (&now.build_id, &now.deployment_id),
            ),
        ];
        match parts.into_iter().find(|(_, differs)| *differs) {
            Some((what, _)) => {
                let is_build = what == "another build or deployment";
                Err(Error::Other { output: output.to_owned(), what, is_build })
            }
            None => Ok(()),
        }
    }
}
