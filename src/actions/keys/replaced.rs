//! Keys that a rotation from this machine replaced, and that only stay for their grace time: they
//! expire as intended, and do not count as expiring anywhere.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::config::Session;
use crate::config::made_keys::{self, RotatedKey};
use crate::wire::{V2KeyDetails, time};

/// The grace time of a rotation that did not note one: of an older version, or by hand.
const GRACE: Duration = Duration::from_secs(86_400);

/// The keys that rotations from this machine found or made, by Key ID.
#[derive(Debug, Clone, Default)]
pub struct Rotated(HashMap<String, Noted>);

#[derive(Debug, Clone, Copy)]
struct Noted {
    /// How many were noted before.
    at: usize,
    /// Until when older keys of the name stay; `None` if the key was not handed over.
    older_stay_until: Option<Timestamp>,
}

impl Rotated {
    /// What this machine has noted; nothing if the notes cannot be read.
    pub fn here(session: &Session) -> Self {
        let url = session.client.url();
        let known = session.store.as_ref().and_then(|store| made_keys::rotated(store, url).ok());
        known.unwrap_or_default().into_iter().collect()
    }

    /// Whether a rotation found or made the key.
    pub fn knows(&self, key_id: &str) -> bool {
        self.0.contains_key(key_id)
    }

    /// Of `keys` those that only stay for their grace time: a newer listed key of the same name was
    /// handed over. The grace time begins with the first of those.
    pub fn replaced<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a V2KeyDetails>,
        now: Timestamp,
    ) -> HashSet<String> {
        // Times have whole seconds: of two keys of the same second the one that was noted later is newer.
        let made = |key: &V2KeyDetails, noted: &Noted| (time::parse(&key.created_at), noted.at);
        let mut names: HashMap<&str, Vec<_>> = HashMap::new();
        for key in keys {
            if let Some(noted) = self.0.get(&key.key_id) {
                let known = (key.key_id.as_str(), made(key, noted), noted.older_stay_until);
                names.entry(&key.comments).or_default().push(known);
            }
        }
        let mut replaced = HashSet::new();
        for known in names.values() {
            for (id, made, _) in known {
                let newer = known.iter().filter(|(_, other, _)| other > made);
                if newer.filter_map(|(.., until)| *until).min().is_some_and(|until| now < until) {
                    replaced.insert((*id).to_owned());
                }
            }
        }
        replaced
    }
}

/// In the order in which they were noted.
impl FromIterator<RotatedKey> for Rotated {
    fn from_iter<I: IntoIterator<Item = RotatedKey>>(keys: I) -> Self {
        let until = |key: &RotatedKey| {
            let grace = key.grace().unwrap_or(GRACE);
            key.handed_over().map(|at| at.checked_add(grace).unwrap_or(Timestamp::MAX))
        };
        let noted = |(at, key): (usize, RotatedKey)| {
            (key.key_id.clone(), Noted { at, older_stay_until: until(&key) })
        };
        Self(keys.into_iter().enumerate().map(noted).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, created: &str) -> V2KeyDetails {
        V2KeyDetails {
            key_id: id.into(),
            comments: "svc".into(),
            created_at: created.into(),
            ..V2KeyDetails::default()
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_replaced_key_stays_until_its_grace_time_is_over() {
        let handed = |id: &str, when: &str, grace| {
            let key = RotatedKey::new("http://x", id, "svc", Some(at(when)));
            key.for_grace(Duration::from_secs(grace))
        };
        let rotated: Rotated = [
            RotatedKey::new("http://x", "old", "svc", None),
            handed("new", "2026-06-01T00:00:00Z", 3_600),
            handed("newest", "2026-06-01T00:50:00Z", 3_600),
        ]
        .into_iter()
        .collect();
        let keys = [
            key("old", "2026-01-01T00:00:00Z"),
            key("new", "2026-06-01T00:00:00Z"),
            key("newest", "2026-06-01T00:50:00Z"),
            key("of elsewhere", "2026-01-02T00:00:00Z"),
        ];
        let replaced = |keys: &[V2KeyDetails], now: &str| {
            let mut ids: Vec<_> = rotated.replaced(keys, at(now)).into_iter().collect();
            ids.sort();
            ids
        };
        assert_eq!(replaced(&keys, "2026-06-01T00:59:59Z"), ["new", "old"]);
        assert_eq!(replaced(&keys, "2026-06-01T01:00:00Z"), ["new"]);
        assert!(replaced(&keys, "2026-06-01T02:00:00Z").is_empty());
        assert!(replaced(&keys[..1], "2026-06-01T00:30:00Z").is_empty(), "its successor is gone");
    }

    #[test]
    fn of_two_keys_of_the_same_second_the_later_one_replaced_the_other() {
        let second = "2026-06-01T00:00:00Z";
        let rotated: Rotated = ["one", "two"]
            .map(|id| RotatedKey::new("http://x", id, "svc", Some(at(second))))
            .into_iter()
            .collect();
        for keys in [["one", "two"], ["two", "one"]] {
            let replaced = rotated.replaced(&keys.map(|id| key(id, second)), at(second));
            assert_eq!(replaced.into_iter().collect::<Vec<_>>(), ["one"]);
        }
    }
}
