//! Memory for the bodies of many connections.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Longest body that counts as small, in bytes.
pub const SMALL_BODY: usize = 256 * 1024;
/// Memory for larger bodies, in bytes, over all connections.
const LARGE_BODIES: usize = 4;

/// Memory for bodies, shared by many connections. Small bodies always fit; large ones wait until
/// there is room, and so do their senders.
pub struct Room(Semaphore);

/// The share of a [`Room`] that a large body holds.
#[derive(Default)]
pub struct Share<'r>(Option<SemaphorePermit<'r>>);

impl Default for Room {
    fn default() -> Self {
        Self(Semaphore::new(LARGE_BODIES))
    }
}

impl Room {
    /// Waits for a share if a body grows to `size` and has none yet.
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
