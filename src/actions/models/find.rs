//! From what a person calls a model to the one that is meant.

use std::collections::HashMap;

use crate::actions::{Error, Kind, PAGE, projects};
use crate::api::{Client, PageQuery, Pages};
use crate::config::Session;
use crate::wire::Model;

/// Candidates whose owner is asked for, where a name is ambiguous.
const SHOWN: usize = 10;

/// `project/name`, the model's name alone where it is unique (in a workbench session: unique in the
/// session's project), or its id.
///
/// # Errors
/// The user sees no such model, or several fit.
pub async fn find(session: &Session, wanted: &str) -> Result<Model, Error> {
    let client = &session.client;
    let (project, name) = match wanted.rsplit_once('/') {
        Some((project, name)) => (Some(project), name),
        None => (None, wanted),
    };
    // Filters match as case-sensitive substrings (OBSERVED, cai-connector): a first try that is
    // cheap, then everything.
    let mut found = Vec::new();
    for query in [PageQuery::sized(PAGE).filtered("name", name), PageQuery::sized(PAGE)] {
        let filtered = !query.filter.is_empty();
        let mut pages = Pages::new(query, |query| async move { client.models_page(&query).await });
        while let Some(page) = pages.next().await {
            let page = match page {
                // An older workbench may know no filter here.
                Err(error) if filtered && error.status() == Some(400) => break,
                other => other?,
            };
            found.extend(page.into_iter().filter(|model| {
                let named = model.name == name && project.is_none_or(|project| is_project(model, project));
                model.id == wanted || named
            }));
        }
        if !found.is_empty() {
            break;
        }
    }
    if found.is_empty()
        && let Some(project) = project
    {
        found = in_public_project(client, project, name).await?;
    }
    if let (None, Some(here)) = (project, &session.project) {
        prefer(here, &mut found);
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Error::NotFound { kind: Kind::Model, wanted: wanted.to_owned() }),
        _ => {
            let candidates = labels(client, &found).await;
            Err(Error::Ambiguous { kind: Kind::Model, wanted: wanted.to_owned(), candidates })
        }
    }
}

/// With the owner, projects of one name differ.
async fn labels(client: &Client, found: &[Model]) -> Vec<String> {
    let mut owners = HashMap::new();
    for model in found.iter().take(SHOWN) {
        let id = &model.project.public_identifier;
        if !owners.contains_key(id)
            && let Ok(project) = client.project(id).await
        {
            owners.insert(id.clone(), project.owner.username);
        }
    }
    let label = |model: &Model| {
        let owner = owners.get(&model.project.public_identifier).map(|owner| format!("{owner}/"));
        format!("{}{} ({})", owner.unwrap_or_default(), full_name(model), model.id)
    };
    found.iter().map(label).collect()
}

/// Leaves only the models of the project `here`, if there are any.
fn prefer(here: &str, found: &mut Vec<Model>) {
    let is_here = |model: &Model| model.project.public_identifier == here;
    if found.iter().any(is_here) {
        found.retain(is_here);
    }
}

/// The list of all models covers the user's own projects; those of a public project are found through it.
async fn in_public_project(client: &Client, wanted: &str, name: &str) -> Result<Vec<Model>, Error> {
    let mut found = Vec::new();
    for project in projects::matching(client, wanted).await? {
        let id = project.id.as_str();
        let fetch = |query: PageQuery| async move { client.project_models_page(id, &query).await };
        let mut pages = Pages::new(PageQuery::sized(PAGE), fetch);
        while let Some(page) = pages.next().await {
            found.extend(page?.into_iter().filter(|model| model.name == name));
        }
    }
    Ok(found)
}

/// `project/name`.
pub fn full_name(model: &Model) -> String {
    format!("{}/{}", model.project.name, model.name)
}

fn is_project(model: &Model, wanted: &str) -> bool {
    let project = &model.project;
    // A slug may come with its owner, as in the browser's URLs.
    wanted == project.name
        || wanted == project.public_identifier
        || wanted == project.slug
        || project.slug.rsplit_once('/').is_some_and(|(_, slug)| slug == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ShortProject;

    #[test]
    fn a_name_alone_means_the_model_of_the_project_that_one_is_in() {
        let model = |project: &str| Model {
            project: ShortProject { public_identifier: project.into(), ..ShortProject::default() },
            ..Model::default()
        };
        let mut found = vec![model("one"), model("two")];
        prefer("three", &mut found);
        assert_eq!(found.len(), 2, "elsewhere they stay ambiguous");
        prefer("two", &mut found);
        assert_eq!(found, [model("two")]);
    }
}
