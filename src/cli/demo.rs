//! `demo`: an embedded workbench inside this process, and the interface signed in to it.
//!
//! The interface starts the workbench itself, once its first frame is on the screen.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::error::{Exit, Failure};
use super::start::{Embedding, FirstScreen, Interface, show};

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench demo
  keybench demo --user outsider          see what a refusal looks like
  keybench demo --data ~/kb-demo         keep what you do

Ends with 0 when you quit.")]
pub struct DemoArgs {
    /// Keep the data in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Sign in as this user: admin, owner, contributor, viewer or outsider
    #[arg(long, value_name = "NAME", default_value = "owner")]
    pub user: String,
}

/// The users of fresh demo data.
const USERS: [&str; 5] = ["admin", "owner", "contributor", "viewer", "outsider"];

pub async fn run(context: &Context, args: DemoArgs, interface: Interface) -> Result<Exit, Failure> {
    let user = args.user;
    if args.data.is_none() && !USERS.contains(&user.as_str()) {
        let message = format!("the demo has no user {user:?}");
        return Err(Failure::invalid(message).hint(format!("it has {}", USERS.join(", "))));
    }
    let global = &context.global;
    let embedding = Embedding { data: args.data, user, timeout: global.timeout, read_only: global.read_only };
    show(interface, context.start(FirstScreen::Embedded(embedding))).await
}
