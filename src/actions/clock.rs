//! The workbench's time decides when a key expires, is due and may go. What this machine's clock says
//! only counts where the workbench does not say.

use std::time::Duration;

use jiff::SignedDuration;

use crate::api::{Client, ServerClock};
use crate::text::count;

/// Clocks that differ by more are taken for wrong: one of them is.
pub const DIFFERENCE: Duration = Duration::from_secs(5 * 60);

/// Said where answers bear no usable `Date`.
pub const NO_TIME: &str = "the workbench does not say its time, so this machine's clock counts";

/// This machine's clock and the workbench's differ by more than is tolerated. Which is right cannot be
/// known, and by the wrong one a key in use would look expired, or one that is due would not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", sentence(*difference))]
pub struct ClocksDiffer {
    /// How far the workbench's clock is ahead; negative: behind.
    pub difference: SignedDuration,
}

impl ClocksDiffer {
    /// What to do about it.
    pub const HINT: &str = "set the clock that is wrong; --clock-difference tolerates more";
}

/// Asks the workbench for its time, unless an answer bore it already. Where it does not answer now,
/// what comes next fails and says why.
pub async fn ask(client: &Client) {
    if client.clock() == ServerClock::Unknown
        && let Err(error) = client.server_time().await
    {
        tracing::info!(%error, "the workbench's time is not known");
    }
}

/// Whether the clocks agree, but for `tolerated`.
///
/// # Errors
/// They differ by more.
pub fn check(clock: ServerClock, tolerated: Duration) -> Result<(), ClocksDiffer> {
    let difference = clock.difference();
    if difference.unsigned_abs() > tolerated { Err(ClocksDiffer { difference }) } else { Ok(()) }
}

fn sentence(difference: SignedDuration) -> String {
    let seconds = difference.unsigned_abs().as_secs();
    let length = match seconds {
        0..120 => count(seconds as usize, "second", "seconds"),
        120..7_200 => count((seconds / 60) as usize, "minute", "minutes"),
        7_200..172_800 => count((seconds / 3_600) as usize, "hour", "hours"),
        _ => count((seconds / 86_400) as usize, "day", "days"),
    };
    let side = if difference.is_negative() { "ahead of" } else { "behind" };
    format!("this machine's clock is {length} {side} the workbench's")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_differ_by_as_much_as_is_tolerated() {
        let tolerated = Duration::from_secs(300);
        let ahead = |seconds| ServerClock::Ahead(SignedDuration::from_secs(seconds));
        for clock in [ServerClock::Unsaid, ahead(0), ahead(300), ahead(-300)] {
            assert_eq!(check(clock, tolerated), Ok(()), "{clock:?}");
        }
        for (seconds, sentence) in [
            (301, "this machine's clock is 5 minutes behind the workbench's"),
            (-7_300, "this machine's clock is 2 hours ahead of the workbench's"),
            (-60 * 86_400, "this machine's clock is 60 days ahead of the workbench's"),
        ] {
            assert_eq!(check(ahead(seconds), tolerated).unwrap_err().to_string(), sentence);
        }
    }
}
