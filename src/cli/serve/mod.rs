//! `serve`: the embedded workbench alone, or beside a command that is to use it.

mod command;
pub mod names;
mod parent;
mod ready;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ready::Ready;

use super::context::Context;
use super::error::{Exit, Failure};
use super::interrupts::Interrupts;
use super::values;
use crate::workbench::{self, Behaviour, Credentials, Options, Running, Seed, StartError, Trouble};
use crate::{limits, waiting};

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench serve --data /tmp/kb --seed demo
  keybench serve --data /tmp/kb --seed demo --listen 127.0.0.1:0 > ready.json
  keybench serve --data /tmp/kb --seed demo --listen 127.0.0.1:0 --tls -- pytest

One line of JSON on standard output says when it answers, and where the credentials of its users lie.
Ends with 0 when it is asked to end; with a COMMAND, as that does.")]
pub struct ServeArgs {
    /// Folder for its data
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8642", value_parser = values::listen)]
    pub listen: std::net::SocketAddr,
    /// What an empty folder is filled with: demo, empty, scale:KEYS,MODELS[,USERS] or a FILE.toml
    #[arg(long, default_value = "empty")]
    pub seed: String,
    /// Folder with one folder of files a project, instead of DATA/projects
    #[arg(long, value_name = "DIR")]
    pub projects: Option<PathBuf>,
    /// File that changes behaviour where that of the real product is not known
    #[arg(long, value_name = "FILE")]
    pub behaviour: Option<PathBuf>,
    /// How long a model call waits for a free replica before it is answered 429 [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub busy_wait: Option<Duration>,
    /// How long a model call may run [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub request_timeout: Option<Duration>,
    /// Log each request on standard error
    #[arg(long)]
    pub access_log: bool,
    /// Listen on an address that other machines reach
    #[arg(long)]
    pub allow_remote: bool,
    /// Run Python functions even where other machines can reach the workbench
    #[arg(long)]
    pub python: bool,
    /// Serve TLS, with a certificate authority made in DATA/tls
    #[arg(long)]
    pub tls: bool,
    /// Name that clients use, maybe with a port; modelservice.NAME is the model service
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// Where seeded keys come from: random, or fixed:TEXT for the same ones each time
    #[arg(long, value_name = "SOURCE", default_value = "random")]
    pub credentials: String,
    /// Listen for control calls: faults, journal, clock, reset, snapshots
    #[arg(long, value_name = "ADDR:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:0", value_parser = values::listen)]
    pub control: Option<std::net::SocketAddr>,
    /// What is printed once it answers: a line of JSON, or variables for a shell
    #[arg(long, value_name = "FORM", value_enum, default_value = "json")]
    pub ready: Ready,
    /// Whose key the variables hold [default: owner, or admin where there is no owner]
    #[arg(long = "as", value_name = "USER")]
    pub user: Option<String>,
    /// End when the process that started it is gone
    #[arg(long)]
    pub exit_with_parent: bool,
    /// Let COMMAND see workbench.test and modelservice.workbench.test (Linux)
    #[arg(long)]
    pub names: bool,
    /// Run this once it answers, with the variables, and end with it
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// The name of the workbench for a command that is given names.
const NAME: &str = "workbench.test";

/// `interrupts` are listened to before the start: a signal may follow the ready line at once.
pub async fn run(context: &Context, args: ServeArgs, mut interrupts: Interrupts) -> Result<Exit, Failure> {
    // Asked first: a parent that is gone while the workbench starts is seen as well.
    let parent = args.exit_with_parent.then(parent::Parent::now);
    if args.names && args.command.is_empty() {
        return Err(Failure::usage("--names needs a command").hint("write -- COMMAND at the end"));
    }
    // A file that is a pipe may never come: a signal ends that wait.
    let options = match options(&args) {
        Err(_) if waiting::is_interrupted() => return Ok(Exit::Done),
        options => options?,
    };
    // A signal ends it at once while it starts, and gently afterwards; the second one at once again.
    let mut running = tokio::select! {
        started = workbench::start(options) => match started {
            Err(_) if waiting::is_interrupted() => return Ok(Exit::Done),
            started => started.map_err(|error| not_started(&error))?,
        },
        () = interrupts.next() => return Ok(Exit::Done),
    };
    for warning in &running.warnings {
        context.out.note(warning);
    }
    let mut ended = Ok(Exit::Done);
    let mut code = None;
    if args.command.is_empty() {
        ready::print(&running, args.ready, args.user.as_deref()).await?;
        tokio::select! {
            () = interrupts.next() => {}
            () = parent_gone(parent.as_ref()) => {}
            () = running.lost() => ended = Err(lost(&running)),
        }
    } else {
        let environment = running.environment(args.user.as_deref()).await.map_err(Failure::invalid)?;
        let host = args.names.then(|| args.host.as_deref().unwrap_or(NAME));
        let mut child = command::Child::start(&args.command, environment, host, &running.data)?;
        loop {
            tokio::select! {
                status = child.ended() => break code = Some(status?),
                () = interrupts.next() => child.pass_on(),
                () = parent_gone(parent.as_ref()) => {
                    child.pass_on();
                    break code = Some(child.ended().await?);
                }
            }
        }
    }
    finish(&mut running, &mut interrupts).await;
    if let Some(code) = code {
        // The command's own code, which may be any: there is nothing left to do here.
        std::process::exit(code);
    }
    ended
}

async fn parent_gone(parent: Option<&parent::Parent>) {
    match parent {
        Some(parent) => parent.gone().await,
        None => std::future::pending().await,
    }
}

async fn finish(running: &mut Running, interrupts: &mut Interrupts) {
    running.stop();
    tokio::select! {
        () = running.ended() => return,
        () = interrupts.next() => running.cut(),
    }
    running.ended().await;
}

fn not_started(error: &StartError) -> Failure {
    match limits::used_up_behind(error) {
        Some(what) => Failure::new(Exit::Invalid, "used_up", format!("the workbench cannot start: {what}"))
            .hint("close other programs here, or raise the limit, and try again"),
        None => Failure::new(Exit::Invalid, "start", error.to_string()),
    }
}

fn lost(running: &Running) -> Failure {
    let message = format!(
        "the data directory {} was removed or replaced while it was served: what was done since is lost",
        running.data.display()
    );
    Failure::new(Exit::Unwritten, "lost", message).hint("start it again, on a directory that stays")
}

fn options(args: &ServeArgs) -> Result<Options, Failure> {
    let mut options = Options::new(&args.data);
    options.listen = args.listen;
    options.seed = args.seed.parse::<Seed>().map_err(|error| Failure::invalid(error.to_string()))?;
    options.projects.clone_from(&args.projects);
    if let Some(file) = &args.behaviour {
        options.behaviour = Behaviour::load(file).map_err(|error| Failure::invalid(error.to_string()))?;
    }
    options.busy_wait = args.busy_wait.unwrap_or(options.busy_wait);
    options.request_timeout = args.request_timeout.unwrap_or(options.request_timeout);
    options.access_log = args.access_log;
    options.allow_remote = args.allow_remote;
    options.python = args.python;
    options.tls = args.tls;
    options.host = args.host.clone().or_else(|| args.names.then(|| NAME.to_owned()));
    options.show_host = args.names;
    options.credentials = args
        .credentials
        .parse::<Credentials>()
        .map_err(|error| Failure::invalid(format!("--credentials: {error}")))?;
    options.control = args.control;
    options.trouble = Trouble::to(|sentence| {
        use std::io::Write as _;
        // Nothing can be done about a closed standard error.
        let _ = writeln!(std::io::stderr().lock(), "warning: {sentence}");
    });
    Ok(options)
}
