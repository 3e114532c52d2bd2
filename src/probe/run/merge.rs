//! Runs of several machines put together, with percentiles over all requests.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use jiff::Timestamp;

use super::plan::Plan;
use super::series::Point;
use super::summary::{Latency, ReplicaSummary, Stage, StatusSummary, StopReason, Summary, bars, percentiles};
use super::whole::{Histograms, decode, encode};

/// Points over time.
const POINTS: f64 = 240.0;

/// Why runs cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotMerged {
    #[error("there are no runs")]
    Nothing,
    #[error("run {0} has no histograms; an older keybench exported it, or it is no finished run")]
    NoHistograms(usize),
    #[error("run {at} is of {what}: {found}, and the first of {first}")]
    Differs { at: usize, what: &'static str, found: String, first: String },
    #[error("shard {0} is there twice")]
    Twice(String),
    #[error("run {at} is run {first} once more")]
    Same { at: usize, first: usize },
}

/// Adds runs of one plan. Percentiles are exact, as of one histogram of all values; rates are added
/// over the time in which all machines were sending.
///
/// # Errors
/// They are of different models or plans, or hold no histograms.
pub fn merge(runs: &[Summary]) -> Result<Summary, NotMerged> {
    let first = runs.first().ok_or(NotMerged::Nothing)?;
    check(first, runs)?;
    let mut all = Whole::default();
    for (at, run) in runs.iter().enumerate() {
        let histograms = run.histograms.as_ref().ok_or(NotMerged::NoHistograms(at + 1))?;
        all.add(histograms).ok_or(NotMerged::NoHistograms(at + 1))?;
    }
    let mut merged = Summary::new(&Plan { shard: None, ..first.plan.clone() });
    merged.stage = Stage::Done;
    let worst = |run: &Summary| run.stopped_by.map(severity);
    merged.stopped_by = runs.iter().max_by_key(|run| worst(run)).and_then(|run| run.stopped_by);
    merged.trouble = runs.iter().find_map(|run| run.trouble.clone());
    merged.merged = Some(runs.len() as u64);
    for run in runs {
        merged.total += run.total;
        merged.ok += run.ok;
        merged.errors += run.errors;
        merged.busy += run.busy;
        merged.abandoned += run.abandoned;
        merged.missed += run.missed;
        merged.bytes += run.bytes;
        merged.connections += run.connections;
        merged.reconnects += run.reconnects;
        add_counts(&mut merged.statuses, &run.statuses);
        add_counts(&mut merged.failures, &run.failures);
        for (kind, said) in &run.said {
            merged.said.entry(kind.clone()).or_insert_with(|| said.clone());
        }
        for (name, replica) in &run.replicas {
            let own = merged.replicas.entry(name.clone()).or_default();
            (own.requests, own.errors) = (own.requests + replica.requests, own.errors + replica.errors);
        }
    }
    all.describe(&mut merged);
    let times = Times::of(runs);
    merged.started = times.begin;
    merged.elapsed_s = times.elapsed();
    merged.rps = times.rate(runs, merged.total);
    merged.series = times.series(runs);
    Ok(merged)
}

fn check(first: &Summary, runs: &[Summary]) -> Result<(), NotMerged> {
    let plan = |run: &Summary| Plan { shard: None, ..run.plan.clone() };
    for (at, run) in runs.iter().enumerate() {
        let at = at + 1;
        let label = |run: &Summary| run.plan.label.clone().unwrap_or_default();
        let text = |run: &Summary| serde_json::to_string(&plan(run)).unwrap_or_default();
        if label(run) != label(first) {
            return Err(NotMerged::Differs {
                at,
                what: "another model",
                found: label(run),
                first: label(first),
            });
        }
        if plan(run) != plan(first) {
            return Err(NotMerged::Differs {
                at,
                what: "another plan",
                found: text(run),
                first: text(first),
            });
        }
        let parts = |run: &Summary| run.plan.shard.map_or(1, |part| part.of).to_string();
        if parts(run) != parts(first) {
            let what = "another number of shards";
            return Err(NotMerged::Differs { at, what, found: parts(run), first: parts(first) });
        }
        if let Some(part) = run.plan.shard
            && runs[..at - 1].iter().any(|other| other.plan.shard == Some(part))
        {
            return Err(NotMerged::Twice(part.to_string()));
        }
        let is_same = |other: &Summary| {
            (other.started, other.elapsed_s, other.total) == (run.started, run.elapsed_s, run.total)
                && other.histograms == run.histograms
        };
        if let Some(first) = runs[..at - 1].iter().position(is_same) {
            return Err(NotMerged::Same { at, first: first + 1 });
        }
    }
    Ok(())
}

/// A run that a person stopped is not as long as it should be, whatever the others are.
fn severity(reason: StopReason) -> u8 {
    match reason {
        StopReason::Count => 0,
        StopReason::Duration => 1,
        StopReason::Ceiling => 2,
        StopReason::Person => 3,
    }
}

