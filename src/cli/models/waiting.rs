//! `--wait` of builds and deployments.

use std::time::Duration;

use clap::Args;

use crate::cli::error::{Exit, Failure};
use crate::cli::values;

/// How long is waited where nothing else is said: an image is built in minutes.
const LIMIT: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, Args)]
pub struct WaitArgs {
    /// Wait until it is done or has failed
    #[arg(long)]
    wait: bool,
    /// Wait at most so long [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = values::duration, requires = "wait")]
    wait_timeout: Option<Duration>,
}

impl WaitArgs {
    /// How long to wait; `None`: not at all.
    pub fn limit(&self) -> Option<Duration> {
        self.wait.then(|| self.wait_timeout.unwrap_or(LIMIT))
    }
}

/// The time is up: `what` is in this state. `why` may say what holds it up.
pub fn ended(what: &str, status: &str, limit: Duration, why: &str) -> Failure {
    let message = format!("{what} is still {status:?} after {} s (--wait-timeout). {why}", limit.as_secs());
    let message = message.trim_end();
    Failure::new(Exit::No, "still_waiting", message)
        .hint("it goes on in the workbench: look with `keybench models show`, or wait longer")
}
