//! A list of API keys, with what takes long to find in it found already.
//!
//! With a hundred thousand keys, reading dates and comparing texts takes noticeable time. The task
//! that fetches a list does both, so that no key press waits for it.

use std::collections::HashSet;
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::actions::fleet::held::State;
use crate::expiry::days_between;
use crate::text;
use crate::tui::list::{Column, Key, Row, Rows, Width};
use crate::wire::{AUDIENCE_APPLICATION, V2KeyDetails, time};

/// Columns, by index.
pub const KEY_ID: usize = 0;
pub const STATUS: usize = 1;
pub const EXPIRES: usize = 2;
pub const LEFT: usize = 3;
pub const AUDIENCE: usize = 4;
pub const COMMENT: usize = 5;
const CREATED: usize = 6;

/// A key with the moment when it expires; `None` if the text is not a date.
#[derive(Debug)]
pub struct ListedKey {
    pub key: V2KeyDetails,
    pub expires: Option<Timestamp>,
}

impl Row for ListedKey {
    const NAME: &'static str = "keys";
    const COLUMNS: &'static [Column] = &[
        Column::new("KEY ID", Width::Fixed(9)).optional(2),
        Column::new("STATUS", Width::Fixed(9)),
        Column::new("EXPIRES", Width::Fixed(10)),
        Column::new("LEFT", Width::Fixed(7)).right().optional(1),
        Column::new("AUDIENCE", Width::Fixed(8)).optional(3),
        Column::new("COMMENT", Width::Fill(13)).ends(),
        Column::new("CREATED", Width::Fixed(10)).optional(4).on_demand(),
    ];
    const KEPT: &'static [usize] = &[KEY_ID, EXPIRES, AUDIENCE, COMMENT];
    // A key is looked for when a list comes or is to be shown, and its id is long.
    const INDEXED: bool = false;

    fn id(&self) -> &str {
        &self.key.key_id
    }

    /// Without what [`Seen`](super::Seen) adds.
    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        add(KEY_ID, &text::short_id(&self.key.key_id));
        add(EXPIRES, date_of(&self.key.expiry_date));
        add(AUDIENCE, audience(&self.key));
        add(COMMENT, &self.key.comments);
        add(CREATED, date_of(&self.key.created_at));
    }

    fn whole(&self, add: &mut dyn FnMut(usize, &str)) {
        add(KEY_ID, &self.key.key_id);
    }

    fn filling(&self, column: usize) -> &str {
        if column == COMMENT { &self.key.comments } else { "" }
    }

    fn key(&self, column: usize) -> Key<'_> {
        match column {
            KEY_ID => Key::Text(&self.key.key_id),
            AUDIENCE => Key::Text(audience(&self.key)),
            COMMENT => self.key.comments.as_str().into(),
            CREATED => self.key.created_at.as_str().into(),
            // Keys without a date come last.
            _ => Key::Number(self.expires.map_or(i64::MAX, Timestamp::as_second)),
        }
    }
}

/// API keys as the workbench listed them. Rows are indexes into that list.
#[derive(Debug, Default)]
pub struct ListedKeys {
    rows: Rows<ListedKey>,
    /// The days on which keys expire, and where those are in the order of expiry.
    days: Vec<(Option<Date>, Range<usize>)>,
    longest_life: Option<i64>,
    /// Key IDs of keys that a rotation has replaced, and that only stay for their grace time.
    replaced: HashSet<String>,
    /// What this machine knew of its services once the keys were listed; `None`: it was not looked for.
    services: Option<Vec<State>>,
}

impl From<Vec<V2KeyDetails>> for ListedKeys {
    fn from(keys: Vec<V2KeyDetails>) -> Self {
        let listed = |key: V2KeyDetails| ListedKey { expires: time::parse(&key.expiry_date), key };
        let rows: Rows<ListedKey> = keys.into_iter().map(listed).collect();
        let mut days: Vec<(Option<Date>, Range<usize>)> = Vec::new();
        for (at, row) in rows.sorted(Some(EXPIRES)).into_iter().enumerate() {
            let day = rows.all().get(row as usize).and_then(|row| row.expires).map(time::utc_day);
            match days.last_mut() {
                Some((last, range)) if *last == day => range.end = at + 1,
                _ => days.push((day, at..at + 1)),
            }
        }
        let longest_life = rows.all().iter().filter_map(life).max();
        Self { longest_life, days, rows, ..Self::default() }
    }
}

/// Days between the creation of a key and its end.
fn life(row: &ListedKey) -> Option<i64> {
    let created = time::parse(&row.key.created_at)?;
    Some(days_between(time::utc_day(created), time::utc_day(row.expires?)))
}

impl ListedKeys {
    /// With what is known of replaced keys.
    #[must_use]
    pub fn with_replaced(self, replaced: HashSet<String>) -> Self {
        Self { replaced, ..self }
    }

    /// With what is known of services.
    #[must_use]
    pub fn with_services(self, services: Vec<State>) -> Self {
        Self { services: Some(services), ..self }
    }

    /// What is known of services.
    pub fn services(&self) -> Option<&[State]> {
        self.services.as_deref()
    }

    /// Key IDs of the replaced keys.
    pub fn replaced(&self) -> impl Iterator<Item = &String> {
        self.replaced.iter()
    }

