//! Memory for the bodies of many connections.

use tokio::sync::{Semaphore, SemaphorePermit};

/// A body up to this is small, in bytes.
pub const SMALL_BODY: usize = 256 * 1024;
/// Bodies beyond it that are in memory at the same time.
const LARGE_BODIES: usize = 4;

/// Memory for bodies of many connections: small ones always have it, of large ones only so many at a
/// time, and the others wait, as does whoever sends them.
pub struct Room(Semaphore);

/// What a large body has of a [`Room`].
#[derive(Default)]
pub struct Share<'r>(Option<SemaphorePermit<'r>>);

impl Default for Room {
    fn default() -> Self {
        Self(Semaphore::new(LARGE_BODIES))
    }
}

impl Room {
    /// Waits for a share where a body grows to `size` and has none yet.
    pub(super) async fn enter<'r>(&'r self, size: usize, share: &mut Share<'r>) {
        if size > SMALL_BODY && share.0.is_none() {
            // The semaphore is never closed.
            share.0 = self.0.acquire().await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn large_bodies_wait_for_room_and_small_ones_do_not() {
        let room = Room::default();
        let mut shares: Vec<_> = (0..=LARGE_BODIES).map(|_| Share(None)).collect();
        for share in &mut shares {
            room.enter(SMALL_BODY, share).now_or_never().unwrap();
        }
        let (last, first) = shares.split_last_mut().unwrap();
        for share in first {
            room.enter(SMALL_BODY + 1, share).now_or_never().unwrap();
        }
        assert!(room.enter(SMALL_BODY + 1, last).now_or_never().is_none(), "the room is full");
        shares.remove(0);
        let last = shares.last_mut().unwrap();
        room.enter(SMALL_BODY + 1, last).now_or_never().unwrap();
        room.enter(8 << 20, last).now_or_never().unwrap();
    }
}
