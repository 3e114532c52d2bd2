//! The table of rights, tested: every operation by every kind of caller.

use std::collections::BTreeSet;

use keybench::workbench::Seed;
use reqwest::Method;
use serde_json::{Value, json};

use super::model_support::deployment_path;
use super::specification;
use super::support::{As, Bench, Reply};

/// Kinds of callers. The project in question belongs to `owner`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    SiteAdmin,
    Owner,
    /// A collaborator with this permission.
    Collaborator(&'static str),
    /// A stranger, while the project is public.
    PublicReader,
    Outsider,
    NoKey,
    MalformedKey,
    ExpiredKey,
    DeletedKey,
    /// The owner, with a key for Application only.
    WrongAudience,
}

const KINDS: [Kind; 13] = [
    Kind::SiteAdmin,
    Kind::Owner,
    Kind::Collaborator("admin"),
    Kind::Collaborator("write"),
    Kind::Collaborator("operator"),
    Kind::Collaborator("read"),
    Kind::PublicReader,
    Kind::Outsider,
    Kind::NoKey,
    Kind::MalformedKey,
    Kind::ExpiredKey,
    Kind::DeletedKey,
    Kind::WrongAudience,
];

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Anyone with a key, of any audience.
    AnyKey,
    AnyUser,
    OneselfOrAdmin,
    /// Anyone who sees the project.
    Readers,
    Operators,
    Writers,
    Administrators,
    SiteAdmin,
}

/// The expected table of the workbench, written down a second time.
const EXPECTED: &[(&str, Who)] = &[
    ("ValidateAPIKey", Who::AnyKey),
    ("ListV2Keys", Who::OneselfOrAdmin),
    ("CreateV2Key", Who::OneselfOrAdmin),
    ("DeleteV2Key", Who::OneselfOrAdmin),
    ("DeleteV2Keys", Who::OneselfOrAdmin),
    ("RotateV1Key", Who::OneselfOrAdmin),
    ("GetShortUserByID", Who::AnyUser),
    ("ListUsersQuota", Who::AnyUser),
    ("ListProjects", Who::AnyUser),
    ("CreateProject", Who::AnyUser),
    ("BatchListProjects", Who::AnyUser),
    ("ListProjectNames", Who::AnyUser),
    ("GetProject", Who::Readers),
    ("UpdateProject", Who::Administrators),
    ("DeleteProject", Who::Administrators),
    ("ListProjectCollaborators", Who::Readers),
    ("AddProjectCollaborator", Who::Administrators),
    ("DeleteProjectCollaborator", Who::Administrators),
    ("ListAllModels", Who::AnyUser),
    ("ListRuntimes", Who::AnyUser),
    ("ListRuntimeAddons", Who::AnyUser),
    ("ListUsage", Who::AnyUser),
    ("ListModels", Who::Readers),
    ("CreateModel", Who::Writers),
    ("GetModel", Who::Readers),
    ("UpdateModel", Who::Writers),
    ("DeleteModel", Who::Writers),
    ("ListModelBuilds", Who::Readers),
    ("CreateModelBuild", Who::Writers),
    ("GetModelBuild", Who::Readers),
    ("DeleteModelBuild", Who::Writers),
    ("ListModelDeployments", Who::Readers),
    ("CreateModelDeployment", Who::Writers),
    ("GetModelDeployment", Who::Readers),
    ("RestartModelDeployment", Who::Operators),
    ("StopModelDeployment", Who::Operators),
    (LIST_V1_KEYS, Who::OneselfOrAdmin),
    (CREATE_V1_KEY, Who::OneselfOrAdmin),
    (DELETE_V1_KEY, Who::OneselfOrAdmin),
    (READ_CONFIG, Who::AnyUser),
    (CHANGE_CONFIG, Who::SiteAdmin),
];

