//! Who may do what in a project.

use futures_util::{StreamExt as _, stream};

use super::{AT_A_TIME, Error, PAGE, may_change};
use crate::api::{self, Client, PageQuery, ProjectScope, all_pages};
use crate::config::Session;
use crate::wire::Collaborator;

/// What a collaborator may do; each includes those before it but `operator`.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "lowercase", parse_err_fn = unknown, parse_err_ty = String)]
pub enum Permission {
    /// Enough to call models.
    #[default]
    Read,
    Write,
    Operator,
    Admin,
}

impl Permission {
    /// As the wire names it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

fn unknown(text: &str) -> String {
    format!("{text:?} is not a permission; it is read, write, operator or admin")
}

/// The users with rights in a project, apart from its owner.
///
/// # Errors
/// The workbench refuses or does not answer.
pub async fn list(client: &Client, project_id: &str) -> Result<Vec<Collaborator>, Error> {
    Ok(client.collaborators(project_id).await?)
}

/// What came of adding someone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// They have what was asked for.
    Added,
    /// They are a collaborator already, and keep this permission.
    Kept(String),
}

/// Adds a collaborator. Who is one already keeps the permission: adding takes nothing away.
///
/// # Errors
/// Nothing was changed, as far as is known; the collaborators may not be readable.
pub async fn add(
    session: &Session,
    project_id: &str,
    username: &str,
    permission: Permission,
) -> Result<Given, Error> {
    may_change(session, "adding a collaborator")?;
    let collaborators = list(&session.client, project_id).await?;
    if let Some(one) = collaborators.into_iter().find(|one| one.user.username == username) {
        return Ok(Given::Kept(one.permission));
    }
    set(session, project_id, username, permission).await.map(|()| Given::Added)
}

/// Gives a user exactly this permission, whatever they have.
///
/// # Errors
/// Nothing was changed, as far as is known.
pub async fn set(
    session: &Session,
    project_id: &str,
    username: &str,
    permission: Permission,
) -> Result<(), Error> {
    may_change(session, "adding a collaborator")?;
    Ok(session.client.add_collaborator(project_id, username, permission.as_str()).await?)
}

/// Takes a collaborator's rights away.
///
/// # Errors
/// Nothing was changed, as far as is known.
pub async fn remove(session: &Session, project_id: &str, username: &str) -> Result<(), Error> {
    may_change(session, "removing a collaborator")?;
    Ok(session.client.remove_collaborator(project_id, username).await?)
}

/// The projects in which a user has rights.
#[derive(Debug, Default)]
pub struct Parts {
    /// Names of projects, each with `owner` or the permission there.
    pub parts: Vec<(String, String)>,
    /// Projects of others whose collaborators cannot be read, each with why.
    pub unreadable: Vec<(String, api::Error)>,
}

/// Looks for `username` in all projects that the session's user sees.
///
/// # Errors
/// The projects cannot be listed.
pub async fn parts(client: &Client, username: &str) -> Result<Parts, Error> {
    let fetch = |query: PageQuery| async move { client.projects_page(ProjectScope::All, &query).await };
    let projects = all_pages(PageQuery::sized(PAGE), fetch).await?;
    let asked = projects.into_iter().map(|project| async move {
        if project.owner.username == username {
            return (project.name, Ok(Some("owner".to_owned())));
        }
        let part = client.collaborators(&project.id).await.map(|collaborators| {
            let found = collaborators.into_iter().find(|one| one.user.username == username);
            found.map(|one| one.permission)
        });
        (project.name, part)
    });
    let mut found = Parts::default();
    let mut asked = stream::iter(asked).buffered(AT_A_TIME);
    while let Some((project, part)) = asked.next().await {
        match part {
            Ok(part) => found.parts.extend(part.map(|part| (project, part))),
            Err(why) => found.unreadable.push((project, why)),
        }
    }
    Ok(found)
}
