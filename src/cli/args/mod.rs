//! The command line: every command and option, with an example in each help.
//!
//! A key is never an argument: whoever lists processes would read it.

mod admin;
mod keys;
mod models;
mod profile;
mod workbench;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand};

pub use admin::{AdminCommand, AuditArgs, CollaboratorsCommand, ProjectsCommand};
pub use keys::{CreateArgs, DeleteArgs, KeysCommand, ListArgs, RotateArgs};
pub use models::{ModelsCommand, TestArgs};
pub use profile::{LoginArgs, ProfileCommand};
pub use workbench::{DemoArgs, ObserveArgs, Ready, ServeArgs};

use super::values;

/// Manage the API keys and test the models of a Cloudera AI Workbench.
///
/// Without a command the interface opens on the current profile.
#[derive(Debug, Parser)]
#[command(
    name = "keybench",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  keybench demo                          try it: an embedded workbench with demo data
  keybench login --url https://ml.example.com
  keybench                               the interface
  keybench keys list --json              a command for scripts

Exit codes:
  0 done, 1 a bug, 2 wrong command line, 3 no workbench or key configured, 4 credential rejected,
  5 refused otherwise, 6 no answer, 7 invalid value (nothing was sent),
  8 worked and the answer is no, 74 the result cannot be written, 75 another run is at it,
  130 interrupted"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Use this profile instead of the current one [env: KEYBENCH_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// URL of the workbench [env: KEYBENCH_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// URL of its model service, path included [env: KEYBENCH_MODEL_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub model_url: Option<String>,
    /// Print the result as one JSON document, and errors as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but the result, warnings and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// No colours [env: NO_COLOR]
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Trust the certificates in this PEM file, beside the system's
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
    /// Accept any certificate; the key may then be read by anybody on the way
    #[arg(long, global = true)]
    pub insecure: bool,
    /// Time for one request, such as 10s [default: 30s; 75s for a model call]
    #[arg(long, global = true, value_name = "DURATION", value_parser = values::duration, allow_hyphen_values = true)]
    pub timeout: Option<Duration>,
    /// Create, change and delete nothing: what would do so ends with 7
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Log to standard error; twice for more
    #[arg(short = 'v', global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Write the log to this file instead
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the interface on an embedded workbench with demo data
    Demo(DemoArgs),
    /// Run the embedded workbench alone, until SIGTERM or Ctrl-C
    Serve(ServeArgs),
    /// Learn what a real workbench answers where keybench guesses, as a behaviour file
    Observe(ObserveArgs),
    /// Sign in to a workbench and store the profile
    Login(LoginArgs),
    /// Say whose key is used, and where it comes from
    #[command(after_help = "Example:\n  keybench whoami --json")]
    Whoami,
    /// Check everything between here and an answer, and say what to do
    #[command(after_help = "Examples:
  keybench doctor
  keybench doctor --profile prod --json

Ends with the exit code of the first check that fails. The output holds no secrets.")]
    Doctor,
    /// List, choose and remove profiles
    #[command(subcommand, after_help = "Examples:\n  keybench profile list\n  keybench profile use prod")]
    Profile(ProfileCommand),
    /// List, create, delete, rotate and identify API keys
    #[command(
        subcommand,
        after_help = "Examples:
  keybench keys list
  keybench keys create --name 'nightly scoring' --expires +90d
  keybench keys delete 5b1c…9f0a"
    )]
    Keys(KeysCommand),
    /// List projects
    #[command(subcommand, after_help = "Example:\n  keybench projects list")]
    Projects(ProjectsCommand),
    /// List, add and remove the collaborators of a project
    #[command(
        subcommand,
        after_help = "Examples:
  keybench collaborators list churn-prod
  keybench collaborators add churn-prod outsider --permission read"
    )]
    Collaborators(CollaboratorsCommand),
    /// List, show, test, restart and stop models
    #[command(
        subcommand,
        after_help = "Examples:
  keybench models list
  keybench models test churn-prod/churn"
    )]
    Models(ModelsCommand),
    /// What a site administrator looks after: users, expiration, audit
    #[command(
        subcommand,
        after_help = "Examples:\n  keybench admin users\n  keybench admin audit --export keys.csv"
    )]
    Admin(AdminCommand),
    /// Print completions for a shell
    #[command(after_help = "Examples:
  keybench completions bash > ~/.local/share/bash-completion/completions/keybench
  keybench completions fish > ~/.config/fish/completions/keybench.fish")]
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:\n  keybench man > ~/.local/share/man/man1/keybench.1")]
    Man,
    /// Names for completions
    #[command(hide = true, after_help = "Example:\n  keybench complete-names -- keybench models test ''")]
    CompleteNames {
        /// The line so far, word by word
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_definition_is_sound_and_every_command_has_an_example() {
        let mut root = Cli::command();
        root.build();
        root.clone().debug_assert();
        fn visit(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("keybench "), "{} has no example", command.get_name());
            command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(visit);
        }
        visit(&root);
    }
}
