//! `login`: a profile is stored once its key has been accepted, and not before.

use std::io::{self, BufRead as _, IsTerminal as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::zeroize::Zeroizing;
use serde_json::json;

use super::args::LoginArgs;
use super::context::{Context, owner_of};
use super::error::{Exit, Failure};
use super::{key_file, output};
use crate::api::{Client, ClientOptions, parse_url};
use crate::config::paths::process_env;
use crate::config::{Credential, Profile, Profiles, Store, credential_command, made_keys};
use crate::secret::ApiKey;

pub async fn run(context: &Context, mut args: LoginArgs) -> Result<Exit, Failure> {
    args.name = args.name.or_else(|| context.global.profile.clone());
    let store = context.store()?;
    let loaded = store.load();
    // Files that cannot be read must not be overwritten.
    if let Some(problem) = loaded.problems.into_iter().find(|problem| !is_about_settings(problem, &store)) {
        return Err(problem.into());
    }
    if process_env("CDSW_DOMAIN").is_some() && args.credential_command.is_none() && !args.store_in_session {
        let message = "inside a workbench session the home directory is the project's storage, which its collaborators can read; no key is stored there";
        return Err(Failure::invalid(message).hint(
            "nothing needs to be stored: the session's own key is used; else name a --credential-command, or insist with --store-in-session",
        ));
    }
    if args.name.as_deref().is_some_and(|name| name.trim().is_empty()) {
        return Err(Failure::invalid("the profile's name is empty").hint("leave out --name, or name it"));
    }
    let url = url(context, &loaded.profiles).await?;
    refuse_other(args.name.as_deref(), &url, &loaded.profiles)?;
    let mut profile = profile(context, &args, &loaded.profiles, &url)?;
    let key = match &profile.credential_command {
        Some(command) => credential_command::run(args.name.as_deref().unwrap_or("new"), command)?,
        None => read_key(context).await?,
    };
    if process_env("CDSW_DOMAIN").is_some()
        && let Some(home) = process_env("HOME")
        && store.dir().starts_with(&home)
    {
        let message = "the profile lies in the project's storage, which its collaborators can read";
        let hint = profile.credential_command.as_ref().map(|_| "the command must not hold the key itself");
        context.out.warn("storage", message, hint);
    }
    let client = Client::new(client_options(context, &profile, key.clone()))?;
    let (username, audience) = owner_of(&client).await?;
    profile.username = username.clone();
    let credential = profile.credential_command.is_none().then(|| Credential {
        url: url.clone(),
        key_id: made_keys::find(&store, &key).ok().flatten().map(|made| made.key_id).unwrap_or_default(),
        api_key: key,
        legacy_api_key: None,
    });
    // Among the profiles as they are now: another one may have come while the key was typed.
    let choose = |profiles: &Profiles| args.name.unwrap_or_else(|| free_name(profiles, &url, &username));
    let name = store.save_as(choose, profile, credential)?;
    if audience != crate::wire::AUDIENCE_API {
        context.out.note(&format!("this key is for {audience} only: API v2 and models will refuse it"));
    }
    if context.out.json {
        context
            .out
            .document(&json!({ "profile": name, "url": url, "username": username, "audience": audience }))?;
    } else {
        context.out.lines(&[format!("signed in as {username} at {url}, profile {name}")])?;
    }
    Ok(Exit::Done)
}

/// A profile of another workbench is not replaced: its label, its colour and its key would be lost.
fn refuse_other(name: Option<&str>, url: &str, profiles: &Profiles) -> Result<(), Failure> {
    let known = name.and_then(|name| Some((name, profiles.profiles.get(name)?)));
    match known.filter(|(_, profile)| parse_url(&profile.url).is_ok_and(|own| own != url)) {
        None => Ok(()),
        Some((name, profile)) => {
            let message = format!("the profile {name} is for {}", profile.url);
            let hint = format!("choose another --name, or remove it first: keybench profile remove {name}");
            Err(Failure::invalid(message).hint(hint))
        }
    }
}

fn is_about_settings(problem: &crate::config::Error, store: &Store) -> bool {
    matches!(problem, crate::config::Error::Malformed { file, .. } if *file == store.config_file())
}

async fn url(context: &Context, profiles: &Profiles) -> Result<String, Failure> {
    let named = context
        .global
        .profile
        .clone()
        .or_else(|| process_env("KEYBENCH_PROFILE"))
        .or(profiles.current.clone());
    let known = named.and_then(|name| profiles.profiles.get(&name)).map(|profile| profile.url.clone());
    let given = context.global.url.clone().or_else(|| process_env("KEYBENCH_URL")).or(known);
    let text = match given {
        Some(text) => text,
        None if output::can_ask() => output::ask("URL of the workbench:".to_owned()).await?,
        None => return Err(Failure::usage("which workbench? there is no profile yet").hint("add --url URL")),
    };
    Ok(parse_url(&text)?)
}

/// The profile as it will be stored: that of the same name and URL, with what the options say.
fn profile(context: &Context, args: &LoginArgs, profiles: &Profiles, url: &str) -> Result<Profile, Failure> {
    let global = &context.global;
    let old = args.name.as_ref().and_then(|name| profiles.profiles.get(name)).filter(|old| old.url == url);
    let mut profile = old.cloned().unwrap_or_default();
    profile.url = url.to_owned();
    let model_url = global.model_url.clone().or_else(|| process_env("KEYBENCH_MODEL_URL"));
    profile.model_url = model_url.or(profile.model_url);
    if let Some(file) = &global.ca_cert {
        let absolute = std::path::absolute(file)
            .map_err(|error| Failure::invalid(format!("{}: {error}", file.display())))?;
        profile.ca_cert = Some(absolute);
    }
    profile.insecure |= global.insecure;
    profile.read_only |= global.read_only;
    profile.label = args.label.clone().or(profile.label);
    profile.colour = args.colour.clone().or(profile.colour);
    profile.proxy = args.proxy.clone().or(profile.proxy);
    profile.credential_command = args.credential_command.clone();
    Ok(profile)
}

fn client_options(context: &Context, profile: &Profile, key: ApiKey) -> ClientOptions {
    let mut options = ClientOptions::new(&profile.url);
    options.model_url = profile.model_url.clone();
    options.ca_cert = profile.ca_cert.clone();
    options.insecure = profile.insecure;
    options.proxy = profile.proxy.clone();
    options.timeout = context.global.timeout.unwrap_or(options.timeout);
    options.key = Some(key);
    options
}

/// The host's first label; with the user where another profile has that name.
fn free_name(profiles: &Profiles, url: &str, username: &str) -> String {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let host = host.split(':').next().unwrap_or(host);
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let label = if is_address { host } else { host.split('.').next().unwrap_or(host) };
    let taken =
        |name: &str| profiles.profiles.get(name).is_some_and(|p| p.url != url || p.username != username);
    let names = [label.to_owned(), format!("{label}-{username}")];
    let numbered = (2..).map(|n| format!("{label}-{username}-{n}"));
    names.into_iter().chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

/// Typed without echo, or read from standard input.
async fn read_key(context: &Context) -> Result<ApiKey, Failure> {
    if !io::stdin().is_terminal() {
        return key_file::read(std::path::Path::new("-"));
    }
    // Before the question, or the first of a fast answer would be shown. Dropped with this future
    // when it is interrupted, which brings the echo back.
    let echo = NoEcho::new();
    context.out.prompt("API key (it is not shown):");
    let line = tokio::task::spawn_blocking(|| {
        let mut line = Zeroizing::new(String::with_capacity(1024));
        io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let failed = |why: String| Failure::new(Exit::Bug, "input", format!("no key can be read: {why}"));
    let line =
        line.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    drop(echo);
    ApiKey::parse(&line).map_err(|why| Failure::invalid(why.to_string()))
}

/// Keeps the terminal from showing what is typed.
struct NoEcho {
    before: Option<Termios>,
}

impl NoEcho {
    fn new() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(mut modes) = before.clone() {
            modes.local_modes.remove(LocalModes::ECHO);
            modes.local_modes.insert(LocalModes::ECHONL);
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
        }
        Self { before }
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
