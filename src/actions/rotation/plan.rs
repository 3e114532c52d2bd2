//! What a rotation should do, from what is listed and what was handed over. Pure: no clock, no I/O.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::intent::unexplained;
use super::record::{Current, Record};
use crate::api::NewKey;
use crate::wire::{V2KeyDetails, time};

/// Keys that may be in use because their hand-over did not end well: with so many, no further one is
/// made.
pub const MOST_IN_DOUBT: usize = 5;

/// The reason for the first key of a name.
const NEW_NAME: &str = "no key has this name yet, so it is a new one";

/// The decision about one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Why a new key is needed; `None`: the current one is good.
    pub create: Option<Reason>,
    /// Key IDs that never reached the service.
    pub never_handed_over: Vec<String>,
    /// Key IDs whose successor has been in use for the grace time.
    pub outlived: Vec<String>,
    /// Key IDs that stay for now, with the moment from which they may go.
    pub in_grace: Vec<(String, Option<Timestamp>)>,
    /// Key IDs that the service may have: a hand-over of each began and did not end well. They stay
    /// until a later hand-over is recorded.
    pub in_doubt: Vec<String>,
    /// Key IDs of newer keys that this machine did not make: another one may have handed them over.
    /// Nothing is done before a person has looked.
    pub contested: Vec<String>,
    /// Key ID of the key that the service has.
    pub current: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing is known to have been handed over.
    NothingHandedOver,
    /// The key that was handed over is listed no more.
    Gone,
    /// Its time is up, or nearly.
    Due,
    /// A hand-over did not end well, so the service has that key or the one before.
    InDoubt,
    /// It is for something else than what is wanted.
    Audience,
}

impl Reason {
    /// The same, where the name may have no key yet.
    pub(super) fn text_for(self, has_keys: bool) -> &'static str {
        if self.is_first(has_keys) { NEW_NAME } else { self.text() }
    }

    /// Whether the key will be the first of its name, as far as is known.
    pub fn is_first(self, has_keys: bool) -> bool {
        !has_keys && self != Self::Gone
    }

    /// The reason as a message says it.
    pub fn text(self) -> &'static str {
        match self {
            Self::NothingHandedOver => "no key of this name is known to have been handed over",
            Self::Gone => "the key that was handed over is not listed any more",
            Self::Due => "the current key is due",
            Self::InDoubt => "the last hand-over did not end well",
            Self::Audience => "the current key has other audiences",
        }
    }
}

/// What a key's successor has in common with it: its name and its audiences. The expiry does not
/// depend on the key.
pub fn successor(old: &V2KeyDetails, expiry: Option<Timestamp>) -> NewKey {
    let audiences = old.audiences.iter().map(ToString::to_string).collect();
    NewKey { expiry, comment: old.comments.clone(), audiences }
}

/// When keys were handed over from here, by Key ID.
pub type HandedOver = HashMap<String, Timestamp>;

/// `keys` are those of the name; `due_days` as in `--due`. Without a `record`, the newest key counts
/// as the one that the service has, since it got it in some other way.
pub fn plan(
    keys: &[V2KeyDetails],
    record: Option<&Record>,
    noted: &HandedOver,
    due_days: u32,
    grace: Duration,
    now: Timestamp,
) -> Plan {
    plan_in_order(keys, record, noted, &[], due_days, grace, now)
}

