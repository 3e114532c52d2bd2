//! What an audit found.

use serde::Serialize;

use super::findings::AuditedKey;

/// How far an audit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    pub users: usize,
    pub of: usize,
    /// The next audit goes on from there, within the hour.
    pub is_kept: bool,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub made_at: String,
    pub made_by: String,
    pub url: String,
    /// Version of the workbench, if it says.
    pub version: Option<String>,
    /// The site's limit on the life of keys, if the workbench says.
    pub expiration_days: Option<u32>,
    pub users: usize,
    /// Whether the workbench shows more than one user: only a site administrator sees
    /// other users.
    pub everybody: bool,
    pub keys: Vec<AuditedKey>,
    /// Users whose keys could not be read, each with why.
    pub unreadable: Vec<Unreadable>,
    pub models_without_authentication: Vec<OpenModel>,
    /// Where something in the shape of a key stands in clear.
    pub environments: Vec<Location>,
    pub unreadable_projects: Vec<Location>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Unreadable {
    pub username: String,
    pub why: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct OpenModel {
    pub model: String,
    pub model_id: String,
    pub owner: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct Location {
    #[serde(rename = "place")]
    pub name: String,
    /// The variable's name; for a project that could not be read, why.
    pub variable: String,
}

impl Report {
    /// Keys with something worth a remark.
    pub fn with_findings(&self) -> usize {
        self.keys.iter().filter(|key| !key.findings.is_empty()).count()
    }

    /// Whether everything that there is to see was read.
    pub fn is_complete(&self) -> bool {
        self.unreadable.is_empty() && self.unreadable_projects.is_empty()
    }
}
