//! The connections of one thread of a run with a rate.
//!
//! Requests that are due now and then need few connections: the most recently used idle one is taken
//! first, so that a rate that one connection can carry opens one. While a new one is being opened,
//! the request that asked for it takes whichever is free first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::super::failure::CallError;
use super::super::http1::Connection;

pub(super) struct Pool {
    state: Mutex<State>,
    /// Something became idle, or there is room for a new connection.
    changed: Notify,
    /// The most connections at a time: one for each worker.
    most: usize,
}

#[derive(Default)]
struct State {
    /// The most recently used is the last.
    idle: Vec<Connection>,
    /// Idle, lent, or being opened.
    open: usize,
}

impl Pool {
    pub fn new(most: u32) -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), most: most as usize }
    }

    /// The most recently used idle connection, or one that `open` opens, whichever is there first;
    /// and whether it was used before.
    ///
    /// # Errors
    /// Those of `open`, if nothing became idle before it failed.
    pub async fn take<F>(self: &Arc<Self>, open: impl Fn() -> F) -> Result<(Connection, bool), CallError>
    where
        F: Future<Output = Result<Connection, CallError>> + Send + 'static,
    {
        let mut opening: Option<oneshot::Receiver<Result<Connection, CallError>>> = None;
        loop {
            let changed = self.changed.notified();
            if let Some(connection) = self.idle() {
                return Ok((connection, true));
            }
            if opening.is_none() && self.reserve() {
                opening = Some(self.open(open()));
            }
            let Some(coming) = &mut opening else {
                changed.await;
                continue;
            };
            tokio::select! {
                () = changed => {}
                opened = coming => match opened {
                    Ok(opened) => return opened.map(|connection| (connection, false)),
                    Err(_) => opening = None,
                },
            }
        }
    }

    /// Takes a connection back.
    pub fn put(&self, connection: Connection) {
        self.state().idle.push(connection);
        self.changed.notify_one();
    }

    /// A connection that was taken is no more.
    pub fn lost(&self) {
        self.state().open -= 1;
        self.changed.notify_one();
    }

    fn idle(&self) -> Option<Connection> {
        loop {
            let connection = self.state().idle.pop()?;
            // Between requests that are far apart the service may have closed it.
            if !connection.is_closed() {
                return Some(connection);
            }
            self.lost();
        }
    }

    fn reserve(&self) -> bool {
        let mut state = self.state();
        let room = state.open < self.most;
        state.open += usize::from(room);
        room
    }

    /// Opens a connection for the receiver; if that has taken another meanwhile, it becomes idle.
    fn open(
        self: &Arc<Self>,
        opening: impl Future<Output = Result<Connection, CallError>> + Send + 'static,
    ) -> oneshot::Receiver<Result<Connection, CallError>> {
        let (sender, receiver) = oneshot::channel();
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            let opened = opening.await;
            if opened.is_err() {
                pool.lost();
            }
            if let Err(Ok(connection)) = sender.send(opened) {
                pool.put(connection);
            }
        });
        receiver
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What it holds stays usable even if a worker panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
