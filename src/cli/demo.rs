//! `demo`: an embedded workbench inside this process, and the interface signed in to it.

use std::net::{Ipv4Addr, SocketAddr};

use super::args::DemoArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::{Start, show};
use crate::api::{Client, ClientOptions};
use crate::config::{KnownKey, Session};
use crate::workbench::{self, Options, Running, Seed};

pub async fn run<I>(context: &Context, args: DemoArgs, interface: I) -> Result<Exit, Failure>
where
    I: AsyncFnOnce(Start) -> Result<(), String>,
{
    let temporary;
    let data = match args.data {
        Some(data) => data,
        None => {
            temporary = tempfile::Builder::new().prefix("keybench-demo-").tempdir().map_err(|error| {
                Failure::invalid(format!("no temporary folder can be made: {error}; name one with --data"))
            })?;
            temporary.path().to_owned()
        }
    };
    let mut options = Options::new(data);
    options.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    options.seed = Seed::Demo;
    let running = workbench::start(options)
        .await
        .map_err(|error| Failure::new(Exit::Invalid, "start", error.to_string()))?;
    let session = session(context, &running, &args.user)?;
    let ended = show(interface, context.start(Some(session))).await;
    running.shutdown().await;
    ended
}

/// Signed in as `user`, with the keys of all seeded users at hand for tests.
fn session(context: &Context, running: &Running, user: &str) -> Result<Session, Failure> {
    let credentials = running.credentials().map_err(|error| {
        Failure::invalid(format!("{} cannot be read: {error}", running.credentials.display()))
    })?;
    let Some(own) = credentials.iter().find(|credential| credential.username == user) else {
        let known: Vec<_> = credentials.iter().map(|credential| credential.username.as_str()).collect();
        return Err(Failure::invalid(format!("the demo has no user {user:?}"))
            .hint(format!("it has {}", known.join(", "))));
    };
    let mut options = ClientOptions::new(&running.url);
    options.key = Some(own.api_key.clone());
    options.model_url = Some(running.model_service_url.clone());
    options.timeout = context.global.timeout.unwrap_or(options.timeout);
    let mut session = Session::new(Client::new(options)?);
    session.username = Some(user.to_owned());
    session.label = "demo".to_owned();
    session.read_only = context.global.read_only;
    session.known_keys = credentials
        .into_iter()
        .map(|credential| KnownKey {
            label: format!("{} (demo)", credential.username),
            username: credential.username,
            key: credential.api_key,
        })
        .collect();
    Ok(session)
}
