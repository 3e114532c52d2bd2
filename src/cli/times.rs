//! Times as commands print them.

use crate::wire::time;

/// RFC 3339 UTC; `None` for what is no time.
pub fn in_utc(text: &str) -> Option<String> {
    time::parse(text).map(time::format)
}

/// The day part of a time on the wire.
pub fn day(text: &str) -> String {
    time::parse(text).map_or_else(|| "—".to_owned(), |instant| time::utc_day(instant).to_string())
}

/// A time on the wire, to the minute.
pub fn moment(text: &str) -> String {
    time::parse(text).map_or_else(|| "—".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
