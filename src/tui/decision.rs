//! The subject of a question or a choice. The layer that opened it gets the subject back after a yes
//! or a choice.

use jiff::Timestamp;

use super::call::ToDelete;
use super::choice::Choice;
use crate::actions::fleet::prune::Left;

/// Something that the user agreed to or chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Leave the program.
    Quit,
    /// Leave the dialog or form, and what was typed there.
    Discard,
    /// Sign out of a profile.
    RemoveProfile(String),
    /// Sign in and replace a profile of this name that belongs to another workbench or user.
    ReplaceProfile,
    /// Delete these API keys.
    DeleteKeys(ToDelete),
    /// Create a successor of this key; without an expiry, the workbench decides when it expires.
    Rotate {
        key_id: String,
        expiry: Option<Timestamp>,
    },
    /// Choose when the successor of the key with this Key ID expires.
    ChooseExpiry(String),
    /// Create a successor of each of these keys.
    RotateMarked(Vec<String>),
    /// Delete the key with this Key ID, which has a successor.
    DeleteOldKey(String),
    RotateLegacyKey,
    /// Show the service of this name.
    ShowService(String),
    /// Do what the plan of the manifest says.
    ApplyFleet,
    /// Delete the keys of these services, which left the manifest.
    PruneFleet(Vec<Left>),
    /// Stop the deployment of this model.
    StopModel(String),
    /// Restart it.
    RestartModel(String),
    /// Deploy a build of this model instead of what runs.
    ReplaceDeployment(String),
    /// Start the run in question.
    BeginRun,
    /// Do what was chosen or typed.
    Chosen(Choice),
    /// Delete the request that is saved under this name.
    DeleteRequest(String),
    /// Write the file although there is one of that name.
    ReplaceFile,
    /// Set the default expiration of API keys.
    SetExpiration(u32),
    RemoveCollaborator {
        project_id: String,
        username: String,
    },
}

impl Decision {
    /// Whether it takes something away that cannot be brought back: its question looks like that.
    pub fn destroys(&self) -> bool {
        matches!(
            self,
            Self::DeleteKeys(_)
                | Self::DeleteOldKey(_)
                | Self::PruneFleet(_)
                | Self::RotateLegacyKey
                | Self::StopModel(_)
                | Self::ReplaceDeployment(_)
                | Self::RemoveProfile(_)
                | Self::DeleteRequest(_)
                | Self::RemoveCollaborator { .. }
        )
    }
}
