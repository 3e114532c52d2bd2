//! What a list of API keys shows that is not in the list itself: the status and the days left, which
//! change by themselves, and what stands before some comments.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::listed::{AUDIENCE, COMMENT, EXPIRES, KEY_ID, LEFT, ListedKey, ListedKeys, STATUS};
use super::status::sign;
use crate::expiry::{KeyStatus, days_between, status_at};
use crate::text;
use crate::tui::list::Pattern;
use crate::tui::list::columns::hidden;
use crate::tui::shared::Shared;
use crate::wire::time;

/// The row of the legacy key, but for its sign and its symbol.
pub const LEGACY: [&str; 5] = ["legacy", "active", "never", "CLI", "not deletable"];

/// Between a note and a comment.
pub const LEAD_END: &str = ": ";
/// What stands before the comment of a key that has a successor and works on for now.
pub const BEING_REPLACED: &str = "being replaced";

/// The moment, and what is known of keys beside the list.
#[derive(Debug)]
pub struct Seen {
    /// By the workbench's clock.
    pub now: Timestamp,
    pub soon_days: u32,
    /// Columns that are not shown, one bit each.
    pub hidden: u64,
    /// The statuses as they are drawn: `● active`.
    statuses: [(KeyStatus, String); 4],
    /// Key IDs, each with what stands before its comment: `signed in`.
    notes: Vec<(String, String)>,
}

impl Seen {
    /// With `marks` for some Key IDs: `being replaced`.
    pub fn new(shared: &Shared, marks: impl Iterator<Item = (String, String)>) -> Self {
        let own = shared.session.own.signed_in_ids().map(|id| (id.to_owned(), "signed in".to_owned()));
        let mut notes: Vec<(String, String)> = Vec::new();
        for (id, note) in own.chain(marks) {
            match notes.iter_mut().find(|(other, _)| *other == id) {
                // One key may be known by two ids that are the same.
                Some((_, before)) if *before == note => {}
                Some((_, before)) => before.push_str(&format!(", {note}")),
                None => notes.push((id, note)),
            }
        }
        Self {
            now: shared.workbench_now(),
            soon_days: shared.preferences.soon_days,
            hidden: hidden::<ListedKey>(shared),
            statuses: [KeyStatus::Active, KeyStatus::Soon, KeyStatus::Expired, KeyStatus::Unknown]
                .map(|status| (status, format!("{} {}", sign(shared, status).0, status.as_str()))),
            notes,
        }
    }

    /// With marks of the keys that belong to a service, which has their name.
    #[must_use]
    pub fn with_services(mut self, of_services: &BTreeMap<String, &'static str>) -> Self {
        for (id, mark) in of_services {
            match self.notes.iter_mut().find(|(other, _)| other == id) {
                // The name of the service needs the room.
                Some((_, note)) if note.ends_with(BEING_REPLACED) => {}
                Some((_, note)) => note.push_str(&format!(", {mark}")),
                None => self.notes.push((id.clone(), (*mark).to_owned())),
            }
        }
        self
    }

    fn shows(&self, column: usize) -> bool {
        self.hidden >> column & 1 == 0
    }

    /// The texts of the legacy key's row that are shown.
    pub fn legacy(&self) -> Vec<&str> {
        let [id, _, expires, audience, comment] = LEGACY;
        let texts = [id, self.status(KeyStatus::Active), expires, audience, comment];
        let columns = [KEY_ID, STATUS, EXPIRES, AUDIENCE, COMMENT];
        texts.into_iter().zip(columns).filter(|(_, at)| self.shows(*at)).map(|(text, _)| text).collect()
    }

    /// A status as it is drawn.
    fn status(&self, status: KeyStatus) -> &str {
        self.statuses.iter().find(|(other, _)| *other == status).map_or("", |(_, drawn)| drawn)
    }

    /// What stands before the comment of a key.
    pub fn note(&self, key_id: &str) -> Option<&str> {
        self.notes.iter().find(|(id, _)| id == key_id).map(|(_, note)| note.as_str())
    }

    /// The width of the widest note, with what separates it from a comment.
    pub fn widest_note(&self) -> usize {
        self.notes.iter().map(|(_, note)| text::width(note) + LEAD_END.len()).max().unwrap_or_default()
    }

    /// `8 d`
    pub fn left(&self, expires: Option<Date>) -> String {
        let left = expires.map(|day| days_between(time::utc_day(self.now), day));
        left.map_or_else(|| "?".into(), |days| format!("{days} d"))
    }

    /// Adds what a filter finds here, and in Key IDs as they are drawn. Keys that expire on the same day look the same.
    pub fn add_hits(&self, listed: &ListedKeys, filter: &str, hits: &mut [u64]) {
        let pattern = Pattern::new(filter);
        let today = Some(time::utc_day(self.now));
        let expires = |row: u32| listed.get(row as usize).and_then(|row| row.expires);
        let status = |row| self.status(status_at(expires(row), self.now, self.soon_days));
        for (day, rows) in listed.days() {
            let left = self.left(day);
            let left = if self.shows(LEFT) { left.as_str() } else { "" };
            let hits_of = |row: u32| pattern.hits(&[left, if self.shows(STATUS) { status(row) } else { "" }]);
            let found = rows.first().map_or(0, |row| hits_of(*row));
            for row in rows.iter().filter(|_| found != 0 || day == today) {
                let found = if day == today { hits_of(*row) } else { found };
                hits[*row as usize] |= found;
            }
        }
        if filter.contains(text::ELLIPSIS) && self.shows(KEY_ID) {
            for (key, hits) in listed.keys().zip(&mut *hits) {
                *hits |= pattern.hits(&[&text::short_id(&key.key_id)]);
            }
        }
        for (id, note) in self.notes.iter().filter(|_| self.shows(COMMENT)) {
            let found = pattern.hits(&[note]);
            if found != 0
                && let Some(row) = listed.rows().find(id)
            {
                hits[row] |= found;
            }
        }
    }
}
