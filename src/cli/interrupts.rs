//! SIGINT and SIGTERM, as a command that is to end gently waits for them.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both signals, kept from the moment that this exists: one that comes before anybody waits is
/// seen by the next who does.
pub struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    pub fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Returns with the next signal. May be dropped and called again without losing one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
