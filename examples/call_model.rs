//! Calls a model once. If it fails, says why, and what mends it.
//!
//! `cargo run --example call_model churn-prod/add '{"a":3,"b":5}'`, signed in with a profile, or with
//! KEYBENCH_URL and KEYBENCH_API_KEY. Without a request, the example in the model's description is sent.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use anyhow::Context as _;
use keybench::actions::models::{self, KeyChoice, ModelCall};
use keybench::config::paths::process_env;
use keybench::config::{Overrides, Session, Store, resolve};
use keybench::probe::ModelRequest;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().context("name a model: PROJECT/MODEL")?;
    let mut stored = Store::from_env(&process_env)?.load();
    let session = resolve(&Overrides::default(), &process_env, &mut stored)?.session()?;
    println!("{}", call(&session, &model, arguments.next().as_deref()).await?);
    Ok(())
}

/// What the model's function returned.
///
/// # Errors
/// The cause and the remedy, as far as the workbench lets one know them.
pub async fn call(session: &Session, model: &str, request: Option<&str>) -> anyhow::Result<String> {
    let request = request.map(ModelRequest::parse).transpose()?;
    let model = models::find(session, model).await?;
    // The session's own key, where the model asks for one.
    let call = ModelCall::new(session, model, &KeyChoice::Own, request)?;
    let result = call.send().await;
    if result.failure().is_some() {
        let why = call.diagnose(&result).await;
        anyhow::bail!("{} {}", why.sentence, why.remedy.unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&result.outcome?.body).into_owned())
}
