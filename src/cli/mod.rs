//! The headless commands, and the definition of the command line.
//!
//! [`main`] parses, builds what every command needs, runs one command and turns its end into an
//! exit code. The interface is a function that it is given, so that nothing here knows it.

mod admin;
mod collaborators;
mod command_line;
mod complete;
mod context;
mod demo;
mod doctor;
mod echo;
mod error;
mod fleet;
mod generated;
mod hardening;
mod interrupts;
mod keys;
mod log;
mod login;
mod models;
mod names;
mod observe;
mod options;
mod output;
mod profile;
mod projects;
mod runs;
mod serve;
mod start;
mod times;
pub mod values;
mod whoami;

use std::io;
use std::num::NonZero;
use std::process::ExitCode;
use std::thread;

use clap::error::ErrorKind;
use tokio::runtime::Builder;

pub use command_line::Cli;
use command_line::Command;
use context::Context;
pub use error::{Exit, Failure};
pub use interrupts::Interrupts;
use output::Output;
pub use serve::names::stage as serve_names;
use start::show;
pub use start::{Embedding, FirstScreen, Interface, Start};

use crate::config::Error as ConfigError;
use crate::{limits, waiting};

/// Runs the command line of this process.
pub fn main(interface: Interface) -> ExitCode {
    hardening::no_core_dumps();
    let arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    if let Err(failure) = hardening::no_key_among(arguments) {
        Output { json: asks_for_json(), quiet: false }.failure(&failure);
        return failure.exit.into();
    }
    let cli = match Cli::of_process() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    // A second installation is refused, which changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let out = Output { json: cli.global.json, quiet: cli.global.quiet };
    let workers = workers(cli.command.as_ref());
    let build = |()| Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    let runtime = match limits::runtime_threads(workers).and_then(build) {
        Ok(runtime) => runtime,
        Err(error) => {
            let what = format!("the problem is on this machine: {}", limits::no_thread(&error));
            let failure = Failure::new(Exit::NoAnswer, "used_up", what);
            out.failure(&failure.hint("close other programs here, or raise the limit, and try again"));
            return Exit::NoAnswer.into();
        }
    };
    let ended = runtime.block_on(run(cli, out, interface));
    // Not waiting for a thread that still reads from a terminal.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if !failure.message.is_empty() {
                out.failure(&failure);
            }
            failure.exit.into()
        }
    }
}

/// The threads for requests and answers: more than a few would only take memory, and time to start. A
/// workbench has one for each core.
fn workers(command: Option<&Command>) -> usize {
    const FEW: usize = 4;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    match command {
        Some(Command::Serve(_) | Command::Demo(_)) => cores,
        _ => cores.min(FEW),
    }
}

async fn run(cli: Cli, out: Output, interface: Interface) -> Result<Exit, Failure> {
    let owns_terminal = matches!(cli.command, None | Some(Command::Demo(_)));
    log::start(&cli.global, owns_terminal)?;
    let context = Context::new(cli.global, out);
    if reads_configuration(cli.command.as_ref()) {
        context.refuse_newer()?;
    }
    // Before anything begins, so that no signal is missed; the interface has its own.
    let listen = || {
        interrupts::end_waits()
            .and_then(|()| Interrupts::listen())
            .map_err(|error| Failure::new(Exit::Bug, "signals", format!("signals cannot be caught: {error}")))
    };
    match cli.command {
        None => open(&context, interface).await,
        Some(Command::Demo(args)) => demo::run(&context, args, interface).await,
        Some(Command::Serve(args)) => serve::run(&context, args, listen()?).await,
        Some(Command::Observe(args)) => {
            context.warn_of_insecurity();
            observe::run(&context, args, listen()?).await
        }
        // An interrupted run still has a result.
        Some(Command::Models(command)) if command.ends_gently() => {
            context.warn_of_insecurity();
            let interrupts = tokio::sync::Mutex::new(listen()?);
            let ended =
                models::run_gently(&context, command, async || interrupts.lock().await.next().await).await;
            context.warn_of_files(ended.as_ref().err());
            ended
        }
        Some(command) => {
            let mut interrupts = listen()?;
            // A diagnosis has its own warnings, and a generated script must contain nothing else.
            let warns = !matches!(
                command,
                Command::Doctor | Command::Completions { .. } | Command::Man | Command::CompleteNames { .. }
            );
            if warns {
                context.warn_of_insecurity();
            }
            let ended = tokio::select! {
                ended = headless(&context, command) => ended,
                () = interrupts.next() => Err(context.interrupted()),
            };
            // First stop a credential command that still runs.
            if matches!(&ended, Err(failure) if failure.exit == Exit::Interrupted) {
                waiting::interrupt();
            }
            if warns {
                context.warn_of_files(ended.as_ref().err());
            }
            ended
        }
    }
}

