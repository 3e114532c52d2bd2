//! The process that started this one, and when it is gone.

use std::time::Duration;

use rustix::process::{Pid, getppid};

/// How often it is looked for. A signal of the system would come when the parent's thread ends, which
/// is not its end.
const LOOK: Duration = Duration::from_millis(100);

pub struct Parent(Option<Pid>);

impl Parent {
    pub fn now() -> Self {
        Self(getppid())
    }

    /// Returns once it is gone, however it ended: this process has another parent then.
    pub async fn gone(&self) {
        while getppid() == self.0 {
            tokio::time::sleep(LOOK).await;
        }
    }
}
