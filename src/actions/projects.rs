//! Finding the project that a person means.

use super::{Error, Kind, PAGE};
use crate::api::{Client, PageQuery, Pages, ProjectScope};
use crate::wire::Project;

/// A project by its name, `OWNER/NAME`, slug or id.
///
/// # Errors
/// There is none that one sees, or there are several.
pub async fn find(client: &Client, wanted: &str) -> Result<Project, Error> {
    let mut found = matching(client, wanted).await?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Error::NotFound { kind: Kind::Project, wanted: wanted.to_owned() }),
        _ => {
            let label =
                |project: &Project| format!("{}/{} ({})", project.owner.username, project.name, project.id);
            let candidates = found.iter().map(label).collect();
            Err(Error::Ambiguous { kind: Kind::Project, wanted: wanted.to_owned(), candidates })
        }
    }
}

/// All projects that `wanted` may stand for.
pub(super) async fn matching(client: &Client, wanted: &str) -> Result<Vec<Project>, Error> {
    let (owner, name) = match wanted.split_once('/') {
        Some((owner, name)) => (Some(owner), name),
        None => (None, wanted),
    };
    let mut found = Vec::new();
    // Filters match as case-sensitive substrings (OBSERVED, cai-connector): a first try that is
    // cheap, then everything.
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
