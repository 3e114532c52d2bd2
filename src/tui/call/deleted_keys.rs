//! What came of deleting API keys of a user.

use crate::api;

/// What was deleted of a user's keys, and what was not: because of an error, or because it is in use here.
#[derive(Debug)]
pub struct DeletedKeys {
    pub username: String,
    pub deleted: Vec<String>,
    pub failed: Vec<(String, api::Error)>,
    pub spared: Vec<String>,
}
