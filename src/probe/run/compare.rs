//! Two runs side by side.

use super::summary::Summary;
use crate::text;

/// One figure of two runs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Difference {
    /// `p99`, `requests/s`, …
    pub figure: &'static str,
    /// `ms`, `/s`, `%`, or nothing.
    pub unit: &'static str,
    /// `None` where the run has none.
    pub before: Option<f64>,
    pub after: Option<f64>,
    pub change: Change,
}

/// What a difference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Better,
    Worse,
    /// Not larger than the noise within the two runs, or than 5 %.
    Same,
    /// Nothing is known of its noise: it is in no series, or a run is too short.
    NotJudged,
}

/// How a difference is distinguished from noise.
const METHOD: &str = "Judged from 5 % on, against the noise within both runs (block bootstrap over their \
    seconds, 1000 draws, 95 %). Figures of which no seconds are kept are not judged. Runs of the same model \
    may differ by more: repeat them.";

/// Seconds that a run needs for its noise to be known: of a few, the bootstrap is too sure.
const FEWEST: usize = 10;

/// What is no difference, as a part of the larger value.
const SMALL: f64 = 0.05;

/// How the differences of two runs were judged, or why they were not.
pub fn method(before: &Summary, after: &Summary) -> String {
    match are_too_short(before, after) {
        false => METHOD.to_owned(),
        true => format!("Too short to judge: both runs need to last longer than {FEWEST} seconds for that."),
    }
}

/// Whether one of two runs is too short for any difference to be judged.
pub fn are_too_short(before: &Summary, after: &Summary) -> bool {
    [before, after].iter().any(|run| seconds(run).len() < FEWEST)
}

impl Difference {
    /// The two values with their unit.
    pub fn values(&self) -> [String; 2] {
        [self.before, self.after].map(|value| match (value, self.unit) {
            (None, _) => "-".to_owned(),
            (Some(value), "ms") => text::millis(value),
            (Some(value), "") => format!("{value:.0}"),
            (Some(value), unit) => format!("{value:.1} {unit}"),
        })
    }

    /// `+14 %`, `new` for what was not there before, or nothing for what is in neither.
    pub fn changed(&self) -> String {
        match (self.percent(), self.before, self.after) {
            (Some(percent), ..) => format!("{percent:+.0} %"),
            (None, Some(_), Some(after)) if after != 0.0 => "new".to_owned(),
            (None, ..) => String::new(),
        }
    }

    /// What the difference means, in a word; nothing where one of the runs has no such figure.
    pub fn verdict(&self) -> &'static str {
        match self.change {
            Change::Better => "better",
            Change::Worse => "worse",
            Change::Same if are_close(self.before, self.after) == Some(true) => "no difference",
            Change::Same => "within the noise",
            Change::NotJudged if are_close(self.before, self.after) == Some(false) => "not judged",
            Change::NotJudged => "",
        }
    }

    /// Of the earlier value, in percent; `None` if that was 0, or there was none.
    pub fn percent(&self) -> Option<f64> {
        let (before, after) = (self.before?, self.after?);
        (before != 0.0).then(|| (after - before) / before * 100.0)
    }
}

/// Whether the latencies of two runs are measured from the same moment: from when a request was due
/// if the run has a rate, else from when it was sent.
pub fn count_alike(before: &Summary, after: &Summary) -> bool {
    before.latency_from == after.latency_from
}

/// The figures of `after` against those of `before`. Uses latencies since sending if the two do not
/// [count alike](count_alike).
pub fn compare(before: &Summary, after: &Summary) -> Vec<Difference> {
    let alike = count_alike(before, after);
    let (olds, news) = match alike {
        true => (&before.latency, &after.latency),
        false => (&before.service, &after.service),
    };
    let seconds = (seconds(before), seconds(after));
    let of = |figure, unit, old, new, more_is_better| {
        // The series holds latencies as the run counts them; those since sending are in no series.
        let value = value_of(figure).filter(|_| alike || unit != "ms");
        let noise = value.and_then(|value| noise(&seconds.0, &seconds.1, value));
        difference(figure, unit, (old, new), more_is_better, noise)
    };
    let mut rows = vec![of("requests/s", "/s", Some(before.rps), Some(after.rps), true)];
    for ((figure, old), (_, new)) in olds.iter().zip(news.iter()) {
        let (old, new) = (before.has_latencies().then_some(old), after.has_latencies().then_some(new));
        rows.push(of(figure, "ms", old, new, false));
    }
    let of_both = |value: fn(&Summary) -> f64| (Some(value(before)), Some(value(after)));
    for (figure, unit, (old, new)) in [
        ("errors", "%", of_both(|run| run.error_share() * 100.0)),
        ("busy", "", of_both(|run| run.busy as f64)),
        ("missed", "", of_both(|run| run.missed as f64)),
    ] {
        rows.push(of(figure, unit, old, new, false));
    }
    rows
}

