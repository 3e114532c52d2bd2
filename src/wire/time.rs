//! Times on the wire.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// The last second of a UTC day: what a bare date means as an expiry (INFERRED).
const END_OF_DAY: Time = Time::constant(23, 59, 59, 0);

/// Reads RFC 3339, RFC 3339 without an offset (taken as UTC) and a bare date (its last second,
/// UTC), since all three are in use (INFERRED). `None` for anything else, including an empty
/// string.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    if text.len() > 10 {
        return utc(text.parse::<DateTime>().ok()?);
    }
    end_of_day(text.parse::<Date>().ok()?)
}

/// The last second of `day`, UTC; `None` at the far end of the calendar.
pub fn end_of_day(day: Date) -> Option<Timestamp> {
    utc(day.to_datetime(END_OF_DAY))
}

/// The UTC day of `instant`.
pub fn utc_day(instant: Timestamp) -> Date {
    instant.to_zoned(TimeZone::UTC).date()
}

/// RFC 3339 UTC with `Z`, to the second: `2027-01-31T23:59:59Z`.
pub fn format(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn utc(moment: DateTime) -> Option<Timestamp> {
    moment.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read() {
        for (text, expected) in [
            ("2027-01-31T10:00:00Z", "2027-01-31T10:00:00Z"),
            ("2027-01-31T10:00:00.25+01:00", "2027-01-31T09:00:00Z"),
            ("2027-01-31T10:00:00", "2027-01-31T10:00:00Z"),
            (" 2027-01-31 ", "2027-01-31T23:59:59Z"),
            ("2028-02-29", "2028-02-29T23:59:59Z"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "soon", "2027-02-29", "31.01.2027", "2027-01-31T25:00:00Z"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
