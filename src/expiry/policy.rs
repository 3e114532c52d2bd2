//! What the workbench allows, and what a date means under it.

use jiff::civil::Date;

use super::days::{days_after, days_between};
use crate::wire::time;

/// Default lifetime of a key, in days (DOCS: one year).
pub const DEFAULT_LIFE_DAYS: u32 = 365;

/// What the workbench allows, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// The longest lifetime of a new key in days; `None` if the workbench does not reveal it.
    pub limit_days: Option<u32>,
}

/// Why a text is not a valid expiry date. Each message says what would be valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDate {
    #[error("no date was given; write 2027-01-31, +90d, 3 months, end of month, default or max")]
    Empty,
    #[error("{input:?} is not a date; write 2027-01-31, +90d, 3 months, end of month, default or max")]
    NotADate { input: String },
    #[error("{input} is not in the calendar; check the day and the month")]
    NotInCalendar { input: String },
    #[error(
        "{input:?} is not in whole days; a key lasts to the end of a day, so write days, weeks, months or years"
    )]
    NotWholeDays { input: String },
    #[error("{input:?} leads out of the calendar; give an earlier day")]
    TooFar { input: String },
    #[error("{day} is in the past (today is {today}, UTC); give a later day")]
    Past { day: Date, today: Date },
    #[error("{day} is beyond the limit of {limit_days} days; the last day allowed is {last}")]
    BeyondLimit { day: Date, limit_days: u32, last: Date },
    #[error(
        "the workbench does not reveal its limit, so `max` has no date; give a date, and the workbench says if it is too late"
    )]
    LimitUnknown,
}

impl Policy {
    /// The policy of a workbench that reveals its limit.
    pub fn of_days(days: u32) -> Self {
        Self { limit_days: Some(days) }
    }

    /// The last day on which a key created today may expire; `None` if the limit is not known.
    pub fn last_day(&self, today: Date) -> Option<Date> {
        self.limit_days.map(|days| days_after(today, days))
    }

    /// The expiry date of a key created today without a date.
    pub fn default_day(&self, today: Date) -> Date {
        days_after(today, self.limit_days.unwrap_or(DEFAULT_LIFE_DAYS))
    }

    /// Whether a key created today may expire at the end of `day`.
    pub fn check(&self, day: Date, today: Date) -> Result<(), BadDate> {
        if day < today {
            return Err(BadDate::Past { day, today });
        }
        // The wire carries the last second of the day, which the calendar's last days do not have.
        if time::end_of_day(day).is_none() {
            return Err(BadDate::TooFar { input: day.to_string() });
        }
        match (self.limit_days, self.last_day(today)) {
            (Some(limit_days), Some(last)) if day > last => {
                Err(BadDate::BeyondLimit { day, limit_days, last })
            }
            _ => Ok(()),
        }
    }
}

/// What `day` means, as a sentence:
/// `expires 2027-02-21 at 23:59 UTC, in 90 days; the default and maximum`.
pub fn meaning(day: Date, today: Date, policy: &Policy) -> String {
    let when = match days_between(today, day) {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    };
    match policy.check(day, today) {
        Err(problem) => problem.to_string(),
        Ok(()) => {
            // The setting of a site is both (DOCS).
            let note = match (policy.default_day(today) == day, policy.last_day(today) == Some(day)) {
                (true, true) => "; the default and maximum",
                (true, false) => "; the default",
                (false, true) => "; the maximum",
                (false, false) => "",
            };
            format!("expires {day} at 23:59 UTC, {when}{note}")
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const YEAR: Policy = Policy { limit_days: Some(365) };
    const SILENT: Policy = Policy { limit_days: None };

    #[test]
    fn the_meaning_in_words() {
        let today = date(2026, 11, 23);
        let day = date(2027, 2, 21);
        assert_eq!(
            meaning(day, today, &Policy::of_days(90)),
            "expires 2027-02-21 at 23:59 UTC, in 90 days; the default and maximum"
        );
        assert_eq!(meaning(day, today, &YEAR), "expires 2027-02-21 at 23:59 UTC, in 90 days");
        assert_eq!(
            meaning(date(2027, 11, 23), today, &SILENT),
            "expires 2027-11-23 at 23:59 UTC, in 365 days; the default"
        );
        assert_eq!(meaning(today, today, &YEAR), "expires 2026-11-23 at 23:59 UTC, today");
    }

    proptest! {
        #[test]
        fn every_allowed_day_is_within_the_limit(ahead in -400i64..800, limit in 1u32..700) {
            let today = date(2026, 11, 23);
            let day = today.saturating_add(ahead.days());
            let allowed = Policy::of_days(limit).check(day, today).is_ok();
            prop_assert_eq!(allowed, (0..=i64::from(limit)).contains(&ahead));
        }
    }
}
