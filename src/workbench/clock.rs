//! The workbench's clock: the system's, or one that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Tells the time; clones of a clock that was set tell the same one.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is [`Clock::set`].
    pub fn stopped_at(now: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now.as_microsecond()))))
    }

    /// Moves a stopped clock; the system's stays as it is.
    pub fn set(&self, now: Timestamp) {
        if let Some(micros) = &self.0 {
            micros.store(now.as_microsecond(), Ordering::Release);
        }
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            None => Timestamp::now(),
            Some(micros) => super::store::instant(micros.load(Ordering::Acquire)),
        }
    }
}
