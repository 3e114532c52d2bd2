//! What the expiration policy means: limits, typed dates, the status of a key on a day.
//!
//! The workbench has one setting, "Default API keys expiration in days" (DOCS,
//! ml-generating-model-api-key), which is the default and (INFERRED from the same page) the limit.
//! Without it a key lives for one year (DOCS). Days are UTC days everywhere: the workbench keeps
//! UTC, and a day that depends on the reader's zone would move the limit.

pub mod seen;

use jiff::civil::Date;
use jiff::{Span, Timestamp, ToSpan};

use crate::wire::time;

/// How long a key lives where nobody said otherwise, in days (DOCS: one year).
pub const DEFAULT_LIFE_DAYS: u32 = 365;

/// Days in the calendar, from the year -9999 to 9999: the most that a [`Span`] holds.
const MOST_DAYS: u32 = 7_304_484;

/// What the workbench allows, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// The longest life of a new key in days; `None` where the workbench does not tell.
    pub limit_days: Option<u32>,
}

/// Why a text does not name a day on which a key may expire. The sentences say what would do.
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
        "the workbench does not tell its limit, so `max` has no date; give one, and the workbench will say if it is too late"
    )]
    LimitUnknown,
}

impl Policy {
    /// The policy of a workbench that tells its limit.
    pub fn of_days(days: u32) -> Self {
        Self { limit_days: Some(days) }
    }

    /// The last day on which a key created today may expire; `None` where the limit is not known.
    pub fn last_day(&self, today: Date) -> Option<Date> {
        self.limit_days.map(|days| days_after(today, days))
    }

    /// The day that a key created today without a date gets.
    pub fn default_day(&self, today: Date) -> Date {
        days_after(today, self.limit_days.unwrap_or(DEFAULT_LIFE_DAYS))
    }

