//! What was chosen or typed in a layer above a tab: the layer that opened it gets it.

use super::call::KeyToSend;
use crate::probe::code::Language;

/// Something that the user chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Test the model with this key.
    Key(KeyToSend),
    /// Put this request into the editor.
    Request(String),
    /// Copy the call of the model in this language.
    CopyCall(Language),
    /// Save the request under this name.
    SaveRequest(String),
    /// Mend a refusal: give the user this permission in the project.
    AddCollaborator { project_id: String, project: String, username: String, permission: String },
}