/// API v1 has no names for its operations.
const READ_CONFIG: &str = "GET /api/v1/site/config";
const LIST_V1_KEYS: &str = "GET /api/v1/users/U/apikey";
const CREATE_V1_KEY: &str = "POST /api/v1/users/U/apikey";
const DELETE_V1_KEY: &str = "DELETE /api/v1/users/U/apikey/K";
const CHANGE_CONFIG: &str = "PATCH /api/v1/site/config";

/// The result for a caller.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Allowed,
    Refused(u16, i64, &'static str),
}

fn expected(who: Who, kind: Kind) -> Outcome {
    let hidden = Outcome::Refused(404, 5, "hidden-project");
    let not_permitted = Outcome::Refused(403, 7, "not-permitted");
    match (kind, who) {
        (Kind::NoKey, _) => Outcome::Refused(401, 16, ""),
        (Kind::MalformedKey, _) => Outcome::Refused(500, 2, ""),
        (Kind::ExpiredKey, _) => Outcome::Refused(401, 16, "expired-key"),
        (Kind::DeletedKey, _) => Outcome::Refused(401, 16, "unknown-key"),
        // ValidateAPIKey answers 403 as well, but only because it checks the audience API.
        (Kind::WrongAudience, _) => Outcome::Refused(403, 7, ""),
        (Kind::SiteAdmin, _) => Outcome::Allowed,
        (_, Who::SiteAdmin) => Outcome::Refused(403, 7, "not-administrator"),
        (Kind::Owner, _) | (_, Who::AnyKey | Who::AnyUser) => Outcome::Allowed,
        (_, Who::OneselfOrAdmin) => Outcome::Refused(403, 7, "foreign-user"),
        (Kind::Outsider, _) => hidden,
        (_, Who::Readers) => Outcome::Allowed,
        (Kind::Collaborator("admin"), _) => Outcome::Allowed,
        (Kind::Collaborator("write"), Who::Writers | Who::Operators) => Outcome::Allowed,
        (Kind::Collaborator("operator"), Who::Operators) => Outcome::Allowed,
        (Kind::Collaborator(_) | Kind::PublicReader, _) => not_permitted,
    }
}

/// A project created for one call, and what its paths need.
struct Scene<'a> {
    bench: &'a Bench,
    project: String,
    key: String,
    key_id: String,
    /// Paths of a model in it, and of its build and its deployment, if the call needs them.
    model: Option<[String; 3]>,
}

impl<'a> Scene<'a> {
    async fn new(bench: &'a Bench, number: usize, operation: &str, kind: Kind) -> Self {
        // A key of this scene: some of the calls delete every key of `owner`.
        let keys = "/api/v2/users/owner/v2_keys";
        let key = bench.post(As::User("admin"), keys, json!({})).await.ok()["api_key"].clone();
        let owner = As::Key(key.as_str().unwrap());
        let visibility = if kind == Kind::PublicReader { "public" } else { "private" };
        let body = json!({"name": format!("scene {number}"), "visibility": visibility});
        let project = bench.post(owner, "/api/v2/projects", body).await.ok()["id"].clone();
        let project = project.as_str().unwrap().to_owned();
        let collaborators = format!("/api/v2/projects/{project}/collaborators");
        let permission = if let Kind::Collaborator(permission) = kind { permission } else { "read" };
        for (user, permission) in [("viewer", permission), ("contributor", "read")] {
            bench
                .put(owner, &format!("{collaborators}/{user}"), json!({"permission": permission}))
                .await
                .ok();
        }
        let models = format!("/api/v2/projects/{project}/models");
        let model =
            if operation.contains("Model") { Some(deploy(bench, owner, &models).await) } else { None };
        let audience = if kind == Kind::WrongAudience { "Application" } else { "API" };
        let body = json!({"audiences": [audience], "expiry_date": "2026-11-24"});
        let key = bench.post(As::User("admin"), keys, body).await.ok();
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        let scene = Self { bench, project, key: text("api_key"), key_id: text("key_id"), model };
        if kind == Kind::DeletedKey {
            bench.delete(As::User("admin"), &scene.key_path()).await.ok();
        }
        scene
    }

