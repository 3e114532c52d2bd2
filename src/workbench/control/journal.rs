//! The journal of requests, bounded in bytes; the oldest are dropped first.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::seen::Seen;

/// Bytes that the journal may use.
const LIMIT: usize = 8 << 20;

/// One request.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    pub time: Timestamp,
    #[serde(flatten)]
    pub seen: Seen,
    /// `None` while there is no answer, or if none is sent.
    pub status: Option<u16>,
    /// The ID of the fault that acted.
    pub fault: Option<u64>,
    /// The body, without keys; `None` if it is missing, too long or not JSON.
    pub request: Option<Value>,
}

/// Which entries to return.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    operation: Option<String>,
    model: Option<String>,
    user: Option<String>,
    since: Option<Timestamp>,
}

impl Selection {
    fn takes(&self, entry: &Entry) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| found == Some(wanted.as_str()))
        };
        same(&self.operation, entry.seen.operation)
            && same(&self.model, entry.seen.model.as_deref())
            && same(&self.user, entry.seen.user.as_deref())
            && self.since.is_none_or(|since| entry.time >= since)
    }
}

#[derive(Debug, Default)]
pub struct Journal(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: VecDeque<(Entry, usize)>,
    bytes: usize,
    /// The number of entries ever written.
    count: u64,
}

impl Journal {
    /// Adds an entry and returns its number.
    pub fn write(&self, entry: Entry) -> u64 {
        let size = size(&entry);
        let mut inner = self.inner();
        inner.entries.push_back((entry, size));
        inner.bytes += size;
        while inner.bytes > LIMIT {
            let Some((_, gone)) = inner.entries.pop_front() else { break };
            inner.bytes -= gone;
        }
        inner.count += 1;
        inner.count - 1
    }

    /// Records how an entry ended, if it is still there.
    pub fn ended(&self, number: u64, status: u16) {
        let mut inner = self.inner();
        let first = inner.count - inner.entries.len() as u64;
        let at = number.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        if let Some((entry, _)) = at.and_then(|at| inner.entries.get_mut(at)) {
            entry.status = Some(status);
        }
    }

    pub fn select(&self, selection: &Selection) -> Vec<Entry> {
        let inner = self.inner();
        let all = inner.entries.iter().map(|(entry, _)| entry);
        all.filter(|entry| selection.takes(entry)).cloned().collect()
    }

    pub fn count(&self, selection: &Selection) -> usize {
        self.inner().entries.iter().filter(|(entry, _)| selection.takes(entry)).count()
    }

    pub fn clear(&self) {
        let mut inner = self.inner();
        inner.entries.clear();
        inner.bytes = 0;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The approximate size of an entry.
fn size(entry: &Entry) -> usize {
    fn of(value: &Value) -> usize {
        size_of::<Value>()
            + match value {
                Value::String(text) => text.len(),
                Value::Array(items) => items.iter().map(of).sum(),
                Value::Object(members) => {
                    members.iter().map(|(name, value)| 48 + name.len() + of(value)).sum()
                }
                _ => 0,
            }
    }
    let texts = [&entry.seen.model, &entry.seen.user, &entry.seen.key_id];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    size_of::<(Entry, usize)>() + entry.seen.path.len() + texts + entry.request.as_ref().map_or(0, of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> Entry {
        let seen = Seen { path: path.to_owned(), ..Seen::default() };
        Entry { time: Timestamp::UNIX_EPOCH, seen, status: None, fault: None, request: None }
    }

    #[test]
    fn it_stays_within_its_bytes_and_forgets_the_oldest() {
        let journal = Journal::default();
        let long = "x".repeat(LIMIT / 10);
        for n in 0..20 {
            let number = journal.write(entry(&format!("{n}{long}")));
            journal.ended(number, 200);
        }
        let kept = journal.select(&Selection::default());
        assert!((8..10).contains(&kept.len()), "{}", kept.len());
        assert!(kept.iter().all(|entry| entry.status == Some(200)));
        assert!(kept.last().unwrap().seen.path.starts_with("19"));
        journal.ended(0, 500);
        assert!(journal.select(&Selection::default()).iter().all(|entry| entry.status == Some(200)));
        journal.clear();
        journal.ended(19, 500);
        assert_eq!(journal.count(&Selection::default()), 0);
    }
}
