//! Projects: which there are, which one is meant, and which right the user has there.

use futures_util::Stream;

use super::{Error, Kind, PAGE};
use crate::api::{self, Client, PageQuery, Pages, ProjectScope};
use crate::wire::{Project, ProjectPermissions};

/// Rows a page of a list that is shown as it comes.
const SHOWN_PAGE: u32 = 500;

/// The projects of the user, page by page; with `all`, the public ones too, and for a site
/// administrator those of everybody (SPEC). The stream ends after an error.
pub fn list(client: &Client, all: bool) -> impl Stream<Item = Result<Vec<Project>, api::Error>> {
    let scope = if all { ProjectScope::All } else { ProjectScope::Mine };
    let fetch = move |query: PageQuery| async move { client.projects_page(scope, &query).await };
    Pages::new(PageQuery::sized(SHOWN_PAGE), fetch).stream()
}

/// The strongest right among those that a user has in a project.
pub fn strongest_right(permissions: &ProjectPermissions) -> &'static str {
    match permissions {
        ProjectPermissions { admin: true, .. } => "admin",
        ProjectPermissions { write: true, .. } => "write",
        ProjectPermissions { operator: true, .. } => "operator",
        ProjectPermissions { read: true, .. } => "read",
        ProjectPermissions { business_user: true, .. } => "applications",
        _ => "none",
    }
}

/// A project by its name, `OWNER/NAME`, slug or id.
///
/// # Errors
/// The user sees no such project, or several fit.
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

/// Whether `wanted` may stand for a project: its name, `OWNER/NAME`, slug or id.
pub(super) fn is_meant(project: &Project, wanted: &str) -> bool {
    let (owner, name) = owner_and_name(wanted);
    let named = project.name == name || project.slug == name;
    let owned = owner.is_none_or(|owner| project.owner.username.eq_ignore_ascii_case(owner));
    project.id == wanted || (named && owned)
}

fn owner_and_name(wanted: &str) -> (Option<&str>, &str) {
    match wanted.split_once('/') {
        Some((owner, name)) => (Some(owner), name),
        None => (None, wanted),
    }
}

/// All projects that `wanted` may stand for.
pub(super) async fn matching(client: &Client, wanted: &str) -> Result<Vec<Project>, Error> {
    let (_, name) = owner_and_name(wanted);
    let mut found = Vec::new();
    // Filters match as case-sensitive substrings (OBSERVED, cai-connector): a first try that is
    // cheap, then everything.
    for query in [PageQuery::sized(PAGE).filtered("name", name), PageQuery::sized(PAGE)] {
        // A site administrator sees all with this scope, other users also see the public ones (SPEC).
        let fetch = |query: PageQuery| async move { client.projects_page(ProjectScope::All, &query).await };
        let mut pages = Pages::new(query, fetch);
        while let Some(page) = pages.next().await {
            found.extend(page?.into_iter().filter(|project| is_meant(project, wanted)));
        }
        if !found.is_empty() {
            break;
        }
    }
    Ok(found)
}
