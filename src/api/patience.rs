//! How long an answer may take.

use std::time::{Duration, Instant};

use super::{Error, Reason};

/// For the HTTP library, where the time is kept here.
const FAR_AWAY: Duration = Duration::from_hours(24);

/// The time that an answer may take. What its reader takes does not count: a person may be looking at the
/// beginning of a long list.
pub(super) struct Patience {
    operation: &'static str,
    left: Duration,
}

impl Patience {
    /// For an answer whose reader may last: the library must not count that.
    pub fn of(
        request: reqwest::RequestBuilder,
        operation: &'static str,
        timeout: Duration,
    ) -> (reqwest::RequestBuilder, Self) {
        (request.timeout(FAR_AWAY), Self { operation, left: timeout })
    }

    /// For an answer that the HTTP library keeps within the client's timeout.
    pub fn of_the_library(operation: &'static str) -> Self {
        Self { operation, left: FAR_AWAY }
    }

    /// Waits for a part of the answer.
    pub async fn wait<T>(&mut self, part: impl Future<Output = T>) -> Result<T, Error> {
        let late = || Error::NoAnswer {
            operation: self.operation,
            reason: Reason::Timeout,
            detail: "no complete answer in time".to_owned(),
            changes: false,
        };
        // What is there at once would never be late.
        if self.left.is_zero() {
            return Err(late());
        }
        let began = Instant::now();
        let waited = tokio::time::timeout(self.left, part).await.map_err(|_| late())?;
        self.spend(began.elapsed());
        Ok(waited)
    }

    /// Counts what was done with a part.
    pub fn spend(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }
}
