//! `models restart` and `models stop`.

use clap::Args;
use serde_json::json;

use crate::actions::may_change;
use crate::actions::models::{self, Verb};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};

#[derive(Debug, Clone, Args)]
pub struct ModelArgs {
    /// project/name, or the model's id
    model: String,
}

pub async fn run(context: &Context, verb: Verb, args: ModelArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    // Before the model is looked for.
    may_change(&session, verb.change())?;
    let model = models::find(&session, &args.model).await?;
    let after = models::ask_latest_deployment(&session, verb, &model).await?;
    let name = models::full_name(&model);
    if context.out.json {
        context.out.document(&json!({ "model": name, "model_id": model.id, "deployment_id": after.id, "status": after.status }))?;
    } else {
        context.out.lines(&[format!("{name}: {}", after.status)])?;
    }
    Ok(Exit::Done)
}
