//! Caches what was read from the store until the store changes.
//!
//! Every entry carries the store's generation from before it was read. A change increments the
//! generation before it is acknowledged, so an entry read before the change is never used after it.
//! Expiry is checked on every use; deletion and new rights take effect at once.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// Maximum number of entries; a full cache is cleared.
const CAPACITY: usize = 16_384;

/// Answers of the store by question.
#[derive(Debug)]
pub struct Cache<K, V>(RwLock<HashMap<K, (u64, V)>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(RwLock::new(HashMap::new()))
    }
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// The answer, if it was read at this generation of the store.
    pub fn get<Q>(&self, generation: u64, question: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(question).filter(|(read_at, _)| *read_at == generation).map(|(_, answer)| answer.clone())
    }

    /// Stores an answer; `generation` is the store's from before the answer was read.
    pub fn put(&self, generation: u64, question: K, answer: V) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(question, (generation, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_read_before_a_change_is_not_used_after_it() {
        let cache = Cache::default();
        cache.put(7, "key".to_owned(), 1);
        assert_eq!(cache.get(7, "key"), Some(1));
        assert_eq!(cache.get(8, "key"), None);
        cache.put(7, "late".to_owned(), 2);
        assert_eq!(cache.get(8, "late"), None);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let cache = Cache::default();
        for n in 0..=CAPACITY {
            cache.put(0, n, n);
        }
        assert_eq!(cache.get(0, &CAPACITY), Some(CAPACITY));
        assert_eq!(cache.get(0, &1), None);
    }
}
