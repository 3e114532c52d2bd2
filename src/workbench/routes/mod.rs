//! What is served: one table, from which both the router and the specification are generated.

mod build_wishes;
mod builds;
mod collaborators;
mod deployments;
mod keys;
mod legacy_keys;
mod lists;
mod model_service;
mod models;
mod pages;
mod paths;
mod project_changes;
mod projects;
mod python_client;
mod resources;
mod runtimes;
mod site;
mod usage;
mod users;
mod v1_keys;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use futures_util::FutureExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::Workbench;
use super::behaviour::Why;
use super::http::front::Answers;
use super::http::gate::{self, Gate, Scheme};
use super::http::refusal::{self, Refusal};
use super::http::verbs::{join_verb, route_path};
use super::http::{auth, choices, front, log, operations};
use super::rights::{Needs, Right};

/// An operation of API v2 that is served.
struct Served {
    /// Its name in the specification, which has its method and path.
    operation: &'static str,
    needs: Needs,
    handler: fn() -> MethodRouter<Workbench>,
}

const fn serve(operation: &'static str, needs: Needs, handler: fn() -> MethodRouter<Workbench>) -> Served {
    Served { operation, needs, handler }
}

/// Every operation of API v2 that is served, and what it needs.
const TABLE: &[Served] = &[
    serve("ValidateAPIKey", Needs::AnyKey, || post(keys::validate)),
    serve("ListV2Keys", Needs::Oneself, || get(keys::list)),
    serve("CreateV2Key", Needs::Oneself, || post(keys::create)),
    serve("DeleteV2Keys", Needs::Oneself, || delete(keys::remove_all)),
    serve("DeleteV2Key", Needs::Oneself, || delete(keys::remove)),
    serve("RotateV1Key", Needs::Oneself, || post(legacy_keys::rotate)),
    serve("GetShortUserByID", Needs::User, || get(users::short)),
    serve("ListUsersQuota", Needs::User, || get(users::quotas)),
    serve("ListProjects", Needs::User, || get(projects::list)),
    serve("CreateProject", Needs::User, || post(projects::create)),
    serve("BatchListProjects", Needs::User, || get(projects::batch)),
    serve("ListProjectNames", Needs::User, || get(projects::names)),
    serve("GetProject", Needs::Project(Right::Read), || get(projects::show)),
    serve("UpdateProject", Needs::Project(Right::Administer), || patch(projects::update)),
    serve("DeleteProject", Needs::Project(Right::Administer), || delete(projects::remove)),
    serve("ListProjectCollaborators", Needs::Project(Right::Read), || get(collaborators::list)),
    serve("AddProjectCollaborator", Needs::Project(Right::Administer), || put(collaborators::set)),
    serve("DeleteProjectCollaborator", Needs::Project(Right::Administer), || delete(collaborators::remove)),
    serve("ListAllModels", Needs::User, || get(models::list_all)),
    serve("ListModels", Needs::Project(Right::Read), || get(models::list_in_project)),
    serve("CreateModel", Needs::Project(Right::Write), || post(models::create)),
    serve("GetModel", Needs::Project(Right::Read), || get(models::show)),
    serve("UpdateModel", Needs::Project(Right::Write), || patch(models::update)),
    serve("DeleteModel", Needs::Project(Right::Write), || delete(models::remove)),
    serve("ListModelBuilds", Needs::Project(Right::Read), || get(builds::list_of_model)),
    serve("CreateModelBuild", Needs::Project(Right::Write), || post(builds::create)),
    serve("GetModelBuild", Needs::Project(Right::Read), || get(builds::show)),
    serve("DeleteModelBuild", Needs::Project(Right::Write), || delete(builds::remove)),
    serve("ListModelDeployments", Needs::Project(Right::Read), || get(deployments::list_of_build)),
    serve("CreateModelDeployment", Needs::Project(Right::Write), || post(deployments::create)),
    serve("GetModelDeployment", Needs::Project(Right::Read), || get(deployments::show)),
    serve("RestartModelDeployment", Needs::Project(Right::Operate), || post(deployments::restart)),
    serve("StopModelDeployment", Needs::Project(Right::Operate), || post(deployments::stop)),
    serve("ListRuntimes", Needs::User, || get(runtimes::list_all)),
    serve("ListRuntimeAddons", Needs::User, || get(runtimes::list_addons)),
    serve("ListUsage", Needs::User, || get(usage::list)),
];

/// Every operation served, by its name in the specification.
pub fn served() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|served| served.operation)
}

