//! Projects.

use axum::extract::State;
use serde_json::{Map, Value};

use super::lists::list as list_page;
use crate::wire::{
    BatchListProjectsResponse, CreateProjectRequest, Empty, ListProjectNamesResponse, ListProjectsResponse,
    Project, Whole,
};
use crate::workbench::Workbench;
use crate::workbench::behaviour::Why;
use crate::workbench::http::answer::{Answer, done};
use crate::workbench::http::auth::Caller;
use crate::workbench::http::bodies::Json;
use crate::workbench::http::gate::InProject;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::{Refusal, bad_value};
use crate::workbench::ids;
use crate::workbench::rights::{self, Right, Standing};
use crate::workbench::store::StoreError;
use crate::workbench::store::projects::{self, NewProjectRow, Reach, StoredProject};

/// Shared memory where nobody asked for more, in MB (SPEC).
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
    let scope = projects::scope(reach, user_id);
    let page = list_page(&workbench, &params, &projects::LISTING, scope, &place, projects::from_row).await?;
    let seen = with_permissions(&workbench, &caller, page.items()).await?;
    let answer = |projects, next_page_token| ListProjectsResponse { projects, next_page_token };
    Ok(page.with_items(seen).answer(answer))
}

/// Which projects are asked for; "all" means "all and public" for whoever is no site administrator
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

/// BatchListProjects: the accessible ones of those asked for (SPEC), in the order asked.
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

/// ListProjectNames: of the projects that the user has access to (SPEC), public ones included.
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

/// CreateProject: empty, with a folder for its files. What would fetch files (`git_url`, `template`,
/// `parent_project`) and teams are not there.
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

/// UpdateProject: what the body names changes; fields that only the workbench sets are ignored.
pub async fn update(
    State(workbench): State<Workbench>,
    project: InProject,
    Json(changes): Json<Map<String, Value>>,
) -> Result<Answer<Project>, Refusal> {
    let InProject { stored, standing } = project;
    let now = workbench.now();
    let updated = workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            let gone = || Refusal::new(Why::HiddenProject).with("project", stored.project.id.clone());
            let mut current = projects::by_id(db, stored.id)?.ok_or_else(gone)?;
            apply(&mut current.project, &changes)?;
            projects::update(db, &current, now).map_err(duplicate)?;
            projects::by_id(db, stored.id)?.ok_or_else(gone)
        })
        .await?;
    Ok(Answer::new(seen(&workbench, updated.project, standing)))
}

/// DeleteProject: with its models, whose replicas stop. The files stay: with `--projects` they are
/// somebody's sources.
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

/// Puts the changes of a PATCH into a project.
fn apply(project: &mut Project, changes: &Map<String, Value>) -> Result<(), Refusal> {
    if let Some(name) = text(changes, "name")?.filter(|name| !name.is_empty()) {
        project.name = checked_name(&name)?;
        project.slug = slug(&project.name)?;
    }
    if let Some(description) = text(changes, "description")? {
        project.description = description;
    }
    if let Some(visibility) = text(changes, "visibility")?.filter(|text| !text.is_empty()) {
        project.visibility = checked_visibility(&visibility)?;
    }
    if let Some(engine) = text(changes, "default_engine_type")?.filter(|text| !text.is_empty()) {
        project.default_engine_type = checked_engine(&engine)?;
    }
    if let Some(environment) = text(changes, "environment")?.filter(|text| !text.is_empty()) {
        let map: Result<Map<String, Value>, _> = serde_json::from_str(&environment);
        if !map.is_ok_and(|map| map.values().all(Value::is_string)) {
            return Err(bad_value("environment", "it must be the text of a JSON object of texts"));
        }
        project.environment = environment;
    }
    for (name, field) in [
        ("shared_memory_limit", &mut project.shared_memory_limit),
        ("ephemeral_storage_request", &mut project.ephemeral_storage_request),
        ("ephemeral_storage_limit", &mut project.ephemeral_storage_limit),
    ] {
        if let Some(value) = changes.get(name).filter(|value| !value.is_null()) {
            let number: Whole = serde_json::from_value(value.clone())
                .map_err(|_| bad_value(name, "it must be a whole number"))?;
            *field = Whole(checked_int32(name, number.0)?);
        }
    }
    Ok(())
}

fn text(changes: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match changes.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(bad_value(name, "it must be a text")),
    }
}

/// What the specification declares as int32 and counts something.
fn checked_int32(name: &str, number: i64) -> Result<i64, Refusal> {
    let fits = (0..=i64::from(i32::MAX)).contains(&number);
    if fits { Ok(number) } else { Err(bad_value(name, "it must be from 0 to 2147483647")) }
}

fn checked_name(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    let length = name.chars().count();
    if (1..=255).contains(&length) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(bad_value("name", "it must have 1 to 255 characters and no control characters"))
    }
}

fn checked_visibility(text: &str) -> Result<String, Refusal> {
    match text {
        "public" | "organization" | "private" => Ok(text.to_owned()),
        _ => Err(bad_value("visibility", "it must be public, organization or private")),
    }
}

fn checked_engine(text: &str) -> Result<String, Refusal> {
    match text {
        "ml_runtime" | "legacy_engine" => Ok(text.to_owned()),
        _ => Err(bad_value("default_project_engine_type", "it must be ml_runtime or legacy_engine")),
    }
}

/// The lower-cased form of a name that URLs and folders use; never a path.
fn slug(name: &str) -> Result<String, Refusal> {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_end_matches('-').chars().take(60).collect();
    if slug.is_empty() { Err(bad_value("name", "it must hold a letter or a digit")) } else { Ok(slug) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slugs_are_never_paths() {
        assert_eq!(slug("Churn Prod").unwrap(), "churn-prod");
        assert_eq!(slug("../../etc/passwd").unwrap(), "etc-passwd");
        assert!(slug("..").is_err());
    }

    proptest! {
        #[test]
        fn any_name_is_a_folder_or_refused(name in any::<String>()) {
            if let Ok(slug) = slug(&name) {
                prop_assert!(!slug.is_empty() && !slug.contains(['/', '\\', '.', '\0']));
            }
        }
    }
}
