//! What `serve` prints once it answers: one line of JSON, or variables for a shell.

use std::io::Write as _;

use serde_json::json;

use crate::cli::error::{Exit, Failure};
use crate::workbench::Running;

/// What `serve` prints once it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Ready {
    Json,
    Env,
}

/// The same with and without `--json`.
pub async fn print(running: &Running, ready: Ready, user: Option<&str>) -> Result<(), Failure> {
    let text = match ready {
        Ready::Json => line(running),
        Ready::Env => exports(running, user).await?,
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| {
        Failure::new(Exit::Unwritten, "output", format!("the ready line cannot be written: {error}"))
    })
}

fn line(running: &Running) -> String {
    let mut line = json!({
        "event": "ready",
        "url": running.url,
        "model_service_url": running.model_service_url,
        "data": running.data,
        "credentials": running.credentials,
    });
    if let Some(made) = &running.certificates {
        line["ca"] = json!(made.authority);
    }
    if let Some(door) = &running.control {
        line["control"] = json!({"url": door.url, "token": door.token.expose()});
    }
    line.to_string()
}

async fn exports(running: &Running, user: Option<&str>) -> Result<String, Failure> {
    let environment = running.environment(user).await.map_err(Failure::invalid)?;
    let lines = environment.iter().map(|(name, value)| format!("export {name}={}", quoted(value)));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Quoted, so that a shell reads any text as one word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_for_a_shell() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
