//! The result of a run, complete at any moment. Its serialised form is the export's schema.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

use super::super::failure::FailureKind;
use super::plan::Plan;
use super::series::{Point, whole};
use super::tally::{Share, Tally, ms};
use super::whole::Histograms;
use crate::{secret, text};

/// Changes whenever readers of exports must change.
pub(super) const SCHEMA: &str = "keybench.run/1";
const BARS: usize = 24;

/// The phase of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    WarmingUp,
    Running,
    /// Sending has stopped; requests are still in flight.
    Finishing,
    Done,
}

/// Why a run stopped sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    Count,
    /// The ceiling for shared clusters.
    Ceiling,
    Duration,
    Person,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latency {
    pub min_ms: f64,
    pub mean_ms: f64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

/// The share of one replica.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplicaSummary {
    pub requests: u64,
    /// Of all requests that named their replica, 0 to 1.
    pub share: f64,
    pub errors: u64,
    /// Service time, within 1 %.
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// The share of one HTTP status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct StatusSummary {
    pub requests: u64,
    /// Service time, within 1 %.
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// One bar of the latency histogram: requests in `from_ms..to_ms`. The bars are equally wide on a
/// logarithmic scale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    pub from_ms: f64,
    pub to_ms: f64,
    pub requests: u64,
}

/// A run so far.
///
/// Latencies cover every request that was sent, including those that failed or timed out: their
/// callers waited too. With a rate they count from when the request was due; `service` always
/// counts from when it was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// `keybench.run/1`
    pub schema: String,
    pub stage: Stage,
    pub started: Timestamp,
    pub stopped_by: Option<StopReason>,
    /// The resource of this machine that ran out, so that the run, or a part of it, could not be
    /// made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    pub plan: Plan,
    /// Of the measured part.
    pub elapsed_s: f64,
    pub total: u64,
    pub ok: u64,
    /// All that are not ok, including busy ones.
    pub errors: u64,
    /// 429: no replica was free in time.
    pub busy: u64,
    /// In flight when the run was stopped; in no other figure.
    pub abandoned: u64,
    /// With a rate: due during the run and never sent, because the maximum was in flight. In no
    /// other figure.
    pub missed: u64,
    pub in_flight: u64,
    /// Finished requests per second.
    pub rps: f64,
    /// `due` with a rate, else `sent`.
    pub latency_from: String,
    #[serde(flatten)]
    pub latency: Latency,
    /// From sending, whatever the plan.
    pub service: Latency,
    /// By replica ID; those beyond the 64th are combined as `(others)`.
    pub replicas: BTreeMap<String, ReplicaSummary>,
    /// Requests by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    pub by_status: BTreeMap<u16, StatusSummary>,
    /// Errors by kind: `busy`, `timeout`, `not_authorized`, …
    pub failures: BTreeMap<String, u64>,
    /// What the first of each kind said, masked and cleaned; no member if it said nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub said: BTreeMap<String, String>,
    /// Of received bodies.
    pub bytes: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// How long opening them took, within 1 %; in no other figure but the latency since due.
    #[serde(default)]
    pub connect: Latency,
    /// Requests that were sent again, because the service had closed the connection that was kept for
    /// them.
    #[serde(default)]
    pub reconnects: u64,
    pub histogram: Vec<Bar>,
    pub series: Vec<Point>,
    /// At the end of a run: its histograms whole, for putting runs together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histograms: Option<Histograms>,
    /// How many runs this one was put together from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<u64>,
}

impl Summary {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            stage: Stage::WarmingUp,
            started: Timestamp::UNIX_EPOCH,
            stopped_by: None,
            trouble: None,
            plan: plan.clone(),
            elapsed_s: 0.0,
            total: 0,
            ok: 0,
            errors: 0,
            busy: 0,
            abandoned: 0,
            missed: 0,
            in_flight: 0,
            rps: 0.0,
            latency_from: if plan.is_open() { "due" } else { "sent" }.to_owned(),
            latency: Latency::default(),
            service: Latency::default(),
            replicas: BTreeMap::new(),
            statuses: BTreeMap::new(),
            by_status: BTreeMap::new(),
            failures: BTreeMap::new(),
            said: BTreeMap::new(),
            bytes: 0,
            connections: 0,
            connect: Latency::default(),
            reconnects: 0,
            histogram: Vec::new(),
            series: Vec::new(),
            histograms: None,
            merged: None,
        }
    }

    pub(super) fn fill(&mut self, all: &Tally) {
        self.total = all.total;
        self.ok = all.ok;
        self.errors = all.total - all.ok;
        self.busy = all.failures_of(FailureKind::Busy);
        self.bytes = all.bytes;
        self.connections = all.connections;
        self.connect = Latency::of(&all.connecting);
        self.reconnects = all.reconnects;
        self.rps = if self.elapsed_s > 0.0 { all.total as f64 / self.elapsed_s } else { 0.0 };
        self.service = Latency::of(&all.service);
        let latency = all.since_due.as_ref().unwrap_or(&all.service);
        self.latency = Latency::of(latency);
        self.histogram = bars(latency);
        let named: u64 = all.replicas.iter().map(|(_, share)| share.requests).sum();
        self.replicas = all
            .replicas
            .iter()
            .filter(|(_, share)| share.requests > 0)
            .map(|(name, share)| (shown(name), ReplicaSummary::of(share, named, all.service.max())))
            .collect();
        for (status, share) in all.statuses.iter().filter(|(_, share)| share.requests > 0) {
            let (p50_ms, p99_ms) = percentiles(&share.latency, all.service.max());
            self.statuses.insert(*status, share.requests);
            self.by_status.insert(*status, StatusSummary { requests: share.requests, p50_ms, p99_ms });
        }
        self.failures = FailureKind::VARIANTS
            .iter()
            .copied()
            .filter(|kind| all.failures_of(*kind) > 0)
            .map(|kind| (kind.name().to_owned(), all.failures_of(kind)))
            .collect();
    }

    pub(super) fn fill_histograms(&mut self, all: &Tally) {
        self.histograms = Some(Histograms::of(all, shown));
    }

    /// Errors as a fraction of all, 0 to 1.
    pub fn error_share(&self) -> f64 {
        if self.total > 0 { self.errors as f64 / self.total as f64 } else { 0.0 }
    }

    /// Whether its latencies mean anything. Where no call succeeded they are those of refusals, or 0: there
    /// is no percentile of nothing.
    pub fn has_latencies(&self) -> bool {
        self.ok > 0
    }

    /// The points over time without an unfinished last one, whose rate would be meaningless.
    pub fn whole_points(&self) -> &[Point] {
        whole(&self.series)
    }

    /// Calls that no replica answered, and how many of them failed: with those of the replicas they add
    /// up to all. `None` if there are none, or no replica is known.
    pub fn without_replica(&self) -> Option<(u64, u64)> {
        let sum = |of: fn(&ReplicaSummary) -> u64| self.replicas.values().map(of).sum::<u64>();
        let requests = self.total.saturating_sub(sum(|replica| replica.requests));
        let errors = self.errors.saturating_sub(sum(|replica| replica.errors));
        (requests > 0 && !self.replicas.is_empty()).then_some((requests, errors))
    }

    /// Progress of a run with a known end, 0 to 1.
    pub fn done_share(&self) -> Option<f64> {
        let by_count = self.plan.own_count().map(|count| self.total as f64 / count as f64);
        let by_time = self.plan.time().map(|time| self.elapsed_s / time.as_secs_f64());
        by_count.into_iter().chain(by_time).reduce(f64::max).map(|share| share.min(1.0))
    }
}

