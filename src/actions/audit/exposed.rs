//! Models without authentication, and environments with something in the shape of a key. Only the
//! location is reported, never the value.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use serde_json::Value;

use super::Turns;
use super::findings::holds_key;
use super::report::{Location, OpenModel};
use crate::actions::fleet::held::Held;
use crate::actions::projects::is_meant;
use crate::actions::{AT_A_TIME, Event, Progress};
use crate::api::{Error, PageQuery, Pages, ProjectScope, all_pages};
use crate::config::Session;
use crate::wire::{Model, Project};

const PAGE: u32 = 200;

/// A model whose deployment is to be looked at.
struct Deployed {
    project_id: String,
    model_id: String,
    /// As the report calls it.
    name: String,
}

/// What was found, and what could not be read.
#[derive(Debug, Default)]
pub struct Exposed {
    pub models_without_authentication: Vec<OpenModel>,
    pub environments: Vec<Location>,
    pub unreadable_projects: Vec<Location>,
}

/// Looks through all projects and models that the user sees: first what models there are, then what their
/// deployments hold, so that one large project is read as fast as many small ones.
pub async fn look(session: &Session, turns: &Turns, progress: &dyn Progress) -> Result<Exposed, Error> {
    let client = &session.client;
    let mut exposed = Exposed::default();
    let projects = projects(session, turns, &mut exposed).await?;
    let mut models = Vec::new();
    let lists = projects.into_iter().map(|project| async move {
        let id = project.id.as_str();
        let fetch = |query: PageQuery| async move { client.project_models_page(id, &query).await };
        let listed = turns.of(all_pages(PageQuery::sized(PAGE), fetch)).await;
        (project, listed)
    });
    each(progress, "projects", lists, |(project, listed)| match listed {
        Ok(listed) => {
            for model in listed {
                models.push(seen(&project, model, &mut exposed));
            }
        }
        Err(why) => exposed.unreadable_projects.push(unreadable(project.name, &why)),
    })
    .await;
    let deployments = models.into_iter().map(|model| async move {
        let latest = turns.of(client.latest_deployment(&model.project_id, &model.model_id)).await;
        (model, latest)
    });
    each(progress, "models", deployments, |(model, latest)| match latest {
        Ok(None) => {}
        Ok(Some((_, deployment))) => {
            let name = format!("deployment of {}", model.name);
            exposed.environments.extend(locations(&name, &deployment.environment));
        }
        Err(why) => exposed.unreadable_projects.push(unreadable(model.name, &why)),
    })
    .await;
    exposed.models_without_authentication.sort_by(|one, other| one.model.cmp(&other.model));
    Ok(exposed)
}

/// All projects, without their environments: there may be thousands, and they hold secrets.
async fn projects(session: &Session, turns: &Turns, exposed: &mut Exposed) -> Result<Vec<Project>, Error> {
    let (client, managed) = (&session.client, Held::project_variables(session));
    let fetch =
        |query: PageQuery| async move { turns.of(client.projects_page(ProjectScope::All, &query)).await };
    let mut pages = Pages::new(PageQuery::sized(PAGE), fetch);
    let mut projects = Vec::new();
    while let Some(page) = pages.next().await {
        for project in page? {
            let name = format!("project {}/{}", project.owner.username, project.name);
            let is_managed = |found: &Location| {
                let mut known = managed.iter();
                known.any(|(wanted, variable)| *variable == found.variable && is_meant(&project, wanted))
            };
            let found = locations(&name, &project.environment);
            exposed.environments.extend(found.map(|found| Location { managed: is_managed(&found), ..found }));
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

fn seen(project: &Project, model: Model, exposed: &mut Exposed) -> Deployed {
    let name = format!("{}/{}", project.name, model.name);
    if !model.auth_enabled {
        exposed.models_without_authentication.push(OpenModel {
            model: name.clone(),
            model_id: model.id.clone(),
            owner: project.owner.username.clone(),
            excepted: false,
        });
    }
    Deployed { project_id: project.id.clone(), model_id: model.id, name }
}

fn unreadable(name: String, why: &Error) -> Location {
    Location { name, variable: why.to_string(), excepted: false, managed: false }
}

fn locations(name: &str, environment: &str) -> impl Iterator<Item = Location> {
    let found = variables_with_keys(environment).into_iter();
    found.map(move |variable| Location { name: name.to_owned(), variable, excepted: false, managed: false })
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
