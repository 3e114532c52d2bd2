//! What the Admin tab asks the workbench.

use jiff::Timestamp;

use crate::api::{self, PageQuery, Pages, ProjectScope, expiration_setting};
use crate::tui::effect::Context;
use crate::tui::msg;
use crate::tui::screens::listed_keys::ListedKeys;
use crate::wire::{Collaborator, Project, UserQuota, time};

/// Rows a page: few round trips for a long list, and something to show soon.
const PAGE: u32 = 200;

/// One question.
#[derive(Debug)]
pub enum Call {
    /// The directory of users, page by page.
    Users,
    /// How many API keys a user has.
    Count {
        username: String,
    },
    /// The API keys of a user.
    Keys {
        username: String,
    },
    DeleteKeys {
        username: String,
        key_ids: Vec<String>,
    },
    DeleteAllKeys {
        username: String,
    },
    /// Sets the expiration setting, under the name that the workbench gave it.
    SetExpiration {
        name: String,
        days: u32,
    },
    /// Projects, page by page.
    Projects,
    Collaborators {
        project_id: String,
    },
    /// Adds a collaborator or changes a permission.
    SetPermission {
        project_id: String,
        username: String,
        permission: String,
    },
    RemoveCollaborator {
        project_id: String,
        username: String,
    },
}

/// Its answer.
#[derive(Debug)]
pub enum Reply {
    UsersPage {
        users: Vec<UserQuota>,
    },
    UsersListed(Result<(), api::Error>),
    Counted {
        username: String,
        answer: Result<Vec<Option<Timestamp>>, api::Error>,
    },
    Keys {
        username: String,
        answer: Result<ListedKeys, api::Error>,
    },
    KeysDeleted {
        username: String,
        done: usize,
        answer: Result<(), api::Error>,
    },
    ExpirationSet(Result<Option<(String, u32)>, api::Error>),
    ProjectsPage(Vec<Project>),
    ProjectsListed(Result<(), api::Error>),
    Collaborators {
        project_id: String,
        answer: Result<Vec<Collaborator>, api::Error>,
    },
    /// What was done, in words, or why not.
    PermissionSet {
        project_id: String,
        done: String,
        answer: Result<(), api::Error>,
    },
}

impl Call {
    /// Carries the call out.
    pub async fn run(self, context: Context) -> Reply {
        let client = &context.session.client;
        match self {
            Self::Users => {
                let query = PageQuery { sort: Some("+username".into()), ..PageQuery::sized(PAGE) };
                let mut pages = Pages::new(query, |query| async move { client.users_page(&query).await });
                while let Some(page) = pages.next().await {
                    match page {
                        Ok(users) => context.progress(msg::Reply::Admin(Reply::UsersPage { users })),
                        Err(error) => return Reply::UsersListed(Err(error)),
                    }
                }
                Reply::UsersListed(Ok(()))
            }
            Self::Count { username } => {
                let keys = client.list_keys(&username).await;
                let answer = keys.map(|keys| keys.iter().map(|key| time::parse(&key.expiry_date)).collect());
                Reply::Counted { username, answer }
            }
            Self::Keys { username } => {
                let answer = client.list_keys(&username).await.map(ListedKeys::from);
                Reply::Keys { username, answer }
            }
            Self::DeleteKeys { username, key_ids } => {
                for (done, key_id) in key_ids.iter().enumerate() {
                    if let Err(error) = client.delete_key(&username, key_id).await {
                        return Reply::KeysDeleted { username, done, answer: Err(error) };
                    }
                }
                Reply::KeysDeleted { username, done: key_ids.len(), answer: Ok(()) }
            }
            Self::DeleteAllKeys { username } => {
                let answer = client.delete_all_keys(&username).await;
                Reply::KeysDeleted { username, done: usize::MAX, answer }
            }
            Self::SetExpiration { name, days } => {
                let answer = client.patch_site_config(&name, days.into()).await;
                Reply::ExpirationSet(answer.map(|settings| expiration_setting(&settings)))
            }
            Self::Projects => {
                let mut pages = Pages::new(PageQuery::sized(PAGE), |query| async move {
                    client.projects_page(ProjectScope::All, &query).await
                });
                while let Some(page) = pages.next().await {
                    match page {
                        Ok(projects) => context.progress(msg::Reply::Admin(Reply::ProjectsPage(projects))),
                        Err(error) => return Reply::ProjectsListed(Err(error)),
                    }
                }
                Reply::ProjectsListed(Ok(()))
            }
            Self::Collaborators { project_id } => {
                let answer = client.collaborators(&project_id).await;
                Reply::Collaborators { project_id, answer }
            }
            Self::SetPermission { project_id, username, permission } => {
                let answer = client.add_collaborator(&project_id, &username, &permission).await;
                Reply::PermissionSet { project_id, done: format!("{username} now has {permission}"), answer }
            }
            Self::RemoveCollaborator { project_id, username } => {
                let answer = client.remove_collaborator(&project_id, &username).await;
                Reply::PermissionSet { project_id, done: format!("{username} was removed"), answer }
            }
        }
    }
}

impl Reply {
    /// The error of an answer that is one.
    pub fn error(&self) -> Option<&api::Error> {
        match self {
            Self::UsersListed(answer) | Self::ProjectsListed(answer) => answer.as_ref().err(),
            Self::Counted { answer, .. } => answer.as_ref().err(),
            Self::Keys { answer, .. } => answer.as_ref().err(),
            Self::KeysDeleted { answer, .. } | Self::PermissionSet { answer, .. } => answer.as_ref().err(),
            Self::ExpirationSet(answer) => answer.as_ref().err(),
            Self::Collaborators { answer, .. } => answer.as_ref().err(),
            Self::UsersPage { .. } | Self::ProjectsPage(_) => None,
        }
    }
}