/// The same where the `order` in which rotations on this machine came to know keys is known, by Key ID.
pub(super) fn plan_in_order(
    keys: &[V2KeyDetails],
    record: Option<&Record>,
    noted: &HandedOver,
    order: &[String],
    due_days: u32,
    grace: Duration,
    now: Timestamp,
) -> Plan {
    let created = |key: &V2KeyDetails| time::parse(&key.created_at);
    let has = |id: &str| keys.iter().find(|key| key.key_id == id);
    let current = match record.map(|record| &record.current) {
        Some(Current::HandedOver { key_id, .. }) => has(key_id),
        Some(Current::Begun { before }) => before.as_deref().and_then(has),
        None => keys.iter().max_by_key(|key| created(key)),
    };
    let doubted: Vec<&str> =
        record.into_iter().flat_map(|record| &record.in_doubt).map(String::as_str).collect();
    // A key is made moments before it is handed over, so where only the id is known, the time of
    // its creation stands for the time of its hand-over. Without a record nothing was handed over
    // by this program, and nothing is deleted.
    let known = record.and_then(|record| record.handed_over());
    let made = current.and_then(created);
    let handed_over = known.and_then(|(key_id, at)| noted.get(key_id).copied().or(at.max(made)));
    let reference = made.or(handed_over);
    let is_newer = |key: &V2KeyDetails| match (created(key), reference) {
        _ if record.is_none() => false,
        (Some(made), Some(reference)) if made == reference => came_later(key, current, order),
        (Some(key), Some(reference)) => key > reference,
        // There was no key of this name when the first rotation began.
        _ => record.is_some_and(|record| record.current == Current::Begun { before: None }),
    };
    // A newer key that was handed over all the same went to another place than this one.
    let is_doubted = |key: &V2KeyDetails| {
        let id = key.key_id.as_str();
        doubted.contains(&id) || (is_newer(key) && noted.contains_key(id))
    };
    let others = || keys.iter().filter(|key| current.is_none_or(|current| current.key_id != key.key_id));
    let create = match (record.map(|record| &record.current), current) {
        _ if keys.iter().any(|key| doubted.contains(&key.key_id.as_str())) || others().any(is_doubted) => {
            Some(Reason::InDoubt)
        }
        (Some(Current::Begun { .. }), _) => Some(Reason::NothingHandedOver),
        (Some(_), None) => Some(Reason::Gone),
        (None, None) => Some(Reason::NothingHandedOver),
        (_, Some(current)) => is_due(current, due_days, now).then_some(Reason::Due),
    };
    let mut plan = Plan { create, current: current.map(|current| current.key_id.clone()), ..Plan::default() };
    // A key's grace begins once the service got any newer one: begun again by each rotation, it
    // would never end where rotations come faster. For keys without a note, the hand-over of the
    // current one counts.
    let free_from = |key: &V2KeyDetails| {
        let newer = keys.iter().filter(|newer| created(key).is_some() && created(newer) > created(key));
        let since = newer.filter_map(|newer| noted.get(&newer.key_id).copied()).chain(handed_over).min();
        since.filter(|_| known.is_some() && current.is_some())?.checked_add(grace).ok()
    };
    // A current key that was created moments ago may use up the note of its own creation.
    let intents = record.map(|record| record.intents.as_slice()).unwrap_or_default();
    let newer = others().filter(|key| is_newer(key) && !is_doubted(key)).chain(current);
    let unexplained = unexplained(newer, intents);
    for key in others() {
        let id = key.key_id.clone();
        if is_doubted(key) {
            plan.in_doubt.push(id);
        } else if is_newer(key) && unexplained.iter().any(|other| other.key_id == id) {
            plan.contested.push(id);
        } else if is_newer(key) {
            plan.never_handed_over.push(id);
        } else {
            let free = free_from(key);
            // An expired key is of no use.
            match free.is_some_and(|free| free <= now || is_due(key, 0, now)) {
                true => plan.outlived.push(id),
                false => plan.in_grace.push((id, free)),
            }
        }
    }
    plan
}

/// Whether `key` came after the `current` key of the same second, as times have whole seconds. All keys
/// that were listed when that was made were noted before it, so another one came later. If that is not
/// known, `key` counts as older: then it is only removed later.
fn came_later(key: &V2KeyDetails, current: Option<&V2KeyDetails>, order: &[String]) -> bool {
    let came = |key: &V2KeyDetails| order.iter().position(|id| *id == key.key_id);
    current.and_then(came).is_some_and(|current| came(key).is_none_or(|key| key > current))
}

impl Plan {
    /// Key IDs of keys that are newer than the current one: each may be the one in use.
    pub fn newer(&self) -> impl Iterator<Item = &str> {
        let ids = self.never_handed_over.iter().chain(&self.in_doubt).chain(&self.contested);
        ids.map(String::as_str)
    }

