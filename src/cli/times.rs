//! Times as commands print them.

use crate::wire::time;

/// RFC 3339 UTC; `None` for what is no time, and for the year 1, which stands for none in an answer
/// (INFERRED from the specification's `date-time`: it is Go's zero time).
pub fn in_utc(text: &str) -> Option<String> {
    time::parse(text).map(time::format).filter(|text| !text.starts_with("0001-"))
}

/// The day part of a time on the wire.
pub fn day(text: &str) -> String {
    time::parse(text).map_or_else(|| "—".to_owned(), |instant| time::utc_day(instant).to_string())
}

/// A time on the wire, to the minute.
pub fn moment(text: &str) -> String {
    time::parse(text).map_or_else(|| "—".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_never_was_is_none() {
        assert_eq!(in_utc("2027-01-31T00:00:00Z").as_deref(), Some("2027-01-31T00:00:00Z"));
        assert_eq!(in_utc("0001-01-01T00:00:00Z"), None);
    }
}
