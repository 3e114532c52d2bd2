//! The workbench's clock: the system's, or one that a test sets; either can be moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Tells the time. Clones tell the same one.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Where it stands still, in microseconds; `None` for the system's clock.
    stopped: Option<Arc<AtomicI64>>,
    /// Microseconds that it is ahead.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until it is [`Clock::set`].
    pub fn stopped_at(now: Timestamp) -> Self {
        Self { stopped: Some(Arc::new(AtomicI64::new(now.as_microsecond()))), ahead: Arc::default() }
    }

    /// Moves a stopped clock; the system's stays as it is.
    pub fn set(&self, now: Timestamp) {
        if let Some(micros) = &self.stopped {
            micros.store(now.as_microsecond(), Ordering::Release);
        }
    }

    /// Lets it run this much ahead of where it would be.
    pub fn put_ahead(&self, by: SignedDuration) {
        self.ahead.store(i64::try_from(by.as_micros()).unwrap_or_default(), Ordering::Release);
    }

    /// How much it is ahead.
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
