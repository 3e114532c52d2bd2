//! Projects.

use std::io;
use std::path::Path;

use axum::extract::State;
use serde_json::{Map, Value};

use super::lists::list as list_page;
use super::project_changes::{
    apply, checked_engine, checked_int32, checked_name, checked_visibility, new_owner, slug,
};
use crate::wire::{
    BatchListProjectsResponse, CreateProjectRequest, Empty, ListProjectNamesResponse, ListProjectsResponse,
    Project, Whole,
};
use crate::workbench::Workbench;
use crate::workbench::behaviour::{Why, inferred};
use crate::workbench::http::answer::{Answer, done};
use crate::workbench::http::auth::Caller;
use crate::workbench::http::bodies::Json;
use crate::workbench::http::gate::InProject;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::{Refusal, bad_value, unknown_user};
use crate::workbench::ids;
use crate::workbench::rights::{self, Permission, Right, Standing};
use crate::workbench::store::StoreError;
use crate::workbench::store::projects::{self, NewProjectRow, Reach, StoredProject};

/// Default shared memory, in MB (SPEC).
const SHARED_MEMORY: i64 = 64;

/// ListProjects
pub async fn list(
    State(workbench): State<Workbench>,
    caller: Caller,
    params: Params,
) -> Result<Answer<ListProjectsResponse>, Refusal> {
    let reach = reach(&caller, &params)?;
    let user_id = caller.user().id;
    let place = format!("projects {reach:?} {user_id}");
    let params = params.with_word_as_filter("name");
    let scope = projects::scope(reach, user_id);
    let page = list_page(&workbench, &params, &projects::LISTING, scope, &place, projects::from_row).await?;
    let seen = with_permissions(&workbench, &caller, page.items()).await?;
    let answer = |projects, next_page_token| ListProjectsResponse { projects, next_page_token };
    Ok(page.with_items(seen).answer(answer))
}

/// Which projects to list; "all" means "all and public" for users who are not site administrators
/// (SPEC).
fn reach(caller: &Caller, params: &Params) -> Result<Reach, Refusal> {
    let public = params.flag("include_public_projects")?;
    let all = params.flag("include_all_projects")?;
    Ok(match (all, public) {
        (true, _) if caller.user().admin => Reach::All,
        (true, _) | (_, true) => Reach::Public,
        _ => Reach::Mine,
    })
}

/// Every project as this caller sees it.
async fn with_permissions(
    workbench: &Workbench,
    caller: &Caller,
    stored: &[StoredProject],
) -> Result<Vec<Project>, StoreError> {
    let mut projects = Vec::with_capacity(stored.len());
    for stored in stored {
        let standing = workbench.standing(caller.user(), stored).await?;
        projects.push(seen(workbench, stored.project.clone(), standing));
    }
    Ok(projects)
}

fn seen(workbench: &Workbench, mut project: Project, standing: Standing) -> Project {
    project.permissions = rights::permissions(standing, &workbench.behaviour().rules);
    project
}

/// BatchListProjects: the accessible ones among those requested (SPEC), in the order of the
/// request.
pub async fn batch(
    State(workbench): State<Workbench>,
    caller: Caller,
    params: Params,
) -> Result<Answer<BatchListProjectsResponse>, Refusal> {
    let ids: Vec<String> = params.all("project_ids").map(str::to_owned).collect();
    let stored = workbench
        .store()
        .read(move |db| -> Result<_, StoreError> {
            let found = ids.iter().map(|id| projects::by_public_id(db, id));
            Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect::<Vec<_>>())
        })
        .await
        .map_err(Refusal::from)?;
    let rules = &workbench.behaviour().rules;
    let mut projects = Vec::new();
    for stored in stored {
        let standing = workbench.standing(caller.user(), &stored).await?;
        if rights::allows(standing, Right::Read, rules) {
            projects.push(seen(&workbench, stored.project, standing));
        }
    }
    Ok(Answer::new(BatchListProjectsResponse { projects }))
}

/// ListProjectNames: the projects that the user has access to (SPEC), including public ones.
pub async fn names(
    State(workbench): State<Workbench>,
    caller: Caller,
    params: Params,
) -> Result<Answer<ListProjectNamesResponse>, Refusal> {
    let user_id = caller.user().id;
    let place = format!("project names {user_id}");
    let scope = projects::scope(Reach::Public, user_id);
    let page = list_page(&workbench, &params, &projects::NAMES, scope, &place, |row| row.get(0)).await?;
    let answer = |project_names, next_page_token| ListProjectNamesResponse { project_names, next_page_token };
    Ok(page.answer(answer))
}

/// GetProject
pub async fn show(State(workbench): State<Workbench>, project: InProject) -> Answer<Project> {
    Answer::new(seen(&workbench, project.stored.project, project.standing))
}

