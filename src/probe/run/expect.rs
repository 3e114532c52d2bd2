//! `p99<250ms,errors<1%,replicas>=2`: the expectations of a script for a run.

use std::fmt;
use std::str::FromStr;

use super::super::failure::CallError;
use super::summary::Summary;

const HINT: &str = "write conditions such as p99<250ms,errors<1%,replicas>=2 (metrics: min mean p50 p90 p99 p99.9 max, rps, total, ok, errors, busy, missed, replicas)";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    Min,
    Mean,
    P50,
    P90,
    P99,
    P999,
    Max,
    Rps,
    Total,
    Ok,
    Errors,
    Busy,
    Missed,
    Replicas,
}

const METRICS: [(&str, Metric); 16] = [
    ("min", Metric::Min),
    ("mean", Metric::Mean),
    ("p50", Metric::P50),
    ("p90", Metric::P90),
    ("p99.9", Metric::P999),
    ("p999", Metric::P999),
    ("p99", Metric::P99),
    ("max", Metric::Max),
    ("rps", Metric::Rps),
    ("total", Metric::Total),
    ("ok", Metric::Ok),
    ("errors", Metric::Errors),
    ("busy", Metric::Busy),
    ("429", Metric::Busy),
    ("missed", Metric::Missed),
    ("replicas", Metric::Replicas),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
    Not,
}

const COMPARISONS: [(&str, Comparison); 7] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("!=", Comparison::Not),
    ("<", Comparison::Below),
    (">", Comparison::Above),
    ("=", Comparison::Equal),
];

/// The unit of a bound.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    Milliseconds(f64),
    /// Of all requests, 0 to 1.
    Share(f64),
    Plain(f64),
}

/// Conditions that must all hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectations(Vec<Condition>);

#[derive(Debug, Clone, PartialEq)]
struct Condition {
    text: String,
    metric: Metric,
    comparison: Comparison,
    bound: Bound,
}

/// One condition against one run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Expectation {
    /// The condition as it was written.
    pub condition: String,
    pub holds: bool,
    /// The run's value, in the condition's unit.
    pub actual: String,
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds { "holds" } else { "does not hold" };
        write!(f, "{} {verdict}: {}", self.condition, self.actual)
    }
}

impl FromStr for Expectations {
    type Err = CallError;

    fn from_str(text: &str) -> Result<Self, CallError> {
        let conditions = text.split(',').map(Condition::parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(conditions))
    }
}

impl Expectations {
    /// Each condition against `summary`. A run without a success meets no bound on latency.
    pub fn check(&self, summary: &Summary) -> Vec<Expectation> {
        self.0.iter().map(|condition| condition.check(summary)).collect()
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, CallError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let invalid = |why: &str| Err(CallError::invalid(why, HINT));
        if text.is_empty() {
            return invalid("a condition is empty");
        }
        let Some(at) = text.find(['<', '>', '=', '!']) else {
            return invalid(&format!("\"{text}\" has no comparison (<, <=, >, >=, =, !=)"));
        };
        let (name, rest) = text.split_at(at);
        let Some((_, metric)) = METRICS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
            return invalid(&format!("\"{name}\" is not a metric"));
        };
        let Some((sign, comparison)) = COMPARISONS.iter().find(|(sign, _)| rest.starts_with(sign)) else {
            return invalid(&format!("\"{text}\" has no comparison (<, <=, >, >=, =, !=)"));
        };
        let value = &rest[sign.len()..];
        match metric.bound(value) {
            Ok(bound) => Ok(Self { metric: *metric, comparison: *comparison, bound, text }),
            Err(why) => invalid(&why),
        }
    }

    fn check(&self, summary: &Summary) -> Expectation {
        let share = |part: u64| if summary.total > 0 { part as f64 / summary.total as f64 } else { 0.0 };
        let value = match (self.metric, self.bound) {
            (Metric::Errors, Bound::Share(_)) => share(summary.errors),
            (Metric::Busy, Bound::Share(_)) => share(summary.busy),
            (Metric::Ok, Bound::Share(_)) => share(summary.ok),
            (metric, _) => metric.of(summary),
        };
        let (bound, actual) = match self.bound {
            Bound::Milliseconds(bound) => (bound, format!("{value:.3} ms")),
            Bound::Share(bound) => (bound, format!("{:.3} %", value * 100.0)),
            Bound::Plain(bound) if self.metric == Metric::Rps => (bound, format!("{value:.1}")),
            Bound::Plain(bound) => (bound, format!("{value}")),
        };
        let measured = !self.metric.is_latency() || summary.has_latencies();
        let holds = measured
            && match self.comparison {
                Comparison::Below => value < bound,
                Comparison::AtMost => value <= bound,
                Comparison::Above => value > bound,
                Comparison::AtLeast => value >= bound,
                Comparison::Equal => (value - bound).abs() < 1e-9,
                Comparison::Not => (value - bound).abs() >= 1e-9,
            };
        let actual = if measured { actual } else { "nothing was measured".to_owned() };
        Expectation { condition: self.text.clone(), holds, actual }
    }
}

