//! The plan of a run, and the ceiling that protects shared clusters.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::failure::CallError;
use super::super::part::Part;
use super::ramps::Ramps;

/// More concurrent requests need `unbounded`.
pub const MAX_IN_FLIGHT: u32 = 64;
/// More requests in total need `unbounded`.
pub const MAX_REQUESTS: u64 = 10_000;
/// Far more than one machine can usefully keep in flight.
const ANY_IN_FLIGHT: u32 = 4096;

const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
/// Requests per second.
const RATES: RangeInclusive<f64> = 0.001..=1e6;

/// The plan of a run. Without count and duration it continues until it is stopped, or until the
/// ceiling.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// The name of the model, for exports and comparisons: `churn-prod/add`, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Stop after this many requests, without the warm-up.
    pub count: Option<u64>,
    /// Stop sending after this time, without the warm-up.
    pub duration: Option<Duration>,
    /// Requests in flight: exactly this many, or with a rate at most. The default is 1, with a rate
    /// 64.
    pub concurrency: Option<u32>,
    /// Requests per second, sent when they are due.
    pub rate: Option<f64>,
    /// Instead of a rate: one that changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stages: Option<Ramps>,
    /// Without a rate: the pause between an answer and the next request of a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub think: Option<Duration>,
    /// The rows that the requests are taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// The part of the requests, or of the rate, that this machine sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Part>,
    /// The number of requests at the start that are not counted.
    pub warmup: u64,
    /// Ignore the ceiling.
    pub unbounded: bool,
}

/// Rows that the requests of a run are taken from, one after the other, from the first again at the
/// end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// SHA-256 of the file.
    pub hash: String,
    pub rows: u64,
}

impl Plan {
    /// Whether requests are due at fixed instants.
    pub fn is_open(&self) -> bool {
        self.rate.is_some() || self.stages.is_some()
    }

    /// The highest rate of this machine; `None` without a rate.
    pub(super) fn own_peak(&self) -> Option<f64> {
        let all = self.rate.or(self.stages.as_ref().map(Ramps::peak))?;
        Some(all / self.parts() as f64)
    }

    /// The number of requests of this machine, without the warm-up.
    pub fn own_count(&self) -> Option<u64> {
        let count = self.count?;
        Some(self.shard.map_or(count, |part| part.of_rows(count)))
    }

    /// The number of machines that share the run.
    pub(super) fn parts(&self) -> u64 {
        self.shard.map_or(1, |part| part.of)
    }

    /// The number of a request over all machines, from its number on this one; both from 0.
    pub(super) fn global(&self, index: u64) -> u64 {
        self.shard.map_or(index, |part| index.saturating_mul(part.of).saturating_add(part.index))
    }

    /// When sending ends.
    pub(super) fn time(&self) -> Option<Duration> {
        match &self.stages {
            Some(stages) => Some(self.duration.map_or(stages.duration(), |time| time.min(stages.duration()))),
            None => self.duration,
        }
    }

    /// Requests in flight: exactly this many, or with a rate at most.
    pub fn in_flight(&self) -> u32 {
        self.concurrency.unwrap_or(if self.is_open() { MAX_IN_FLIGHT } else { 1 })
    }

    /// The number of requests at which the run ends, and whether the ceiling sets it.
    pub(super) fn limit(&self) -> (u64, bool) {
        match (self.own_count(), self.unbounded) {
            (Some(count), _) => (self.warmup.saturating_add(count), false),
            (None, false) => (MAX_REQUESTS, true),
            (None, true) => (u64::MAX, false),
        }
    }

    /// # Errors
    /// [`CallError::Invalid`] with what is wrong and what to give instead.
    pub fn check(&self) -> Result<(), CallError> {
        let invalid = |what: String, hint: &str| Err(CallError::invalid(what, hint));
        let in_flight = self.in_flight();
        if in_flight == 0 || in_flight > ANY_IN_FLIGHT {
            return invalid(
                format!("{in_flight} requests in flight are not possible"),
                "give a number from 1 to 64",
            );
        }
        if self.count == Some(0) {
            return invalid("a run of no requests measures nothing".to_owned(), "give a count of at least 1");
        }
        if self.duration.is_some_and(|duration| duration.is_zero() || duration > LONGEST) {
            return invalid(
                "the duration cannot be used".to_owned(),
                "give one such as 30s, at most 30 days",
            );
        }
        if self.rate.is_some_and(|rate| !RATES.contains(&rate)) {
            return invalid(
                "the rate cannot be used".to_owned(),
                "give requests a second, such as 20 or 0.5",
            );
        }
        if self.stages.is_some() && (self.rate.is_some() || self.warmup > 0) {
            return invalid(
                "stages leave no room for a rate or a warm-up".to_owned(),
                "leave out --rate and --warmup: a first stage warms up",
            );
        }
        if self.think.is_some() && self.is_open() {
            return invalid(
                "with a rate requests are due whatever their senders think".to_owned(),
                "leave out --think, or the rate",
            );
        }
        if self.own_count() == Some(0) {
            return invalid("this shard has no requests".to_owned(), "give a count of at least one a shard");
        }
        if self.unbounded {
            return Ok(());
        }
        if in_flight > MAX_IN_FLIGHT {
            return invalid(
                format!("{in_flight} requests in flight are more than a shared cluster should bear"),
                "at most 64, or say --unbounded",
            );
        }
        // At its rate a run may come to an end before its count.
        let by_rate = self.own_peak().zip(self.time()).map(|(rate, time)| rate * time.as_secs_f64());
        let by_rate = by_rate.map_or(u64::MAX, |requests| requests.ceil() as u64);
        let all = self.own_count().unwrap_or(0).min(by_rate).saturating_add(self.warmup);
        if all > MAX_REQUESTS {
            return invalid(
                format!("{all} requests are more than a shared cluster should bear"),
                "at most 10000 with warm-up, or say --unbounded",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_holds_unless_it_is_lifted() {
        let plan = |count, concurrency| Plan { count, concurrency, ..Plan::default() };
        assert!(plan(Some(10_000), Some(64)).check().is_ok());
        for over in
            [plan(Some(10_001), None), plan(None, Some(65)), Plan { warmup: 1, ..plan(Some(10_000), None) }]
        {
            let error = over.check().unwrap_err();
            assert!(error.hint().unwrap().contains("--unbounded"), "{error}");
            assert!(Plan { unbounded: true, ..over }.check().is_ok());
        }
        let slow =
            Plan { rate: Some(100.0), duration: Some(Duration::from_secs(4)), ..plan(Some(100_000), None) };
        assert!(slow.check().is_ok(), "it ends after 400");
        assert!(Plan { rate: Some(3000.0), ..slow }.check().is_err());
        assert_eq!(plan(None, None).limit(), (MAX_REQUESTS, true), "a run by time ends at the ceiling too");
    }

    #[test]
    fn nonsense_is_refused() {
        let nonsense = [
            Plan { count: Some(0), ..Plan::default() },
            Plan { concurrency: Some(0), ..Plan::default() },
            Plan { rate: Some(f64::NAN), ..Plan::default() },
            Plan { rate: Some(-1.0), ..Plan::default() },
            Plan { rate: Some(1e-300), ..Plan::default() },
            Plan { duration: Some(Duration::MAX), ..Plan::default() },
            Plan { duration: Some(Duration::ZERO), ..Plan::default() },
        ];
        for plan in nonsense {
            assert!(Plan { unbounded: true, ..plan.clone() }.check().is_err(), "{plan:?}");
        }
    }
}
