//! Hands out the requests to send: one counter for all workers, and with a rate the instant at
//! which each request is due.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::plan::Plan;

/// Permission to send one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ticket {
    /// With a rate: when to send it.
    pub due: Option<Instant>,
    /// The number of the request over all machines, from 0.
    pub index: u64,
    /// Not part of the warm-up.
    pub counted: bool,
}

/// Why there are no more tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All are used; true if the ceiling was the reason.
    Count {
        ceiling: bool,
    },
    Duration,
}

#[derive(Debug)]
pub(super) struct Schedule {
    next: AtomicU64,
    limit: u64,
    ceiling: bool,
    plan: Plan,
    duration: Option<Duration>,
    /// When the first request was asked for.
    begin: OnceLock<Instant>,
    /// When the first request that counts was asked for, or due.
    counted_from: OnceLock<Instant>,
}

impl Schedule {
    pub fn new(plan: &Plan) -> Self {
        let (limit, ceiling) = plan.limit();
        Self {
            next: AtomicU64::new(0),
            limit,
            ceiling,
            plan: plan.clone(),
            duration: plan.time(),
            begin: OnceLock::new(),
            counted_from: OnceLock::new(),
        }
    }

    /// When the measured part began.
    pub fn counted_from(&self) -> Option<Instant> {
        self.counted_from.get().copied()
    }

    pub fn claim(&self, now: Instant) -> Result<Ticket, End> {
        let begin = *self.begin.get_or_init(|| now);
        if self.is_over(now) {
            return Err(End::Duration);
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        if index >= self.limit {
            return Err(End::Count { ceiling: self.ceiling });
        }
        let global = self.plan.global(index);
        let due = match (&self.plan.stages, self.plan.rate) {
            (Some(stages), _) => Some(begin + stages.due(global as f64).ok_or(End::Duration)?),
            (None, rate) => rate.map(|rate| begin + Duration::from_secs_f64(global as f64 / rate)),
        };
        let counted = index >= self.plan.warmup;
        if counted {
            let from = *self.counted_from.get_or_init(|| due.unwrap_or(now));
            if self.duration.is_some_and(|duration| due.is_some_and(|due| due >= from + duration)) {
                return Err(End::Duration);
            }
        }
        Ok(Ticket { due, counted, index: global })
    }

    fn is_over(&self, now: Instant) -> bool {
        match (self.duration, self.counted_from()) {
            (Some(duration), Some(from)) => now >= from + duration,
            _ => false,
        }
    }

    /// With a rate and a duration: how many requests were due in the measured part up to `now`.
    pub fn due_until(&self, now: Instant) -> Option<u64> {
        let (duration, from) = (self.duration?, self.counted_from()?);
        let passed = now.saturating_duration_since(from).min(duration);
        let all = match (&self.plan.stages, self.plan.rate) {
            (Some(stages), _) => stages.due_until(passed),
            (None, rate) => passed.as_secs_f64() * rate?,
        };
        let due = (all / self.plan.parts() as f64).ceil() as u64;
        Some(due.min(self.limit.saturating_sub(self.plan.warmup)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets(schedule: &Schedule, at: Instant) -> (u64, End) {
        let mut n = 0;
        loop {
            match schedule.claim(at) {
                Ok(_) => n += 1,
                Err(end) => return (n, end),
            }
        }
    }

    #[test]
    fn a_count_is_given_out_once_with_the_warm_up_before_it() {
        let schedule = Schedule::new(&Plan { count: Some(5), warmup: 2, ..Plan::default() });
        let now = Instant::now();
        assert!(!schedule.claim(now).unwrap().counted);
        assert_eq!(tickets(&schedule, now), (6, End::Count { ceiling: false }));
    }

    #[test]
    fn with_a_rate_requests_are_due_at_fixed_instants_until_the_time_is_over() {
        let second = Some(Duration::from_secs(1));
        let schedule =
            Schedule::new(&Plan { rate: Some(10.0), duration: second, warmup: 3, ..Plan::default() });
        let now = Instant::now();
        let due: Vec<_> = (0..4).map(|_| schedule.claim(now).unwrap().due.unwrap() - now).collect();
        assert_eq!(due, [0, 100, 200, 300].map(Duration::from_millis));
        assert_eq!(schedule.counted_from(), Some(now + Duration::from_millis(300)));
        assert_eq!(tickets(&schedule, now), (9, End::Duration));
        assert_eq!(schedule.due_until(now + Duration::from_secs(9)), Some(10));
    }

    #[test]
    fn time_runs_from_the_first_request_that_counts() {
        let schedule = Schedule::new(&Plan { duration: Some(Duration::from_secs(1)), ..Plan::default() });
        let now = Instant::now();
        assert!(schedule.claim(now).is_ok());
        assert!(schedule.claim(now + Duration::from_millis(999)).is_ok());
        assert_eq!(schedule.claim(now + Duration::from_secs(1)), Err(End::Duration));
    }
}
