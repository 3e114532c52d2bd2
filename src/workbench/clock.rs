//! The workbench's clock: the system's, or one that a test sets; either can be moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A clock. Clones share its state.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// The time at which it is stopped, in microseconds; `None` for the system's clock.
    stopped: Option<Arc<AtomicI64>>,
    /// Microseconds that it is ahead.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A stopped clock, which only [`Clock::set`] moves.
    pub fn stopped_at(now: Timestamp) -> Self {
        Self { stopped: Some(Arc::new(AtomicI64::new(now.as_microsecond()))), ahead: Arc::default() }
    }

    /// Moves a stopped clock; has no effect on the system's.
    pub fn set(&self, now: Timestamp) {
        if let Some(micros) = &self.stopped {
            micros.store(now.as_microsecond(), Ordering::Release);
        }
    }

    /// Sets the offset that is added to the time.
    pub fn put_ahead(&self, by: SignedDuration) {
        self.ahead.store(i64::try_from(by.as_micros()).unwrap_or_default(), Ordering::Release);
    }

    /// The current offset.
    pub fn ahead(&self) -> SignedDuration {
        SignedDuration::from_micros(self.ahead.load(Ordering::Acquire))
    }

    pub fn now(&self) -> Timestamp {
        let now = match &self.stopped {
            None => Timestamp::now(),
            Some(micros) => super::store::instant(micros.load(Ordering::Acquire)),
        };
        now.saturating_add(self.ahead()).unwrap_or(now)
    }
}
