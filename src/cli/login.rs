//! `login`: a profile is stored once its key has been accepted, and not before.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::error::{Exit, Failure};
use super::{echo, output};
use crate::actions::key_file::is_in_project_storage;
use crate::actions::sign_in::{self, Request};
use crate::api::parse_url;
use crate::config::Store;
use crate::config::paths::process_env;

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench login --url https://ml.example.com
  keybench login --url https://ml.example.com --name prod --read-only < key.txt
  keybench login --url https://ml.example.com --credential-command 'pass show workbench'

The key is typed without echo, or read from standard input. It is validated before anything is
stored. --model-url, --ca-cert, --insecure and --read-only are stored with the profile.
Ends with 0 once the profile is stored.")]
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

pub async fn run(context: &Context, args: LoginArgs) -> Result<Exit, Failure> {
    let store = context.store()?;
    let url = url(context, &store).await?;
    let request = request(context, args, url)?;
    sign_in::check(&store, &request)?;
    let key = match &request.credential_command {
        Some(_) => None,
        None => Some(echo::read_key(&context.out, Path::new("-"))?),
    };
    if is_in_project_storage(store.dir()) {
        let message = "the profile lies in the project's storage, which its collaborators can read";
        let hint = request.credential_command.as_ref().map(|_| "the command must not hold the key itself");
        context.out.warn("storage", message, hint);
    }
    let url = request.url.clone();
    let before = store.load().profiles.current;
    let signed_in = sign_in::sign_in(Some(&store), request, key).await?;
    if let Some(caution) = signed_in.owner.caution() {
        context.out.note(&caution);
    }
    let (username, audience) = (signed_in.owner.username, signed_in.owner.audience);
    let profile = signed_in.profile.unwrap_or_default();
    if context.out.json {
        let document = json!({ "profile": profile, "url": url, "username": username, "audience": audience });
        context.out.document(&document)?;
    } else {
        let before = before.filter(|before| *before != profile);
        let before = before.map(|before| format!(" (before: {before})")).unwrap_or_default();
        context.out.lines(&[
            format!("signed in as {username} at {url}"),
            format!("{profile} is the current profile now{before}"),
        ])?;
    }
    Ok(Exit::Done)
}

async fn url(context: &Context, store: &Store) -> Result<String, Failure> {
    let profiles = store.load().profiles;
    let named = given(&context.global.profile, "KEYBENCH_PROFILE")?.or(profiles.current.clone());
    let known = named.and_then(|name| profiles.profiles.get(&name)).map(|profile| profile.url.clone());
    let given = given(&context.global.url, "KEYBENCH_URL")?.or(known);
    let text = match given {
        Some(text) => text,
        None if output::can_ask() => output::ask("URL of the workbench:".to_owned()).await?,
        None => return Err(Failure::usage("which workbench? there is no profile yet").hint("add --url URL")),
    };
    Ok(parse_url(&text)?)
}

/// What an option says, else a variable.
fn given(option: &Option<String>, variable: &str) -> Result<Option<String>, Failure> {
    match option {
        Some(value) => Ok(Some(value.clone())),
        None => Ok(process_env(variable)?),
    }
}

fn request(context: &Context, args: LoginArgs, url: String) -> Result<Request, Failure> {
    let global = &context.global;
    let absolute = |file: &std::path::PathBuf| {
        std::path::absolute(file).map_err(|error| Failure::invalid(format!("{}: {error}", file.display())))
    };
    Ok(Request {
        name: args.name.or_else(|| global.profile.clone()),
        model_url: given(&global.model_url, "KEYBENCH_MODEL_URL")?,
        ca_cert: global.ca_cert.as_ref().map(absolute).transpose()?,
        insecure: global.insecure,
        read_only: global.read_only,
        label: args.label,
        colour: args.colour,
        proxy: args.proxy,
        credential_command: args.credential_command,
        timeout: global.timeout,
        store_in_session: args.store_in_session,
        ..Request::new(url)
    })
}
