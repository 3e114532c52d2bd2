//! Which failures are tried again, and how often.

use std::str::FromStr;
use std::time::Duration;

use crate::probe::{CallFailure, FailureKind, Reached};

/// A reason to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// 429: no replica was free. The function did not run.
    Busy,
    /// There was no connection, or it was cut before the request was sent. The function did not run.
    Connect,
    /// The function took too long (504, or 500 with `context deadline exceeded`): it may have run.
    Timeout,
    /// The answer was lost: the function may have run.
    Lost,
    /// The model is starting (503). The function did not run.
    Starting,
}

/// How often something was done for each reason.
pub(super) type Counts = [u32; 5];

impl Reason {
    pub const ALL: [Self; 5] = [Self::Busy, Self::Connect, Self::Timeout, Self::Lost, Self::Starting];

    pub fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::Starting => "starting",
        }
    }

    /// Why `failure` may be tried again; `None` if it is final.
    fn of(failure: &CallFailure) -> Option<Self> {
        match (failure.kind, failure.reached) {
            (FailureKind::Busy, _) => Some(Self::Busy),
            (FailureKind::Invalid, _) => None,
            (_, Reached::No) => Some(Self::Connect),
            (_, Reached::TimedOut) => Some(Self::Timeout),
            (_, Reached::Lost) => Some(Self::Lost),
            (_, Reached::NotUp) => Some(Self::Starting),
            (_, Reached::Answered) => None,
        }
    }
}

/// In the order of [`Reason::ALL`]. A model with large packages takes minutes to start.
const TIMES: Counts = [10, 5, 3, 3, 60];

/// `busy=10`: how often to try again for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    reason: Reason,
    times: u32,
}

impl FromStr for Times {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=');
        let read = parts.and_then(|(name, times)| {
            let reason = Reason::ALL.into_iter().find(|reason| reason.name() == name.trim())?;
            Some(Self { reason, times: times.trim().parse().ok()? })
        });
        read.ok_or_else(|| {
            format!("{text:?} is no budget; write busy=10, connect=5, starting=60, timeout=3 or lost=3")
        })
    }
}

/// How often a row is tried again for each reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    times: Counts,
    /// A function that runs twice does no harm.
    idempotent: bool,
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// After this pause.
    Again(Reason, Duration),
    /// The row has failed.
    Final,
    /// There is no way to the model, for this row as for any other.
    Stop,
}

impl Default for Rules {
    fn default() -> Self {
        Self { times: TIMES, idempotent: false }
    }
}

impl Rules {
    /// # Errors
    /// A budget needs `--idempotent`.
    pub fn new(given: &[Times], idempotent: bool) -> Result<Self, String> {
        let mut times = TIMES;
        for one in given {
            if !idempotent && matches!(one.reason, Reason::Timeout | Reason::Lost) && one.times > 0 {
                return Err(format!(
                    "the function may have run where the reason is {}: trying again needs --idempotent",
                    one.reason.name()
                ));
            }
            times[one.reason as usize] = one.times;
        }
        Ok(Self { times, idempotent })
    }

    /// What to do after `failure` of row `row`; `tried`: how often it was tried again for each reason.
    pub(super) fn next(&self, failure: &CallFailure, tried: &Counts, row: u64) -> Next {
        let Some(reason) = Reason::of(failure) else {
            return if failure.kind == FailureKind::Invalid { Next::Stop } else { Next::Final };
        };
        if matches!(reason, Reason::Timeout | Reason::Lost) && !self.idempotent {
            return Next::Final;
        }
        let before = tried[reason as usize];
        match before < self.times[reason as usize] {
            true => Next::Again(reason, pause(before, row)),
            false if matches!(reason, Reason::Connect | Reason::Starting) => Next::Stop,
            false => Next::Final,
        }
    }
}

/// From a tenth of a second to five, twice as long each time; rows that fail together come back apart.
fn pause(before: u32, row: u64) -> Duration {
    let base = Duration::from_millis(100 << before.min(6)).min(Duration::from_secs(5));
    base.mul_f64(0.75 + (row % 16) as f64 / 32.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: FailureKind, reached: Reached) -> CallFailure {
        CallFailure { kind, message: String::new(), reached }
    }

    #[test]
    fn only_what_cannot_have_run_is_tried_again_unless_running_twice_does_no_harm() {
        use FailureKind::*;
        let cases = [
            (failure(Busy, Reached::Answered), true, true),
            (failure(Cut, Reached::No), true, true),
            (failure(Connect, Reached::No), true, true),
            (failure(Cut, Reached::Lost), false, true),
            (failure(Timeout, Reached::Lost), false, true),
            (failure(ServerError, Reached::TimedOut), false, true),
            (failure(ServerError, Reached::NotUp), true, true),
            (failure(ServerError, Reached::Answered), false, false),
            (failure(ModelFailed, Reached::Answered), false, false),
            (failure(NotFound, Reached::Answered), false, false),
        ];
        for (failure, plainly, idempotently) in cases {
            for (idempotent, again) in [(false, plainly), (true, idempotently)] {
                let rules = Rules::new(&[], idempotent).unwrap();
                let next = rules.next(&failure, &[0; 5], 1);
                assert_eq!(matches!(next, Next::Again(..)), again, "{failure:?} {idempotent}");
            }
        }
    }

    #[test]
    fn a_budget_ends_and_without_any_way_to_the_service_the_run_does() {
        let rules = Rules::new(&["busy=2".parse().unwrap()], false).unwrap();
        let busy = failure(FailureKind::Busy, Reached::Answered);
        assert!(matches!(rules.next(&busy, &[1, 0, 0, 0, 0], 1), Next::Again(Reason::Busy, _)));
        assert_eq!(rules.next(&busy, &[2, 0, 0, 0, 0], 1), Next::Final);
        let down = failure(FailureKind::Connect, Reached::No);
        assert_eq!(rules.next(&down, &[0, 5, 0, 0, 0], 1), Next::Stop);
        let starting = failure(FailureKind::ServerError, Reached::NotUp);
        assert_eq!(rules.next(&starting, &[0, 0, 0, 0, 60], 1), Next::Stop);
        let patience: Duration = (0..60).map(|before| pause(before, 0)).sum();
        assert!(patience > Duration::from_secs(180), "a model takes minutes to start");
    }

    #[test]
    fn a_budget_for_what_may_have_run_needs_to_be_asked_for() {
        let lost: Times = "lost=1".parse().unwrap();
        assert!(Rules::new(&[lost], false).is_err() && Rules::new(&[lost], true).is_ok());
        for text in ["", "busy", "busy=x", "400=1", "busy=-1"] {
            assert!(text.parse::<Times>().is_err(), "{text}");
        }
    }

    #[test]
    fn pauses_grow_to_seconds_and_no_further() {
        assert!(pause(0, 0) >= Duration::from_millis(75) && pause(0, 15) <= Duration::from_millis(125));
        assert!(pause(40, 15) < Duration::from_secs(7));
    }
}
