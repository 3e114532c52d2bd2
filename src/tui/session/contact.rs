//! The last contact with the workbench and with the model service: what came of it, and since when
//! that holds. Only the workbench's decides whether to reconnect.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::probe::run::Summary;
use crate::probe::{CallError, CallResult, FailureKind};
use crate::tui::call::KeyToSend;

/// The longest wait between two attempts to reconnect.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(30);

/// The workbench, from the last answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Workbench {
    #[default]
    Unknown,
    /// Answers take about this long.
    Up(Duration),
    /// It answered, but something has failed since that casts doubt on this: it is being asked.
    Doubtful,
    /// It refuses the key that is signed in.
    KeyRefused,
    /// The answer did not come from the API: a short description of it.
    Strange(&'static str),
    /// The last request got no answer.
    Down,
}

impl Workbench {
    /// After an answer that took so long. Only a change that a person would call one counts: a
    /// header that moves with every answer says no more and is sent every time.
    pub(super) fn answered(&self, took: Duration) -> Self {
        const NOT_FELT: Duration = Duration::from_millis(10);
        match *self {
            Self::Up(before)
                if took.abs_diff(before) < NOT_FELT || (before / 2..=before * 2).contains(&took) =>
            {
                Self::Up(before)
            }
            _ => Self::Up(took),
        }
    }
}

/// The model service, from the last call of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModelService {
    /// No model was called yet.
    #[default]
    Unknown,
    Up,
    /// It refused the key that is signed in.
    KeyRefused,
    /// Something else answered instead of it.
    Strange,
    /// No answer within the time limit.
    TimedOut,
    /// There was nobody to answer.
    Down,
}

impl ModelService {
    /// What one call says about the service; `None` where nothing was sent.
    fn of_call(call: &CallResult, own_key: bool) -> Option<Self> {
        Some(match &call.outcome {
            Err(error) => return Self::of_error(error.kind()),
            Ok(answer) => match answer.failure() {
                Some(FailureKind::NotAuthorized) if own_key => Self::KeyRefused,
                Some(FailureKind::NotAModelService) => Self::Strange,
                _ => Self::Up,
            },
        })
    }

    fn of_error(kind: FailureKind) -> Option<Self> {
        match kind {
            FailureKind::Invalid | FailureKind::UsedUp => None,
            FailureKind::Timeout => Some(Self::TimedOut),
            FailureKind::NotAModelService => Some(Self::Strange),
            _ => Some(Self::Down),
        }
    }

    /// What a run says about it: a part that found nobody is not forgotten for the rest.
    fn of_run(run: &Result<std::sync::Arc<Summary>, CallError>) -> Option<Self> {
        let summary = match run {
            Err(error) => return Self::of_error(error.kind()),
            Ok(summary) => summary,
        };
        let unreached = [FailureKind::Lookup, FailureKind::Connect, FailureKind::Tls, FailureKind::Proxy];
        if unreached.iter().any(|kind| summary.failures.contains_key(kind.name())) {
            return Some(Self::Down);
        }
        (summary.total > 0).then_some(Self::Up)
    }
}

/// What a call or a run of models says about their service.
pub fn of_models(answer: &crate::tui::call::Answer) -> Option<ModelService> {
    use crate::tui::call::Answer;
    match answer {
        Answer::ModelTested { test, call, .. } => {
            ModelService::of_call(call, matches!(test.key, KeyToSend::SignedIn))
        }
        Answer::RunEnded { ended, .. } => ModelService::of_run(ended),
        _ => None,
    }
}

/// A state, and since when it is that.
#[derive(Debug, Clone, Default)]
pub struct Since<T> {
    state: T,
    at: Option<Timestamp>,
}

impl<T> Since<T> {
    pub fn state(&self) -> &T {
        &self.state
    }

    /// The moment of the contact that changed it last; `None` before the first.
    pub fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// Another state of the same kind (a latency) does not begin anew.
    fn set(&mut self, state: T, now: Timestamp) {
        if std::mem::discriminant(&self.state) != std::mem::discriminant(&state) || self.at.is_none() {
            self.at = Some(now);
        }
        self.state = state;
    }
}

/// The attempts to reconnect.
#[derive(Debug, Clone, Copy)]
struct Retry {
    attempts: u32,
    /// When the next one is made; `None` while one has no answer yet.
    due: Option<Timestamp>,
}

