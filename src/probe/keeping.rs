//! Whether a service keeps connections open, found out before a request depends on it.
//!
//! Some proxies close each connection after its answer without saying so. A request that was sent on
//! one of them may have run, as far as anybody can tell from here. So the first connection is only
//! watched for a moment, and until then each request has one of its own.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::http1::Connection;

/// A connection that is open for so long after its answer is kept by the service.
const TRIAL: Duration = Duration::from_millis(100);

const TRYING: u8 = 0;
const KEPT: u8 = 1;
const CLOSED: u8 = 2;

#[derive(Default)]
pub(super) struct Keeping {
    state: AtomicU8,
    /// The first connection, and since when it waits.
    trial: Mutex<Option<(Connection, Instant)>>,
}

impl Keeping {
    /// Whether a connection that had an answer may be used again.
    pub fn is_safe(&self) -> bool {
        self.state() == KEPT
    }

    /// The connection, if it may be used again.
    pub fn keep(&self, connection: Connection) -> Option<Connection> {
        match self.state() {
            KEPT => Some(connection),
            TRYING => {
                let mut trial = self.trial.lock().unwrap_or_else(PoisonError::into_inner);
                trial.get_or_insert((connection, Instant::now()));
                None
            }
            _ => None,
        }
    }

    /// The service has closed a connection with a request on it: none is used again.
    pub fn end(&self) {
        self.state.store(CLOSED, Ordering::Relaxed);
    }

    fn state(&self) -> u8 {
        let state = self.state.load(Ordering::Relaxed);
        if state != TRYING {
            return state;
        }
        let mut trial = self.trial.lock().unwrap_or_else(PoisonError::into_inner);
        let state = match &*trial {
            Some((connection, _)) if connection.is_closed() => CLOSED,
            Some((_, since)) if since.elapsed() >= TRIAL => KEPT,
            _ => return TRYING,
        };
        *trial = None;
        self.state.store(state, Ordering::Relaxed);
        state
    }
}
