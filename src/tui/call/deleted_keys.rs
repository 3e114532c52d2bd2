//! What came of deleting API keys of a user.

use crate::api;
use crate::tui::event::Event;

/// What was deleted of a user's keys, here or elsewhere, and what was not: because of an error, or because
/// it is in use here.
#[derive(Debug, Default)]
pub struct DeletedKeys {
    pub username: String,
    pub deleted: Vec<String>,
    /// Deleted elsewhere before.
    pub gone: Vec<String>,
    pub failed: Vec<(String, api::Error)>,
    pub spared: Vec<String>,
}

impl DeletedKeys {
    /// The keys that are not there any more, for those who list them.
    pub fn changed(self) -> Event {
        let Self { username, mut deleted, gone, .. } = self;
        deleted.extend(gone);
        Event::KeysChanged { username, deleted }
    }
}
