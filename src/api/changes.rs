//! The changes that were asked for. Who is interrupted must learn of them: one whose answer was not
//! waited for may have been made all the same.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Error;

/// Operations that change something, such as "creating an API key", each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The workbench did them.
    pub made: Vec<&'static str>,
    /// Nothing says whether the workbench did them.
    pub unanswered: Vec<&'static str>,
}

/// Follows the changes of a client and its clones.
#[derive(Debug, Default)]
pub(super) struct Follower(Mutex<BTreeMap<&'static str, Asked>>);

#[derive(Debug, Default)]
struct Asked {
    made: bool,
    /// So many requests have no answer.
    unanswered: usize,
}

impl Follower {
    /// `operation` is about to be asked for.
    pub fn begin(&self, operation: &'static str) {
        self.with(|asked| asked.entry(operation).or_default().unanswered += 1);
    }

    /// A request for `operation` ended.
    pub fn end<T>(&self, operation: &'static str, outcome: &Result<T, Error>) {
        if matches!(outcome, Err(error) if error.may_be_done()) {
            return;
        }
        self.with(|asked| {
            let asked = asked.entry(operation).or_default();
            asked.unanswered = asked.unanswered.saturating_sub(1);
            asked.made |= outcome.is_ok();
        });
    }

    pub fn changes(&self) -> Changes {
        self.with(|asked| {
            let of = |which: fn(&Asked) -> bool| {
                asked.iter().filter(|(_, asked)| which(asked)).map(|(operation, _)| *operation).collect()
            };
            Changes { made: of(|asked| asked.made), unanswered: of(|asked| asked.unanswered > 0) }
        })
    }

    fn with<T>(&self, then: impl FnOnce(&mut BTreeMap<&'static str, Asked>) -> T) -> T {
        then(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
