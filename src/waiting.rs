//! Waits that may never end: for a person who types, a command, the other end of a pipe. A signal
//! handler ends all of them, so that Ctrl-C works while a thread is blocked.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long [`interrupt`] waits for cleanup.
const PATIENCE: Duration = Duration::from_secs(1);

struct Waits {
    interrupted: bool,
    waiting: usize,
}

static WAITS: Mutex<Waits> = Mutex::new(Waits { interrupted: false, waiting: 0 });
static CHANGED: Condvar = Condvar::new();

fn waits() -> MutexGuard<'static, Waits> {
    WAITS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a wait ended without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InVain {
    #[error("interrupted")]
    Interrupted,
    #[error("it took too long")]
    Late,
    #[error("this machine lets this process start no more threads (`ulimit -u` raises the limit)")]
    NoThread,
}

impl From<InVain> for io::Error {
    fn from(why: InVain) -> Self {
        let kind = match why {
            InVain::Interrupted => io::ErrorKind::Interrupted,
            InVain::Late => io::ErrorKind::TimedOut,
            InVain::NoThread => io::ErrorKind::Other,
        };
        Self::new(kind, why)
    }
}

/// Ends every wait, present and future: the process is about to exit. Returns once no wait is left,
/// or after a second.
pub fn interrupt() {
    let until = Instant::now() + PATIENCE;
    let mut waits = waits();
    waits.interrupted = true;
    CHANGED.notify_all();
    while waits.waiting > 0 {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        waits = CHANGED.wait_timeout(waits, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Whether [`interrupt`] was called.
pub fn is_interrupted() -> bool {
    waits().interrupted
}

/// A wait, and what to clean up before the process may exit.
#[derive(Debug)]
pub struct Waiter(());

impl Waiter {
    pub fn new() -> Self {
        waits().waiting += 1;
        Self(())
    }

    /// Does `work` on its own thread and waits for it, for at most `patience`. If the wait ends
    /// first, the thread is left behind.
    ///
    /// # Errors
    /// [`InVain`].
    pub fn wait_for<T: Send + 'static>(
        &self,
        patience: Option<Duration>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, InVain> {
        let until = patience.map(|patience| Instant::now() + patience);
        let done = Arc::new(Mutex::new(None));
        let to = Arc::clone(&done);
        let started = thread::Builder::new().spawn(move || {
            let value = work();
            *to.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            // Under the lock, or the waiter could check just before and sleep right after.
            let _waits = waits();
            CHANGED.notify_all();
        });
        started.map_err(|_| InVain::NoThread)?;
        let mut waits = waits();
        loop {
            if let Some(value) = done.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Ok(value);
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            waits = match left {
                _ if waits.interrupted => return Err(InVain::Interrupted),
                Some(Duration::ZERO) => return Err(InVain::Late),
                Some(left) => CHANGED.wait_timeout(waits, left).unwrap_or_else(PoisonError::into_inner).0,
                None => CHANGED.wait(waits).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Default for Waiter {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        waits().waiting -= 1;
        CHANGED.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // An interrupt affects the whole process, so the tests of it use real processes.
    #[test]
    fn work_that_ends_is_waited_for_and_other_is_not() {
        let waiter = Waiter::new();
        assert_eq!(waiter.wait_for(None, || 5), Ok(5));
        let (_open, closed) = std::sync::mpsc::channel::<()>();
        let late = waiter.wait_for(Some(Duration::from_millis(1)), move || closed.recv());
        assert_eq!(late, Err(InVain::Late));
    }
}
