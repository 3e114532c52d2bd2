//! Date arithmetic in days, within the calendar.

use jiff::ToSpan;
use jiff::civil::Date;

/// Days in the calendar, from the year -9999 to 9999: the most that a [`jiff::Span`] holds.
const MOST_DAYS: u32 = 7_304_484;

pub(super) fn days_after(today: Date, days: u32) -> Date {
    // A span cannot hold more days than the calendar; more would panic.
    today.saturating_add(i64::from(days.min(MOST_DAYS)).days())
}

/// Whole days from `today` to `day`; negative if `day` is past.
pub fn days_between(today: Date, day: Date) -> i64 {
    // Both are within the years -9999 to 9999, so the number of days always fits.
    today.duration_until(day).as_hours() / 24
}