fn add_counts<K: Ord + Clone>(own: &mut BTreeMap<K, u64>, others: &BTreeMap<K, u64>) {
    for (name, count) in others {
        *own.entry(name.clone()).or_default() += count;
    }
}

/// The histograms of all runs.
#[derive(Default)]
struct Whole {
    latency: Option<Histogram<u64>>,
    service: Option<Histogram<u64>>,
    connect: Option<Histogram<u64>>,
    replicas: BTreeMap<String, Option<Histogram<u64>>>,
    statuses: BTreeMap<u16, Option<Histogram<u64>>>,
}

fn add(own: &mut Option<Histogram<u64>>, text: &str) -> Option<()> {
    let other = decode(text)?;
    match own {
        Some(own) => own.add(other).ok(),
        None => {
            *own = Some(other);
            Some(())
        }
    }
}

impl Whole {
    /// `None` if one of the texts is no histogram.
    fn add(&mut self, histograms: &Histograms) -> Option<()> {
        add(&mut self.latency, &histograms.latency)?;
        add(&mut self.service, &histograms.service)?;
        add(&mut self.connect, &histograms.connect)?;
        for (name, text) in &histograms.replicas {
            add(self.replicas.entry(name.clone()).or_default(), text)?;
        }
        for (status, text) in &histograms.statuses {
            add(self.statuses.entry(*status).or_default(), text)?;
        }
        Some(())
    }

    fn describe(&self, merged: &mut Summary) {
        let latency =
            |histogram: &Option<Histogram<u64>>| histogram.as_ref().map(Latency::of).unwrap_or_default();
        merged.latency = latency(&self.latency);
        merged.service = latency(&self.service);
        merged.connect = latency(&self.connect);
        merged.histogram = self.latency.as_ref().map(bars).unwrap_or_default();
        let slowest = self.service.as_ref().map_or(0, Histogram::max);
        let both = |histogram: &Option<Histogram<u64>>| {
            histogram.as_ref().map_or((0.0, 0.0), |histogram| percentiles(histogram, slowest))
        };
        let named: u64 = merged.replicas.values().map(|replica| replica.requests).sum();
        for (name, histogram) in &self.replicas {
            let own: &mut ReplicaSummary = merged.replicas.entry(name.clone()).or_default();
            own.share = own.requests as f64 / named.max(1) as f64;
            (own.p50_ms, own.p99_ms) = both(histogram);
        }
        for (status, histogram) in &self.statuses {
            let requests = merged.statuses.get(status).copied().unwrap_or(0);
            let (p50_ms, p99_ms) = both(histogram);
            merged.by_status.insert(*status, StatusSummary { requests, p50_ms, p99_ms });
        }
        let text = |histogram: &Option<Histogram<u64>>| histogram.as_ref().map(encode).unwrap_or_default();
        merged.histograms = Some(Histograms {
            latency: text(&self.latency),
            service: text(&self.service),
            connect: text(&self.connect),
            replicas: self.replicas.iter().map(|(name, histogram)| (name.clone(), text(histogram))).collect(),
            statuses: self.statuses.iter().map(|(status, histogram)| (*status, text(histogram))).collect(),
        });
    }
}

/// When the runs were, in seconds from the first begin.
struct Times {
    begin: Timestamp,
    spans: Vec<(f64, f64)>,
}

impl Times {
    fn of(runs: &[Summary]) -> Self {
        let begin = runs.iter().map(|run| run.started).min().unwrap_or(Timestamp::UNIX_EPOCH);
        let span = |run: &Summary| {
            let from =
                Duration::try_from(run.started.duration_since(begin)).unwrap_or_default().as_secs_f64();
            (from, from + run.elapsed_s)
        };
        Self { begin, spans: runs.iter().map(span).collect() }
    }

    fn elapsed(&self) -> f64 {
        self.spans.iter().map(|span| span.1).fold(0.0, f64::max)
    }

    /// Requests a second of all machines together: over the time in which all were sending, if there
    /// is one, and over the whole time otherwise.
    fn rate(&self, runs: &[Summary], total: u64) -> f64 {
        let from = self.spans.iter().map(|span| span.0).fold(0.0, f64::max);
        let to = self.spans.iter().map(|span| span.1).fold(f64::INFINITY, f64::min);
        if to > from {
            let rate = |(run, span): (&Summary, &(f64, f64))| {
                requests(run, from - span.0, to - span.0) / (to - from)
            };
            return runs.iter().zip(&self.spans).map(rate).sum();
        }
        let elapsed = self.elapsed();
        if elapsed > 0.0 { total as f64 / elapsed } else { 0.0 }
    }

    fn series(&self, runs: &[Summary]) -> Vec<Point> {
        let finest = runs.iter().flat_map(|run| &run.series).map(|point| point.width_s).fold(0.25, f64::max);
        let width = finest.max(self.elapsed() / POINTS);
        let mut points: Vec<Point> = Vec::new();
        for (run, span) in runs.iter().zip(&self.spans) {
            for point in &run.series {
                let at = ((span.0 + point.at_s + point.width_s / 2.0) / width).max(0.0) as usize;
                while points.len() <= at {
                    let at_s = points.len() as f64 * width;
                    points.push(Point { at_s, width_s: width, ..Point::default() });
                }
                let own = points[at];
                points[at] = Point { at_s: own.at_s, width_s: width, ..own.merged(*point) };
            }
        }
        points
    }
}

