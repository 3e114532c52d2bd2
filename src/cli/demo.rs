//! `demo`: an embedded workbench inside this process, and the interface signed in to it.
//!
//! The interface starts the workbench itself, once its first frame is on the screen.

use super::args::DemoArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::start::{Embedding, FirstScreen, Start, show};

/// The users of fresh demo data.
const USERS: [&str; 5] = ["admin", "owner", "contributor", "viewer", "outsider"];

pub async fn run<I>(context: &Context, args: DemoArgs, interface: I) -> Result<Exit, Failure>
where
    I: AsyncFnOnce(Start) -> Result<(), String>,
{
    let user = args.user;
    if args.data.is_none() && !USERS.contains(&user.as_str()) {
        let message = format!("the demo has no user {user:?}");
        return Err(Failure::invalid(message).hint(format!("it has {}", USERS.join(", "))));
    }
    let global = &context.global;
    let embedding = Embedding { data: args.data, user, timeout: global.timeout, read_only: global.read_only };
    show(interface, context.start(FirstScreen::Embedded(embedding))).await
}
