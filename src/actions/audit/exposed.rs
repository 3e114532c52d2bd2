//! Models without authentication, and environments with something in the shape of a key. Only the
//! location is reported, never the value.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use serde_json::Value;

use super::findings::holds_key;
use super::report::{Location, OpenModel, Report};
use crate::actions::{AT_A_TIME, Event, Progress};
use crate::api::{Client, Error, PageQuery, Pages, ProjectScope, all_pages};
use crate::wire::{Model, Project};

const PAGE: u32 = 200;

/// A model whose deployment is to be looked at.
struct Deployed {
    project_id: String,
    model_id: String,
    /// As the report calls it.
    name: String,
}

/// Looks through all projects and models that the user sees: first what models there are, then what their
/// deployments hold, so that one large project is read as fast as many small ones.
pub async fn look(client: &Client, report: &mut Report, progress: &dyn Progress) -> Result<(), Error> {
    let projects = projects(client, report).await?;
    let mut models = Vec::new();
    let lists = projects.into_iter().map(|project| async move {
        let id = project.id.as_str();
        let fetch = |query: PageQuery| async move { client.project_models_page(id, &query).await };
        let listed = all_pages(PageQuery::sized(PAGE), fetch).await;
        (project, listed)
    });
    each(progress, "projects", lists, |(project, listed)| match listed {
        Ok(listed) => {
            for model in listed {
                models.push(seen(&project, model, report));
            }
        }
        Err(why) => report.unreadable_projects.push(unreadable(project.name, &why)),
    })
    .await;
    let deployments = models.into_iter().map(|model| async move {
        let latest = client.latest_deployment(&model.project_id, &model.model_id).await;
        (model, latest)
    });
    each(progress, "models", deployments, |(model, latest)| match latest {
        Ok(None) => {}
        Ok(Some((_, deployment))) => {
            let name = format!("deployment of {}", model.name);
            report.environments.extend(exposed(&name, &deployment.environment));
        }
        Err(why) => report.unreadable_projects.push(unreadable(model.name, &why)),
    })
    .await;
    report.models_without_authentication.sort_by(|one, other| one.model.cmp(&other.model));
    Ok(())
}

/// All projects, without their environments: there may be thousands, and they hold secrets.
async fn projects(client: &Client, report: &mut Report) -> Result<Vec<Project>, Error> {
    let fetch = |query: PageQuery| async move { client.projects_page(ProjectScope::All, &query).await };
    let mut pages = Pages::new(PageQuery::sized(PAGE), fetch);
    let mut projects = Vec::new();
    while let Some(page) = pages.next().await {
        for project in page? {
            let name = format!("project {}/{}", project.owner.username, project.name);
            report.environments.extend(exposed(&name, &project.environment));
            projects.push(Project { environment: String::new(), ..project });
        }
    }
    Ok(projects)
}

/// Some requests at a time, with progress.
async fn each<F: Future>(
    progress: &dyn Progress,
    what: &'static str,
    work: impl ExactSizeIterator<Item = F>,
    mut then: impl FnMut(F::Output),
) {
    let of = work.len();
    let mut answers = stream::iter(work).buffer_unordered(AT_A_TIME);
    let mut done = 0;
    while let Some(answer) = answers.next().await {
        then(answer);
        done += 1;
        progress.on(Event::Counted { what, done, of });
    }
}

fn seen(project: &Project, model: Model, report: &mut Report) -> Deployed {
    let name = format!("{}/{}", project.name, model.name);
    if !model.auth_enabled {
        report.models_without_authentication.push(OpenModel {
            model: name.clone(),
            model_id: model.id.clone(),
            owner: project.owner.username.clone(),
            excepted: false,
        });
    }
    Deployed { project_id: project.id.clone(), model_id: model.id, name }
}

fn unreadable(name: String, why: &Error) -> Location {
    Location { name, variable: why.to_string(), excepted: false }
}

fn exposed(name: &str, environment: &str) -> impl Iterator<Item = Location> {
    let found = variables_with_keys(environment).into_iter();
    found.map(move |variable| Location { name: name.to_owned(), variable, excepted: false })
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
