//! A rotation whose steps a user takes: the plan of `keys rotate`, with the user's word for what was
//! handed over.

use std::time::Duration;

use jiff::Timestamp;

use super::plan::{HandedOver, Plan, plan};
use super::record::Record;
use crate::config::made_keys::{self, RotatedKey};
use crate::config::{self, Session};
use crate::wire::{V2KeyDetails, time};

/// A rotation by hand, as far as it is.
#[derive(Debug, Clone, Copy)]
pub struct ByHand<'a> {
    /// The key to replace. Until a successor is handed over, it is the one in use.
    pub old: &'a V2KeyDetails,
    /// Key ID of the successor, once it exists.
    pub successor: Option<&'a str>,
    /// When the successor was handed over: copied, saved, or signed in with.
    pub handed_over: Option<Timestamp>,
}

impl ByHand<'_> {
    /// What `keys rotate` would do about the keys of this name, without a grace time: the user
    /// decides when an old key goes.
    pub fn plan<'k>(
        &self,
        listed: impl Iterator<Item = &'k V2KeyDetails>,
        noted: &HandedOver,
        now: Timestamp,
    ) -> Plan {
        // Without a name, only the ids say which keys belong together.
        let has_name = |key: &V2KeyDetails| !key.comments.is_empty() && key.comments == self.old.comments;
        let is_one =
            |key: &V2KeyDetails| key.key_id == self.old.key_id || self.successor == Some(key.key_id.as_str());
        let mut keys: Vec<_> = listed.filter(|key| has_name(key) || is_one(key)).cloned().collect();
        let has = |keys: &[V2KeyDetails], id: &str| keys.iter().any(|key| key.key_id == id);
        if !has(&keys, &self.old.key_id) {
            keys.push(self.old.clone());
        }
        // The list may be older than the successor.
        if let Some(id) = self.successor.filter(|id| !has(&keys, id)) {
            let (key_id, created_at) = (id.to_owned(), time::format(now).into());
            keys.push(V2KeyDetails { key_id, created_at, ..self.old.clone() });
        }
        let record = match (self.successor, self.handed_over) {
            (Some(key_id), Some(at)) => Record::new(key_id, Some(at)),
            _ => Record::new(&self.old.key_id, None),
        };
        // A key that is listed was created before now, even if this machine's clock is late.
        let now =
            keys.iter().filter_map(|key| time::parse(&key.created_at)).chain([now]).max().unwrap_or(now);
        plan(&keys, Some(&record), noted, 0, Duration::ZERO, now)
    }

    /// Whether a successor is in use, so that the old key is not needed any more.
    pub fn may_delete_old(&self, plan: &Plan) -> bool {
        plan.outlived.contains(&self.old.key_id)
    }
}

/// Notes that `successor` was handed over instead of `old`, so that `keys rotate` does not take it for
/// a key that nobody received.
///
/// # Errors
/// The note cannot be written.
pub fn note_by_hand(
    session: &Session,
    old: &V2KeyDetails,
    successor: &str,
    now: Timestamp,
) -> Result<(), config::Error> {
    let (Some(store), url) = (&session.store, session.client.url()) else { return Ok(()) };
    let key = |id: &str, at| RotatedKey::new(url, id, &old.comments, at);
    made_keys::remember_rotation(store, vec![key(&old.key_id, None), key(successor, Some(now))])
}

/// When keys were handed over from here, by Key ID; nothing if the notes cannot be read.
pub fn handed_over(session: &Session) -> HandedOver {
    let store = session.store.as_ref();
    let noted = store.and_then(|store| made_keys::rotated(store, session.client.url()).ok());
    let noted = noted.unwrap_or_default();
    noted.into_iter().filter_map(|key| Some((key.key_id.clone(), key.handed_over()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-23T09:00:00Z";

    fn key(id: &str, name: &str, created: &str) -> V2KeyDetails {
        V2KeyDetails {
            key_id: id.into(),
            comments: name.into(),
            created_at: created.into(),
            expiry_date: "2027-11-23T23:59:59Z".into(),
            ..V2KeyDetails::default()
        }
    }

    fn at(text: &str) -> Timestamp {
        time::parse(text).unwrap()
    }

    #[test]
    fn the_old_key_may_go_once_its_successor_was_handed_over() {
        for name in ["svc", ""] {
            let old = key("old", name, "2026-01-01T00:00:00Z");
            // The workbench's clock is ahead of this machine's.
            let listed = [old.clone(), key("new", name, "2026-11-23T09:01:00Z"), key("x", "other", NOW)];
            let mut rotation = ByHand { old: &old, successor: Some("new"), handed_over: None };
            let before = rotation.plan(listed.iter(), &HandedOver::new(), at(NOW));
            assert!(!rotation.may_delete_old(&before), "nothing else is in use: {before:?}");
            rotation.handed_over = Some(at(NOW));
            let after = rotation.plan(listed.iter(), &HandedOver::new(), at(NOW));
            assert!(rotation.may_delete_old(&after), "{name:?}: {after:?}");
            assert_eq!(after.current.as_deref(), Some("new"));
        }
    }

    #[test]
    fn newer_keys_of_the_name_are_known_before_another_one_is_created() {
        let old = key("old", "svc", "2026-01-01T00:00:00Z");
        let listed = [old.clone(), key("newer", "svc", "2026-06-01T00:00:00Z")];
        let rotation = ByHand { old: &old, successor: None, handed_over: None };
        let plan = rotation.plan(listed.iter(), &HandedOver::new(), at(NOW));
        assert_eq!(plan.newer().collect::<Vec<_>>(), ["newer"]);
        let noted = HandedOver::from([("newer".to_owned(), at(NOW))]);
        let plan = rotation.plan(listed.iter(), &noted, at(NOW));
        assert_eq!(plan.newer().collect::<Vec<_>>(), ["newer"], "`keys rotate` handed it over");
    }
}
