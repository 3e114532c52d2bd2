//! The workbench's time, from the `Date` of its answers. Keys expire by that clock and by no other.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AGE, DATE, HeaderMap};

use crate::wire::time;

/// A `Date` has whole seconds, and fractions are cut off.
const SECOND: SignedDuration = SignedDuration::from_secs(1);
/// A clock that says another year than one of these was never set.
const YEARS: std::ops::RangeInclusive<i16> = 2020..=2199;

/// How this machine's clock and the workbench's compare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServerClock {
    /// No answer has come yet.
    #[default]
    Unknown,
    /// Answers bear no `Date`, or one that cannot be right.
    Unsaid,
    /// What is to be added to this machine's time; zero where the clocks agree as far as can be seen.
    Ahead(SignedDuration),
}

impl ServerClock {
    /// The workbench's time where this machine says `local`: without a usable answer, the same.
    pub fn at(self, local: Timestamp) -> Timestamp {
        local.checked_add(self.difference()).unwrap_or(local)
    }

    /// The workbench's time now.
    pub fn now(self) -> Timestamp {
        self.at(Timestamp::now())
    }

    /// How far the workbench's clock is ahead of this machine's; negative: behind.
    pub fn difference(self) -> SignedDuration {
        match self {
            Self::Ahead(difference) => difference,
            Self::Unknown | Self::Unsaid => SignedDuration::ZERO,
        }
    }

    /// After an answer with these headers, to a request in flight from `sent` to `received`.
    /// The smallest difference that explains the answer counts, and one that was found before
    /// stands as long as it explains the answer too.
    #[must_use]
    pub(super) fn after(self, headers: &HeaderMap, sent: Timestamp, received: Timestamp) -> Self {
        // A cache answers with a `Date` of the past.
        if headers.contains_key(AGE) {
            return self;
        }
        let Some(date) = date(headers) else {
            return if self == Self::Unknown { Self::Unsaid } else { self };
        };
        let least = date.duration_since(received);
        let most = date.duration_since(sent) + SECOND;
        match self {
            Self::Ahead(before) if (least..=most).contains(&before) => self,
            // This machine's clock was set meanwhile.
            _ if least > most => self,
            _ => Self::Ahead(SignedDuration::ZERO.clamp(least, most)),
        }
    }
}

/// The `Date` of an answer, if it can be right.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    YEARS.contains(&time::utc_day(date).year()).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn answer(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    const NOON: &str = "Mon, 23 Nov 2026 12:00:00 GMT";

    #[test]
    fn clocks_agree_unless_an_answer_shows_that_they_do_not() {
        let noon = answer("date", NOON);
        for (sent, received, difference) in [
            ("2026-11-23T12:00:00.2Z", "2026-11-23T12:00:00.3Z", 0),
            // The answer took a minute: it was made at some moment of it.
            ("2026-11-23T11:59:30Z", "2026-11-23T12:00:30Z", 0),
            ("2026-11-23T12:00:01Z", "2026-11-23T12:00:01.1Z", 0),
            // 60 days ahead here, 5 days behind.
            ("2027-01-22T12:00:00Z", "2027-01-22T12:00:00Z", -60 * 86_400 + 1),
            ("2026-11-18T12:00:00Z", "2026-11-18T12:00:00Z", 5 * 86_400),
        ] {
            let clock = ServerClock::Unknown.after(&noon, at(sent), at(received));
            assert_eq!(clock, ServerClock::Ahead(SignedDuration::from_secs(difference)), "{sent}");
            let difference = clock.at(at(received)).duration_since(at("2026-11-23T12:00:00Z"));
            assert!(difference.as_secs().abs() <= 60, "{sent}");
        }
    }

    #[test]
    fn a_difference_stands_while_it_explains_the_answers() {
        let here = at("2026-11-18T12:00:00Z");
        let first = ServerClock::Unknown.after(&answer("date", NOON), here, here);
        let later = answer("date", "Mon, 23 Nov 2026 12:00:01 GMT");
        let then = at("2026-11-18T12:00:01.4Z");
        assert_eq!(first.after(&later, then, then), first);
        let set_right = at("2026-11-23T12:00:01Z");
        assert_eq!(first.after(&later, set_right, set_right), ServerClock::Ahead(SignedDuration::ZERO));
        let turned_back = at("2026-11-18T10:00:00Z");
        assert_eq!(first.after(&later, then, turned_back), first, "set back while the request was in flight");
    }

    #[test]
    fn what_says_no_time_changes_nothing() {
        let here = at("2026-11-23T12:00:00Z");
        for headers in [
            HeaderMap::new(),
            answer("date", "soon"),
            answer("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
            answer("date", "Thu, 01 Jan 9998 00:00:00 GMT"),
        ] {
            let clock = ServerClock::Unknown.after(&headers, here, here);
            assert_eq!((clock, clock.at(here)), (ServerClock::Unsaid, here), "{headers:?}");
        }
        let mut cached = answer("date", "Mon, 23 Nov 2026 02:00:00 GMT");
        cached.insert(AGE, "36000".parse().unwrap());
        assert_eq!(ServerClock::Unknown.after(&cached, here, here), ServerClock::Unknown);
    }
}
