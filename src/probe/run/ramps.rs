//! `10:1m,50:5m,0:30s`: a rate that changes evenly from one value to the next.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SpanRelativeTo;
use serde::{Deserialize, Serialize};

/// A rate that is reached after a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Ramp {
    rate: f64,
    over: Duration,
}

/// Ramps one after the other, the first from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ramps(Vec<Ramp>);

impl FromStr for Ramps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ramp = |part: &str| {
            let bad = || format!("{part:?} is no stage; write RATE:TIME, such as 10:1m,50:5m,0:30s");
            let (rate, over) = part.trim().split_once(':').ok_or_else(bad)?;
            let rate: f64 = rate.parse().map_err(|_| bad())?;
            let span: jiff::Span = over.parse().map_err(|_| bad())?;
            let over = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| bad())?;
            let over = Duration::try_from(over).map_err(|_| bad())?;
            let is_usable = (0.0..=1e6).contains(&rate) && !over.is_zero() && over.as_secs() <= 30 * 86_400;
            if is_usable { Ok(Ramp { rate, over }) } else { Err(bad()) }
        };
        let ramps = Self(text.split(',').map(ramp).collect::<Result<_, String>>()?);
        match ramps.requests() >= 1.0 {
            true => Ok(ramps),
            false => Err(format!("{text:?} sends not even one request")),
        }
    }
}

impl fmt::Display for Ramps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, ramp) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{}:{}s", ramp.rate, ramp.over.as_secs_f64())?;
        }
        Ok(())
    }
}

impl Ramps {
    /// From the first request to the end.
    pub fn duration(&self) -> Duration {
        self.0.iter().map(|ramp| ramp.over).sum()
    }

    /// The highest rate.
    pub fn peak(&self) -> f64 {
        self.0.iter().map(|ramp| ramp.rate).fold(0.0, f64::max)
    }

    /// All that are due until the end.
    fn requests(&self) -> f64 {
        self.due_until(self.duration())
    }

    /// How many requests are due up to `time`.
    pub(super) fn due_until(&self, time: Duration) -> f64 {
        let (mut left, mut from, mut due) = (time.as_secs_f64(), 0.0, 0.0);
        for ramp in &self.0 {
            let over = ramp.over.as_secs_f64();
            let part = left.min(over);
            due += from * part + (ramp.rate - from) * part * part / (2.0 * over);
            left -= part;
            from = ramp.rate;
        }
        due
    }

    /// When so many requests have become due; `None` after the end.
    pub(super) fn due(&self, requests: f64) -> Option<Duration> {
        let (mut left, mut from, mut passed) = (requests, 0.0, 0.0);
        for ramp in &self.0 {
            let over = ramp.over.as_secs_f64();
            let all = (from + ramp.rate) / 2.0 * over;
            if left < all {
                // from·t + growth·t²/2 = left, in the form that is exact for small growth.
                let growth = (ramp.rate - from) / over;
                let root = (from * from + 2.0 * growth * left).max(0.0).sqrt();
                let t = if left > 0.0 { 2.0 * left / (from + root) } else { 0.0 };
                return Some(Duration::from_secs_f64(passed + t.min(over)));
            }
            left -= all;
            passed += over;
            from = ramp.rate;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_as_the_rate_rises_and_falls() {
        let ramps: Ramps = "10:2s,10:1s,0:2s".parse().unwrap();
        // A triangle of 10, a rectangle of 10, a triangle of 10.
        assert_eq!(ramps.requests(), 30.0);
        assert_eq!((ramps.duration(), ramps.peak()), (Duration::from_secs(5), 10.0));
        let due = |n: f64| ramps.due(n).map(|time| (time.as_secs_f64() * 1e3).round());
        assert_eq!(
            (due(0.0), due(10.0), due(15.0), due(20.0)),
            (Some(0.0), Some(2000.0), Some(2500.0), Some(3000.0))
        );
        assert_eq!(due(30.0), None);
        for n in 0..30 {
            let back = ramps.due_until(ramps.due(f64::from(n)).unwrap());
            assert!((back - f64::from(n)).abs() < 1e-6, "{n}: {back}");
        }
        assert_eq!(ramps.to_string(), "10:2s,10:1s,0:2s");
    }

    #[test]
    fn stages_that_cannot_be_are_refused() {
        for text in ["", "10", "10:", "x:1s", "-1:1s", "0:1s", "10:0s", "10:1s,", "NaN:1s"] {
            assert!(text.parse::<Ramps>().is_err(), "{text:?}");
        }
    }
}
