//! Commands of a manifest: each has a time limit, and ends with all that it started.

use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::process::Command;

use crate::actions::rotation::exec::{self, Ended, Output};

/// A shell command that gets `text` on its standard input.
///
/// # Errors
/// How it ended.
pub async fn run(
    command: &str,
    key_id: &str,
    text: &[u8],
    output: Output,
    patience: Duration,
) -> Result<(), String> {
    let mut shell = exec::shell(command);
    shell.env("KEYBENCH_KEY_ID", key_id);
    well(exec::feed(shell, text, output, patience, &[]).await)
}

/// What a shell command prints.
///
/// # Errors
/// How it ended.
pub async fn read(command: &str, output: Output, patience: Duration) -> Result<Zeroizing<String>, String> {
    exec::printed(exec::shell(command), output, patience).await
}

fn kubectl(namespace: Option<&str>) -> Command {
    let mut kubectl = Command::new("kubectl");
    kubectl.env_remove("KEYBENCH_API_KEY");
    if let Some(namespace) = namespace {
        kubectl.args(["--namespace", namespace]);
    }
    kubectl
}

/// `kubectl` with a document on its standard input: what it gets stands in no argument.
///
/// # Errors
/// How it ended.
pub async fn kubectl_with(
    namespace: Option<&str>,
    arguments: &[&str],
    text: &[u8],
    output: Output,
    patience: Duration,
) -> Result<(), String> {
    let mut kubectl = kubectl(namespace);
    kubectl.args(arguments);
    well(exec::feed(kubectl, text, output, patience, &[]).await).map_err(|why| format!("kubectl: {why}"))
}

/// What `kubectl` prints.
///
/// # Errors
/// How it ended.
pub async fn kubectl_read(
    namespace: Option<&str>,
    arguments: &[&str],
    output: Output,
    patience: Duration,
) -> Result<Zeroizing<String>, String> {
    let mut kubectl = kubectl(namespace);
    kubectl.args(arguments);
    exec::printed(kubectl, output, patience).await.map_err(|why| format!("kubectl: {why}"))
}

fn well(ended: Ended) -> Result<(), String> {
    match ended {
        Ended::Well => Ok(()),
        Ended::Never(error) => Err(error.to_string()),
        Ended::Badly(why) => Err(why),
    }
}