/// A second of a run, or a longer step where the series is merged.
#[derive(Debug, Clone, Copy)]
struct Second {
    width_s: f64,
    requests: f64,
    errors: f64,
    busy: f64,
    /// Latencies times requests, so that seconds add up.
    p50: f64,
    p99: f64,
}

/// The whole steps of a run, put together to at least a second each.
fn seconds(summary: &Summary) -> Vec<Second> {
    let mut seconds: Vec<Second> = Vec::new();
    for point in summary.whole_points() {
        let requests = point.requests as f64;
        let more = Second {
            width_s: point.width_s,
            requests,
            errors: point.errors as f64,
            busy: point.busy as f64,
            p50: point.p50_ms * requests,
            p99: point.p99_ms * requests,
        };
        match seconds.last_mut().filter(|second| second.width_s < 0.999) {
            Some(second) => second.add(more),
            None => seconds.push(more),
        }
    }
    seconds.retain(|second| second.width_s >= 0.999);
    seconds
}

impl Second {
    fn add(&mut self, more: Self) {
        self.width_s += more.width_s;
        self.requests += more.requests;
        self.errors += more.errors;
        self.busy += more.busy;
        self.p50 += more.p50;
        self.p99 += more.p99;
    }
}

/// What a figure is, of seconds that were added up.
type Value = fn(&Second) -> f64;

/// The figures of which a series is kept.
fn value_of(figure: &str) -> Option<Value> {
    fn per(sum: f64, of: f64) -> f64 {
        if of > 0.0 { sum / of } else { 0.0 }
    }
    Some(match figure {
        "requests/s" => |sum| per(sum.requests, sum.width_s),
        "p50" => |sum| per(sum.p50, sum.requests),
        "p99" => |sum| per(sum.p99, sum.requests),
        "errors" => |sum| per(sum.errors, sum.requests) * 100.0,
        "busy" => |sum| per(sum.busy, sum.width_s),
        _ => return None,
    })
}

/// Whether a value is larger after (`Some(Some(true))`), smaller, or not distinguished from the noise
/// (`Some(None)`): seconds of both runs are drawn again and again, with replacement, and their
/// difference must have one sign in 95 % of the draws. `None` where a run is too short to say.
fn noise(before: &[Second], after: &[Second], value: Value) -> Option<Option<bool>> {
    const DRAWS: usize = 1000;
    if before.len() < FEWEST || after.len() < FEWEST {
        return None;
    }
    let mut random = Draws(0x9e37_79b9_7f4a_7c15);
    let (mut larger, mut smaller) = (0, 0);
    for _ in 0..DRAWS {
        let (after, before) = (value(&random.sum_of(after)), value(&random.sum_of(before)));
        larger += usize::from(after > before);
        smaller += usize::from(after < before);
    }
    let clear = DRAWS * 39 / 40;
    Some(match () {
        () if larger >= clear => Some(true),
        () if smaller >= clear => Some(false),
        () => None,
    })
}

/// The same numbers each time (xorshift64): a comparison says the same twice.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// As many seconds as there are, each drawn from all of them, added up.
    fn sum_of(&mut self, seconds: &[Second]) -> Second {
        let mut sum = Second { width_s: 0.0, requests: 0.0, errors: 0.0, busy: 0.0, p50: 0.0, p99: 0.0 };
        for _ in seconds {
            let at = usize::try_from(self.next() % seconds.len().max(1) as u64).unwrap_or_default();
            if let Some(second) = seconds.get(at) {
                sum.add(*second);
            }
        }
        sum
    }
}

/// Whether two values differ by no more than 5 %.
fn are_close(before: Option<f64>, after: Option<f64>) -> Option<bool> {
    let (before, after) = (before?, after?);
    Some((after - before).abs() <= before.abs().max(after.abs()) * SMALL)
}

