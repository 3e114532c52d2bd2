//! `keys`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::values;

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List API keys; expired ones are listed too
    List(ListArgs),
    /// Create an API key; it is shown this once
    Create(CreateArgs),
    /// Delete API keys; they stop working at once
    Delete(DeleteArgs),
    /// Keep the key of a service fresh; made to be run again and again
    Rotate(RotateArgs),
    /// Say whether a key is valid, and whose it is
    #[command(after_help = "Examples:
  keybench keys validate
  keybench keys validate --api-key-file ~/.service-key --audience Application

Ends with 8 if the key is not valid.")]
    Validate {
        /// What it should be valid for: API or Application
        #[arg(long, default_value = "API", value_parser = values::audience)]
        audience: String,
        /// The key in this file (- for standard input) instead of one's own
        #[arg(long, value_name = "FILE")]
        api_key_file: Option<PathBuf>,
    },
    /// Say which Key ID a key has, as far as that can be known
    #[command(after_help = "Example:
  keybench keys identify --api-key-file ~/.service-key

A workbench does not tell which Key ID a key has. Keys made here are remembered by a salted hash;
else the first half of the key is compared with the ids that the workbench lists. Ends with 8 if
it cannot be known.")]
    Identify {
        /// The key in this file (- for standard input) instead of one's own
        #[arg(long, value_name = "FILE")]
        api_key_file: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys list
  keybench keys list --json                  with Key IDs in full
  keybench keys list --expiring-within 14d   ends with 8 if there are some")]
pub struct ListArgs {
    /// The keys of this user instead of one's own
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Only keys that expire within this time; exit code 8 if there are any
    #[arg(long, value_name = "DAYS", value_parser = values::days, allow_hyphen_values = true)]
    pub expiring_within: Option<u32>,
}

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys create --name 'nightly scoring' --expires +90d
  keybench keys create --name dashboard --output ~/.dashboard-key
  keybench keys create --audience API --audience Application --json")]
pub struct CreateArgs {
    /// What the key is for; the workbench calls it the comment
    #[arg(long, visible_alias = "comment", default_value = "", hide_default_value = true)]
    pub name: String,
    /// Day on which it expires: 2027-01-31, +90d, '3 months', default or max
    #[arg(long, value_name = "DAY", default_value = "default", allow_hyphen_values = true)]
    pub expires: String,
    /// What it may be used for: API, Application; may be given several times
    #[arg(long, value_name = "AUDIENCE", value_parser = values::audience)]
    pub audience: Vec<String>,
    /// Write the key to this new file (mode 0600) instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Create it for this user instead of oneself
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys delete 5b1c…9f0a                       as the list shows it
  keybench keys delete 5b1cdd00 77aa0b12 --yes
  keybench keys delete --all --user leaver --dry-run   what stops when this person leaves
  keybench keys delete --all --user leaver --yes

Every key that is named is tried; the exit code is that of the worst failure, and --json tells which
were deleted and which not. Nothing is deleted where a beginning fits several keys.")]
pub struct DeleteArgs {
    /// Key IDs in full, their unambiguous beginnings, or as `keys list` shows them
    #[arg(value_name = "KEY_ID", required_unless_present = "all", conflicts_with = "all")]
    pub key_ids: Vec<String>,
    /// All keys of the user
    #[arg(long)]
    pub all: bool,
    /// The keys of this user instead of one's own
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Do not ask; needed where there is no terminal
    #[arg(long, short)]
    pub yes: bool,
    /// Delete nothing: list the keys, and the projects that the user has a part in
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench keys rotate 'nightly scoring' --output /etc/scoring/key --verify churn-prod/churn
  keybench keys rotate dashboard --due 30d --grace 2d --exec ./hand-over.sh --record /secret/id

A NAME belongs to one service, and to one place that rotates it. Nothing is created while its key
has more than --due left. Otherwise a new key is created (same audiences), proven, handed over, and
each older one is deleted once --grace has passed since its successor was handed over, or once it
has expired: in a later run. A key of that name that is newer than the one handed over never reached
the service, and is removed, whoever made it: its Key ID and its time are said first.

The file of --output holds the key and nothing else, as its first half is its Key ID; `$(cat FILE)`
is the key. Where a workbench gives other ids, a second line says it (# keybench key_id=…), and
`head -n1 FILE` is the key. Which key the file holds is what is current: without the file a new key
is made, whatever keys of that name there are. A file with anything else in it, or with a key of
another name, is not replaced. A run that fails or is killed leaves the current key working, and the
next run goes on. While one run is at a name or a file, another ends with 75 and changes nothing.

--exec runs a shell command with the key on its standard input and KEYBENCH_KEY_ID in its
environment. What is current is then noted in the configuration folder, or read from --record: a
file that the command itself has to write, with the Key ID in it. It may be absent, but not empty.
A key that the command was started with may be in use, however the command ended: it is kept until
a later hand-over has ended well and --grace has passed. With 5 such keys no further one is made.

The key that a workbench gave to the session this runs in is never rotated or deleted.")]
pub struct RotateArgs {
    /// The keys' name (comment), or the id of one of them, even if gone; 8 digits or more of it
    #[arg(value_name = "NAME|KEY_ID")]
    pub name: String,
    /// Create a new key once the current one has this long left, or less
    #[arg(long, value_name = "DAYS", default_value = "14d", value_parser = values::days, allow_hyphen_values = true)]
    pub due: u32,
    /// Keep the older keys for this long after their successor was handed over
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = values::span, allow_hyphen_values = true)]
    pub grace: Duration,
    /// Day on which the new key expires: 2027-01-31, +90d, '3 months', default or max
    #[arg(long, value_name = "DAY", default_value = "default", allow_hyphen_values = true)]
    pub expires: String,
    /// Call this model with the new key before it is handed over
    #[arg(long, value_name = "MODEL")]
    pub verify: Option<String>,
    /// Request for --verify, as JSON or @FILE, instead of the model's example
    #[arg(long, value_name = "JSON|@FILE", requires = "verify")]
    pub request: Option<String>,
    /// Hand over to this file (mode 0600, replaced as a whole)
    #[arg(long, value_name = "FILE", conflicts_with = "exec")]
    pub output: Option<PathBuf>,
    /// Hand over to this shell command, on its standard input
    #[arg(long, value_name = "COMMAND")]
    pub exec: Option<String>,
    /// Stop the command of --exec, with all that it started, after this time
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = values::duration, requires = "exec", allow_hyphen_values = true)]
    pub exec_timeout: Duration,
    /// File in which the command of --exec keeps the Key ID of the key that it got
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    pub record: Option<PathBuf>,
    /// Delete no older keys
    #[arg(long)]
    pub keep_old: bool,
    /// The keys of this user instead of one's own
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
}
