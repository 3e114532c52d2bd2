//! Date arithmetic in days, within the calendar.

use jiff::civil::Date;
use jiff::{RoundMode, Span, SpanRelativeTo, SpanRound, ToSpan, Unit};

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

/// Reads a number of days: `14d`, `2w`, `14`; hours are rounded up to whole days.
///
/// # Errors
/// It is something else; the message says what to write.
pub fn parse_days(text: &str) -> Result<u32, String> {
    let bad = || format!("{text:?} is not a number of days; write 14d or 2w");
    if let Ok(days) = text.trim().parse::<u32>() {
        return Ok(days);
    }
    let span: Span = text.trim().parse().map_err(|_| bad())?;
    let round = SpanRound::new()
        .largest(Unit::Day)
        .smallest(Unit::Day)
        .mode(RoundMode::Ceil)
        .relative(SpanRelativeTo::days_are_24_hours());
    let rounded = span.round(round).map_err(|_| bad())?;
    u32::try_from(rounded.get_days()).map_err(|_| bad())
}