/// Both contacts, and the attempts to reconnect.
#[derive(Debug, Clone, Default)]
pub struct Contacts {
    workbench: Since<Workbench>,
    models: Since<ModelService>,
    retry: Option<Retry>,
    /// When it came back last, and the attempts that took: one that fails again soon is not asked every
    /// second.
    back: Option<(Timestamp, u32)>,
}

impl Contacts {
    pub fn workbench(&self) -> &Since<Workbench> {
        &self.workbench
    }

    pub fn models(&self) -> &Since<ModelService> {
        &self.models
    }

    /// Whether the workbench answers, as far as is known.
    pub fn is_up(&self) -> bool {
        matches!(self.workbench.state, Workbench::Up(_))
    }

    /// When the next attempt to reconnect is due.
    pub fn retry_at(&self) -> Option<Timestamp> {
        self.retry.and_then(|retry| retry.due)
    }

    /// An attempt is made.
    pub fn retrying(&mut self) {
        if let Some(retry) = &mut self.retry {
            retry.due = None;
        }
    }

    /// The workbench did not answer, or something else did. The wait for the next attempt doubles with
    /// each that failed.
    pub fn failed(&mut self, now: Timestamp, state: Workbench, attempt: bool) {
        let again = self.back.filter(|(at, _)| now.duration_since(*at) <= LONGEST_WAIT * 2);
        self.workbench.set(state, now);
        let retry = match self.retry {
            Some(retry) if !attempt => retry,
            Some(Retry { attempts, .. }) => Retry { attempts: attempts + 1, due: None },
            None => Retry { attempts: again.map_or(0, |(_, attempts)| attempts + 1), due: None },
        };
        let due = retry.due.or_else(|| now.checked_add(wait(retry.attempts)).ok());
        self.retry = Some(Retry { due, ..retry });
    }

    /// The workbench answered. Returns how long it had not, if that is over now.
    pub fn answered(&mut self, now: Timestamp, state: Workbench) -> Option<SignedDuration> {
        let gone = match (&self.workbench.state, self.workbench.at) {
            (Workbench::Down | Workbench::Strange(_), Some(since)) => Some(now.duration_since(since)),
            _ => None,
        };
        if let Some(retry) = self.retry.take() {
            self.back = Some((now, retry.attempts));
        }
        self.workbench.set(state, now);
        gone
    }

    pub fn models_are(&mut self, state: ModelService, now: Timestamp) {
        self.models.set(state, now);
    }
}

/// 1 s, 2 s, 4 s … 30 s.
fn wait(attempts: u32) -> SignedDuration {
    SignedDuration::from_secs(1 << attempts.min(5)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latency_moves_only_when_a_person_would_notice() {
        let after = |before: u64, took: u64| {
            Workbench::Up(Duration::from_millis(before)).answered(Duration::from_millis(took))
        };
        let up = |ms| Workbench::Up(Duration::from_millis(ms));
        assert_eq!(after(1, 9), up(1));
        assert_eq!(after(100, 60), up(100));
        assert_eq!(after(100, 210), up(210));
        assert_eq!(after(100, 40), up(40));
        assert_eq!(Workbench::Down.answered(Duration::from_millis(2)), up(2));
    }

    #[test]
    fn attempts_to_reconnect_grow_apart_up_to_half_a_minute() {
        let mut contacts = Contacts::default();
        let mut now = Timestamp::UNIX_EPOCH;
        contacts.failed(now, Workbench::Down, false);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let due = contacts.retry_at().unwrap();
            waits.push(due.duration_since(now).as_secs());
            contacts.retrying();
            assert_eq!(contacts.retry_at(), None, "one attempt at a time");
            now = due;
            contacts.failed(now, Workbench::Down, true);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        let gone = contacts.answered(now, Workbench::Up(Duration::ZERO));
        assert_eq!(gone.map(|gone| gone.as_secs()), Some(121));
        assert_eq!(contacts.retry_at(), None);
    }

    #[test]
    fn what_fails_again_soon_is_asked_less_often() {
        let mut contacts = Contacts::default();
        let mut now = Timestamp::UNIX_EPOCH;
        let mut wait = |later: i64| {
            now += SignedDuration::from_secs(later);
            contacts.failed(now, Workbench::Strange("a web page"), false);
            let wait = contacts.retry_at().unwrap().duration_since(now).as_secs();
            contacts.retrying();
            assert!(contacts.answered(now, Workbench::Up(Duration::ZERO)).is_some());
            wait
        };
        assert_eq!([wait(0), wait(1), wait(30), wait(60)], [1, 2, 4, 8]);
        assert_eq!(wait(3_600), 1);
    }
}
