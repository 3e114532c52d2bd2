//! `demo` and `serve`: the embedded workbench.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::values;

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench demo
  keybench demo --user outsider          see what a refusal looks like
  keybench demo --data ~/kb-demo         keep what you do")]
pub struct DemoArgs {
    /// Keep the data in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Sign in as this user: admin, owner, contributor, viewer or outsider
    #[arg(long, value_name = "NAME", default_value = "owner")]
    pub user: String,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench serve --data /tmp/kb --seed demo
  keybench serve --data /tmp/kb --seed demo --listen 127.0.0.1:0 > ready.json
  keybench serve --data /tmp/kb --seed demo --listen 127.0.0.1:0 --tls -- pytest

One line of JSON on standard output says when it answers, and where the credentials of its users lie.")]
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
    /// How long a model call waits for a free replica before it is answered 429
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub busy_wait: Option<Duration>,
    /// How long a model call may run
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
    /// Whose key the variables hold
    #[arg(long = "as", value_name = "USER", default_value = "owner")]
    pub user: String,
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

/// What `serve` prints once it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Ready {
    Json,
    Env,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench observe --through 127.0.0.1:8643 --output seen.toml
  keybench serve --data /tmp/kb --seed demo --behaviour seen.toml

A program that uses http://127.0.0.1:8643 as its workbench reaches the one of the profile, with its own
key. Statuses, known texts, and forms of dates and ids are noted; bodies of models never.
Ends with 0 once the file is written.")]
pub struct ObserveArgs {
    /// Where to listen, on the loopback; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", value_parser = values::listen)]
    pub through: std::net::SocketAddr,
    /// The behaviour file to write; only you can read it
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}