/// The router of a workbench.
pub fn router(workbench: &Workbench) -> Router {
    let mut router = Router::new().without_v07_checks();
    for served in TABLE {
        let Some(operation) = operations::named(served.operation) else { continue };
        let gate = Gate { workbench: workbench.clone(), needs: served.needs, scheme: Scheme::ApiV2 };
        let handler = (served.handler)().layer(from_fn_with_state(gate, gate::pass));
        router = router.route(&route_path(operation), handler);
    }
    let v1 = |needs, handler: MethodRouter<Workbench>| {
        let gate = Gate { workbench: workbench.clone(), needs, scheme: Scheme::ApiV1 };
        handler.layer(from_fn_with_state(gate, gate::pass))
    };
    let limits = &workbench.behaviour().limits;
    let router = router
        .route("/api/v1/site/config", v1(Needs::User, get(site::config)))
        .route("/api/v1/site/config", v1(Needs::SiteAdmin, patch(site::change)))
        .route("/api/v1/users", v1(Needs::SiteAdmin, get(users::all)))
        .route("/api/v1/users/{username}/apikey", v1(Needs::Oneself, get(v1_keys::list)))
        .route("/api/v1/users/{username}/apikey", v1(Needs::Oneself, post(v1_keys::create)))
        .route("/api/v1/users/{username}/apikey/{keyid}", v1(Needs::Oneself, delete(v1_keys::remove)))
        .route("/api/v2/swagger.json", get(site::specification))
        .route("/api/v2/python.tar.gz", get(python_client::archive))
        .route("/api/v2/swagger.html", get(pages::specification))
        .route("/api/v2/python.html", get(pages::python))
        .route("/sense-bootstrap.json", get(site::bootstrap))
        .route("/model", post(model_service::call))
        .method_not_allowed_fallback(elsewhere)
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(limits.body_bytes));
    let router = match limits.api_latency_ms {
        0 => router,
        _ => router.layer(from_fn_with_state(workbench.clone(), wait)),
    };
    router
        .layer(from_fn(front::checked_head))
        .layer(map_response_with_state(workbench.clone(), refusal::rendered))
        .layer(from_fn(choices::tell))
        .layer(from_fn_with_state(workbench.access_log().clone(), log::request_ids))
        .with_state(workbench.clone())
}

/// Answers with a router.
pub fn answers(router: Router) -> Answers {
    let router = TowerToHyperService::new(router);
    Arc::new(move |request| Box::pin(router.call(request).map(|Ok(answer)| answer)))
}

/// The same, but calls of models do not pass through the layers of the router: every microsecond of
/// theirs counts.
pub fn answers_with_direct_calls(router: Router, workbench: Workbench) -> Answers {
    let others = answers(router);
    Arc::new(move |request| match (request.method(), request.uri().path()) {
        (&Method::POST, "/model") => Box::pin(model_service::call_directly(workbench.clone(), request)),
        _ => others(request),
    })
}

/// Delays the API by the time in the behaviour file.
async fn wait(State(workbench): State<Workbench>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/api/") {
        tokio::time::sleep(Duration::from_millis(workbench.behaviour().limits.api_latency_ms)).await;
    }
    next.run(request).await
}

/// The answer for unknown paths: 501 for an operation of the real product, 405 for a method that a
/// path here does not support, 404 for the rest. Callers without a key learn nothing about API v1
/// (OBSERVED: 401, not 404), nor which operations of API v2 are missing here.
async fn elsewhere(
    State(workbench): State<Workbench>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<(), Refusal> {
    let path = join_verb(uri.path());
    let operation = operations::at(method.as_str(), &path);
    if operation.is_some() {
        auth::api_key_owner(&workbench, &headers).await?;
    } else if path.starts_with("/api/v1/") {
        auth::either_key_owner(&workbench, &headers).await?;
    }
    if let Some(operation) = operation {
        return Err(Refusal::new(Why::NotServed).with("operation", operation.id));
    }
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let other_method = known.iter().any(|method| operations::at(method, &path).is_some());
    let refusal =
        if other_method || OURS.contains(&path.as_str()) { Why::WrongMethod } else { Why::UnknownPath };
    Err(refusal.into())
}

/// Whether a served path that is not in the specification may begin with `prefix`.
pub fn may_begin(prefix: &str) -> bool {
    OURS.iter().any(|ours| ours.starts_with(prefix) || prefix.starts_with(ours))
}

/// Served paths that are not in the specification.
const OURS: &[&str] = &[
    "/api/v1/site/config",
    "/api/v1/users",
    "/api/v2/swagger.json",
    "/api/v2/swagger.html",
    "/api/v2/python.html",
    "/api/v2/python.tar.gz",
    "/sense-bootstrap.json",
    "/model",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_an_operation_with_a_specification() {
        for served in TABLE {
            assert!(operations::named(served.operation).is_some(), "{}", served.operation);
        }
        let document = operations::specification(served());
        let count: usize = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .map(|methods| methods.as_object().unwrap().len())
            .sum();
        assert_eq!(count, TABLE.len());
    }
}