    /// How many of the replaced keys expire at a moment that satisfies `wanted`.
    pub fn count_replaced(&self, wanted: impl Fn(Timestamp) -> bool) -> usize {
        let expires = |id: &String| self.get(self.rows.find(id)?)?.expires;
        self.replaced.iter().filter_map(expires).filter(|at| wanted(*at)).count()
    }

    pub fn rows(&self) -> &Rows<ListedKey> {
        &self.rows
    }

    /// Searches only what is shown if these columns are hidden.
    pub fn follow_columns(&mut self, hidden: u64) {
        if hidden != self.rows.hidden() {
            self.rows.index(hidden);
        }
    }

    pub fn keys(&self) -> impl ExactSizeIterator<Item = &V2KeyDetails> {
        self.rows.all().iter().map(|row| &row.key)
    }

    pub fn get(&self, row: usize) -> Option<&ListedKey> {
        self.rows.all().get(row)
    }

    /// The longest life among the keys, in days: a lower bound for the limit of a workbench that does
    /// not report one.
    pub fn longest_life(&self) -> Option<i64> {
        self.longest_life
    }

    /// The days on which keys expire, and the rows that do.
    pub fn days(&self) -> impl Iterator<Item = (Option<Date>, &[u32])> {
        let by_expiry = self.rows.order(EXPIRES);
        self.days.iter().filter_map(move |(day, range)| Some((*day, by_expiry.get(range.clone())?)))
    }

    /// The first and the last of these days.
    pub fn outermost_days(&self) -> impl Iterator<Item = Option<Date>> {
        let known = || self.days.iter().filter_map(|(day, _)| *day);
        [known().next(), known().next_back()].into_iter().flatten().map(Some)
    }

    /// How many keys expire at a moment that satisfies `wanted`. `wanted` must hold up to some moment
    /// and never after it: a binary search finds that moment.
    pub fn count_until(&self, wanted: impl Fn(Timestamp) -> bool) -> usize {
        let expires = |row: &u32| self.get(*row as usize).and_then(|row| row.expires);
        self.rows.order(EXPIRES).partition_point(|row| expires(row).is_some_and(&wanted))
    }

    /// The list without the keys whose ID is in `gone`.
    pub fn without(&self, gone: impl Fn(&str) -> bool) -> Self {
        let left: Vec<_> = self.keys().filter(|key| !gone(&key.key_id)).cloned().collect();
        Self::from(left).with_replaced(self.replaced.clone())
    }
}

/// The audience in as few letters as say it.
pub fn audience(key: &V2KeyDetails) -> &str {
    match key.audiences.as_slice() {
        [] => "—",
        [one] if one == AUDIENCE_APPLICATION => "App",
        [one] => one,
        many if many.iter().any(|one| one == AUDIENCE_APPLICATION) && many.len() == 2 => "API, App",
        _ => "several",
    }
}

/// The day of an expiry date as the workbench writes it; the text itself if it is not a date.
pub fn date_of(expiry_date: &str) -> &str {
    match expiry_date.get(..10) {
        Some(day) if expiry_date.is_char_boundary(10) => day,
        _ => expiry_date,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> ListedKeys {
        let key = |id: &str, expiry: &str, audience: &str, comment: &str| V2KeyDetails {
            key_id: id.into(),
            expiry_date: expiry.into(),
            audiences: vec![audience.into()],
            comments: comment.into(),
            ..V2KeyDetails::default()
        };
        let keys = vec![
            key("c3", "2027-03-01T23:59:59Z", "API", "Nightly scoring"),
            key("a1", "no date", "Application", "dashboard"),
            key("b2", "2026-12-24T23:59:59Z", "API", ""),
        ];
        keys.into()
    }

    #[test]
    fn every_order_is_there_and_a_key_without_a_date_is_last() {
        let listed = listed();
        assert_eq!(listed.rows().order(KEY_ID), [1, 2, 0]);
        assert_eq!(listed.rows().order(EXPIRES), [2, 0, 1]);
        assert_eq!(listed.rows().order(AUDIENCE), [0, 2, 1], "equal ones as they were listed");
        assert_eq!(listed.rows().order(COMMENT), [2, 0, 1]);
        assert_eq!(listed.days().map(|(_, rows)| rows.len()).collect::<Vec<_>>(), [1, 1, 1]);
        let new_year = "2027-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
        assert_eq!(listed.count_until(|at| at < new_year), 1);
        assert_eq!(listed.without(|id| id == "c3").keys().len(), 2);
    }

    #[test]
    fn the_longest_life_counts_from_the_creation() {
        let keys = [("2026-11-23T09:14:00Z", "2027-11-23T23:59:59Z"), ("2026-01-01T00:00:00Z", "no date")];
        let listed = |keys: &[(&str, &str)]| {
            let key = |(created_at, expiry_date): &(&str, &str)| V2KeyDetails {
                created_at: (*created_at).into(),
                expiry_date: (*expiry_date).into(),
                ..V2KeyDetails::default()
            };
            ListedKeys::from(keys.iter().map(key).collect::<Vec<_>>())
        };
        assert_eq!(listed(&keys).longest_life(), Some(365));
        assert_eq!(listed(&keys[1..]).longest_life(), None);
    }
}
