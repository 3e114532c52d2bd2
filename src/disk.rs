//! Work that waits for a disk. It holds nothing else up, and it goes on when nobody waits for it any more:
//! before something is removed that it may write into, [`at_rest`] is waited for.

use std::sync::LazyLock;

use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

static UNDER_WAY: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Does `work` on a thread of its own.
pub fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    UNDER_WAY.spawn_blocking(work)
}

/// Waits until no such work is under way.
pub async fn at_rest() {
    // More can begin all the same.
    UNDER_WAY.close();
    UNDER_WAY.wait().await;
}
