//! Models without authentication, and environments with something in the shape of a key. Only the
//! place is told, never the value.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use serde_json::Value;

use super::super::AT_A_TIME;
use super::findings::holds_key;
use super::report::{OpenModel, Place, Report};
use crate::api::{Client, PageQuery, Pages, ProjectScope, all_pages};
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::output::Progress;
use crate::wire::{Model, Project};

const PAGE: u32 = 200;

/// Looks through all projects and models that one sees.
pub async fn look(context: &Context, client: &Client, report: &mut Report) -> Result<(), Failure> {
    let fetch = |query: PageQuery| async move { client.projects_page(ProjectScope::All, &query).await };
    let mut pages = Pages::new(PageQuery::sized(PAGE), fetch);
    let mut projects = Vec::new();
    while let Some(page) = pages.next().await {
        for project in page? {
            let name = format!("{}/{}", project.owner.username, project.name);
            let found = variables_with_keys(&project.environment);
            report.environments.extend(
                found.into_iter().map(|variable| Place { place: format!("project {name}"), variable }),
            );
            // Environments are not kept: there may be thousands, and they hold secrets.
            projects.push(Project { environment: String::new(), ..project });
        }
    }
    let progress = Progress::new(&context.out, "projects", projects.len());
    let mut done = 0;
    let mut answers = stream::iter(projects.into_iter().map(|project| async move {
        let looked = look_into(client, &project).await;
        (project, looked)
    }))
    .buffer_unordered(AT_A_TIME);
    while let Some((project, looked)) = answers.next().await {
        match looked {
            Ok((open, places)) => {
                report.models_without_authentication.extend(open);
                report.environments.extend(places);
            }
            Err(why) => report.unreadable_projects.push(Place { place: project.name, variable: why }),
        }
        done += 1;
        progress.at(done);
    }
    progress.end();
    Ok(())
}

async fn look_into(client: &Client, project: &Project) -> Result<(Vec<OpenModel>, Vec<Place>), String> {
    let id = project.id.as_str();
    let fetch = |query: PageQuery| async move { client.project_models_page(id, &query).await };
    let models = all_pages(PageQuery::sized(PAGE), fetch).await.map_err(|error| error.to_string())?;
    let mut open = Vec::new();
    let mut places = Vec::new();
    for model in models {
        let name = format!("{}/{}", project.name, model.name);
        if !model.auth_enabled {
            open.push(OpenModel {
                model: name.clone(),
                model_id: model.id.clone(),
                owner: project.owner.username.clone(),
            });
        }
        let found = deployed_variables(client, id, &model).await?;
        places.extend(
            found.into_iter().map(|variable| Place { place: format!("deployment of {name}"), variable }),
        );
    }
    Ok((open, places))
}

async fn deployed_variables(client: &Client, project_id: &str, model: &Model) -> Result<Vec<String>, String> {
    let latest = client.latest_deployment(project_id, &model.id).await.map_err(|error| error.to_string())?;
    Ok(latest.map(|(_, deployment)| variables_with_keys(&deployment.environment)).unwrap_or_default())
}

/// Names of the variables of an environment (the JSON text of a map) that hold something in the
/// shape of a key.
fn variables_with_keys(environment: &str) -> Vec<String> {
    match serde_json::from_str::<BTreeMap<String, Value>>(environment) {
        Ok(variables) => {
            let holds = |value: &Value| holds_key(value.as_str().unwrap_or(&value.to_string()));
            variables.into_iter().filter(|(_, value)| holds(value)).map(|(name, _)| name).collect()
        }
        // It may be unparsable (OBSERVED, CAI_STUDIO_AGENT).
        Err(_) if holds_key(environment) => vec!["?".to_owned()],
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_named_and_its_value_is_not() {
        let key = format!("{}.{}", "0a".repeat(32), "9f".repeat(32));
        let found = variables_with_keys(&format!(r#"{{"A":"x","TOKEN":"Bearer {key}","N":3}}"#));
        assert_eq!(found, ["TOKEN"]);
        assert_eq!(variables_with_keys(&format!("broken {key}")), ["?"]);
        assert!(variables_with_keys("").is_empty());
    }
}