/// The name of a replica, which comes from outside.
fn shown(name: &str) -> String {
    text::clean(&secret::mask(name)).into_owned()
}

impl Latency {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let at = |quantile| ms(histogram.value_at_quantile(quantile));
        Self {
            min_ms: ms(histogram.min()),
            mean_ms: histogram.mean() / 1e6,
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: ms(histogram.max()),
        }
    }

    /// With the name of each figure.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> {
        [
            ("min", self.min_ms),
            ("mean", self.mean_ms),
            ("p50", self.p50_ms),
            ("p90", self.p90_ms),
            ("p99", self.p99_ms),
            ("p99.9", self.p999_ms),
            ("max", self.max_ms),
        ]
        .into_iter()
    }
}

impl ReplicaSummary {
    fn of(share: &Share, all: u64, slowest: u64) -> Self {
        let (p50_ms, p99_ms) = percentiles(&share.latency, slowest);
        let part = share.requests as f64 / all.max(1) as f64;
        Self { requests: share.requests, share: part, errors: share.errors, p50_ms, p99_ms }
    }
}

/// The median and the 99th percentile of a part of all requests. Its histogram is coarser than that
/// of all, whose maximum is `slowest`: no percentile may exceed it.
pub(super) fn percentiles(histogram: &Histogram<u64>, slowest: u64) -> (f64, f64) {
    let at = |quantile| ms(histogram.value_at_quantile(quantile).min(slowest));
    (at(0.5), at(0.99))
}

/// The histogram in a few bars between its smallest and its largest value.
pub(super) fn bars(histogram: &Histogram<u64>) -> Vec<Bar> {
    if histogram.is_empty() {
        return Vec::new();
    }
    let (min, max) = (histogram.min().max(1) as f64, histogram.max().max(1) as f64);
    // At least a factor of 1.05 a bar: below that the bars show noise.
    let steps = ((max / min).ln() / 1.05_f64.ln()).ceil().clamp(1.0, BARS as f64);
    let factor = (max / min).powf(1.0 / steps).max(1.0 + 1e-9);
    let mut bars: Vec<Bar> = (0..steps as usize)
        .map(|step| Bar {
            from_ms: min * factor.powi(step as i32) / 1e6,
            to_ms: min * factor.powi(step as i32 + 1) / 1e6,
            requests: 0,
        })
        .collect();
    let last = bars.len() - 1;
    for value in histogram.iter_recorded() {
        let step = ((value.value_iterated_to() as f64 / min).ln() / factor.ln()).floor();
        bars[(step.max(0.0) as usize).min(last)].requests += value.count_at_value();
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::super::tally::histogram;
    use super::*;

    #[test]
    fn no_replica_is_slower_than_the_slowest_request() {
        let (mut all, mut replica) = (histogram(3), histogram(2));
        all.saturating_record(123_456_789);
        replica.saturating_record(123_456_789);
        assert!(replica.value_at_quantile(0.99) > all.max(), "it rounds up further");
        let slowest = ms(all.max());
        assert_eq!(percentiles(&replica, all.max()), (slowest, slowest));
    }

    #[test]
    fn bars_hold_every_request_once() {
        let mut latency = histogram(3);
        for ms in 1..=1000 {
            latency.saturating_record(ms * 1_000_000);
        }
        let bars = bars(&latency);
        assert_eq!(bars.len(), BARS);
        assert_eq!(bars.iter().map(|bar| bar.requests).sum::<u64>(), 1000);
        assert!((bars[0].from_ms - 1.0).abs() < 0.01 && (bars[BARS - 1].to_ms - 1000.0).abs() < 2.0);

        let mut same = histogram(3);
        same.saturating_record_n(5_000_000, 7);
        assert_eq!(super::bars(&same).iter().map(|bar| bar.requests).sum::<u64>(), 7);
    }
}