    /// Whether a key created today may expire at the end of `day`.
    pub fn check(&self, day: Date, today: Date) -> Result<(), BadDate> {
        if day < today {
            return Err(BadDate::Past { day, today });
        }
        // The wire carries the last second of the day, and the calendar's last days have none.
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

/// Reads a typed day: `2027-01-31` or `2027-1-31`, a span from today (`+90d`, `90d`, `3 months`, `1y`, `P90D`),
/// `today`, `tomorrow`, `end of month`, `end of year`, `default`, `max`; upper or lower case.
/// A day that the policy does not allow is refused with the rule named.
pub fn parse_day(text: &str, today: Date, policy: &Policy) -> Result<Date, BadDate> {
    let day = read_day(text, today, policy)?;
    policy.check(day, today)?;
    Ok(day)
}

fn read_day(text: &str, today: Date, policy: &Policy) -> Result<Date, BadDate> {
    let input = text.trim();
    let words = input.to_lowercase();
    match words.split_whitespace().collect::<Vec<_>>().join(" ").as_str() {
        "" => return Err(BadDate::Empty),
        "default" => return Ok(policy.default_day(today)),
        "max" => return policy.last_day(today).ok_or(BadDate::LimitUnknown),
        "today" => return Ok(today),
        "tomorrow" => return Ok(days_after(today, 1)),
        "end of month" => return Ok(today.last_of_month()),
        "end of year" => return Ok(today.last_of_year()),
        _ => {}
    }
    if let Some([year, month, day]) = date_parts(input) {
        let not_there = || BadDate::NotInCalendar { input: input.to_owned() };
        // Three numbers of two digits, and of four for the year: all fit.
        let (Ok(year), Ok(month), Ok(day)) = (year.parse(), month.parse(), day.parse()) else {
            return Err(not_there());
        };
        return Date::new(year, month, day).map_err(|_| not_there());
    }
    let text = words.strip_prefix('+').unwrap_or(&words).trim();
    let span: Span = text.parse().map_err(|_| {
        // More days than a span holds are days all the same.
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let input = input.to_owned();
        match format!("1{unit}").parse::<Span>() {
            Ok(one) if unit.len() < text.len() && !has_time_of_day(&one) => BadDate::TooFar { input },
            _ => BadDate::NotADate { input },
        }
    })?;
    if has_time_of_day(&span) {
        return Err(BadDate::NotWholeDays { input: input.to_owned() });
    }
    today.checked_add(span).map_err(|_| BadDate::TooFar { input: input.to_owned() })
}

/// `2027-01-31`, also `2027-1-5`: four digits, then twice a dash and one or two digits.
fn date_parts(text: &str) -> Option<[&str; 3]> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.try_into().ok()?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let fits = |text: &str| digits(text) && (1..=2).contains(&text.len());
    (year.len() == 4 && digits(year) && fits(month) && fits(day)).then_some([year, month, day])
}

/// What a text that is still being typed lacks to be a day: `the day, as in 2027-01-31`. `None`
/// where it is one, and where nothing that follows could make it one.
pub fn still_missing(text: &str) -> Option<String> {
    const WORDS: [&str; 6] = ["today", "tomorrow", "end of month", "end of year", "default", "max"];
    const UNITS: [&str; 4] = ["days", "weeks", "months", "years"];
    const SHORT: [&str; 8] = ["d", "w", "m", "y", "day", "week", "month", "year"];
    let typed = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if typed.is_empty() {
        return None;
    }
    if let Some(word) = WORDS.iter().find(|word| word.starts_with(&typed) && **word != typed) {
        return Some(format!("the rest of `{word}`"));
    }
    let parts: Vec<&str> = typed.split('-').collect();
    let number = |text: &str, most: usize| text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    let month = |text: &str| number(text, 2) && text.parse().is_ok_and(|month: u8| month <= 12);
    match *parts.as_slice() {
        [year, ""] if year.len() == 4 && number(year, 4) => {
            return Some("the month and the day, as in 2027-01-31".to_owned());
        }
        [year, text] if year.len() == 4 && number(year, 4) && month(text) => {
            return Some("the day, as in 2027-01-31".to_owned());
        }
        [year, text, ""] if year.len() == 4 && number(year, 4) && month(text) => {
            return Some("the day, as in 2027-01-31".to_owned());
        }
        // Read as the third already, it may become the thirtieth.
        [year, text, "0" | "1" | "2" | "3"] if year.len() == 4 && number(year, 4) && month(text) => {
            return Some("perhaps a second digit of the day".to_owned());
        }
        _ => {}
    }
    let span = typed.strip_prefix('+').unwrap_or(&typed).trim_start();
    let unit = span.trim_start_matches(|c: char| c.is_ascii_digit());
    let count = &span[..span.len() - unit.len()];
    // What is wrong with a span that has its unit (`13 mo` too) is something else.
    let whole = UNITS.iter().chain(&SHORT).any(|whole| *whole == unit.trim_start());
    if whole || span.parse::<Span>().is_ok() {
        return None;
    }
    if (!count.is_empty() || typed == "+") && UNITS.iter().any(|name| name.starts_with(unit.trim_start())) {
        let plain = typed == count && count.len() <= 4;
        let or = if plain { ", or the rest of a date as in 2027-01-31" } else { "" };
        return Some(format!("days, weeks, months or years, as in +90d{or}"));
    }
    None
}

fn has_time_of_day(span: &Span) -> bool {
    span.get_hours() != 0
        || span.get_minutes() != 0
        || span.get_seconds() != 0
        || span.get_milliseconds() != 0
        || span.get_microseconds() != 0
        || span.get_nanoseconds() != 0
}

fn days_after(today: Date, days: u32) -> Date {
    // A span has no more days than the calendar, and more would panic.
    today.saturating_add(i64::from(days.min(MOST_DAYS)).days())
}

/// Whole days from `today` to `day`; negative where `day` is past.
pub fn days_between(today: Date, day: Date) -> i64 {
    // Both are within the years -9999 to 9999, so the count of days always fits.
    today.duration_until(day).as_hours() / 24
}

/// What choosing `day` means, in words:
/// `expires 2027-02-21 at 23:59 UTC, in 90 days; the longest allowed`.
pub fn meaning(day: Date, today: Date, policy: &Policy) -> String {
    let when = match days_between(today, day) {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    };
    match policy.check(day, today) {
        Err(problem) => problem.to_string(),
        Ok(()) => {
            let note = if policy.last_day(today) == Some(day) {
                "; the longest allowed"
            } else if policy.default_day(today) == day {
                "; the default"
            } else {
                ""
            };
            format!("expires {day} at 23:59 UTC, {when}{note}")
        }
    }
}

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyStatus {
    /// Past its expiry date: the workbench refuses it.
    Expired,
    /// Valid, and expires within the days that the reader calls soon.
    Soon,
    /// Valid for longer.
    Active,
    /// The workbench told no date that can be read.
    Unknown,
}

impl KeyStatus {
    /// The word for it, everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Soon => "soon",
            Self::Active => "active",
            Self::Unknown => "unknown",
        }
    }
}

