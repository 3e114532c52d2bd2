//! How many rows are in flight at a time: fewer as soon as the model is busy, slowly more again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Answers for each row in flight until one more is tried.
const PATIENCE: u32 = 20;

/// Worker `n` works while `n` is below the limit.
#[derive(Debug)]
pub struct Limit {
    state: Mutex<State>,
    changed: Notify,
    most: u32,
}

#[derive(Debug)]
struct State {
    limit: u32,
    /// Answers since it last changed.
    answers: u32,
    /// How often it was halved.
    halved: u64,
    ended: bool,
}

impl Limit {
    /// Begins with the most.
    pub fn new(most: u32) -> Self {
        let state = State { limit: most, answers: 0, halved: 0, ended: false };
        Self { state: Mutex::new(state), changed: Notify::new(), most }
    }

    /// Waits until worker `n` may send, and gives what [`Self::busy`] wants to know. `None`: there is
    /// nothing more to do.
    pub async fn admit(&self, n: u32) -> Option<u64> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Before the look, or a change between the two would be missed.
            changed.as_mut().enable();
            {
                let state = self.state();
                if state.ended {
                    return None;
                }
                if n < state.limit {
                    return Some(state.halved);
                }
            }
            changed.await;
        }
    }

    /// A model answered that was not busy.
    pub fn answered(&self) {
        let mut state = self.state();
        state.answers += 1;
        if state.limit < self.most && state.answers >= state.limit * PATIENCE {
            state.limit += 1;
            state.answers = 0;
            drop(state);
            self.changed.notify_waiters();
        }
    }

    /// A model was busy (429). `since`: what [`Self::admit`] gave; several that were sent under one
    /// limit halve it once.
    pub fn busy(&self, since: u64) {
        let mut state = self.state();
        state.answers = 0;
        if state.halved == since {
            state.limit = (state.limit / 2).max(1);
            state.halved += 1;
        }
    }

    /// There is nothing more to do: no worker waits any longer.
    pub fn end(&self) {
        self.state().ended = true;
        self.changed.notify_waiters();
    }

    #[cfg(test)]
    fn now(&self) -> u32 {
        self.state().limit
    }

    /// What [`Self::busy`] wants to know, now.
    pub fn halved(&self) -> u64 {
        self.state().halved
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_once_for_all_that_were_sent_together_and_grows_back_slowly() {
        let limit = Limit::new(8);
        let since = limit.halved();
        (0..5).for_each(|_| limit.busy(since));
        assert_eq!(limit.now(), 4);
        (0..5).for_each(|_| limit.busy(limit.halved()));
        assert_eq!(limit.now(), 1, "never less");
        (0..PATIENCE).for_each(|_| limit.answered());
        assert_eq!(limit.now(), 2);
        (0..1000).for_each(|_| limit.answered());
        assert_eq!(limit.now(), 8, "never more than at the beginning");
    }

    #[tokio::test]
    async fn workers_above_the_limit_wait_for_it_or_for_the_end() {
        let limit = std::sync::Arc::new(Limit::new(2));
        limit.busy(0);
        assert_eq!(limit.admit(0).await, Some(1));
        let waiting = tokio::spawn({
            let limit = limit.clone();
            async move { (limit.admit(1).await, limit.admit(2).await) }
        });
        (0..PATIENCE).for_each(|_| limit.answered());
        limit.end();
        assert_eq!(waiting.await.unwrap().1, None);
    }
}
