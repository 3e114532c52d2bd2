//! `serve`: the embedded workbench alone.

use serde_json::json;

use super::args::ServeArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::interrupts::Interrupts;
use crate::workbench::{self, Behaviour, Options, Seed};

/// `interrupts` are listened to since before the start: whoever reads the ready line may end it.
pub async fn run(context: &Context, args: ServeArgs, mut interrupts: Interrupts) -> Result<Exit, Failure> {
    let mut options = Options::new(args.data);
    options.listen = args.listen;
    options.seed = args.seed.parse::<Seed>().map_err(|error| Failure::invalid(error.to_string()))?;
    options.projects = args.projects;
    if let Some(file) = &args.behaviour {
        options.behaviour = Behaviour::load(file).map_err(|error| Failure::invalid(error.to_string()))?;
    }
    options.busy_wait = args.busy_wait.unwrap_or(options.busy_wait);
    options.request_timeout = args.request_timeout.unwrap_or(options.request_timeout);
    options.access_log = args.access_log;
    options.allow_remote = args.allow_remote;
    options.python = args.python;
    // A signal ends it at once while it starts, and gently afterwards; the second one at once again.
    let mut running = tokio::select! {
        started = workbench::start(options) => started.map_err(|error| Failure::new(Exit::Invalid, "start", error.to_string()))?,
        () = interrupts.next() => return Ok(Exit::Done),
    };
    for warning in &running.warnings {
        context.out.note(warning);
    }
    ready(&running)?;
    tokio::select! {
        () = interrupts.next() => {}
        () = running.ended() => {}
    }
    running.stop();
    tokio::select! {
        () = running.ended() => return Ok(Exit::Done),
        () = interrupts.next() => running.cut(),
    }
    running.ended().await;
    Ok(Exit::Done)
}

/// The one line that says where it is; the same with and without `--json`.
fn ready(running: &workbench::Running) -> Result<(), Failure> {
    use std::io::Write as _;
    let line = json!({
        "event": "ready",
        "url": running.url,
        "model_service_url": running.model_service_url,
        "data": running.data,
        "credentials": running.credentials,
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| {
        Failure::new(Exit::Unwritten, "output", format!("the ready line cannot be written: {error}"))
    })
}
