//! From what a person calls a project or a model to the one that is meant.

use std::collections::HashMap;

use super::error::{Exit, Failure};
use crate::api::{Client, PageQuery, Pages, ProjectScope};
use crate::config::Session;
use crate::wire::{Model, Project};

const PAGE: u32 = 200;
/// Candidates shown where a name is ambiguous.
const SHOWN: usize = 10;

/// `project/name`, the model's name alone where it is unique (in a workbench session: unique in the
/// session's project), or its id.
pub async fn model(session: &Session, wanted: &str) -> Result<Model, Failure> {
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
    // With the owner, projects of one name differ.
    let mut owners = HashMap::new();
    if found.len() > 1 {
        for model in found.iter().take(SHOWN) {
            let id = &model.project.public_identifier;
            if !owners.contains_key(id)
                && let Ok(project) = client.project(id).await
            {
                owners.insert(id.clone(), project.owner.username);
            }
        }
    }
    let label = |model: &Model| {
        let owner = owners.get(&model.project.public_identifier).map(|owner| format!("{owner}/"));
        format!("{}{} ({})", owner.unwrap_or_default(), full_name(model), model.id)
    };
    one(found, "model", wanted, label, "`keybench models list` shows the models that you see")
}

/// Leaves only the models of the project `here`, if there are any.
fn prefer(here: &str, found: &mut Vec<Model>) {
    let is_here = |model: &Model| model.project.public_identifier == here;
    if found.iter().any(is_here) {
        found.retain(is_here);
    }
}

/// The list of all models is that of one's own projects; a public project's are found through it.
async fn in_public_project(client: &Client, wanted: &str, name: &str) -> Result<Vec<Model>, Failure> {
    let mut found = Vec::new();
    for project in matching_projects(client, wanted).await? {
        let id = project.id.as_str();
        let fetch = |query: PageQuery| async move { client.project_models_page(id, &query).await };
        let mut pages = Pages::new(PageQuery::sized(PAGE), fetch);
        while let Some(page) = pages.next().await {
            found.extend(page?.into_iter().filter(|model| model.name == name));
        }
    }
    Ok(found)
}

/// A project by its name, `OWNER/NAME`, slug or id.
pub async fn project(client: &Client, wanted: &str) -> Result<Project, Failure> {
    let found = matching_projects(client, wanted).await?;
    let label = |project: &Project| format!("{}/{} ({})", project.owner.username, project.name, project.id);
    one(found, "project", wanted, label, "`keybench projects list` shows the projects that you see")
}

async fn matching_projects(client: &Client, wanted: &str) -> Result<Vec<Project>, Failure> {
    let (owner, name) = match wanted.split_once('/') {
        Some((owner, name)) => (Some(owner), name),
        None => (None, wanted),
    };
    let mut found = Vec::new();
    for query in [PageQuery::sized(PAGE).filtered("name", name), PageQuery::sized(PAGE)] {
        // A site administrator sees all with this scope, anybody else the public ones too (SPEC).
        let fetch = |query: PageQuery| async move { client.projects_page(ProjectScope::All, &query).await };
        let mut pages = Pages::new(query, fetch);
        while let Some(page) = pages.next().await {
            found.extend(page?.into_iter().filter(|project| {
                let named = project.name == name || project.slug == name;
                let owned = owner.is_none_or(|owner| project.owner.username.eq_ignore_ascii_case(owner));
                project.id == wanted || (named && owned)
            }));
        }
        if !found.is_empty() {
            break;
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

fn one<T>(
    mut found: Vec<T>,
    kind: &str,
    wanted: &str,
    label: impl Fn(&T) -> String,
    hint: &str,
) -> Result<T, Failure> {
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Failure::new(
            Exit::Refused,
            "not_found",
            format!("there is no {kind} {wanted:?} that you see"),
        )
        .hint(hint)),
        many => {
            let mut labels: Vec<_> = found.iter().take(SHOWN).map(label).collect();
            if many > SHOWN {
                labels.push(format!("{} more", many - SHOWN));
            }
            let message = format!("{wanted:?} may be any of {many} {kind}s: {}", labels.join(", "));
            Err(Failure::invalid(message).hint("name it in full, or by its id"))
        }
    }
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
