//! Lists the API keys of the signed-in user, soonest to expire first.
//!
//! `cargo run --example list_keys`, signed in with a profile, or with KEYBENCH_URL and KEYBENCH_API_KEY.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use jiff::Timestamp;
use keybench::actions::keys;
use keybench::config::paths::process_env;
use keybench::config::{Overrides, Session, Store, resolve};
use keybench::expiry;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // TLS needs a provider of cryptography, once in a program.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut stored = Store::from_env(&process_env)?.load();
    let session = resolve(&Overrides::default(), &process_env, &mut stored)?.session()?;
    for line in lines(&session, Timestamp::now()).await? {
        println!("{line}");
    }
    Ok(())
}

/// A line for each key.
pub async fn lines(session: &Session, now: Timestamp) -> anyhow::Result<Vec<String>> {
    // `None`: the keys of the session's own user.
    let (_, mut listed) = keys::list(session, None).await?;
    listed.sort_by(|one, other| one.expiry_date.cmp(&other.expiry_date));
    let line = |key: &keybench::wire::V2KeyDetails| {
        let status = expiry::status(&key.expiry_date, now, keys::SOON_DAYS).as_str();
        format!("{status:8} {} {}", key.expiry_date, key.comments)
    };
    Ok(listed.iter().map(line).collect())
}
