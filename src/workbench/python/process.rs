//! One Python process that serves one function, one request at a time.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::frames::{self, Kind};
use super::{Function, Unusable, script};
use crate::workbench::logs::Log;

/// What a function sees of the server's own environment: enough for an interpreter to run. The rest may
/// hold secrets, and a function that needs it would fail on the real product, whose replicas run
/// elsewhere.
const INHERITED: [&str; 8] =
    ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"];

/// Why a request has no answer. The log says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// The function raised an exception, or its result is not JSON.
    Raised,
    /// The process ended.
    Ended,
}

/// Dropping it kills the process and everything that it started.
#[derive(Debug)]
pub struct Process {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    ended: CancellationToken,
    _kill: DropGuard,
}

impl Process {
    pub(super) async fn start(
        interpreter: &Path,
        support: &Path,
        function: &Function,
        log: Arc<Log>,
        limit: Duration,
    ) -> Result<Self, Unusable> {
        let root = script::inside(&function.project, "", &function.root)?;
        let file = script::inside(&function.project, &function.root, &function.file)?;
        if !file.is_file() {
            return Err(Unusable::Missing(function.file.clone()));
        }
        let mut child = command(interpreter, support, &root, function).spawn().map_err(Unusable::Start)?;
        let (Some(requests), Some(answers), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Unusable::Ended(String::new()));
        };
        tokio::spawn(copy(errors, log));
        let kill = CancellationToken::new();
        let ended = CancellationToken::new();
        tokio::spawn(watch(child, kill.clone(), ended.clone()));
        let mut process =
            Self { requests, answers: BufReader::new(answers), ended, _kill: kill.drop_guard() };
        match timeout(limit, frames::read(&mut process.answers)).await {
            Err(_) => Err(Unusable::Slow(limit)),
            Ok(Err(error)) => Err(Unusable::Ended(format!(" ({error})"))),
            Ok(Ok((Kind::Ready, _))) => Ok(process),
            Ok(Ok((_, traceback))) => Err(Unusable::Traceback(traceback)),
        }
    }

    /// Calls the function. A call that is given up leaves the process in the middle of a request:
    /// drop it then.
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

    /// Is cancelled when the process has ended.
    pub fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }
}

fn command(interpreter: &Path, support: &Path, root: &Path, function: &Function) -> Command {
    let mut command = Command::new(interpreter);
    let inherited = INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command
        .env_clear()
        .envs(inherited)
        .arg(support.join("runner.py"))
        .arg(root)
        .arg(&function.file)
        .arg(&function.name)
        .envs(&function.environment.0)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C in the terminal is for the server, which drains; and what a function starts ends
        // with the group.
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// Waits for the end of the process, or brings it about.
async fn watch(mut child: Child, kill: CancellationToken, ended: CancellationToken) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if kill.run_until_cancelled(child.wait()).await.is_none() {
        // Not yet waited for, so the number still is this process's.
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait().await;
    }
    ended.cancel();
}

/// Copies what the function prints to the replica's log.
async fn copy<R: AsyncRead + Unpin>(mut from: R, log: Arc<Log>) {
    let mut buffer = [0; 8 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        log.write(&buffer[..read]);
    }
}
