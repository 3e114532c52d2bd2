//! One Python process that serves one function, one request at a time.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::frames::{self, Kind};
use super::{INHERITED, Unusable, confined};
use crate::workbench::logs::Log;

/// How long the supervisor may take to end the process.
const END_TIME: Duration = Duration::from_secs(5);

/// Why a request has no answer. The log says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// The function raised an exception, or its result is not JSON.
    Raised,
    /// The process ended.
    Ended,
}

/// A process that ends, with everything that it started, when this is dropped.
#[derive(Debug)]
pub struct Process {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    ended: CancellationToken,
    _end: DropGuard,
}

impl Process {
    /// `first` is the frame that names the function to serve.
    pub(super) async fn start(
        starter: &Path,
        start: &confined::Start,
        first: &str,
        scratch: TempDir,
        log: Arc<Log>,
        limit: Duration,
    ) -> Result<Self, Unusable> {
        let mut child = command(starter, start)?.spawn()?;
        let (Some(requests), Some(answers), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Unusable::Ended(String::new()));
        };
        tokio::spawn(copy(errors, log));
        let end = CancellationToken::new();
        let ended = CancellationToken::new();
        tokio::spawn(watch(child, end.clone(), ended.clone(), scratch));
        let mut process = Self { requests, answers: BufReader::new(answers), ended, _end: end.drop_guard() };
        let exchange = async {
            // A process that is already gone may have said why.
            let _ = frames::write(&mut process.requests, first.as_bytes()).await;
            frames::read(&mut process.answers).await
        };
        match timeout(limit, exchange).await {
            Err(_) => Err(Unusable::Slow(limit)),
            Ok(Err(error)) => Err(Unusable::Ended(format!(" ({error})"))),
            Ok(Ok((Kind::Ready, _))) => Ok(process),
            Ok(Ok((_, traceback))) => Err(Unusable::Traceback(traceback)),
        }
    }

    /// Calls the function. A cancelled call leaves the process in the middle of a request: drop it
    /// then.
    pub async fn call(&mut self, request: &RawValue) -> Result<Box<RawValue>, Unanswered> {
        let exchange = async {
            frames::write(&mut self.requests, request.get().as_bytes()).await?;
            frames::read(&mut self.answers).await
        };
        match exchange.await {
            Ok((Kind::Answer, json)) => RawValue::from_string(json).map_err(|_| Unanswered::Raised),
            Ok((Kind::Exception, _)) => Err(Unanswered::Raised),
            Ok(_) | Err(_) => Err(Unanswered::Ended),
        }
    }

    pub fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Cancelled when the process and everything that it started has ended.
    pub fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }
}

/// The first stage. It is not killed with this value: the end of its input makes it end, and it
/// kills what the function started too.
fn command(starter: &Path, start: &confined::Start) -> Result<Command, Unusable> {
    let mut command = Command::new(starter);
    let inherited = INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command
        .arg0(confined::NAME)
        .env_clear()
        .envs(inherited)
        .args(confined::arguments(start).map_err(std::io::Error::from)?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C in the terminal is for the server, which drains.
        .process_group(0);
    Ok(command)
}

/// Waits for the end of the process. Cancelling `end` closes its input, so that it ends soon.
async fn watch(mut child: Child, end: CancellationToken, ended: CancellationToken, scratch: TempDir) {
    if end.run_until_cancelled(child.wait()).await.is_none() && timeout(END_TIME, child.wait()).await.is_err()
    {
        let _ = child.kill().await;
    }
    drop(scratch);
    ended.cancel();
}

/// Copies what the function prints to the replica's log.
async fn copy<R: AsyncRead + Unpin>(mut from: R, log: Arc<Log>) {
    let mut buffer = [0; 8 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        log.write(&buffer[..read]);
    }
}