/// Requests of a run from one second to another, by its points over time.
fn requests(run: &Summary, from: f64, to: f64) -> f64 {
    let inside = |point: &Point| {
        let (begin, end) = (point.at_s.max(from), (point.at_s + point.width_s).min(to));
        if point.width_s > 0.0 { point.requests as f64 * (end - begin).max(0.0) / point.width_s } else { 0.0 }
    };
    run.series.iter().map(inside).sum()
}

#[cfg(test)]
mod tests {
    use super::super::tally::{Sample, Tally};
    use super::*;
    use crate::probe::Part;

    /// A run of `values` milliseconds on shard `index` of 8.
    fn run(index: u64, values: impl Iterator<Item = u64>) -> Summary {
        let plan = Plan {
            label: Some("p/m".into()),
            count: Some(8000),
            shard: Some(Part { index, of: 8 }),
            ..Plan::default()
        };
        let mut tally = Tally::new(false);
        for ms in values {
            tally.record(&Sample {
                service: Duration::from_millis(ms),
                since_due: None,
                status: Some(200),
                replica: Some(if ms % 2 == 0 { "even" } else { "odd" }),
                failure: None,
                size: 10,
                at: tokio::time::Instant::now(),
            });
        }
        let mut summary = Summary::new(&plan);
        summary.elapsed_s = 10.0;
        summary.started = Timestamp::from_second(1_000 + index as i64).unwrap();
        summary.fill(&tally);
        summary.histograms = Some(Histograms::of(&tally, str::to_owned));
        let requests = summary.total / 40;
        let point = |n: u32| Point { at_s: f64::from(n) * 0.25, width_s: 0.25, requests, ..Point::default() };
        summary.series = (0..40).map(point).collect();
        summary
    }

    #[test]
    fn percentiles_of_eight_shards_are_those_of_one_histogram_of_all_values() {
        let value = |n: u64| n * n % 7919 + 1;
        let shards: Vec<Summary> =
            (0..8).map(|index| run(index, (0..8000).filter(move |n| n % 8 == index).map(value))).collect();
        let whole = run(0, (0..8000).map(value));
        let merged = merge(&shards).unwrap();
        assert_eq!((merged.latency, merged.service), (whole.latency, whole.service));
        assert_eq!((merged.total, &merged.histogram), (8000, &whole.histogram));
        for (name, replica) in &whole.replicas {
            assert_eq!(merged.replicas[name], *replica, "{name}");
        }
        assert_eq!(merged.by_status, whole.by_status);
        assert_eq!(merged.series.iter().map(|point| point.requests).sum::<u64>(), 8000);
        // Each sends 100 a second for ten seconds, and all together do so for three.
        assert!((merged.rps - 800.0).abs() < 1.0, "{}", merged.rps);
        assert_eq!(merged.elapsed_s, 17.0);
        assert_eq!(merge(std::slice::from_ref(&merged)).unwrap().latency, whole.latency, "once more");
    }

    #[test]
    fn runs_of_something_else_are_refused() {
        let first = run(0, 1..10);
        let mut other = run(1, 1..10);
        assert!(merge(&[first.clone(), other.clone()]).is_ok());
        assert_eq!(merge(&[first.clone(), first.clone()]), Err(NotMerged::Twice("0/8".into())));
        other.plan.concurrency = Some(3);
        assert!(matches!(
            merge(&[first.clone(), other.clone()]),
            Err(NotMerged::Differs { at: 2, what: "another plan", .. })
        ));
        other.plan.label = Some("p/other".into());
        assert!(matches!(
            merge(&[first.clone(), other]),
            Err(NotMerged::Differs { what: "another model", .. })
        ));
        let whole = |run: &Summary| {
            let plan = Plan { shard: None, ..run.plan.clone() };
            Summary { plan, ..run.clone() }
        };
        assert_eq!(merge(&[whole(&first), whole(&first)]), Err(NotMerged::Same { at: 2, first: 1 }));
        let bare = Summary { histograms: None, ..run(2, 1..10) };
        assert_eq!(merge(&[first, bare]), Err(NotMerged::NoHistograms(2)));
        assert_eq!(merge(&[]), Err(NotMerged::Nothing));
    }

    #[test]
    fn machines_that_never_sent_together_have_the_rate_of_the_whole_time() {
        let mut later = run(1, (0..1000).map(|_| 5));
        later.started = Timestamp::from_second(1_090).unwrap();
        let merged = merge(&[run(0, (0..1000).map(|_| 5)), later]).unwrap();
        assert!((merged.rps - 20.0).abs() < 0.01, "{}", merged.rps);
    }
}