    /// Whether a key is known to have been handed over, and is listed.
    pub fn is_delivered(&self) -> bool {
        !matches!(self.create, Some(Reason::NothingHandedOver | Reason::Gone))
    }

    /// Whether so many keys may be in use that no further one is made.
    pub fn has_too_many_in_doubt(&self) -> bool {
        self.create == Some(Reason::InDoubt) && self.in_doubt.len() >= MOST_IN_DOUBT
    }
}

/// An expiry that cannot be read counts as far away: rotating for ever would be worse.
fn is_due(key: &V2KeyDetails, due_days: u32, now: Timestamp) -> bool {
    let due = Duration::from_secs(u64::from(due_days) * 86_400);
    time::parse(&key.expiry_date).is_some_and(|expiry| now.checked_add(due).is_ok_and(|then| expiry <= then))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::rotation::intent::Intent;

    const DAY: Duration = Duration::from_secs(86_400);

    fn key(id: &str, created: &str, expires: &str) -> V2KeyDetails {
        V2KeyDetails {
            key_id: id.into(),
            created_at: created.into(),
            expiry_date: expires.into(),
            ..V2KeyDetails::default()
        }
    }

    fn at(text: &str) -> Timestamp {
        time::parse(text).unwrap()
    }

    fn record(id: &str, handed_over: Option<&str>) -> Record {
        Record::new(id, handed_over.map(at))
    }

    /// With a creation that was begun then.
    fn creating(record: Record, at: &str) -> Record {
        record.creating(Intent::new(self::at(at), Duration::from_secs(30), &[]))
    }

    #[test]
    fn a_good_key_is_left_alone() {
        let keys = [key("k1", "2026-01-01T00:00:00Z", "2027-01-01")];
        let plan =
            plan(&keys, Some(&record("k1", None)), &HandedOver::new(), 14, DAY, at("2026-06-01T00:00:00Z"));
        assert_eq!((plan.create, plan.current.as_deref()), (None, Some("k1")));
        assert!(plan.never_handed_over.is_empty() && plan.outlived.is_empty() && plan.in_grace.is_empty());
    }

    #[test]
    fn a_due_key_gets_a_successor_and_stays_until_grace_has_passed() {
        let old = key("k1", "2026-01-01T00:00:00Z", "2026-06-10");
        let now = at("2026-06-01T00:00:00Z");
        let first =
            plan(std::slice::from_ref(&old), Some(&record("k1", None)), &HandedOver::new(), 14, DAY, now);
        assert_eq!(first.create, Some(Reason::Due));
        assert!(first.outlived.is_empty(), "the current key is never deleted");

        let keys = [old, key("k2", "2026-06-01T00:00:00Z", "2027-06-01")];
        let after = record("k2", Some("2026-06-01T00:00:05Z"));
        let soon = plan(&keys, Some(&after), &HandedOver::new(), 14, DAY, at("2026-06-01T23:00:00Z"));
        assert_eq!(soon.in_grace, [("k1".into(), Some(at("2026-06-02T00:00:05Z")))]);
        assert_eq!(soon.create, None);
        let later = plan(&keys, Some(&after), &HandedOver::new(), 14, DAY, at("2026-06-02T00:00:05Z"));
        assert_eq!(later.outlived, ["k1"]);
    }

    #[test]
    fn a_key_newer_than_the_record_never_reached_the_service() {
        let keys = [
            key("k1", "2026-01-01T00:00:00Z", "2026-06-10"),
            key("k2", "2026-06-01T00:00:00Z", "2027-06-01"),
        ];
        let now = at("2026-06-01T01:00:00Z");
        let record = record("k1", None);
        let unknown = plan(&keys, Some(&record), &HandedOver::new(), 14, DAY, now);
        assert_eq!((unknown.contested, unknown.never_handed_over.len()), (vec!["k2".to_owned()], 0));
        let begun = creating(record, "2026-06-01T00:00:00Z");
        let killed = plan(&keys, Some(&begun), &HandedOver::new(), 14, DAY, now);
        assert_eq!(killed.never_handed_over, ["k2"]);
        assert_eq!(killed.create, Some(Reason::Due));
        assert!(killed.outlived.is_empty());
    }

    #[test]
    fn a_key_whose_hand_over_was_broken_off_may_be_in_use() {
        let keys = [
            key("k1", "2026-01-01T00:00:00Z", "2027-06-10"),
            key("k2", "2026-06-01T00:00:00Z", "2027-06-01"),
        ];
        let broken = Record { in_doubt: vec!["k2".into()], ..record("k1", None) };
        let plan = plan(&keys, Some(&broken), &HandedOver::new(), 14, DAY, at("2026-06-01T01:00:00Z"));
        assert_eq!(plan.create, Some(Reason::InDoubt));
        assert!(plan.never_handed_over.is_empty() && plan.outlived.is_empty());
    }

    #[test]
    fn a_newer_key_that_was_handed_over_elsewhere_may_be_in_use() {
        let keys = [
            key("k1", "2026-01-01T00:00:00Z", "2027-06-10"),
            key("k2", "2026-06-01T00:00:00Z", "2027-06-01"),
            key("k3", "2026-06-01T02:00:00Z", "2027-06-01"),
        ];
        let noted = HandedOver::from([("k2".to_owned(), at("2026-06-01T00:01:00Z"))]);
        let begun = creating(record("k1", None), "2026-06-01T02:00:00Z");
        let moved = plan(&keys, Some(&begun), &noted, 14, DAY, at("2026-06-01T03:00:00Z"));
        assert_eq!((moved.create, &moved.in_doubt[..]), (Some(Reason::InDoubt), &["k2".to_owned()][..]));
        assert_eq!(moved.never_handed_over, ["k3"]);
    }

    #[test]
    fn without_a_record_the_newest_key_is_taken_for_current_and_nothing_is_deleted() {
        let keys = [
            key("k0", "2025-01-01T00:00:00Z", "2027-06-10"),
            key("k1", "2026-01-01T00:00:00Z", "2027-06-10"),
        ];
        let good = plan(&keys, None, &HandedOver::new(), 14, DAY, at("2026-06-01T00:00:00Z"));
        assert_eq!((good.create, good.current.as_deref()), (None, Some("k1")));
        assert_eq!(good.in_grace, [("k0".into(), None)]);
        let due = plan(&keys, None, &HandedOver::new(), 14, DAY, at("2027-06-01T00:00:00Z"));
        assert_eq!(due.create, Some(Reason::Due));
        assert!(due.outlived.is_empty() && due.never_handed_over.is_empty());
        assert_eq!(
            plan(&[], None, &HandedOver::new(), 14, DAY, at("2026-06-01T00:00:00Z")).create,
            Some(Reason::NothingHandedOver)
        );
    }

    #[test]
    fn a_first_rotation_that_was_broken_off_leaves_no_key_behind() {
        let keys = [
            key("k1", "2026-01-01T00:00:00Z", "2026-06-10"),
            key("k2", "2026-06-01T00:00:00Z", "2027-06-01"),
        ];
        let now = at("2026-06-01T01:00:00Z");
        let begun = |before| creating(Record::begun(before), "2026-06-01T00:00:00Z");
        let after = plan(&keys, Some(&begun(Some("k1".into()))), &HandedOver::new(), 14, DAY, now);
        assert_eq!(
            (after.create, after.never_handed_over),
            (Some(Reason::NothingHandedOver), vec!["k2".into()])
        );
        assert!(after.outlived.is_empty());
        let none_before = plan(&keys[1..], Some(&begun(None)), &HandedOver::new(), 14, DAY, now);
        assert_eq!(none_before.never_handed_over, ["k2"]);
    }

    #[test]
    fn a_record_of_a_key_that_is_gone_leads_to_a_new_one_and_to_no_deletion_of_older_ones() {
        let keys = [
            key("k1", "2026-01-01T00:00:00Z", "2027-06-10"),
            key("k9", "2026-05-01T00:00:00Z", "2027-06-10"),
        ];
        let gone = record("k2", Some("2026-02-01T00:00:00Z"));
        let plan = plan(&keys, Some(&gone), &HandedOver::new(), 14, DAY, at("2026-06-01T00:00:00Z"));
        assert_eq!(plan.create, Some(Reason::Gone));
        assert_eq!(plan.contested, ["k9"]);
        assert_eq!(plan.in_grace.len(), 1);
    }

    #[test]
    fn keys_of_the_same_second_are_not_taken_for_newer() {
        let keys = [
            key("k1", "2026-06-01T00:00:00Z", "2027-06-01"),
            key("k2", "2026-06-01T00:00:00Z", "2027-06-01"),
        ];
        let plan =
            plan(&keys, Some(&record("k2", None)), &HandedOver::new(), 14, DAY, at("2026-06-01T00:00:00Z"));
        assert!(plan.never_handed_over.is_empty());
        assert_eq!(plan.in_grace.len(), 1);
    }

    #[test]
    fn of_two_keys_of_the_same_second_the_one_that_was_not_there_is_newer() {
        let keys = ["k1", "k2"].map(|id| key(id, "2026-06-01T00:00:00Z", "2027-06-01"));
        let contested = |order: &[&str]| {
            let order: Vec<_> = order.iter().map(|id| (*id).to_owned()).collect();
            let (record, none) = (record("k1", None), HandedOver::new());
            let now = at("2026-06-01T00:00:00Z");
            plan_in_order(&keys, Some(&record), &none, &order, 14, DAY, now).contested
        };
        assert_eq!(contested(&["k0", "k1"]), ["k2"], "another machine made it");
        assert_eq!(contested(&["k1", "k2"]), ["k2"], "a rotation to another file made it");
        assert!(contested(&["k2", "k1"]).is_empty(), "k1 replaced it");
        assert!(contested(&[]).is_empty(), "nothing is noted");
    }

    #[test]
    fn grace_counts_from_the_first_newer_key_that_was_handed_over() {
        let keys = [
            key("k1", "2026-06-01T00:00:00Z", "2026-06-20"),
            key("stray", "2026-06-01T06:00:00Z", "2026-06-20"),
            key("k2", "2026-06-02T00:00:00Z", "2026-06-20"),
            key("k3", "2026-06-03T00:00:00Z", "2026-06-20"),
        ];
        let noted = HandedOver::from([
            ("k2".to_owned(), at("2026-06-02T00:01:00Z")),
            ("k3".to_owned(), at("2026-06-03T00:01:00Z")),
        ]);
        let now = at("2026-06-03T00:01:00Z");
        let noticed = plan(&keys, Some(&record("k3", Some("2026-06-03T00:01:00Z"))), &noted, 14, DAY, now);
        assert_eq!(noticed.outlived, ["k1", "stray"], "k2 came a day ago");
        assert_eq!(noticed.in_grace, [("k2".into(), Some(at("2026-06-04T00:01:00Z")))]);
        // That a key was made does not say that the service got it.
        let none = HandedOver::new();
        let unknown = plan(&keys, Some(&record("k3", Some("2026-06-03T00:01:00Z"))), &none, 14, DAY, now);
        assert_eq!((unknown.outlived.len(), unknown.in_grace.len()), (0, 3));
    }

    #[test]
    fn an_expired_key_needs_no_grace() {
        let keys = [
            key("k1", "2026-05-01T00:00:00Z", "2026-06-01"),
            key("k2", "2026-06-03T00:00:00Z", "2026-07-20"),
        ];
        let now = at("2026-06-03T00:00:00Z");
        let known = plan(&keys, Some(&record("k2", None)), &HandedOver::new(), 14, DAY, now);
        assert_eq!(known.outlived, ["k1"]);
        let unknown = plan(&keys, None, &HandedOver::new(), 14, DAY, now);
        assert!(unknown.outlived.is_empty(), "nothing is known to have been handed over");
    }
}
