//! Collaborators of a project.

use axum::extract::{Path, State};

use super::lists::list as list_page;
use crate::wire::{AddProjectCollaboratorRequest, Empty, ListProjectCollaboratorsResponse};
use crate::workbench::Workbench;
use crate::workbench::behaviour::{Why, inferred};
use crate::workbench::http::answer::{Answer, done};
use crate::workbench::http::auth::Caller;
use crate::workbench::http::bodies::Json;
use crate::workbench::http::gate::InProject;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::{Refusal, bad_value, unknown_user};
use crate::workbench::rights::Permission;
use crate::workbench::store::listing::Scope;
use crate::workbench::store::projects::{self, COLLABORATORS};
use crate::workbench::store::users::User;

/// ListProjectCollaborators: the owner is not among them (INFERRED from the interface's pages).
pub async fn list(
    State(workbench): State<Workbench>,
    caller: Caller,
    project: InProject,
    params: Params,
) -> Result<Answer<ListProjectCollaboratorsResponse>, Refusal> {
    let place = format!("collaborators {} {}", project.stored.id, caller.user().id);
    let scope = Scope::new("m.project_id = ?", [project.stored.id.into()]);
    let read = projects::collaborator_from_row;
    let page = list_page(&workbench, &params, &COLLABORATORS, scope, &place, read).await?;
    let answer =
        |collaborators, next_page_token| ListProjectCollaboratorsResponse { collaborators, next_page_token };
    Ok(page.answer(answer))
}

/// AddProjectCollaborator: adds, or changes the permission (OBSERVED, cai-mcp).
pub async fn set(
    State(workbench): State<Workbench>,
    project: InProject,
    Path((_, username)): Path<(String, String)>,
    Json(request): Json<AddProjectCollaboratorRequest>,
) -> Result<Answer<Empty>, Refusal> {
    let operator = workbench.behaviour().names.operator.clone();
    let permission = Permission::parse(&request.permission, &operator)
        .ok_or_else(|| bad_value("permission", format!("it must be read, write, {operator} or admin")))?;
    let looking = workbench.clone();
    let resting_on = workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            let user = looking.user_named(db, &username)?.ok_or_else(|| unknown_user(&username))?;
            if user.id == project.stored.owner_id {
                return Err(Refusal::new(Why::OwnerAsCollaborator).with("user", user.username));
            }
            projects::set_collaborator(db, project.stored.id, user.id, &request.permission)?;
            Ok(in_other_case(&user, &username))
        })
        .await?;
    let operator = (permission == Permission::Operator).then_some(inferred::OPERATOR);
    Ok(done().inferred_all(resting_on).inferred_all(operator))
}

/// DeleteProjectCollaborator
pub async fn remove(
    State(workbench): State<Workbench>,
    project: InProject,
    Path((_, username)): Path<(String, String)>,
) -> Result<Answer<Empty>, Refusal> {
    let looking = workbench.clone();
    workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            let unknown = || Refusal::new(Why::UnknownCollaborator).with("user", username.clone());
            let user = looking.user_named(db, &username)?.ok_or_else(unknown)?;
            if projects::remove_collaborator(db, project.stored.id, user.id)? {
                Ok(done().inferred_all(in_other_case(&user, &username)))
            } else {
                Err(unknown())
            }
        })
        .await
}

/// The choice behind a look-up, if the path writes the name in another case.
fn in_other_case(user: &User, username: &str) -> Option<&'static str> {
    (user.username != username).then_some(inferred::USER_NAMES_IN_ANY_CASE)
}
