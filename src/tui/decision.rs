//! What a question is about: the layer that asked gets it back when the answer was yes.

/// One thing that a person agreed to.
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
    /// Set the default expiration of API keys.
    SetExpiration(u32),
    RemoveCollaborator {
        project_id: String,
        username: String,
    },
}
