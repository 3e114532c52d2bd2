//! The measurements of one thread's workers since they were last collected. Of constant size:
//! histograms, and bounded tables.

use std::time::Duration;

use hdrhistogram::Histogram;
use strum::VariantArray as _;
use tokio::time::Instant;

use super::super::failure::FailureKind;

/// Latencies are counted in nanoseconds up to an hour, with three digits: 0.1 %.
const LONGEST: u64 = 3_600_000_000_000;
/// Replicas counted separately; restarts create new names, so their number has no natural bound.
const MAX_REPLICAS: usize = 64;
/// Statuses counted separately.
const MAX_STATUSES: usize = 32;
/// The name under which further replicas are counted.
pub(super) const OTHER_REPLICAS: &str = "(others)";
pub(super) const FAILURES: usize = FailureKind::VARIANTS.len();

/// One request that was sent.
pub(super) struct Sample<'a> {
    /// From the first byte sent to the last received, or until the call was abandoned.
    pub service: Duration,
    /// With a rate: from when it was due.
    pub since_due: Option<Duration>,
    pub status: Option<u16>,
    pub replica: Option<&'a str>,
    pub failure: Option<FailureKind>,
    /// Bytes of the answer's body.
    pub size: u64,
    pub at: Instant,
}

/// Counts and latencies of one part of the requests.
#[derive(Debug, Clone)]
pub(super) struct Share {
    pub requests: u64,
    pub errors: u64,
    /// With two digits: 1 %.
    pub latency: Histogram<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub total: u64,
    pub ok: u64,
    pub bytes: u64,
    pub connections: u64,
    /// How long opening each of them took.
    pub connecting: Histogram<u64>,
    /// Requests that were sent again on a new connection.
    pub reconnects: u64,
    pub service: Histogram<u64>,
    pub since_due: Option<Histogram<u64>>,
    /// By [`FailureKind`], in its order.
    pub failures: [u64; FAILURES],
    pub statuses: Vec<(u16, Share)>,
    pub replicas: Vec<(String, Share)>,
    pub last: Option<Instant>,
}

pub(super) fn histogram(digits: u8) -> Histogram<u64> {
    #[allow(clippy::expect_used)] // the bounds are constants and valid
    Histogram::new_with_bounds(1, LONGEST, digits).expect("valid bounds")
}

impl Share {
    fn new() -> Self {
        Self { requests: 0, errors: 0, latency: histogram(2) }
    }

    fn record(&mut self, latency: u64, failed: bool) {
        self.requests += 1;
        self.errors += u64::from(failed);
        self.latency.saturating_record(latency);
    }

    fn absorb(&mut self, other: &mut Self) {
        if other.requests == 0 {
            return;
        }
        self.requests += other.requests;
        self.errors += other.errors;
        add(&mut self.latency, &other.latency);
        (other.requests, other.errors) = (0, 0);
        other.latency.reset();
    }
}

impl Tally {
    pub fn new(with_rate: bool) -> Self {
        Self {
            total: 0,
            ok: 0,
            bytes: 0,
            connections: 0,
            connecting: histogram(2),
            reconnects: 0,
            service: histogram(3),
            since_due: with_rate.then(|| histogram(3)),
            failures: [0; FAILURES],
            statuses: Vec::new(),
            replicas: Vec::new(),
            last: None,
        }
    }

    pub fn record(&mut self, sample: &Sample<'_>) {
        let service = nanos(sample.service);
        let failed = sample.failure.is_some();
        self.total += 1;
        self.ok += u64::from(!failed);
        self.bytes += sample.size;
        self.service.saturating_record(service);
        if let (Some(histogram), Some(since_due)) = (&mut self.since_due, sample.since_due) {
            histogram.saturating_record(nanos(since_due));
        }
        if let Some(kind) = sample.failure {
            self.failures[kind as usize] += 1;
        }
        if let Some(status) = sample.status {
            share_of(&mut self.statuses, MAX_STATUSES, |known| *known == status, || status, || 0)
                .record(service, failed);
        }
        if let Some(replica) = sample.replica {
            share_of(
                &mut self.replicas,
                MAX_REPLICAS,
                |known| known == replica,
                || replica.to_owned(),
                || OTHER_REPLICAS.to_owned(),
            )
            .record(service, failed);
        }
        self.last = self.last.max(Some(sample.at));
    }

    /// A connection that was opened.
    pub fn record_connection(&mut self, took: Duration) {
        self.connections += 1;
        self.connecting.saturating_record(nanos(took));
    }

    /// A request that could not be sent.
    pub fn record_unsent(&mut self, kind: FailureKind, at: Instant) {
        self.total += 1;
        self.failures[kind as usize] += 1;
        self.last = self.last.max(Some(at));
    }

