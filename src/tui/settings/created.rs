//! What this run remembers of a key that was created in it.

use jiff::civil::Date;

use super::reveal::Reveal;
use super::tab::Settings;
use crate::api;
use crate::config::KnownKey;
use crate::text;
use crate::tui::event::{Destination, Event};
use crate::tui::layer::Outcome;
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

/// Something of the signed-in user's keys may have changed.
pub fn keys_changed(shared: &Shared) -> Event {
    Event::KeysChanged { username: shared.session.user().to_owned(), deleted: Vec::new() }
}

/// The key replaces the form, and is the selected one in the list.
pub fn shown(shared: &mut Shared, created: CreateV2KeyResponse, day: Option<Date>) -> Outcome {
    remember(shared, &created);
    let destination = Destination::Key(created.key_id.clone());
    let reveal = Reveal::new(created).asked_for(day);
    Outcome::replace(reveal).and_event(keys_changed(shared)).and_event(Event::Show(destination))
}

impl Settings {
    /// A key was created for a form that is closed by now: it is shown all the same.
    pub(super) fn created_late(
        &mut self,
        shared: &mut Shared,
        answer: Result<Box<CreateV2KeyResponse>, api::Error>,
    ) -> Outcome {
        match answer {
            Ok(created) => {
                remember(shared, &created);
                self.keys.select_key(&created.key_id);
                Outcome::push(Reveal::new(*created)).and(self.list_anew(shared).into())
            }
            Err(error) => {
                shared.notices.failed(shared.now, &error);
                Outcome::done()
            }
        }
    }
}
