//! Throughput and latency over time, in a bounded number of points: when all are used, neighbours
//! are merged.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::tally::{histogram, ms};

/// Points are merged when there are this many; even.
const MOST: usize = 240;
const FIRST_WIDTH: Duration = Duration::from_millis(250);

/// One interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Start, in seconds since the measured part began.
    pub at_s: f64,
    pub width_s: f64,
    /// Requests that ended in it.
    pub requests: u64,
    pub errors: u64,
    /// Errors that were "busy".
    pub busy: u64,
    /// After merging: the mean, weighted by requests.
    pub p50_ms: f64,
    /// After merging: the larger of the two.
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Point {
    /// Requests per second.
    pub fn rps(&self) -> f64 {
        if self.width_s > 0.0 { self.requests as f64 / self.width_s } else { 0.0 }
    }

    pub(super) fn merged(self, next: Self) -> Self {
        let requests = self.requests + next.requests;
        let p50 = match requests {
            0 => 0.0,
            all => (self.p50_ms * self.requests as f64 + next.p50_ms * next.requests as f64) / all as f64,
        };
        Self {
            at_s: self.at_s,
            width_s: self.width_s + next.width_s,
            requests,
            errors: self.errors + next.errors,
            busy: self.busy + next.busy,
            p50_ms: p50,
            p99_ms: self.p99_ms.max(next.p99_ms),
            max_ms: self.max_ms.max(next.max_ms),
        }
    }
}

pub(super) struct Series {
    points: Vec<Point>,
    width: Duration,
    current: Point,
    latency: Histogram<u64>,
}

impl Series {
    pub fn new() -> Self {
        Self {
            points: Vec::with_capacity(MOST),
            width: FIRST_WIDTH,
            current: Point::default(),
            latency: histogram(3),
        }
    }

    /// Adds what ended up to `now` (since the start), after closing the points before it.
    pub fn add(&mut self, now: Duration, requests: u64, errors: u64, busy: u64, latency: &Histogram<u64>) {
        while now.as_secs_f64() >= self.current.at_s + self.width.as_secs_f64() {
            self.close(self.width.as_secs_f64());
        }
        self.current.requests += requests;
        self.current.errors += errors;
        self.current.busy += busy;
        let fits = self.latency.add(latency);
        debug_assert!(fits.is_ok());
    }

    fn close(&mut self, width: f64) {
        let mut point = self.now(width);
        self.current = Point { at_s: point.at_s + point.width_s, ..Point::default() };
        self.latency.reset();
        if self.points.len() == MOST {
            self.points = self.points.chunks_exact(2).map(|pair| pair[0].merged(pair[1])).collect();
            self.width *= 2;
            // The point being closed continues, as wide as the others are now.
            point.width_s = width;
        }
        self.points.push(point);
    }

    fn now(&self, width: f64) -> Point {
        let at = |quantile| match self.latency.is_empty() {
            true => 0.0,
            false => ms(self.latency.value_at_quantile(quantile)),
        };
        Point { width_s: width, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1.0), ..self.current }
    }

    /// All points, including the unfinished one if `until` is in it.
    pub fn points(&self, until: Duration) -> Vec<Point> {
        let mut points = self.points.clone();
        let width = until.as_secs_f64() - self.current.at_s;
        match points.last_mut() {
            _ if self.current.requests == 0 => {}
            // The last answers came before this point and were collected in it.
            Some(last) if width <= 0.0 => {
                *last = Point { width_s: last.width_s, ..last.merged(self.now(0.0)) }
            }
            _ => points.push(self.now(width.max(0.0))),
        }
        points
    }
}

/// The points without an unfinished last one, whose rate would be meaningless: one request in a
/// hundredth of a second is not a hundred a second. All of them if there is only one.
pub(super) fn whole(points: &[Point]) -> &[Point] {
    match points {
        [before @ .., earlier, last] if last.width_s < earlier.width_s * 0.999 => &points[..=before.len()],
        _ => points,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_takes_no_more_points_than_a_short_one_and_loses_no_request() {
        let mut series = Series::new();
        let mut one = histogram(3);
        one.saturating_record(5_000_000);
        let mut at = Duration::ZERO;
        for _ in 0..1_200 {
            series.add(at, 1, 0, 0, &one);
            at += Duration::from_secs(1);
        }
        let points = series.points(at);
        assert!(points.len() <= MOST + 1 && points.len() > MOST / 3, "{}", points.len());
        assert_eq!(points.iter().map(|point| point.requests).sum::<u64>(), 1_200);
        for pair in points.windows(2) {
            assert!((pair[0].at_s + pair[0].width_s - pair[1].at_s).abs() < 1e-6, "{pair:?}");
        }
        let whole = points[points.len() / 2];
        assert!((whole.rps() - 1.0).abs() < 0.1 && (whole.p50_ms - 5.0).abs() < 0.01, "{whole:?}");
    }

    #[test]
    fn a_run_that_ends_within_a_point_shows_no_rate_that_never_was() {
        let mut series = Series::new();
        let mut one = histogram(3);
        one.saturating_record(5_000_000);
        for at in [100, 300, 510] {
            series.add(Duration::from_millis(at), 1, 0, 0, &one);
        }
        let points = series.points(Duration::from_millis(512));
        assert_eq!(points.len(), 3);
        let fastest = whole(&points).iter().map(Point::rps).fold(0.0, f64::max);
        assert_eq!((whole(&points).len(), fastest), (2, 4.0));
        assert_eq!(whole(&points[2..]).len(), 1, "better than nothing");

        // Collected after the point began, although the answer came before.
        let points = series.points(Duration::from_millis(495));
        assert_eq!(points.iter().map(|point| point.requests).sum::<u64>(), 3);
        assert_eq!(points.last().map(|point| point.width_s), Some(0.25));
    }
}