/// Whether a command rests on the configuration; the others help where it cannot be used.
fn reads_configuration(command: Option<&Command>) -> bool {
    !matches!(
        command,
        Some(
            Command::Doctor
                | Command::Demo(_)
                | Command::Serve(_)
                | Command::Runs(_)
                | Command::Completions { .. }
                | Command::Man
                | Command::CompleteNames { .. }
        )
    )
}

async fn headless(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Login(args) => login::run(context, args).await,
        Command::Profile(command) => profile::run(context, command),
        Command::Doctor => doctor::run(context).await,
        Command::Completions { shell } => generated::completions(shell),
        Command::Man => generated::man(),
        Command::CompleteNames { words } => {
            complete::print(context, &words);
            Ok(Exit::Done)
        }
        Command::Whoami => whoami::run(context).await,
        Command::Keys(command) => keys::run(context, command).await,
        Command::Fleet(command) => fleet::run(context, command).await,
        Command::Models(command) => models::run(context, command).await,
        Command::Runs(command) => runs::run(context, command),
        Command::Projects(command) => projects::run(context, command).await,
        Command::Collaborators(command) => collaborators::run(context, command).await,
        Command::Admin(command) => admin::run(context, command).await,
        Command::Demo(_) | Command::Serve(_) | Command::Observe(_) => Ok(Exit::Done),
    }
}

/// The interface on the profile in use, or its first-run screen where there is none.
async fn open(context: &Context, interface: Interface) -> Result<Exit, Failure> {
    let screen = match context.session() {
        Ok(session) => FirstScreen::Session(Box::new(session)),
        // The first-run screen needs a terminal.
        Err(ConfigError::NoWorkbench) if output::is_terminal() => FirstScreen::Welcome,
        Err(error) => return Err(error.into()),
    };
    context.warn_of_insecurity();
    context.warn_of_files(None);
    show(interface, context.start(screen)).await
}

/// Help and version are no errors; a malformed value is one of its own.
fn usage(error: &clap::Error) -> Exit {
    let exit = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        // clap has the same kind for a value that was left out.
        ErrorKind::InvalidValue if lacks_value(error) => Exit::Usage,
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => Exit::Invalid,
        _ => Exit::Usage,
    };
    if asks_for_json() && exit != Exit::Done {
        let text = error.to_string();
        // What is missing, or what would do, stands in the lines that follow.
        let lines: Vec<_> = text.lines().take_while(|line| !is_advice(line)).map(str::trim).collect();
        let sentence = lines.join(" ");
        let sentence = sentence.trim().trim_start_matches("error: ");
        let kind = if exit == Exit::Invalid { "invalid" } else { "usage" };
        let failure = Failure::new(exit, kind, sentence).hint("keybench --help lists commands and options");
        Output { json: true, quiet: false }.failure(&failure);
    } else if error.print().is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe)
        && exit == Exit::Done
    {
        return Exit::Unwritten;
    }
    exit
}

/// Whether errors are to be JSON, before the command line is understood.
fn asks_for_json() -> bool {
    std::env::args_os().any(|argument| argument == "--json")
}

fn lacks_value(error: &clap::Error) -> bool {
    use clap::error::{ContextKind, ContextValue};
    matches!(error.get(ContextKind::InvalidValue), Some(ContextValue::String(value)) if value.is_empty())
}

/// What an error of the command line ends with, for people.
fn is_advice(line: &str) -> bool {
    line.starts_with("Usage:") || line.starts_with("For more information")
}
