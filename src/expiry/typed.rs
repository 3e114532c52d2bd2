//! Dates as people type them.

use jiff::Span;
use jiff::civil::Date;

use super::days::days_after;
use super::policy::{BadDate, Policy};

/// Reads a typed day: `2027-01-31` or `2027-1-31`, a span from today (`+90d`, `90d`, `3 months`, `1y`, `P90D`),
/// `today`, `tomorrow`, `end of month`, `end of year`, `default`, `max`; upper or lower case.
/// A date that the policy does not allow is refused with the rule.
pub fn parse_day(text: &str, today: Date, policy: &Policy) -> Result<Date, BadDate> {
    let day = read_day(text, today, policy)?;
    policy.check(day, today)?;
    Ok(day)
}

/// Whether `text` has a form that [`parse_day`] reads, whatever day it is today.
///
/// # Errors
/// It has none.
pub fn check_form(text: &str) -> Result<(), BadDate> {
    read_day(text, Date::constant(2000, 1, 1), &Policy::of_days(1)).map(drop)
}

fn read_day(text: &str, today: Date, policy: &Policy) -> Result<Date, BadDate> {
    let input = text.trim();
    let lower = input.to_lowercase();
    match lower.split_whitespace().collect::<Vec<_>>().join(" ").as_str() {
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
        // Three numbers of at most four digits: all fit.
        let (Ok(year), Ok(month), Ok(day)) = (year.parse(), month.parse(), day.parse()) else {
            return Err(not_there());
        };
        return Date::new(year, month, day).map_err(|_| not_there());
    }
    let text = lower.strip_prefix('+').unwrap_or(&lower).trim();
    let span: Span = text.parse().map_err(|_| {
        // Too many days for a span still name a date, one that is refused later.
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

/// What an unfinished text still needs to be a date: `the day, as in 2027-01-31`. `None` if it is
/// one already, or can never become one.
pub fn still_missing(text: &str) -> Option<String> {
    const KEYWORDS: [&str; 6] = ["today", "tomorrow", "end of month", "end of year", "default", "max"];
    const UNITS: [&str; 4] = ["days", "weeks", "months", "years"];
    const SHORT: [&str; 8] = ["d", "w", "m", "y", "day", "week", "month", "year"];
    let typed = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if typed.is_empty() {
        return None;
    }
    if let Some(word) = KEYWORDS.iter().find(|word| word.starts_with(&typed) && **word != typed) {
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
        // Parsed as the third already, it may become the thirtieth.
        [year, text, "0" | "1" | "2" | "3"] if year.len() == 4 && number(year, 4) && month(text) => {
            return Some("perhaps a second digit of the day".to_owned());
        }
        _ => {}
    }
    let span = typed.strip_prefix('+').unwrap_or(&typed).trim_start();
    let unit = span.trim_start_matches(|c: char| c.is_ascii_digit());
    let count = &span[..span.len() - unit.len()];
    // A span with a wrong unit (`13 mo` too) is not unfinished.
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
            assert!(still_missing(text).is_some_and(|hint| hint.contains(missing)), "{text}");
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
        assert!(refusal("max", &SILENT).contains("does not reveal its limit"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,24}", days in 0u32..5_000_000) {
            let _ = parse_day(&text, date(2026, 11, 23), &Policy::of_days(days));
            let _ = still_missing(&text);
        }
    }
}