    fn key_path(&self) -> String {
        format!("/api/v2/users/owner/v2_keys/{}", self.key_id)
    }

    /// A complete and valid request for an operation.
    fn request(&self, operation: &str, number: usize) -> (Method, String, Option<Value>) {
        let keys = "/api/v2/users/owner/v2_keys".to_owned();
        let project = format!("/api/v2/projects/{}", self.project);
        let collaborators = format!("{project}/collaborators");
        match operation {
            "ValidateAPIKey" => {
                (Method::POST, "/api/v2/auth/validate_key".into(), Some(json!({"audience": "API"})))
            }
            "ListV2Keys" => (Method::GET, keys, None),
            "CreateV2Key" => (Method::POST, keys, Some(json!({}))),
            "DeleteV2Key" => (Method::DELETE, self.key_path(), None),
            "DeleteV2Keys" => (Method::DELETE, keys, None),
            "RotateV1Key" => (Method::POST, "/api/v2/users/owner/v1_key:rotate".into(), Some(json!({}))),
            "GetShortUserByID" => (Method::GET, "/api/v2/users/1".into(), None),
            "ListUsersQuota" => (Method::GET, "/api/v2/usersquota".into(), None),
            "ListProjects" => (Method::GET, "/api/v2/projects".into(), None),
            "CreateProject" => {
                (Method::POST, "/api/v2/projects".into(), Some(json!({"name": format!("made {number}")})))
            }
            "BatchListProjects" => {
                (Method::GET, format!("/api/v2/projects/batch?project_ids={}", self.project), None)
            }
            "ListProjectNames" => (Method::GET, "/api/v2/projectnames".into(), None),
            "GetProject" => (Method::GET, project, None),
            "UpdateProject" => (Method::PATCH, project, Some(json!({"description": "changed"}))),
            "DeleteProject" => (Method::DELETE, project, None),
            "ListProjectCollaborators" => (Method::GET, collaborators, None),
            "AddProjectCollaborator" => {
                (Method::PUT, format!("{collaborators}/outsider"), Some(json!({"permission": "read"})))
            }
            "DeleteProjectCollaborator" => (Method::DELETE, format!("{collaborators}/contributor"), None),
            "ListAllModels" => (Method::GET, "/api/v2/models".into(), None),
            "ListRuntimes" => (Method::GET, "/api/v2/runtimes".into(), None),
            "ListRuntimeAddons" => (Method::GET, "/api/v2/runtimeaddons".into(), None),
            "ListUsage" => (Method::GET, "/api/v2/usage".into(), None),
            READ_CONFIG => (Method::GET, "/api/v1/site/config".into(), None),
            LIST_V1_KEYS => (Method::GET, "/api/v1/users/owner/apikey".into(), None),
            CREATE_V1_KEY => (Method::POST, "/api/v1/users/owner/apikey".into(), Some(json!({}))),
            DELETE_V1_KEY => (Method::DELETE, format!("/api/v1/users/owner/apikey/{}", self.key_id), None),
            CHANGE_CONFIG => (Method::PATCH, "/api/v1/site/config".into(), Some(json!({}))),
            other => self.model_request(other),
        }
    }

    fn model_request(&self, operation: &str) -> (Method, String, Option<Value>) {
        let [model, build, deployment] = self.model.clone().unwrap();
        let models = format!("/api/v2/projects/{}/models", self.project);
        let echo = json!({"kernel": "builtin", "function_name": "echo"});
        match operation {
            "ListModels" => (Method::GET, models, None),
            "CreateModel" => (Method::POST, models, Some(json!({"name": "another"}))),
            "GetModel" => (Method::GET, model, None),
            "UpdateModel" => (Method::PATCH, model, Some(json!({"description": "changed"}))),
            "DeleteModel" => (Method::DELETE, model, None),
            "ListModelBuilds" => (Method::GET, format!("{model}/builds"), None),
            "CreateModelBuild" => (Method::POST, format!("{model}/builds"), Some(echo)),
            "GetModelBuild" => (Method::GET, build, None),
            "DeleteModelBuild" => (Method::DELETE, build, None),
            "ListModelDeployments" => (Method::GET, format!("{build}/deployments"), None),
            "CreateModelDeployment" => {
                (Method::POST, format!("{build}/deployments"), Some(json!({"replicas": 1})))
            }
            "GetModelDeployment" => (Method::GET, deployment, None),
            "RestartModelDeployment" => (Method::POST, format!("{deployment}:restart"), Some(json!({}))),
            "StopModelDeployment" => (Method::POST, format!("{deployment}:stop"), Some(json!({}))),
            other => panic!("how is {other} called?"),
        }
    }

