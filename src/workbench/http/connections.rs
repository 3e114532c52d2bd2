//! Tracks open and idle connections: idle ones are closed for new ones.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// A bounded set of connections.
#[derive(Debug, Clone)]
pub struct Room(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    free: Arc<Semaphore>,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    count: AtomicU64,
    started: Instant,
    ending: CancellationToken,
}

/// The state of an open connection.
#[derive(Debug, Default)]
pub struct Connection {
    /// Answers in progress.
    busy: AtomicU64,
    /// When the last one finished, in milliseconds since the start.
    idle_since: AtomicU64,
    /// Whether a complete head was ever received.
    pub begun: AtomicBool,
    /// Close the connection without an answer.
    pub cut: Arc<AtomicBool>,
    /// Close it after the answers in progress; cancelled as well when the server ends.
    pub leaving: CancellationToken,
}

/// A connection's slot, freed when this is dropped.
pub struct Guest {
    pub connection: Arc<Connection>,
    room: Arc<Shared>,
    id: u64,
    _permit: OwnedSemaphorePermit,
}

impl Room {
    /// Connections are asked to close when `ending` is cancelled.
    pub fn new(size: usize, ending: CancellationToken) -> Self {
        Self(Arc::new(Shared {
            free: Arc::new(Semaphore::new(size)),
            open: Mutex::default(),
            count: AtomicU64::new(0),
            started: Instant::now(),
            ending,
        }))
    }

    /// Admits a connection. If there is no slot, the connection that has been idle longest is asked
    /// to close.
    pub async fn enter(&self) -> Option<Guest> {
        let free = self.0.free.clone();
        let permit = match free.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.show_out();
                free.acquire_owned().await.ok()?
            }
        };
        let id = self.0.count.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            idle_since: AtomicU64::new(self.0.millis()),
            leaving: self.0.ending.child_token(),
            ..Connection::default()
        });
        self.0.open().insert(id, connection.clone());
        Some(Guest { connection, room: self.0.clone(), id, _permit: permit })
    }

    fn show_out(&self) {
        let open = self.0.open();
        let idle =
            open.values().filter(|it| it.busy.load(Ordering::Relaxed) == 0 && !it.leaving.is_cancelled());
        if let Some(longest) = idle.min_by_key(|it| it.idle_since.load(Ordering::Relaxed)) {
            longest.leaving.cancel();
        }
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Guest {
    /// Records an answer in progress, until the result is dropped.
    pub fn busy(&self) -> Busy {
        self.connection.busy.fetch_add(1, Ordering::Relaxed);
        Busy { connection: self.connection.clone(), room: self.room.clone() }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.room.open().remove(&self.id);
    }
}

/// An answer in progress.
pub struct Busy {
    pub connection: Arc<Connection>,
    room: Arc<Shared>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.connection.idle_since.store(self.room.millis(), Ordering::Relaxed);
        self.connection.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_longest_idle_one_leaves_and_busy_ones_stay() {
        let room = Room::new(2, CancellationToken::new());
        let first = room.enter().await.unwrap();
        let second = room.enter().await.unwrap();
        let answering = first.busy();
        let (asked, waiting) = (second.connection.leaving.clone(), room.clone());
        let third = tokio::spawn(async move { waiting.enter().await.is_some() });
        asked.cancelled().await;
        assert!(!first.connection.leaving.is_cancelled());
        drop(second);
        assert!(third.await.unwrap());
        drop(answering);
    }
}
