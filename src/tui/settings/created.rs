//! What this run remembers of a key that was created in it.

use crate::config::KnownKey;
use crate::text;
use crate::tui::shared::Shared;
use crate::wire::{CreateV2KeyResponse, time};

/// Keeps a created key, for tests, and what its date teaches about the limit.
pub fn remember(shared: &mut Shared, created: &CreateV2KeyResponse) {
    let today = shared.today();
    let session = &mut shared.session;
    if let Some(at) = time::parse(&created.expiry_date) {
        session.limit_seen.accepted(today, time::utc_day(at));
    }
    let label = match created.comments.as_str() {
        "" => text::short_id(&created.key_id).into_owned(),
        comment => comment.to_owned(),
    };
    let known = KnownKey {
        label,
        username: session.user().to_owned(),
        key_id: Some(created.key_id.clone()),
        key: created.api_key.clone(),
        tests: 0,
    };
    session.known_keys.retain(|other| other.key != known.key);
    session.known_keys.push(known);
}