    async fn send(&self, (method, path, body): (Method, String, Option<Value>), kind: Kind) -> Reply {
        let user = match kind {
            Kind::SiteAdmin => As::User("admin"),
            Kind::Collaborator(_) => As::User("viewer"),
            Kind::PublicReader | Kind::Outsider => As::User("outsider"),
            Kind::NoKey => As::Anonymous,
            Kind::MalformedKey => As::Key("not-a-key"),
            Kind::Owner | Kind::ExpiredKey | Kind::DeletedKey | Kind::WrongAudience => As::Key(&self.key),
        };
        if kind == Kind::ExpiredKey {
            self.bench.set_time("2026-11-25T00:00:00Z");
        }
        let reply = self.bench.send(method, user, &path, body.map(|body| body.to_string())).await;
        self.bench.set_time(super::support::NOW);
        reply
    }
}

/// Creates a model with a running deployment; returns the paths of model, build and deployment.
async fn deploy(bench: &Bench, owner: As<'_>, models: &str) -> [String; 3] {
    let wish = json!({
        "name": "echo", "auto_build_model": true, "auto_deploy_model": true,
        "auto_build_config": {"kernel": "builtin", "function_name": "echo"},
    });
    let model = bench.post(owner, models, wish).await.ok();
    let project = models.split('/').nth(4).unwrap();
    let deployment = bench.deployed(project, model["id"].as_str().unwrap()).await;
    let deployment = deployment_path(project, &deployment);
    let parts: Vec<&str> = deployment.split('/').collect();
    [parts[..7].join("/"), parts[..9].join("/"), deployment]
}

/// Demo data, and builds and deployments that take no time.
async fn quick_bench() -> Bench {
    Bench::with(|options| {
        options.seed = Seed::Demo;
        options.behaviour.limits.build_step_ms = 0;
        options.behaviour.limits.deployment_step_ms = 0;
    })
    .await
}

#[tokio::test]
async fn calls_of_models_by_every_kind_of_caller() {
    let bench = quick_bench().await;
    for (number, kind) in KINDS.into_iter().enumerate() {
        let scene = Scene::new(&bench, number, "Model", kind).await;
        let [path, ..] = scene.model.clone().unwrap();
        let model = bench.get(As::User("admin"), &path).await.ok();
        let body = json!({"accessKey": model["access_key"], "request": "hello"});
        let reply = scene.send((Method::POST, "/model".to_owned(), Some(body)), kind).await;
        let (status, inferred) = match kind {
            Kind::SiteAdmin => (200, "site-admins-call-models"),
            Kind::PublicReader => (200, "public-readers-call-models"),
            Kind::Owner | Kind::Collaborator(_) => (200, ""),
            Kind::Outsider => (401, "model-refused"),
            Kind::NoKey | Kind::MalformedKey | Kind::ExpiredKey | Kind::DeletedKey => {
                (401, "model-key-refused")
            }
            // Both audiences open models, unless a behaviour file says otherwise.
            Kind::WrongAudience => (200, "model-call-audiences"),
        };
        assert_eq!((reply.status, reply.inferred.join(",")), (status, inferred.to_owned()), "{kind:?}");
        if status == 200 {
            assert_eq!(reply.body["response"], "hello");
        } else {
            assert!(!reply.body.to_string().contains("scene"), "no name leaks: {}", reply.body);
        }
    }
}