/// CreateProject: empty, with a folder for its files. Options that would fetch files (`git_url`,
/// `template`, `parent_project`) and teams are not supported.
pub async fn create(
    State(workbench): State<Workbench>,
    caller: Caller,
    Json(request): Json<CreateProjectRequest>,
) -> Result<Answer<Project>, Refusal> {
    let name = checked_name(&request.name)?;
    let slug = slug(&name)?;
    let visibility = match request.visibility.as_str() {
        "" => "private".to_owned(),
        other => checked_visibility(other)?,
    };
    let engine = match request.default_project_engine_type.as_str() {
        "" => "ml_runtime".to_owned(),
        other => checked_engine(other)?,
    };
    if !request.team_name.is_empty() {
        return Err(bad_value("team_name", "this workbench has no teams"));
    }
    let environment = serde_json::to_string(&request.environment).map_err(|_| Why::Internal)?;
    let public_id = ids::project_id().map_err(|_| Why::Internal)?;
    let now = workbench.now();
    let owner_id = caller.user().id;
    let stored = workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            let row = NewProjectRow {
                public_id: &public_id,
                name: &name,
                slug: &slug,
                owner_id,
                description: &request.description,
                visibility: &visibility,
                default_engine_type: &engine,
                shared_memory_limit: match request.shared_memory_limit {
                    Whole(0) => SHARED_MEMORY,
                    Whole(asked) => checked_int32("shared_memory_limit", asked)?,
                },
                environment: &environment,
                now,
            };
            let id = projects::insert(db, &row).map_err(duplicate)?;
            Ok(projects::by_id(db, id)?.ok_or(Why::Internal)?)
        })
        .await?;
    let folder = workbench.project_folder(&stored.directory);
    if let Err(error) = tokio::fs::create_dir_all(&folder).await {
        tracing::warn!(%error, folder = %folder.display(), "the project's folder cannot be made");
    }
    Ok(Answer::new(seen(&workbench, stored.project, Standing::Owner)))
}

/// UpdateProject: changes what the body names and ignores fields that only the workbench sets. A
/// new `owner.username` transfers the project (OBSERVED as depended on, cmlutils).
pub async fn update(
    State(workbench): State<Workbench>,
    caller: Caller,
    project: InProject,
    Json(changes): Json<Map<String, Value>>,
) -> Result<Answer<Project>, Refusal> {
    let InProject { stored, standing } = project;
    let owner = new_owner(&changes)?.filter(|name| *name != stored.project.owner.username);
    let transfers = owner.is_some();
    if transfers && !rights::allows(standing, Right::Transfer, &workbench.behaviour().rules) {
        return Err(Refusal::new(Why::NotPermitted).with("needed", Right::Transfer.permission()));
    }
    let (now, changing) = (workbench.now(), workbench.clone());
    let updated = workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            let gone = || Refusal::new(Why::HiddenProject).with("project", stored.project.id.clone());
            let mut current = projects::by_id(db, stored.id)?.ok_or_else(gone)?;
            let (slug, directory) = (current.project.slug.clone(), current.directory.clone());
            apply(&mut current.project, &changes)?;
            if let Some(name) = owner {
                let user = changing.user_named(db, &name)?.ok_or_else(|| unknown_user(&name))?;
                current.owner_id = user.id;
                // An owner cannot be a collaborator.
                projects::remove_collaborator(db, current.id, user.id)?;
            }
            let moves = current.project.slug != slug;
            if moves {
                let taken = changing.project_folder(&current.project.slug).exists();
                current.directory =
                    projects::directory(db, &current.project.slug, &current.project.id, taken)?;
            }
            projects::update(db, &current, now).map_err(duplicate)?;
            // Last, so that a folder that cannot be moved leaves everything unchanged.
            if moves {
                let (from, to) = (directory, &current.directory);
                move_folder(&changing.project_folder(&from), &changing.project_folder(to))?;
            }
            projects::by_id(db, stored.id)?.ok_or_else(gone)
        })
        .await?;
    let (admin, standing) = (standing, workbench.standing(caller.user(), &updated).await?);
    let resting_on =
        (transfers && admin == Standing::Collaborator(Permission::Admin)).then_some(inferred::TRANSFERS);
    Ok(Answer::new(seen(&workbench, updated.project, standing)).inferred_all(resting_on))
}

/// The folder of a project follows its slug. A missing one is created now.
fn move_folder(from: &Path, to: &Path) -> Result<(), Refusal> {
    let moved = match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::create_dir_all(to),
        moved => moved,
    };
    moved.map_err(|error| {
        tracing::error!(%error, from = %from.display(), to = %to.display(), "a project's folder cannot be moved");
        Why::StoreFailed.into()
    })
}

/// DeleteProject: with its models, whose replicas stop. The files stay: with `--projects` they are
/// a user's sources.
pub async fn remove(
    State(workbench): State<Workbench>,
    project: InProject,
) -> Result<Answer<Empty>, Refusal> {
    workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            if projects::delete(db, project.stored.id)? {
                Ok(())
            } else {
                Err(Refusal::new(Why::HiddenProject).with("project", project.stored.project.id))
            }
        })
        .await?;
    workbench.lifecycle().begin_clearing();
    Ok(done())
}

fn duplicate(error: StoreError) -> Refusal {
    if error.is_duplicate() { Why::DuplicateProject.into() } else { error.into() }
}