    /// Moves everything out of `other` into this.
    pub fn absorb(&mut self, other: &mut Self) {
        self.reconnects += std::mem::take(&mut other.reconnects);
        if other.connections > 0 {
            self.connections += std::mem::take(&mut other.connections);
            add(&mut self.connecting, &other.connecting);
            other.connecting.reset();
        }
        if other.total == 0 {
            return;
        }
        self.total += std::mem::take(&mut other.total);
        self.ok += std::mem::take(&mut other.ok);
        self.bytes += std::mem::take(&mut other.bytes);
        add(&mut self.service, &other.service);
        other.service.reset();
        if let (Some(own), Some(others)) = (&mut self.since_due, &mut other.since_due) {
            add(own, others);
            others.reset();
        }
        for (own, others) in self.failures.iter_mut().zip(&mut other.failures) {
            *own += std::mem::take(others);
        }
        for (status, share) in &mut other.statuses {
            share_of(&mut self.statuses, MAX_STATUSES, |known| known == status, || *status, || 0)
                .absorb(share);
        }
        for (name, share) in &mut other.replicas {
            share_of(
                &mut self.replicas,
                MAX_REPLICAS,
                |known| known == name,
                || name.clone(),
                || OTHER_REPLICAS.to_owned(),
            )
            .absorb(share);
        }
        self.last = self.last.max(other.last);
    }

    pub fn failures_of(&self, kind: FailureKind) -> u64 {
        self.failures[kind as usize]
    }
}

/// The entry for a name, created if there is room; else the one for all others.
fn share_of<K: PartialEq>(
    table: &mut Vec<(K, Share)>,
    room: usize,
    is_it: impl Fn(&K) -> bool,
    name: impl FnOnce() -> K,
    others: impl FnOnce() -> K,
) -> &mut Share {
    // A handful of entries: a linear search is faster than a map.
    if let Some(at) = table.iter().position(|(known, _)| is_it(known)) {
        return &mut table[at].1;
    }
    let name = if table.len() < room { name() } else { others() };
    let at = table.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
        table.push((name, Share::new()));
        table.len() - 1
    });
    &mut table[at].1
}

fn add(own: &mut Histogram<u64>, other: &Histogram<u64>) {
    // Histograms with the same bounds always fit.
    let fits = own.add(other);
    debug_assert!(fits.is_ok());
}

/// Milliseconds of a latency as histograms store it.
pub(super) fn ms(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).clamp(1, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample<'a>(ms: u64, replica: &'a str) -> Sample<'a> {
        Sample {
            service: Duration::from_millis(ms),
            since_due: None,
            status: Some(200),
            replica: Some(replica),
            failure: None,
            size: 10,
            at: Instant::now(),
        }
    }

    #[test]
    fn kinds_of_failure_have_their_place() {
        for (index, kind) in FailureKind::VARIANTS.iter().copied().enumerate() {
            assert_eq!(kind as usize, index);
        }
    }

    #[test]
    fn what_is_taken_over_is_counted_once() {
        let (mut all, mut part) = (Tally::new(false), Tally::new(false));
        for ms in 1..=100 {
            part.record(&sample(ms, "a"));
        }
        all.absorb(&mut part);
        all.absorb(&mut part);
        part.record(&sample(1, "a"));
        all.absorb(&mut part);
        assert_eq!((all.total, all.bytes, all.replicas[0].1.requests), (101, 1010, 101));
        let p50 = all.service.value_at_quantile(0.5) as f64 / 1e6;
        assert!((p50 - 50.0).abs() < 0.1, "{p50}");
    }

    #[test]
    fn percentiles_of_known_latencies_are_right_within_a_thousandth() {
        let mut tally = Tally::new(false);
        // 10 µs to 100 ms in even steps: the percentiles are known.
        for step in 1..=10_000 {
            tally.record(&Sample { service: Duration::from_micros(step * 10), ..sample(0, "a") });
        }
        for (quantile, expected) in [(0.5, 50.0), (0.9, 90.0), (0.99, 99.0), (0.999, 99.9), (1.0, 100.0)] {
            let found = tally.service.value_at_quantile(quantile) as f64 / 1e6;
            assert!((found - expected).abs() <= expected / 1000.0, "{quantile}: {found}");
        }
        // Of two kinds, one in a hundred slow: the step is where it belongs.
        let mut tally = Tally::new(false);
        for n in 0..10_000 {
            tally.record(&sample(if n % 100 == 0 { 500 } else { 5 }, "a"));
        }
        let at = |quantile| tally.service.value_at_quantile(quantile) as f64 / 1e6;
        assert!(
            (at(0.98) - 5.0).abs() < 0.005 && (at(0.995) - 500.0).abs() < 0.5,
            "{} {}",
            at(0.98),
            at(0.995)
        );
    }

    #[test]
    fn ever_new_replicas_do_not_take_ever_more_memory() {
        let mut tally = Tally::new(false);
        for n in 0..1000 {
            tally.record(&sample(1, &format!("replica-{n}")));
        }
        assert_eq!(tally.replicas.len(), MAX_REPLICAS + 1);
        assert_eq!(tally.replicas[MAX_REPLICAS].0, OTHER_REPLICAS);
        assert_eq!(tally.replicas[MAX_REPLICAS].1.requests, 1000 - MAX_REPLICAS as u64);
    }
}
