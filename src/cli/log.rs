//! The log: off unless asked for, to standard error or to a private file.
//!
//! Only this program's own events are taken in full. HTTP libraries write headers at their finest
//! levels, and a header may hold a key.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::error::Failure;
use super::options::Global;

/// Begins to log as `global` says. `owns_terminal`: the interface runs, and standard error is its screen.
pub fn start(global: &Global, owns_terminal: bool) -> Result<(), Failure> {
    let level = match (global.verbose, &global.log_file) {
        (0, None) => return Ok(()),
        (0 | 1, _) => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("keybench", level);
    let writer = match &global.log_file {
        Some(file) => {
            let open =
                OpenOptions::new().create(true).append(true).mode(0o600).open(file).map_err(|error| {
                    Failure::invalid(format!("the log file {} cannot be written: {error}", file.display()))
                        .hint("name a file in a folder that you may write to")
                })?;
            BoxMakeWriter::new(Mutex::new(open))
        }
        None if owns_terminal => return Ok(()),
        None => BoxMakeWriter::new(std::io::stderr),
    };
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
    // Who reads standard error as documents gets documents.
    let layer = match global.json {
        true => layer.json().flatten_event(true).with_filter(filter).boxed(),
        false => layer.with_filter(filter).boxed(),
    };
    // A log that was begun before goes on.
    let begun = tracing_subscriber::registry().with(layer).try_init();
    let _ = begun;
    Ok(())
}
