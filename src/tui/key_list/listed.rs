//! A list of API keys, with what takes long to find in it found already.
//!
//! With a hundred thousand keys, reading dates and comparing texts takes noticeable time. The task
//! that fetches a list does both, so that no key press waits for it.

use jiff::Timestamp;

use crate::expiry::days_between;
use crate::wire::{AUDIENCE_APPLICATION, V2KeyDetails, time};

/// What a list can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrder {
    Id,
    Expiry,
    Audience,
    Comment,
}

/// API keys as the workbench listed them. Rows are indexes into that list.
#[derive(Debug, Default)]
pub struct ListedKeys {
    keys: Vec<V2KeyDetails>,
    /// When each expires; `None` if the text is not a date.
    expires: Vec<Option<Timestamp>>,
    by_id: Vec<u32>,
    by_expiry: Vec<u32>,
    by_audience: Vec<u32>,
    by_comment: Vec<u32>,
    /// What the filter searches, in lower case. All rows share one string: searching one piece of
    /// memory is many times faster than searching five a row.
    search: String,
    /// Where each row's part of it ends.
    ends: Vec<usize>,
    longest_life: Option<i64>,
}

impl From<Vec<V2KeyDetails>> for ListedKeys {
    fn from(keys: Vec<V2KeyDetails>) -> Self {
        let expires: Vec<_> = keys.iter().map(|key| time::parse(&key.expiry_date)).collect();
        let mut search = String::new();
        let mut ends = Vec::with_capacity(keys.len());
        for key in &keys {
            for text in [&*key.key_id, &key.comments, audience(key), date_of(&key.expiry_date)] {
                search.push_str(text);
                // No filter term contains a line break, so none can span two texts.
                search.push('\n');
            }
            ends.push(search.len());
        }
        search.make_ascii_lowercase();
        search.shrink_to_fit();
        Self {
            by_id: ordered(&keys, |row| keys[row].key_id.as_str()),
            by_expiry: ordered(&keys, |row| expires[row].unwrap_or(Timestamp::MAX)),
            by_audience: ordered(&keys, |row| audience(&keys[row])),
            by_comment: ordered(&keys, |row| keys[row].comments.as_str()),
            longest_life: keys.iter().zip(&expires).filter_map(|(key, at)| life(key, (*at)?)).max(),
            expires,
            search,
            ends,
            keys,
        }
    }
}

/// Days between the creation of a key and its end.
fn life(key: &V2KeyDetails, expires: Timestamp) -> Option<i64> {
    let created = time::parse(&key.created_at)?;
    Some(days_between(time::utc_day(created), time::utc_day(expires)))
}

/// Rows by a key, equal ones as they were listed.
fn ordered<K: Ord>(keys: &[V2KeyDetails], key: impl Fn(usize) -> K) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..keys.len()).filter_map(|row| u32::try_from(row).ok()).collect();
    rows.sort_by_cached_key(|row| key(*row as usize));
    rows
}

impl ListedKeys {
    pub fn keys(&self) -> &[V2KeyDetails] {
        &self.keys
    }

    /// When the key of a row expires.
    pub fn expires(&self, row: usize) -> Option<Timestamp> {
        self.expires.get(row).copied().flatten()
    }

    /// The longest life among the keys, in days: a lower bound for the limit of a workbench that does
    /// not report one.
    pub fn longest_life(&self) -> Option<i64> {
        self.longest_life
    }

    /// The rows in an order; those without a date come last.
    pub fn order(&self, by: KeyOrder) -> &[u32] {
        match by {
            KeyOrder::Id => &self.by_id,
            KeyOrder::Expiry => &self.by_expiry,
            KeyOrder::Audience => &self.by_audience,
            KeyOrder::Comment => &self.by_comment,
        }
    }

    /// How many keys expire at a moment that satisfies `wanted`. `wanted` must hold up to some moment
    /// and never after it: a binary search finds that moment.
    pub fn count_until(&self, wanted: impl Fn(Timestamp) -> bool) -> usize {
        self.by_expiry.partition_point(|row| self.expires(*row as usize).is_some_and(&wanted))
    }

    /// Whether the row contains all of `words`, in lower case.
    pub fn holds(&self, row: usize, words: &[String]) -> bool {
        let begin = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let text = self.ends.get(row).and_then(|end| self.search.get(begin..*end)).unwrap_or_default();
        words.iter().all(|word| text.contains(word.as_str()))
    }

    /// The list without the keys whose ID is in `gone`.
    pub fn without(&self, gone: impl Fn(&str) -> bool) -> Self {
        let left: Vec<_> = self.keys.iter().filter(|key| !gone(&key.key_id)).cloned().collect();
        left.into()
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
        assert_eq!(listed.order(KeyOrder::Id), [1, 2, 0]);
        assert_eq!(listed.order(KeyOrder::Expiry), [2, 0, 1]);
        assert_eq!(listed.order(KeyOrder::Audience), [0, 2, 1], "equal ones as they were listed");
        assert_eq!(listed.order(KeyOrder::Comment), [2, 0, 1]);
        let new_year = "2027-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
        assert_eq!(listed.count_until(|at| at < new_year), 1);
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

    #[test]
    fn words_are_looked_for_in_a_row_and_not_across_two_texts() {
        let listed = listed();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let held = |text: &str| (0..4).filter(|row| listed.holds(*row, &words(text))).collect::<Vec<_>>();
        assert_eq!(held("night api"), [0]);
        assert_eq!(held("2026-12"), [2]);
        assert!(held("c3night").is_empty());
        assert!(held("scoringapi").is_empty());
        assert_eq!(held("app"), [1]);
        assert_eq!(listed.without(|id| id == "c3").keys().len(), 2);
    }
}