impl Metric {
    fn is_latency(self) -> bool {
        use Metric::*;
        matches!(self, Min | Mean | P50 | P90 | P99 | P999 | Max)
    }

    fn of(self, summary: &Summary) -> f64 {
        let latency = &summary.latency;
        match self {
            Self::Min => latency.min_ms,
            Self::Mean => latency.mean_ms,
            Self::P50 => latency.p50_ms,
            Self::P90 => latency.p90_ms,
            Self::P99 => latency.p99_ms,
            Self::P999 => latency.p999_ms,
            Self::Max => latency.max_ms,
            Self::Rps => summary.rps,
            Self::Total => summary.total as f64,
            Self::Ok => summary.ok as f64,
            Self::Errors => summary.errors as f64,
            Self::Busy => summary.busy as f64,
            Self::Missed => summary.missed as f64,
            Self::Replicas => summary.replicas.len() as f64,
        }
    }

    fn bound(self, text: &str) -> Result<Bound, String> {
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let number: f64 = number.parse().map_err(|_| format!("\"{text}\" is not a number"))?;
        match (self.is_latency(), unit) {
            (true, "ms" | "") => Ok(Bound::Milliseconds(number)),
            (true, "s") => Ok(Bound::Milliseconds(number * 1e3)),
            (true, "us" | "µs") => Ok(Bound::Milliseconds(number / 1e3)),
            (false, "") => Ok(Bound::Plain(number)),
            (false, "%") if matches!(self, Self::Errors | Self::Busy | Self::Ok) => {
                Ok(Bound::Share(number / 100.0))
            }
            (false, "/s") if self == Self::Rps => Ok(Bound::Plain(number)),
            _ => Err(format!("\"{unit}\" is not a unit of this metric")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Plan;
    use super::super::summary::{Latency, ReplicaSummary};
    use super::*;

    fn summary() -> Summary {
        let mut summary = Summary::new(&Plan::default());
        summary.total = 200;
        summary.ok = 198;
        summary.errors = 2;
        summary.rps = 99.5;
        summary.latency = Latency { p99_ms: 249.9, max_ms: 1200.0, ..Latency::default() };
        summary.service = summary.latency;
        for name in ["a", "b"] {
            summary.replicas.insert(name.to_owned(), ReplicaSummary::default());
        }
        summary
    }

    fn holds(text: &str) -> Vec<bool> {
        text.parse::<Expectations>().unwrap().check(&summary()).iter().map(|e| e.holds).collect()
    }

    #[test]
    fn conditions_hold_or_not() {
        assert_eq!(holds("p99<250ms, errors<=1%, replicas>=2"), [true, true, true]);
        assert_eq!(holds("errors<1%"), [false]);
        assert_eq!(holds("errors=2,busy==0,429<1,ok>=99%,rps>99"), [true, true, true, true, true]);
        assert_eq!(holds("max<=1.2s,p99<250,p99<249900us,p99.9!=3"), [true, true, false, true]);
        let mut empty = summary();
        (empty.ok, empty.errors) = (0, 200);
        let checked = "p99<1s".parse::<Expectations>().unwrap().check(&empty);
        assert!(!checked[0].holds, "a refusal is no fast answer: {}", checked[0]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, word) in [
            ("", "empty"),
            ("p99", "comparison"),
            ("p98<1", "p98"),
            ("p99<1h", "\"h\""),
            ("errors<x", "number"),
            ("replicas>50%", "\"%\""),
            ("p99<1,", "empty"),
            ("p99!5", "comparison"),
        ] {
            let error = text.parse::<Expectations>().unwrap_err();
            assert!(error.to_string().contains(word), "{text}: {error}");
        }
    }
}
