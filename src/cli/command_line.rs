//! The command line as a whole: what there is to call, with an example in each help. A command's own
//! arguments are in the file of the command.
//!
//! A key is never an argument: anyone who can list processes could read it.

use std::env;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::admin::AdminCommand;
use super::collaborators::CollaboratorsCommand;
use super::demo::DemoArgs;
use super::fleet::FleetCommand;
use super::keys::KeysCommand;
use super::login::LoginArgs;
use super::models::ModelsCommand;
use super::observe::ObserveArgs;
use super::options::Global;
use super::profile::ProfileCommand;
use super::projects::ProjectsCommand;
use super::runs::RunsCommand;
use super::serve::ServeArgs;

/// Manage the API keys and test the models of a Cloudera AI Workbench.
///
/// Without a command the interface opens on the current profile.
#[derive(Debug, Parser)]
#[command(
    name = "keybench",
    version = env!("KEYBENCH_VERSION"),
    max_term_width = 100,
    after_help = "\
Examples:
  keybench demo                          try it: an embedded workbench with demo data
  keybench login --url https://ml.example.com
  keybench                               the interface
  keybench keys list --json              a command for scripts

Exit codes:
  0 done, 1 a bug, 2 wrong command line, 3 no workbench or key configured,
  4 credential rejected, 5 refused otherwise, 6 no answer,
  7 invalid value (nothing was sent), 8 worked and the answer is no,
  74 the result cannot be written, 75 another run is in progress, 130 interrupted"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Every command with its options and texts.
    pub fn definition() -> clap::Command {
        unwrapped(Self::command())
    }

    /// The command line of this process.
    ///
    /// Without arguments there is nothing to parse, and the interface opens sooner: clap first builds
    /// the definition of every command.
    pub(super) fn of_process() -> clap::error::Result<Self> {
        match env::args_os().len() {
            0 | 1 => Ok(Self { global: Global::default(), command: None }),
            _ => {
                let mut definition = Self::definition();
                let matches = definition.try_get_matches_from_mut(env::args_os())?;
                Self::from_arg_matches(&matches).map_err(|error| error.format(&mut definition))
            }
        }
    }
}

/// A command whose paragraphs are one line each below its options: clap breaks lines at the width of the
/// terminal, and would break those of the source once more.
fn unwrapped(command: clap::Command) -> clap::Command {
    let command = match command.get_after_help().map(ToString::to_string) {
        Some(text) => command.after_help(paragraphs(&text)),
        None => command,
    };
    command.mut_subcommands(unwrapped)
}

/// Joins the lines of each paragraph. What is indented is an example, and stands as it is.
fn paragraphs(text: &str) -> String {
    let mut joined = String::new();
    let mut in_paragraph = false;
    for line in text.lines() {
        let is_text = !line.is_empty() && !line.starts_with(' ');
        if !joined.is_empty() {
            joined.push(if in_paragraph && is_text { ' ' } else { '\n' });
        }
        joined.push_str(line);
        in_paragraph = is_text && !line.ends_with(':');
    }
    joined
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the interface on an embedded workbench with demo data
    Demo(DemoArgs),
    /// Run the embedded workbench alone, until SIGTERM or Ctrl-C
    Serve(ServeArgs),
    /// Record how a real workbench answers where keybench guesses, as a behaviour file
    Observe(ObserveArgs),
    /// Sign in to a workbench and store the profile
    Login(LoginArgs),
    /// Say whose key is used, and where it comes from
    #[command(
        after_help = "Example:\n  keybench whoami --json\n\nEnds with 0 if the workbench accepts the key."
    )]
    Whoami,
    /// Check everything between here and an answer, and say what to do
    #[command(after_help = "Examples:
  keybench doctor
  keybench doctor --profile prod --json

Ends with 0 if no check fails, otherwise with the exit code of the first that does. The output holds no secrets.")]
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
    /// Keep the keys of many services fresh, as a manifest says
    #[command(
        subcommand,
        after_help = "Examples:
  keybench fleet plan -f fleet.toml
  keybench fleet apply -f fleet.toml"
    )]
    Fleet(FleetCommand),
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
    /// List, show, test, score, check, restart and stop models
    #[command(
        subcommand,
        after_help = "Examples:
  keybench models list
  keybench models test churn-prod/churn"
    )]
    Models(ModelsCommand),
    /// List and show tests and runs of earlier days; compare, merge and report runs
    #[command(
        subcommand,
        after_help = "Examples:
  keybench runs list --model churn-prod/churn
  keybench runs compare 17 21
  keybench runs merge run-*.json
  keybench runs report run.json --html run.html"
    )]
    Runs(RunsCommand),
    /// What a site administrator looks after: users, expiration, audit
    #[command(
        subcommand,
        after_help = "Examples:\n  keybench admin users\n  keybench admin audit --export keys.csv"
    )]
    Admin(AdminCommand),
    /// Print completions for a shell
    #[command(after_help = "Examples:
  keybench completions bash > ~/.local/share/bash-completion/completions/keybench
  keybench completions fish > ~/.config/fish/completions/keybench.fish

Ends with 0 once it is printed.")]
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(
        after_help = "Example:\n  keybench man > ~/.local/share/man/man1/keybench.1\n\nEnds with 0 once it is printed."
    )]
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
    use clap::Parser as _;

    use super::{Cli, Global, paragraphs};

    #[test]
    fn options_that_are_not_given_have_their_defaults() {
        let parsed = Cli::try_parse_from(["keybench"]).unwrap();
        let default = Cli { global: Global::default(), command: None };
        assert_eq!(format!("{parsed:?}"), format!("{default:?}"));
    }

    #[test]
    fn the_definition_is_sound_and_every_command_has_an_example() {
        let mut root = Cli::definition();
        root.build();
        root.clone().debug_assert();
        fn visit(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("keybench "), "{} has no example", command.get_name());
            command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(visit);
        }
        visit(&root);
    }

    #[test]
    fn paragraphs_are_lines_and_examples_stay() {
        let text = "Examples:\n  keybench a\n  keybench b\n\nOne\ntwo.\n\nThree:\n  four\nfive\nsix";
        let joined = "Examples:\n  keybench a\n  keybench b\n\nOne two.\n\nThree:\n  four\nfive six";
        assert_eq!(paragraphs(text), joined);
        assert_eq!(paragraphs(joined), joined);
    }
}
