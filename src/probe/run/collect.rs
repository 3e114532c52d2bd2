//! Collects the threads' measurements twenty times a second, and builds summaries from them.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::super::failure::FailureKind;
use super::series::Series;
use super::shard::{self, Shared};
use super::summary::{Stage, StopReason, Summary};
use super::tally::Tally;

/// At most twenty summaries a second.
const TICK: Duration = Duration::from_millis(50);
/// When a user stops a run, requests in flight have this long to be answered.
const GRACE: Duration = Duration::from_secs(1);

/// Starts the threads and reports until all have ended, then once more.
pub(super) fn collect(
    shared: &Arc<Shared>,
    progress: &watch::Sender<Arc<Summary>>,
    done: oneshot::Sender<Arc<Summary>>,
) {
    let (alive, ended) = channel::<()>();
    let threads: Vec<_> = (0..shared.tallies.len())
        .map(|index| {
            let (shared, alive) = (Arc::clone(shared), alive.clone());
            let begun = Arc::clone(&shared);
            let spawned = thread::Builder::new().name(format!("keybench-run-{index}")).spawn(move || {
                shard::run(&shared, index);
                drop(alive);
            });
            spawned.inspect_err(|error| begun.note_trouble(error))
        })
        .collect();
    drop(alive);

    let mut collector = Collector::new(shared);
    let mut stopping_since = None;
    // Nothing is ever sent: the channel closes when the last thread ends.
    while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        if shared.is_stopping() {
            let since = *stopping_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= GRACE {
                shared.cut();
            }
        }
        progress.send_replace(Arc::new(collector.summary(false)));
    }
    for thread in threads.into_iter().flatten() {
        // A thread that panicked loses nothing: its tally is in `shared`.
        let _ = thread.join();
    }
    let last = Arc::new(collector.summary(true));
    progress.send_replace(Arc::clone(&last));
    // A dropped run has no reader.
    let _ = done.send(last);
}

struct Collector<'a> {
    shared: &'a Shared,
    started: Timestamp,
    all: Tally,
    /// Swaps tallies with a thread, so that the thread is held up only for an instant.
    spare: Tally,
    series: Series,
}

impl<'a> Collector<'a> {
    fn new(shared: &'a Shared) -> Self {
        let with_rate = shared.plan.is_open();
        Self {
            shared,
            started: Timestamp::now(),
            all: Tally::new(with_rate),
            spare: Tally::new(with_rate),
            series: Series::new(),
        }
    }

    fn summary(&mut self, done: bool) -> Summary {
        let now = Instant::now();
        let begin = self.shared.schedule.counted_from();
        let since_begin =
            |at: Instant| begin.map_or(Duration::ZERO, |from| at.saturating_duration_since(from));
        for tally in &self.shared.tallies {
            std::mem::swap(&mut *tally.lock().unwrap_or_else(PoisonError::into_inner), &mut self.spare);
            let part = &mut self.spare;
            if part.total > 0 {
                let (errors, busy) = (part.total - part.ok, part.failures_of(FailureKind::Busy));
                let latency = part.since_due.as_ref().unwrap_or(&part.service);
                self.series.add(since_begin(now), part.total, errors, busy, latency);
            }
            self.all.absorb(part);
        }
        // A run ends with its last answer; until then it lasts to now.
        let until = if done { self.all.last.unwrap_or(now) } else { now };
        let elapsed = since_begin(until);

        let mut summary = Summary::new(&self.shared.plan);
        summary.stage = match self.shared.reason() {
            _ if done => Stage::Done,
            Some(_) => Stage::Finishing,
            None if begin.is_none() => Stage::WarmingUp,
            None => Stage::Running,
        };
        summary.started = self.started;
        summary.stopped_by = self.shared.reason();
        summary.trouble = self.shared.trouble.get().cloned();
        summary.elapsed_s = elapsed.as_secs_f64();
        summary.in_flight = self.shared.in_flight.load(Ordering::Relaxed);
        summary.abandoned = self.shared.abandoned.load(Ordering::Relaxed);
        let begun = self.all.total + summary.abandoned + summary.in_flight;
        if done {
            // The time of n requests at 1/s is n seconds, and not what lies between the first and the last.
            let plan = &self.shared.plan;
            let least = match (plan.rate, plan.time()) {
                (Some(rate), _) => begun as f64 * plan.parts() as f64 / rate,
                (None, Some(time)) if plan.is_open() && summary.stopped_by == Some(StopReason::Duration) => {
                    time.as_secs_f64()
                }
                _ => 0.0,
            };
            summary.elapsed_s = summary.elapsed_s.max(least);
        }
        summary.fill(&self.all);
        summary.said = self.shared.said();
        if done {
            summary.fill_histograms(&self.all);
        }
        summary.missed = match self.shared.schedule.due_until(now) {
            // A run that is stopped early was not short of anything.
            Some(due) if done && summary.stopped_by == Some(StopReason::Duration) => {
                due.saturating_sub(begun)
            }
            _ => 0,
        };
        summary.series = self.series.points(elapsed);
        summary
    }
}
