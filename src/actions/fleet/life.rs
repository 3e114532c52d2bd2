//! How long a key lasts that is made now, and when the one before is worth replacing by it.

use std::time::Duration;

use jiff::Timestamp;

use super::Service;
use crate::expiry::{DEFAULT_LIFE_DAYS, Policy, parse_day};
use crate::wire::time;

const DAY: u64 = 86_400;

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * DAY)
}

/// The life of a key that is made now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// How long it lasts; why none can be made as the manifest says.
    pub lasts: Result<Duration, String>,
    /// A key is replaced once it has this many days left.
    pub due_days: u32,
    /// The same as the manifest says.
    manifest_due: Duration,
}

impl Life {
    /// Of the keys of `service`, on a workbench with this limit. One that does not say its limit is
    /// taken at its last key: how long that was `observed` to last when it was made.
    pub fn of(
        service: &Service,
        now: Timestamp,
        limit_days: Option<u32>,
        observed: Option<Duration>,
    ) -> Self {
        let mut lasts = lasts(&service.expires, now, limit_days);
        if let (Ok(lasts), Some(observed), None) = (&mut lasts, observed, limit_days) {
            *lasts = observed.min(*lasts);
        }
        let manifest_due = days(service.due_days);
        let mut due_days = service.due_days;
        // A key that is due from its first day would be replaced by each run, and by one that ends
        // hardly later, or even sooner.
        if let Ok(lasts) = &lasts
            && *lasts <= manifest_due
        {
            due_days = u32::try_from(lasts.as_secs() / DAY / 2).unwrap_or(u32::MAX).min(due_days);
            // Days are whole: the half of one is none, and a key would be replaced once it has expired.
            if *lasts >= days(1) {
                due_days = due_days.max(1);
            }
        }
        Self { lasts, due_days, manifest_due }
    }

    /// The time before its end in which a key is due.
    pub fn due(&self) -> Duration {
        days(self.due_days)
    }

    /// Why no key can be made that is not due at once, or that outlasts `offline_for`.
    pub fn is_too_short(&self, offline_for: Duration) -> Option<String> {
        match &self.lasts {
            Err(problem) => Some(format!("no key can be created: {problem}")),
            Ok(lasts) if *lasts <= self.manifest_due.max(offline_for) => {
                Some(format!("a new key lasts {} days, and would be due at once", lasts.as_secs() / DAY))
            }
            Ok(_) => None,
        }
    }

    /// Why a key that ends at `expiry` stays, although it is due by the manifest.
    pub fn holds_back(&self, expiry: Timestamp, now: Timestamp) -> Option<String> {
        let lasts = self.lasts.as_ref().ok().filter(|_| self.due() < self.manifest_due)?;
        let left = Duration::try_from(expiry.duration_since(now)).ok()?;
        if left > self.manifest_due || left <= self.due() {
            return None;
        }
        let new = lasts.as_secs() / DAY;
        Some(match new <= left.as_secs() / DAY {
            true => format!("its key is due, but a new one lasts {new} days and would not outlive it"),
            false => {
                format!(
                    "its key is due, but a new one lasts only {new} days: it stays until half of that is left"
                )
            }
        })
    }
}

/// How long a key lasts that is created at `now` with `expires`.
///
/// # Errors
/// The workbench would refuse it.
fn lasts(expires: &str, now: Timestamp, limit_days: Option<u32>) -> Result<Duration, String> {
    let wanted = expires.trim();
    if wanted.eq_ignore_ascii_case("default") || wanted.eq_ignore_ascii_case("max") {
        return Ok(days(limit_days.unwrap_or(DEFAULT_LIFE_DAYS)));
    }
    let day =
        parse_day(wanted, time::utc_day(now), &Policy { limit_days }).map_err(|error| error.to_string())?;
    let end = time::end_of_day(day).unwrap_or(Timestamp::MAX);
    Ok(Duration::try_from(end.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_key_lasts_as_long_as_the_manifest_and_the_limit_let_it() {
        let days = |life: Result<Duration, String>| life.unwrap().as_secs() / DAY;
        assert_eq!((days(lasts("default", now(), Some(90))), days(lasts("max", now(), None))), (90, 365));
        assert_eq!(days(lasts("+30d", now(), Some(90))), 30);
        assert!(lasts("+100d", now(), Some(90)).is_err() && lasts("soon", now(), None).is_err());
    }

    #[test]
    fn a_key_is_not_replaced_by_one_that_would_be_due_at_once() {
        let of = |due_days, limit| {
            let service = Service { due_days, expires: "max".to_owned(), ..Service::default() };
            Life::of(&service, now(), Some(limit), None)
        };
        let left = |days: u32| now().checked_add(super::days(days)).unwrap();
        let enough = of(20, 21);
        assert_eq!((enough.due_days, enough.holds_back(left(20), now())), (20, None));
        let short = of(20, 15);
        assert_eq!(short.due_days, 7);
        assert!(short.holds_back(left(18), now()).unwrap().ends_with("would not outlive it"));
        assert!(short.holds_back(left(15), now()).unwrap().ends_with("would not outlive it"));
        assert!(short.holds_back(left(8), now()).unwrap().ends_with("until half of that is left"));
        // It is replaced now, or not due yet.
        assert_eq!((short.holds_back(left(7), now()), short.holds_back(left(21), now())), (None, None));
        assert_eq!(of(20, 1).due_days, 1, "before it expires");
        // A workbench that does not say its limit, and one that does.
        let service = Service { due_days: 14, expires: "default".to_owned(), ..Service::default() };
        let due_days = |limit| Life::of(&service, now(), limit, Some(super::days(10))).due_days;
        assert_eq!((due_days(None), due_days(Some(90))), (5, 14));
        // A fixed day: all keys end on it, and none is worth another one.
        let service = Service { due_days: 14, expires: "2026-06-10".to_owned(), ..Service::default() };
        let fixed = Life::of(&service, now(), None, None);
        let end = time::end_of_day("2026-06-10".parse().unwrap()).unwrap();
        assert!(fixed.holds_back(end, now()).unwrap().ends_with("would not outlive it"));
    }
}