#[tokio::test]
async fn every_operation_by_every_kind_of_caller() {
    let bench = quick_bench().await;
    let document = bench.get(As::Anonymous, "/api/v2/swagger.json").await.ok();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
    let served: BTreeSet<&str> = operations.map(|it| it["operationId"].as_str().unwrap()).collect();
    // By the specification's names for what was requested, not by those of the table above.
    let mut reached = BTreeSet::new();
    let calls = EXPECTED.iter().flat_map(|row| KINDS.map(|kind| (row, kind)));
    for (number, ((operation, who), kind)) in calls.enumerate() {
        let scene = Scene::new(&bench, number, operation, kind).await;
        let request = scene.request(operation, number);
        let name = specification::name_of(request.0.as_str(), &request.1);
        let reply = scene.send(request, kind).await;
        match expected(*who, kind) {
            Outcome::Allowed => {
                assert_eq!(reply.status, 200, "{operation} {kind:?}: {reply:?}");
                reached.extend(name);
            }
            Outcome::Refused(status, code, name) => {
                let inferred: &[&str] = if name.is_empty() { &[] } else { &[name] };
                assert_eq!(reply.inferred, inferred, "{operation} {kind:?}: {reply:?}");
                assert_eq!((reply.status, reply.code()), (status, code), "{operation} {kind:?}");
            }
        }
    }
    assert_eq!(reached, served, "each served operation answers 200 at least once");
}

#[tokio::test]
async fn a_private_project_looks_to_an_outsider_like_one_that_never_was() {
    let bench = Bench::demo().await;
    let project = bench.project("churn-prod").await;
    let never = "aaaa-bbbb-cccc-dddd";
    for (method, rest, body) in [
        (Method::GET, "", None),
        (Method::PATCH, "", Some("{")),
        (Method::DELETE, "", None),
        (Method::GET, "/collaborators?sort=nonsense", None),
        (Method::PUT, "/collaborators/viewer", Some("{}")),
        (Method::DELETE, "/collaborators/viewer", None),
    ] {
        let mut replies = Vec::new();
        for id in [project.as_str(), never] {
            let path = format!("/api/v2/projects/{id}{rest}");
            let body = body.map(str::to_owned);
            let reply = bench.send(method.clone(), As::User("outsider"), &path, body).await;
            replies.push((reply.status, reply.body.to_string().replace(id, "ID"), reply.inferred));
        }
        assert_eq!(replies[0], replies[1], "{method} {rest}");
        assert_eq!(replies[0].0, 404);
    }
    let batch = format!("/api/v2/projects/batch?project_ids={project}&project_ids={never}");
    assert_eq!(bench.get(As::User("outsider"), &batch).await.ok(), json!({"projects": []}));
    // A name that another user's private project has is free for everyone.
    let body = json!({"name": "churn-prod"});
    let made = bench.post(As::User("outsider"), "/api/v2/projects", body).await.ok();
    assert_eq!(made["slug"], "churn-prod");
}

#[tokio::test]
async fn rights_change_with_the_next_request() {
    let bench = Bench::demo().await;
    let project = format!("/api/v2/projects/{}", bench.project("churn-prod").await);
    let (owner, outsider) = (As::User("owner"), As::User("outsider"));
    bench.get(outsider, &project).await.refused(404, 5, "hidden-project");
    let entry = format!("{project}/collaborators/outsider");
    bench.put(owner, &entry, json!({"permission": "read"})).await.ok();
    assert_eq!(bench.get(outsider, &project).await.ok()["permissions"]["write"], false);
    bench.put(owner, &entry, json!({"permission": "admin"})).await.ok();
    assert_eq!(bench.get(outsider, &project).await.ok()["permissions"]["admin"], true);
    bench.delete(owner, &entry).await.ok();
    bench.get(outsider, &project).await.refused(404, 5, "hidden-project");
    bench.delete(owner, &entry).await.refused(404, 5, "unknown-collaborator");
}
