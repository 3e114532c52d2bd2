//! `profile list|use|remove`.

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::error::{Exit, Failure};
use crate::config::profile::{Credentials, Profiles};

#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// List the profiles
    #[command(
        after_help = "Example:\n  keybench profile list --json\n\nEnds with 0 if the profiles could be read."
    )]
    List,
    /// Make a profile the current one
    #[command(
        after_help = "Example:\n  keybench profile use prod\n\nEnds with 0 once it is the current one."
    )]
    Use {
        /// As `profile list` shows it
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Sign out: remove a profile and wipe its key
    #[command(
        after_help = "Example:\n  keybench profile remove prod\n\nThe key goes on working: delete it with `keybench keys delete`.\nEnds with 0 once the profile and its key are removed."
    )]
    Remove {
        /// As `profile list` shows it
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub fn run(context: &Context, command: ProfileCommand) -> Result<Exit, Failure> {
    let store = context.store()?;
    match command {
        // An empty list would say that there are none.
        ProfileCommand::List => list(context, &store.profiles()?, &store.load().credentials),
        ProfileCommand::Use { name } => {
            store.make_current(&name)?;
            report(context, "current", &name)
        }
        ProfileCommand::Remove { name } => {
            store.remove(&name)?;
            report(context, "removed", &name)
        }
    }
}

fn report(context: &Context, what: &'static str, name: &str) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.document(&json!({ what: name }))?;
    } else {
        context.out.lines(&[format!("{what}: {name}")])?;
    }
    Ok(Exit::Done)
}

fn list(context: &Context, profiles: &Profiles, credentials: &Credentials) -> Result<Exit, Failure> {
    let rows: Vec<_> = profiles
        .profiles
        .iter()
        .map(|(name, profile)| {
            let current = profiles.current.as_ref() == Some(name);
            let key = match (&profile.credential_command, credentials.keys.get(name)) {
                (Some(_), _) => "command",
                (None, Some(stored)) if stored.url == profile.url => "stored",
                _ => "none",
            };
            let marks = [(profile.read_only, "read-only"), (profile.insecure, "insecure")];
            let marks: Vec<_> = marks.into_iter().filter_map(|(is, mark)| is.then_some(mark)).collect();
            let document = json!({
                "name": name,
                "current": current,
                "url": profile.url,
                "username": profile.username,
                "label": profile.label,
                "key": key,
                "read_only": profile.read_only,
                "insecure": profile.insecure,
            });
            let star = if current { "*" } else { "" };
            let label = profile.label.as_deref().unwrap_or_default();
            let cells = [star, name, label, &profile.username, key, &marks.join(","), &profile.url];
            (document, cells.map(str::to_owned).to_vec())
        })
        .collect();
    let mut list = context.out.list(&["", "NAME", "LABEL", "USER", "KEY", "MARKS", "URL"]);
    list.page(&rows)?;
    list.end()?;
    Ok(Exit::Done)
}
