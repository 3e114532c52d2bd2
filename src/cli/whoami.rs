//! `whoami`: whose key it is, and where URL and key come from.

use serde_json::json;

use super::context::Context;
use super::error::{Exit, Failure};
use crate::actions::sign_in::{Owner, owner};
use crate::config::Error as ConfigError;

pub async fn run(context: &Context) -> Result<Exit, Failure> {
    let resolved = context.resolve()?;
    let session = resolved.session()?;
    let Some(key) = &resolved.key else {
        return Err(ConfigError::NoKey { url: resolved.url.value }.into());
    };
    let Owner { username, audience } = owner(&session.client).await?;
    if context.out.json {
        context.out.document(&json!({
            "username": username,
            "audience": audience,
            "url": session.client.url(),
            "model_service_url": session.client.model_url(),
            "profile": session.profile,
            "url_source": resolved.url.source.to_string(),
            "key_source": key.source.to_string(),
            "read_only": session.read_only,
        }))?;
    } else {
        context.out.lines(&[
            format!("{username} at {} ({})", session.client.url(), resolved.url.source),
            format!("key {} from {}, valid for {audience}", key.value.masked(), key.source),
        ])?;
    }
    Ok(Exit::Done)
}
