//! Keeps the keys of many services fresh, as a manifest says.
//!
//! The engine is [`crate::actions::rotation`]: for each service it keeps the current key in a private
//! file of this machine, which is its hand-over. From there the key goes to everything that needs it,
//! and older keys are deleted once all of that has had it for the grace time.
//!
//! | module | what it does |
//! |---|---|
//! | [`manifest`] | the file that says what should be |
//! | [`held`] | what this machine keeps of a service: its key, and what has it |
//! | [`deliver`] | brings a key to a file, a Secret, a project, a command, and reads it there |
//! | [`life`] | how long a key lasts, and when it is worth another one |
//! | [`plan`] | whether a service is safe, and what is to be done; pure |
//! | [`look`] | reads what a plan needs; writes nothing |
//! | [`apply`] | does it |
//! | [`prune`] | services that left the manifest |
//! | [`service_keys`] | which keys belong to a service, and what a person may do with them |
//! | [`metrics`] | figures for an alert |
//! | [`world`] | the workbench, files and commands that all of these act on |

pub mod apply;
mod command;
pub mod deliver;
pub mod held;
pub mod life;
pub mod look;
pub mod manifest;
pub mod metrics;
pub mod plan;
pub mod prune;
mod request;
pub mod service_keys;
#[cfg(test)]
mod tests;
mod world;

use std::io;
use std::path::PathBuf;

use crate::actions::{Exit, rotation};

pub use crate::actions::rotation::exec::Output;
pub use apply::Applied;
pub use manifest::{Manifest, Service};
pub use plan::{ServicePlan, Terms};
pub use service_keys::ServiceKeys;

/// Why nothing, or not all, was done for a service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the manifest {} cannot be used: {why}", file.display())]
    Manifest { file: PathBuf, why: String },
    #[error("the manifest {} cannot be read: {error}", file.display())]
    NoManifest { file: PathBuf, error: io::Error },
    #[error(transparent)]
    Rotation(Box<rotation::Error>),
    #[error("{}: {why}", manifest::readable(delivery))]
    Delivery { delivery: String, why: String },
    #[error("the fleet keeps its keys in the configuration folder, and there is none")]
    NoFolder,
    #[error("{} cannot be written or read: {why}", file.display())]
    Held { file: PathBuf, why: String },
    #[error("the figures cannot be written to {}: {error}", file.display())]
    Figures { file: PathBuf, error: io::Error },
    #[error("key {key_id} was not deleted: {why}")]
    NotDeleted { key_id: String, why: String },
    #[error("another run is applying this manifest; nothing was done")]
    Locked,
    #[error("--max-rotations is used up; the next run goes on")]
    Postponed,
}

impl From<rotation::Error> for Error {
    fn from(error: rotation::Error) -> Self {
        Self::Rotation(Box::new(error))
    }
}

impl Error {
    /// How a command ends with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Rotation(error) => error.exit(),
            Self::Manifest { .. } | Self::NoManifest { .. } => Exit::Invalid,
            Self::Held { .. } | Self::Figures { .. } => Exit::Unwritten,
            Self::NoFolder => Exit::NotConfigured,
            Self::Delivery { .. } | Self::NotDeleted { .. } | Self::Postponed => Exit::No,
            Self::Locked => Exit::Locked,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Rotation(error) => return error.hint(),
                Self::Manifest { .. } => {
                    "`keybench fleet schema` prints what a manifest may have, as a schema for editors"
                }
                Self::NoManifest { .. } => {
                    "name the manifest with --file, KEYBENCH_FLEET, or `fleet = \"FILE\"` in config.toml"
                }
                Self::Figures { .. } => "name a file in a folder that is there and that you may write to",
                Self::Delivery { .. } => {
                    "the next run tries this delivery again; older keys stay until it succeeds"
                }
                Self::NoFolder => "let HOME or KEYBENCH_CONFIG_DIR name a folder that stays from run to run",
                Self::Held { .. } => "see that the configuration folder can be written to, and only by you",
                Self::NotDeleted { .. } => "look at the key, then prune again",
                Self::Locked => "wait for it to end",
                Self::Postponed => return None,
            }
            .to_owned(),
        )
    }
}
