//! The creations that were begun: written down before each, so that a key of which no answer came is
//! known for one of this machine's.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::wire::{V2KeyDetails, time};

/// Times have whole seconds, and the workbench's is known no better.
const BLUR: Duration = Duration::from_secs(2);
/// A workbench may finish a cancelled request.
const LATE: Duration = Duration::from_secs(30);

/// A creation that was begun: the workbench made the key in this time, or never.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    from: Timestamp,
    to: Timestamp,
    /// Key IDs that were listed before it, and are so young that their times alone would fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    listed: Vec<String>,
}

impl Intent {
    /// A creation that begins at `now`, the workbench's time, and is cancelled after `timeout`; `keys`
    /// are listed already.
    pub fn new(now: Timestamp, timeout: Duration, keys: &[V2KeyDetails]) -> Self {
        let to = now.checked_add(timeout.saturating_add(LATE)).unwrap_or(now);
        let mut intent = Self { from: now.checked_sub(BLUR).unwrap_or(now), to, listed: Vec::new() };
        let young = keys.iter().filter(|key| intent.explains(key));
        intent.listed = young.map(|key| key.key_id.clone()).collect();
        intent
    }

    fn explains(&self, key: &V2KeyDetails) -> bool {
        !self.listed.contains(&key.key_id)
            && time::parse(&key.created_at).is_some_and(|made| (self.from..=self.to).contains(&made))
    }

    /// Whether a key may still come, or has come, of this creation.
    pub fn matters(&self, keys: &[V2KeyDetails], now: Timestamp) -> bool {
        now <= self.to || keys.iter().any(|key| self.explains(key))
    }
}

/// Of `keys` those that no creation explains. Each explains one key.
pub fn unexplained<'a>(
    keys: impl Iterator<Item = &'a V2KeyDetails>,
    intents: &[Intent],
) -> Vec<&'a V2KeyDetails> {
    let mut keys: Vec<_> = keys.collect();
    keys.sort_by_key(|key| time::parse(&key.created_at));
    let mut intents = intents.to_vec();
    intents.sort_by_key(|intent| intent.to);
    // Sorted like this, the first that fits leaves most for the keys that follow.
    keys.retain(|key| match intents.iter().position(|intent| intent.explains(key)) {
        Some(at) => {
            intents.remove(at);
            false
        }
        None => true,
    });
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, created: &str) -> V2KeyDetails {
        V2KeyDetails { key_id: id.into(), created_at: created.into(), ..V2KeyDetails::default() }
    }

    fn intent(now: &str) -> Intent {
        Intent::new(now.parse().unwrap(), Duration::from_secs(30), &[])
    }

    #[test]
    fn a_creation_explains_one_key_of_its_time() {
        let keys = [
            key("before", "2026-06-01T00:00:00Z"),
            key("ours", "2026-06-01T01:00:05Z"),
            key("theirs", "2026-06-01T01:00:20Z"),
            key("after", "2026-06-01T01:02:00Z"),
        ];
        let ids = |intents: &[Intent]| {
            let ids = unexplained(keys.iter(), intents).into_iter().map(|key| key.key_id.clone());
            ids.collect::<Vec<_>>()
        };
        assert_eq!(ids(&[]).len(), 4);
        assert_eq!(ids(&[intent("2026-06-01T01:00:00Z")]), ["before", "theirs", "after"]);
        let two = [intent("2026-06-01T01:00:10Z"), intent("2026-06-01T01:00:00Z")];
        assert_eq!(ids(&two), ["before", "after"]);
        let now = "2026-06-02T00:00:00Z".parse().unwrap();
        assert!(two[1].matters(&keys, now) && !two[1].matters(&keys[..1], now));
        assert!(two[1].matters(&[], "2026-06-01T01:01:00Z".parse().unwrap()), "a key may still come");
    }

    /// Two rotations within a second: the key of the first is in the window of the second, too.
    #[test]
    fn a_key_that_was_listed_before_does_not_pass_for_the_new_one() {
        let keys = [key("first", "2026-06-01T01:00:00Z"), key("second", "2026-06-01T01:00:01Z")];
        let timeout = Duration::from_secs(30);
        let second = Intent::new("2026-06-01T01:00:01Z".parse().unwrap(), timeout, &keys[..1]);
        let left = unexplained(keys.iter(), &[second]);
        assert_eq!(left, [&keys[0]]);
    }
}
