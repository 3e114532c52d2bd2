//! `models restart` and `models stop`.

use serde_json::json;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::lookup;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Restart,
    Stop,
}

pub async fn run(context: &Context, verb: Verb, wanted: &str) -> Result<Exit, Failure> {
    let what = if verb == Verb::Restart { "restarting a model" } else { "stopping a model" };
    let session = context.session_to_change(what)?;
    let client = &session.client;
    let model = lookup::model(&session, wanted).await?;
    let name = lookup::full_name(&model);
    let latest = client.latest_deployment(&model.project.public_identifier, &model.id).await?;
    let Some((_, deployment)) = latest else {
        return Err(Failure::new(Exit::Refused, "not_deployed", format!("{name} was never deployed"))
            .hint("deploy it in the workbench first"));
    };
    let after = match verb {
        Verb::Restart => client.restart_deployment(&deployment).await?,
        Verb::Stop => client.stop_deployment(&deployment).await?,
    };
    if context.out.json {
        context.out.document(&json!({ "model": name, "model_id": model.id, "deployment_id": after.id, "status": after.status }))?;
    } else {
        context.out.lines(&[format!("{name}: {}", after.status)])?;
    }
    Ok(Exit::Done)
}
