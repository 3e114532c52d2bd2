//! The signals that end a program, as a command that is to end gently waits for them.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::waiting;

/// Every signal that ends a program which does not hear it, and that another one or the terminal sends.
/// Those of a crash are not among them: after them nothing can be relied on.
const ENDING: [Number; 9] = [
    Number::INT,
    Number::TERM,
    Number::HUP,
    Number::QUIT,
    Number::ABORT,
    Number::USR1,
    Number::USR2,
    Number::ALARM,
    Number::XCPU,
];

/// These signals, kept from the moment that this exists: one that comes before a wait is seen by the
/// next wait.
pub struct Interrupts(Vec<Signal>);

impl Interrupts {
    pub fn listen() -> io::Result<Self> {
        // With a handler, reaching the limit on file sizes fails a write instead of ending the program.
        let _heard = signal(SignalKind::from_raw(Number::XFSZ.as_raw()))?;
        // `nohup` has a program live on after the terminal is gone.
        let nohup = is_ignored(Number::HUP);
        let heard = ENDING.into_iter().filter(|number| !(nohup && *number == Number::HUP));
        heard.map(|number| signal(SignalKind::from_raw(number.as_raw()))).collect::<io::Result<_>>().map(Self)
    }

    /// Returns with the next signal. May be dropped and called again without losing one.
    pub async fn next(&mut self) {
        poll_fn(|context| {
            let came = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// From now on the first signal ends the waits of blocked threads, of which a future that is dropped knows
/// nothing.
pub fn end_waits() -> io::Result<()> {
    let mut heard = Interrupts::listen()?;
    tokio::spawn(async move {
        heard.next().await;
        let _ = tokio::task::spawn_blocking(waiting::interrupt).await;
    });
    Ok(())
}

/// Whether the parent has this program ignore a signal. Only Linux says; elsewhere none counts as
/// ignored.
fn is_ignored(signal: Number) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal.as_raw() - 1)) != 0
}