fn difference(
    figure: &'static str,
    unit: &'static str,
    (before, after): (Option<f64>, Option<f64>),
    more_is_better: bool,
    noise: Option<Option<bool>>,
) -> Difference {
    let change = match (are_close(before, after), noise) {
        (Some(true), _) => Change::Same,
        (None, _) | (_, None) => Change::NotJudged,
        (_, Some(None)) => Change::Same,
        // The figure of a run is that of all its calls, the seconds' figures are weighted: where they do not
        // go the same way, neither is distinguished from noise.
        (_, Some(Some(more))) if more != (after > before) => Change::Same,
        (_, Some(Some(more))) if more == more_is_better => Change::Better,
        (_, Some(Some(_))) => Change::Worse,
    };
    Difference { figure, unit, before, after, change }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Plan;
    use super::super::series::Point;
    use super::*;

    /// A run of ten seconds whose seconds differ from each other by `spread`.
    fn run(rps: f64, p99: f64, spread: f64) -> Summary {
        let mut run = Summary { total: 1000, ok: 1000, ..Summary::new(&Plan::default()) };
        (run.rps, run.latency.p99_ms, run.latency.p50_ms) = (rps, p99, 5.0);
        run.series = (0..40_u32)
            .map(|at| {
                let wave = 1.0 + spread * f64::from(at / 4 % 5) / 2.0 - spread;
                Point {
                    at_s: f64::from(at) / 4.0,
                    width_s: 0.25,
                    requests: (rps * wave / 4.0) as u64,
                    p50_ms: 5.0,
                    p99_ms: p99 * wave,
                    ..Point::default()
                }
            })
            .collect();
        run
    }

    fn of(rows: &[Difference], figure: &str) -> Change {
        rows.iter().find(|row| row.figure == figure).unwrap().change
    }

    #[test]
    fn a_difference_is_judged_where_it_is_larger_than_the_noise() {
        let rows = compare(&run(100.0, 10.0, 0.02), &run(150.0, 12.0, 0.02));
        assert_eq!(rows[0].percent(), Some(50.0));
        assert_eq!((of(&rows, "requests/s"), of(&rows, "p99")), (Change::Better, Change::Worse));
        assert_eq!(of(&rows, "p50"), Change::Same);
        let noisy = compare(&run(100.0, 10.0, 0.6), &run(112.0, 11.0, 0.6));
        assert_eq!((of(&noisy, "requests/s"), of(&noisy, "p99")), (Change::Same, Change::Same));
        assert_eq!(noisy[0].verdict(), "within the noise");
        let small = compare(&run(1000.0, 10.0, 0.0), &run(1040.0, 10.4, 0.0));
        assert_eq!((of(&small, "requests/s"), of(&small, "p99")), (Change::Same, Change::Same));
        assert_eq!((small[0].verdict(), small[0].changed().as_str()), ("no difference", "+4 %"));
        assert_eq!(small[0].values(), ["1000.0 /s", "1040.0 /s"]);
    }

    #[test]
    fn what_is_too_short_or_in_no_series_is_not_judged() {
        let (mut before, mut after) = (run(100.0, 10.0, 0.0), run(150.0, 20.0, 0.0));
        (before.latency.p90_ms, after.latency.p90_ms) = (6.0, 12.0);
        let rows = compare(&before, &after);
        assert_eq!(of(&rows, "p90"), Change::NotJudged);
        let verdict = |figure| rows.iter().find(|row| row.figure == figure).unwrap().verdict();
        assert_eq!([verdict("p90"), verdict("missed")], ["not judged", "no difference"]);
        before.series.truncate(36);
        assert_eq!(of(&compare(&before, &after), "requests/s"), Change::NotJudged);
    }

    #[test]
    fn a_verdict_goes_the_way_of_the_figure() {
        let (before, mut after) = (run(100.0, 20.0, 0.0), run(100.0, 30.0, 0.0));
        assert_eq!(of(&compare(&before, &after), "p99"), Change::Worse);
        after.latency.p99_ms = before.latency.p99_ms * 0.9;
        assert_eq!(of(&compare(&before, &after), "p99"), Change::Same, "smaller is never worse");
    }

    #[test]
    fn a_run_that_failed_whole_has_no_latency_to_compare() {
        let mut failed = run(100.0, 10.0, 0.0);
        (failed.ok, failed.errors) = (0, 1000);
        let p99 = |before: &Summary, after: &Summary| {
            let row = compare(before, after).into_iter().find(|row| row.figure == "p99").unwrap();
            (row.values(), row.changed(), row.verdict())
        };
        let good = run(100.0, 20.0, 0.0);
        let shown = |values: [&str; 2]| (values.map(str::to_owned), String::new(), "");
        assert_eq!(p99(&failed, &good), shown(["-", "20.0 ms"]));
        assert_eq!(p99(&good, &failed), shown(["20.0 ms", "-"]));
        assert_eq!(p99(&failed, &failed), shown(["-", "-"]));
    }

    #[test]
    fn latencies_since_due_are_not_set_beside_those_since_sent() {
        let mut before = run(20.0, 10.0, 0.0);
        before.latency_from = "due".to_owned();
        (before.latency.p50_ms, before.service.p50_ms) = (900.0, 5.0);
        let mut after = run(20.0, 10.0, 0.0);
        (after.latency.p50_ms, after.service.p50_ms) = (5.1, 5.1);
        let p50 = compare(&before, &after).into_iter().find(|row| row.figure == "p50").unwrap();
        assert_eq!((p50.before, p50.after, p50.change), (Some(5.0), Some(5.1), Change::Same));
        assert!(!count_alike(&before, &after) && count_alike(&after, &after.clone()));
    }
}
