//! What a question or a choice is about: the layer that opened it gets it back when the answer was
//! yes, or the choice was made.

use super::call::KeyToSend;
use crate::probe::code::Language;

/// One thing that a person agreed to or chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Leave the program.
    Quit,
    /// Leave the dialog or form, and what was typed there.
    Discard,
    /// Sign out of a profile.
    RemoveProfile(String),
    /// Sign in although a profile of this name belongs to another workbench or user: it is replaced.
    ReplaceProfile,
    /// Delete these API keys.
    DeleteKeys {
        username: String,
        key_ids: Vec<String>,
    },
    /// Delete every API key of a user, but those that are spared.
    DeleteAllKeys {
        username: String,
    },
    /// Create a successor of the key with this Key ID.
    Rotate(String),
    /// Delete the key with this Key ID, which has a successor.
    DeleteOldKey(String),
    RotateLegacyKey,
    /// Stop the deployment of this model.
    StopModel(String),
    /// Restart it.
    RestartModel(String),
    /// Begin the run that was asked about.
    BeginRun,
    /// Test the model with this key.
    UseKey(KeyToSend),
    /// Put this request into the editor.
    UseRequest(String),
    /// Copy the call of the model in this language.
    CopyCall(Language),
    /// Save the request under this name.
    SaveRequest(String),
    /// Write the file although there is one of that name.
    ReplaceFile,
    /// Mend a refusal: give the user this permission in the project.
    AddCollaborator {
        project_id: String,
        project: String,
        username: String,
        permission: String,
    },
    /// Set the default expiration of API keys.
    SetExpiration(u32),
    RemoveCollaborator {
        project_id: String,
        username: String,
    },
}
