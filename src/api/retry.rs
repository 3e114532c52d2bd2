//! When to retry a call that changes nothing, and after how long.
//!
//! Two bounds: a few tries and seconds per call, and a budget shared by all calls of a client, so
//! that a scan over thousands of users does not triple the load of a workbench in trouble.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use super::Error;

/// Tries after the first.
const RETRIES: u32 = 2;
/// Longest wait before a retry; a longer `Retry-After` is left to the caller.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// One retry costs as much as this many answers earn.
const COST: u32 = 10;
const FULL: u32 = 20 * COST;

pub(super) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(FULL))
    }
}

impl Budget {
    pub(super) fn earn(&self) {
        let _ =
            self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left < FULL).then_some(left + 1));
    }

    /// How long to wait before the next try, after `tried` tries failed with `error`; `None`: give
    /// up.
    pub(super) fn wait(&self, error: &Error, tried: u32) -> Option<Duration> {
        if tried > RETRIES || !error.is_passing() {
            return None;
        }
        let asked = error.retry_after().unwrap_or_default();
        if asked > LONGEST_WAIT {
            return None;
        }
        self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(COST)).ok()?;
        let backoff = FIRST_WAIT * 2u32.pow(tried.saturating_sub(1));
        Some(asked + backoff.mul_f64(0.5 + jitter()))
    }
}

/// Between 0 and 1; 0.5 if the system has no random numbers.
fn jitter() -> f64 {
    let mut byte = [0u8; 1];
    match SystemRandom::new().fill(&mut byte) {
        Ok(()) => f64::from(byte[0]) / 255.0,
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, retry_after: Option<u64>) -> Error {
        Error::Refused {
            operation: "listing models",
            status,
            code: None,
            message: String::new(),
            request_id: None,
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    #[test]
    fn only_passing_trouble_is_retried_and_not_for_ever() {
        let budget = Budget::default();
        assert!(budget.wait(&refused(503, None), 1).is_some());
        assert!(budget.wait(&refused(503, None), 3).is_none());
        assert!(budget.wait(&refused(404, None), 1).is_none());
        assert!(budget.wait(&refused(429, Some(2)), 1).unwrap() >= Duration::from_secs(2));
        assert!(budget.wait(&refused(429, Some(60)), 1).is_none());
    }

    #[test]
    fn the_budget_runs_dry_and_answers_refill_it() {
        let budget = Budget::default();
        let retried = (0..1000).filter(|_| budget.wait(&refused(503, None), 1).is_some()).count();
        assert_eq!(retried, (FULL / COST) as usize);
        (0..COST).for_each(|_| budget.earn());
        assert!(budget.wait(&refused(503, None), 1).is_some());
    }
}
