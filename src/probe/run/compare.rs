//! Two runs side by side.

use super::summary::Summary;

/// One figure of two runs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Difference {
    /// `p99`, `requests/s`, …
    pub figure: &'static str,
    /// `ms`, `/s`, `%`, or nothing.
    pub unit: &'static str,
    pub before: f64,
    pub after: f64,
    pub change: Change,
}

/// What a difference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Better,
    Worse,
    /// Within 5 %, which means nothing on a shared machine.
    Same,
}

impl Difference {
    /// Of the earlier value, in percent; `None` if that was 0.
    pub fn percent(&self) -> Option<f64> {
        (self.before != 0.0).then(|| (self.after - self.before) / self.before * 100.0)
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
    let mut rows = vec![difference("requests/s", "/s", before.rps, after.rps, true)];
    let (olds, news) = match count_alike(before, after) {
        true => (&before.latency, &after.latency),
        false => (&before.service, &after.service),
    };
    for ((figure, old), (_, new)) in olds.iter().zip(news.iter()) {
        rows.push(difference(figure, "ms", old, new, false));
    }
    let percent = |summary: &Summary| summary.error_share() * 100.0;
    rows.push(difference("errors", "%", percent(before), percent(after), false));
    rows.push(difference("busy", "", before.busy as f64, after.busy as f64, false));
    rows.push(difference("missed", "", before.missed as f64, after.missed as f64, false));
    rows
}

fn difference(
    figure: &'static str,
    unit: &'static str,
    before: f64,
    after: f64,
    more_is_better: bool,
) -> Difference {
    let larger = before.abs().max(after.abs());
    let change = if (after - before).abs() <= larger * 0.05 {
        Change::Same
    } else if (after > before) == more_is_better {
        Change::Better
    } else {
        Change::Worse
    };
    Difference { figure, unit, before, after, change }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Plan;
    use super::*;

    #[test]
    fn more_requests_and_less_latency_are_better() {
        let mut before = Summary::new(&Plan::default());
        (before.rps, before.latency.p99_ms, before.latency.p50_ms) = (100.0, 10.0, 5.0);
        let mut after = before.clone();
        (after.rps, after.latency.p99_ms, after.latency.p50_ms) = (150.0, 12.0, 5.1);
        let rows = compare(&before, &after);
        let of = |figure| rows.iter().find(|row| row.figure == figure).unwrap();
        assert_eq!((of("requests/s").change, of("requests/s").percent()), (Change::Better, Some(50.0)));
        assert_eq!((of("p99").change, of("p50").change), (Change::Worse, Change::Same));
        assert_eq!((of("max").change, of("max").percent()), (Change::Same, None));
    }

    #[test]
    fn latencies_since_due_are_not_set_beside_those_since_sent() {
        let mut before = Summary::new(&Plan { rate: Some(20.0), ..Plan::default() });
        (before.latency.p50_ms, before.service.p50_ms) = (900.0, 5.0);
        let mut after = Summary::new(&Plan::default());
        (after.latency.p50_ms, after.service.p50_ms) = (5.1, 5.1);
        let p50 = compare(&before, &after).into_iter().find(|row| row.figure == "p50").unwrap();
        assert_eq!((p50.before, p50.after, p50.change), (5.0, 5.1, Change::Same));
        assert!(!count_alike(&before, &after) && count_alike(&after, &after.clone()));
    }
}
