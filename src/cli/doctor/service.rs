//! What answers there: the API and what it offers, the key, the model service, the clock.

use std::time::Duration;

use super::network::{reach, reach_through_proxy};
use super::{Check, split};
use crate::actions::clock;
use crate::actions::sign_in::{Owner, owner};
use crate::api::{Client, OfferedOperation};
use crate::cli::error::{Exit, Failure};
use crate::config::Resolved;

/// What this program uses, by the specification's names (SPEC).
const USED: [&str; 17] = [
    "ValidateAPIKey",
    "ListV2Keys",
    "CreateV2Key",
    "DeleteV2Key",
    "DeleteV2Keys",
    "ListUsersQuota",
    "ListProjects",
    "GetProject",
    "ListProjectCollaborators",
    "AddProjectCollaborator",
    "DeleteProjectCollaborator",
    "ListAllModels",
    "ListModels",
    "GetModel",
    "ListModelBuilds",
    "ListModelDeployments",
    "RestartModelDeployment",
];
/// Far less than what stops a rotation, so that it is noticed before.
const DRIFT: Duration = Duration::from_secs(60);

pub async fn checks(resolved: &Resolved) -> Vec<Check> {
    let client = match Client::new(resolved.client_options()) {
        Ok(client) => client,
        Err(error) => return vec![Check::fail("API", error)],
    };
    let mut checks = vec![offered(&client).await];
    // Without the way there, each further check would only repeat the first failure.
    if let Err(error) = client.server_time().await
        && error.kind() == "no_answer"
    {
        checks.push(Check::skip("accepted", "the workbench does not answer"));
        checks.push(model_service(resolved, &client).await);
        return checks;
    }
    checks.push(version(&client).await);
    checks.push(accepted(resolved, &client).await);
    checks.push(model_service(resolved, &client).await);
    checks.push(clocks(&client).await);
    checks
}

async fn offered(client: &Client) -> Check {
    match client.swagger_operations().await {
        Err(error) => Check::fail("API", error),
        Ok(offered) => describe(&offered),
    }
}

fn describe(offered: &[OfferedOperation]) -> Check {
    let lacks: Vec<_> = USED.into_iter().filter(|used| offered.iter().all(|one| one.id != *used)).collect();
    let detail = format!("API v2 answers and offers {} operations", offered.len());
    match lacks.as_slice() {
        [] => Check::ok("API", detail),
        lacks => Check::warn(
            "API",
            format!("{detail}, but not {}", lacks.join(", ")),
            "what needs them is refused; the workbench may be older than this program expects",
        ),
    }
}

async fn version(client: &Client) -> Check {
    match client.version().await {
        Ok(version) if !version.git_sha.is_empty() => Check::ok("version", version.git_sha),
        Ok(_) | Err(_) => Check::skip("version", "the workbench does not say"),
    }
}

async fn accepted(resolved: &Resolved, client: &Client) -> Check {
    if resolved.key.is_none() {
        return Check::skip("accepted", "there is no key to try");
    }
    match owner(client).await {
        Ok(Owner { username, audience }) => {
            let expected = resolved.username.as_deref().unwrap_or(&username);
            if expected != username {
                let detail = format!("the key is {username}'s, the profile says {expected}");
                return Check::warn("accepted", detail, "sign in again with `keybench login`");
            }
            if audience != crate::wire::AUDIENCE_API {
                let failure = Failure::new(
                    Exit::Rejected,
                    "forbidden",
                    format!("the key is {username}'s, and for {audience} only"),
                );
                return Check::fail("accepted", failure.hint("create one with the audience API"));
            }
            Check::ok("accepted", format!("the key is {username}'s, valid for {audience}"))
        }
        Err(error) => Check::fail("accepted", error),
    }
}

async fn model_service(resolved: &Resolved, client: &Client) -> Check {
    let url = client.model_url();
    if let Some(check) = reach_through_proxy("model service", resolved, url).await {
        return check;
    }
    match split(url) {
        None => Check::fail("model service", Failure::invalid(format!("{url} is not a URL"))),
        Some((_, host, port)) => {
            let mut check = reach("model service", &host, port).await.0;
            check.detail = format!("{url}: {}", check.detail);
            if check.hint.is_some() {
                check.hint =
                    Some("if the model service has another host, name it with --model-url".to_owned());
            }
            check
        }
    }
}

async fn clocks(client: &Client) -> Check {
    match client.server_time().await {
        Ok(Some(_)) => match clock::check(client.clock(), DRIFT) {
            Ok(()) => Check::ok("clock", "agrees with the workbench's"),
            Err(differ) => Check::warn(
                "clock",
                differ.to_string(),
                "set the clock that is wrong; `keys rotate` does nothing where they differ by more than 5 minutes",
            ),
        },
        Ok(None) | Err(_) => Check::skip("clock", "the workbench does not send the time"),
    }
}
