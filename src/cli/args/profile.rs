//! `login` and `profile`.

use clap::{Args, Subcommand};

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench login --url https://ml.example.com
  keybench login --url https://ml.example.com --name prod --read-only < key.txt
  keybench login --url https://ml.example.com --credential-command 'pass show workbench'

The key is typed without echo, or read from standard input. It is validated before anything is
stored. --model-url, --ca-cert, --insecure and --read-only are stored with the profile.")]
pub struct LoginArgs {
    /// Name of the profile [default: from the host]
    #[arg(long, value_name = "PROFILE")]
    pub name: Option<String>,
    /// Store this shell command instead of the key; it must print the key
    #[arg(long, value_name = "COMMAND")]
    pub credential_command: Option<String>,
    /// What the header shows instead of the name
    #[arg(long)]
    pub label: Option<String>,
    /// Colour of the header: a name such as red
    #[arg(long)]
    pub colour: Option<String>,
    /// URL of a proxy for this workbench
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Store the key even inside a workbench session, where collaborators can read it
    #[arg(long)]
    pub store_in_session: bool,
}

#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// List the profiles
    #[command(after_help = "Example:\n  keybench profile list --json")]
    List,
    /// Make a profile the current one
    #[command(after_help = "Example:\n  keybench profile use prod")]
    Use {
        /// As `profile list` shows it
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Sign out: remove a profile and wipe its key
    #[command(
        after_help = "Example:\n  keybench profile remove prod\n\nThe key goes on working: delete it with `keybench keys delete`."
    )]
    Remove {
        /// As `profile list` shows it
        #[arg(value_name = "NAME")]
        name: String,
    },
}
