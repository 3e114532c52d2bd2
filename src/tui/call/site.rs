//! The site: users, projects and their collaborators, the expiration setting.

use super::{Answer, Call, CallContext};
use crate::actions::collaborators::Given;
use crate::actions::{self, Event, Progress, audit, collaborators, expiration};
use crate::api::{self, Client, PageQuery, Pages, ProjectScope, Room};
use crate::config::Session;

/// Rows a page: few round trips for a long list, and something to show soon.
const PAGE: u32 = 200;

pub(super) async fn expiration(client: &Client) -> Answer {
    let setting = expiration::read(client).await;
    Answer::Expiration(setting.map(|setting| setting.map(|setting| (setting.name, setting.days))))
}

pub(super) async fn set_expiration(session: &Session, days: u32) -> Answer {
    let changed = expiration::change(session, days).await;
    let setting = changed.map(|changed| Some((changed.setting.name, changed.setting.days)));
    Answer::ExpirationSet(setting.map_err(|error| match error {
        expiration::Error::Action(error) => api_error(error),
        other => api::Error::invalid(other.to_string(), other.hint().unwrap_or_default()),
    }))
}

pub(super) async fn version(client: &Client) -> Answer {
    Answer::Version(client.version().await.map(|version| version.git_sha))
}

pub(super) async fn users(context: &CallContext) -> Answer {
    let client = &context.session.client;
    let query = PageQuery { sort: Some("+username".into()), ..PageQuery::sized(PAGE) };
    let mut pages =
        Pages::new(query, |query| async move { client.users_page(&query).await }).within(&Room::default());
    while let Some(page) = pages.next().await {
        match page {
            Ok(users) => context.progress(Answer::UsersPage(users)),
            Err(error) => return Answer::UsersListed(Err(error)),
        }
    }
    Answer::UsersListed(Ok(()))
}

/// Sends on what an audit reads.
struct Sending<'a>(&'a CallContext);

impl Progress for Sending<'_> {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::KeysAudited(keys) => self.0.progress(Answer::KeysAudited(keys.to_vec())),
            Event::AuditRead(read) => self.0.progress(Answer::AuditRead(read)),
            _ => {}
        }
    }
}

pub(super) async fn audit_keys(context: &CallContext) -> Answer {
    let request = audit::Request { keys_only: true, unnoted: true, ..Default::default() };
    let ended = audit::run(&context.session, request, &Sending(context)).await;
    Answer::Audited(match ended {
        Ok(report) => Ok(report.unreadable),
        Err(audit::Error::Api(error) | audit::Error::BrokenOff { error, .. }) => Err(error),
    })
}

pub(super) async fn projects(context: &CallContext) -> Answer {
    let client = &context.session.client;
    let mut pages = Pages::new(PageQuery::sized(PAGE), |query| async move {
        client.projects_page(ProjectScope::All, &query).await
    })
    .within(&Room::default());
    while let Some(page) = pages.next().await {
        match page {
            Ok(projects) => context.progress(Answer::ProjectsPage(projects)),
            Err(error) => return Answer::ProjectsListed(Err(error)),
        }
    }
    Answer::ProjectsListed(Ok(()))
}

pub(super) async fn collaborators(client: &Client, project_id: String) -> Answer {
    let answer = client.collaborators(&project_id).await;
    Answer::Collaborators { project_id, answer }
}

/// Adds a collaborator, or changes the permission of one. Who is to be added and is one already keeps the
/// permission: the answer then says which, and that nothing was done.
pub(super) async fn give(session: &Session, call: Call) -> Answer {
    let (adds, project_id, project, username, permission) = match call {
        Call::AddCollaborator { project_id, project, username, permission } => {
            (true, project_id, project, username, permission)
        }
        Call::SetPermission { project_id, project, username, permission } => {
            (false, project_id, project, username, permission)
        }
        _ => return Answer::SignedOut,
    };
    let given = match permission.parse() {
        Ok(wanted) if adds => collaborators::add(session, &project_id, &username, wanted).await,
        Ok(wanted) => {
            collaborators::set(session, &project_id, &username, wanted).await.map(|()| Given::Added)
        }
        Err(problem) => Err(api::Error::invalid(problem, "").into()),
    };
    let (permission, done) = match given.map_err(api_error) {
        Ok(Given::Kept(has)) if has != permission => {
            let text = format!("{username} is a collaborator already, with {has}: nothing was changed");
            (has, Err(api::Error::invalid(text, "")))
        }
        given => (permission, given.map(drop)),
    };
    Answer::PermissionSet { project_id, project, username, permission, done }
}

pub(super) async fn remove_collaborator(session: &Session, project_id: String, username: String) -> Answer {
    let done = collaborators::remove(session, &project_id, &username).await.map_err(api_error);
    Answer::CollaboratorRemoved { project_id, username, done }
}

/// The workbench's error, or a local problem in the same form.
pub(super) fn api_error(error: actions::Error) -> api::Error {
    match error {
        actions::Error::Api(error) => error,
        other => api::Error::invalid(other.to_string(), other.hint().unwrap_or_default()),
    }
}