/// The status at `now` of a key with this `expiry_date`; "soon" is within `soon_days`.
pub fn status(expiry_date: &str, now: Timestamp, soon_days: u32) -> KeyStatus {
    let Some(expiry) = time::parse(expiry_date) else {
        return KeyStatus::Unknown;
    };
    if expiry <= now {
        KeyStatus::Expired
    } else if days_between(time::utc_day(now), time::utc_day(expiry)) <= i64::from(soon_days) {
        KeyStatus::Soon
    } else {
        KeyStatus::Active
    }
}

/// Days from the UTC day of `now` to that of `expiry_date`; negative where it is past, `None`
/// where no date can be read.
pub fn days_left(expiry_date: &str, now: Timestamp) -> Option<i64> {
    let expiry = time::parse(expiry_date)?;
    Some(days_between(time::utc_day(now), time::utc_day(expiry)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const YEAR: Policy = Policy { limit_days: Some(365) };
    const SILENT: Policy = Policy { limit_days: None };

    #[test]
    fn typed_days_and_spans() {
        let today = date(2026, 11, 23);
        for (text, expected) in [
            ("2027-01-31", date(2027, 1, 31)),
            ("2027-1-5", date(2027, 1, 5)),
            ("2027-01-5", date(2027, 1, 5)),
            ("+90d", date(2027, 2, 21)),
            ("90d", date(2027, 2, 21)),
            ("+ 90 days", date(2027, 2, 21)),
            ("3 months", date(2027, 2, 23)),
            ("2w", date(2026, 12, 7)),
            ("1y", date(2027, 11, 23)),
            ("P90D", date(2027, 2, 21)),
            ("End of Month", date(2026, 11, 30)),
            ("end of year", date(2026, 12, 31)),
            ("tomorrow", date(2026, 11, 24)),
            (" today ", today),
            ("default", date(2027, 11, 23)),
            ("MAX", date(2027, 11, 23)),
        ] {
            assert_eq!(parse_day(text, today, &YEAR), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_being_typed_is_not_judged_before_it_can_be() {
        let today = date(2026, 11, 23);
        for (text, missing) in [
            ("2", "or the rest of a date"),
            ("2027", "or the rest of a date"),
            ("2027-", "the month and the day"),
            ("2027-1", "the day, as in"),
            ("2027-01-", "the day, as in"),
            ("2026-11-2", "a second digit"),
            ("+", "+90d"),
            ("+90", "+90d"),
            ("3 mon", "months"),
            ("tom", "the rest of `tomorrow`"),
            ("End of", "the rest of `end of month`"),
        ] {
            assert!(parse_day(text, today, &YEAR).is_err(), "{text}");
            assert!(still_missing(text).is_some_and(|words| words.contains(missing)), "{text}");
        }
        for text in ["+366d", "400 days", "13 months", "13 mo", "2 yr", "+9999d", "2 year"] {
            assert_eq!(still_missing(text), None, "{text}: it has its unit");
        }
        for text in ["", "2027-13", "2027-02-30", "next tuesday", "-5", "12h", "3 minutes", "2027-01-31-"] {
            assert_eq!(still_missing(text), None, "{text}");
        }
    }

    #[test]
    fn months_end_where_the_calendar_says() {
        assert_eq!(parse_day("1 month", date(2027, 1, 31), &SILENT), Ok(date(2027, 2, 28)));
        assert_eq!(parse_day("1y", date(2028, 2, 29), &SILENT), Ok(date(2029, 2, 28)));
        assert_eq!(parse_day("end of month", date(2028, 2, 1), &SILENT), Ok(date(2028, 2, 29)));
        assert_eq!(parse_day("+1d", date(2026, 12, 31), &SILENT), Ok(date(2027, 1, 1)));
    }

    #[test]
    fn refusals_name_the_input_and_the_way_out() {
        let today = date(2026, 11, 23);
        let refusal = |text, policy| parse_day(text, today, policy).unwrap_err().to_string();
        assert!(refusal("", &YEAR).contains("write 2027-01-31"));
        assert!(refusal("next tuesday", &YEAR).contains("\"next tuesday\" is not a date"));
        assert!(refusal("2027-02-29", &YEAR).contains("not in the calendar"));
        assert!(refusal("2027-1-0", &YEAR).contains("not in the calendar"));
        assert!(refusal("12h", &YEAR).contains("whole days"));
        assert!(refusal("99999y", &SILENT).contains("99999y"));
        assert!(refusal("+99999999999999d", &YEAR).contains("out of the calendar"));
        assert!(refusal("9999-12-31", &SILENT).contains("out of the calendar"));
        assert!(refusal("2026-11-22", &YEAR).contains("past"));
        assert!(refusal("-1d", &YEAR).contains("past"));
        assert_eq!(
            refusal("2027-11-24", &YEAR),
            "2027-11-24 is beyond the limit of 365 days; the last day allowed is 2027-11-23"
        );
        assert!(refusal("max", &SILENT).contains("does not tell its limit"));
    }

    #[test]
    fn the_meaning_in_words() {
        let today = date(2026, 11, 23);
        let day = date(2027, 2, 21);
        assert_eq!(
            meaning(day, today, &Policy::of_days(90)),
            "expires 2027-02-21 at 23:59 UTC, in 90 days; the longest allowed"
        );
        assert_eq!(meaning(day, today, &YEAR), "expires 2027-02-21 at 23:59 UTC, in 90 days");
        assert_eq!(
            meaning(date(2027, 11, 23), today, &SILENT),
            "expires 2027-11-23 at 23:59 UTC, in 365 days; the default"
        );
        assert_eq!(meaning(today, today, &YEAR), "expires 2026-11-23 at 23:59 UTC, today");
    }

    #[test]
    fn the_status_of_a_key() {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        for (text, expected, left) in [
            ("2027-11-23T23:59:59Z", KeyStatus::Active, Some(365)),
            ("2026-12-01T23:59:59Z", KeyStatus::Soon, Some(8)),
            ("2026-11-23T09:00:00Z", KeyStatus::Expired, Some(0)),
            ("2026-10-02T23:59:59Z", KeyStatus::Expired, Some(-52)),
            ("", KeyStatus::Unknown, None),
        ] {
            assert_eq!(status(text, now, 14), expected, "{text}");
            assert_eq!(days_left(text, now), left, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,24}", days in 0u32..5_000_000) {
            let _ = parse_day(&text, date(2026, 11, 23), &Policy::of_days(days));
            let _ = still_missing(&text);
        }

        #[test]
        fn every_allowed_day_is_within_the_limit(ahead in -400i64..800, limit in 1u32..700) {
            let today = date(2026, 11, 23);
            let day = today.saturating_add(ahead.days());
            let allowed = Policy::of_days(limit).check(day, today).is_ok();
            prop_assert_eq!(allowed, (0..=i64::from(limit)).contains(&ahead));
        }
    }
}
