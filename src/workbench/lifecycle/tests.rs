use super::deployments::{DEPLOYED, wanted};
use super::*;
use crate::wire::{Model, ShortCreateModelDeployment, Whole};
use crate::workbench::logs::Logs;
use crate::workbench::replicas::{Outcome, Settings};
use crate::workbench::store::{builds, deployments as rows, facts, models, users};
use serde_json::value::to_raw_value;

struct Bench {
    data: tempfile::TempDir,
    store: Store,
    lifecycle: Lifecycle,
    user_id: i64,
    model_id: i64,
}

fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn lifecycle(data: &std::path::Path, store: &Store) -> Lifecycle {
    let settings = Settings {
        busy_wait: Duration::from_secs(30),
        request_timeout: Duration::from_secs(30),
        start_limit: Duration::from_secs(60),
        logs: Logs::default(),
        python: python::Python::with_interpreter(data, None, None).unwrap(),
    };
    let steps = Steps { build: Duration::ZERO, deployment: Duration::ZERO };
    let api = Api { url: "http://127.0.0.1:8642".to_owned(), authorities: None };
    let snapshots = Snapshots::new(data.join("builds"));
    let replicas = Replicas::new(settings);
    Lifecycle::new(store.clone(), replicas, snapshots, data.join("projects"), api, steps, Arc::new(now))
}

impl Bench {
    /// A project with one model, and a table that records every status a row ever had.
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        let (user_id, model_id) = store
            .write(|db| {
                facts::set(db, facts::WORKSPACE, "w")?;
                let user_id = users::insert(db, "owner", "Olive Owner", false, now())?;
                let project_id = projects::insert(
                    db,
                    &projects::NewProjectRow {
                        public_id: "abcd-abcd-abcd-abcd",
                        name: "Churn Prod",
                        slug: "churn-prod",
                        owner_id: user_id,
                        description: "",
                        visibility: "private",
                        default_engine_type: "ml_runtime",
                        shared_memory_limit: 64,
                        environment: r#"{"COLOUR":"red","N":5}"#,
                        now: now(),
                    },
                )?;
                let model = Model {
                    id: "m".to_owned(),
                    name: "add".to_owned(),
                    access_key: "k".to_owned(),
                    ..Model::default()
                };
                let model_id = models::insert(db, project_id, user_id, &model, now())?;
                db.execute_batch(
                    "CREATE TABLE steps (of TEXT, status TEXT);
                     CREATE TRIGGER build_steps AFTER UPDATE OF status ON builds
                     BEGIN INSERT INTO steps VALUES ('b' || NEW.id, NEW.status); END;
                     CREATE TRIGGER deployment_steps AFTER UPDATE OF status ON deployments
                     BEGIN INSERT INTO steps VALUES ('d' || NEW.id, NEW.status); END;",
                )
                .map_err(StoreError::from)?;
                Ok::<_, StoreError>((user_id, model_id))
            })
            .await
            .unwrap();
        let lifecycle = lifecycle(data.path(), &store);
        Self { data, store, lifecycle, user_id, model_id }
    }

    async fn build(&self, build: ModelBuild, deploy: Option<ShortCreateModelDeployment>) -> i64 {
        let id = self.insert(build, deploy).await;
        self.lifecycle.begin_build(id);
        id
    }

    /// A build that has not been started.
    async fn insert(&self, build: ModelBuild, deploy: Option<ShortCreateModelDeployment>) -> i64 {
        let (user_id, model_id) = (self.user_id, self.model_id);
        self.store
            .write(move |db| {
                let build = ModelBuild { status: builds_pending(), ..build };
                builds::insert(db, model_id, user_id, &build, deploy.as_ref(), now())
            })
            .await
            .unwrap()
    }

    async fn deploy(&self, build_id: i64) -> i64 {
        let stored = self.insert_deployment(build_id).await;
        let id = stored.id;
        self.lifecycle.begin_deployment(stored);
        id
    }

    /// A deployment that has not been started.
    async fn insert_deployment(&self, build_id: i64) -> rows::StoredDeployment {
        let (user_id, model_id) = (self.user_id, self.model_id);
        self.store
            .write(move |db| {
                let new = wanted(&ShortCreateModelDeployment::default(), 1);
                let id = rows::insert(db, model_id, build_id, user_id, &new, now())?;
                rows::by_id(db, id)
            })
            .await
            .unwrap()
            .unwrap()
    }

    async fn steps(&self, of: &str) -> Vec<String> {
        let of = of.to_owned();
        self.store
            .read(move |db| {
                let mut select = db.prepare("SELECT status FROM steps WHERE of = ? ORDER BY rowid")?;
                let steps = select.query_map([of], |row| row.get(0))?.collect::<Result<_, _>>()?;
                Ok::<_, StoreError>(steps)
            })
            .await
            .unwrap()
    }

    async fn deployment(&self, id: i64) -> rows::StoredDeployment {
        self.store.read(move |db| rows::by_id(db, id)).await.unwrap().unwrap()
    }

    async fn set_status(&self, id: i64, status: &'static str) -> rows::StoredDeployment {
        self.store.write(move |db| rows::set_status(db, id, status, now())).await.unwrap();
        self.deployment(id).await
    }

    async fn call(&self, deployment: i64, request: serde_json::Value) -> Outcome {
        let uuid = self.deployment(deployment).await.deployment.id;
        self.lifecycle.replicas().call(&uuid, &to_raw_value(&request).unwrap()).await
    }
}

fn builds_pending() -> String {
    super::builds::PENDING.to_owned()
}

fn builtin(name: &str) -> ModelBuild {
    ModelBuild {
        id: uuid::Uuid::new_v4().to_string(),
        kernel: "builtin".to_owned(),
        function_name: name.to_owned(),
        ..ModelBuild::default()
    }
}

fn replica(outcome: Outcome) -> (Arc<str>, String) {
    match outcome {
        Outcome::Answered { replica, response } => (replica, response.get().to_owned()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_build_goes_its_steps_and_deploys_when_it_was_asked_to() {
    let bench = Bench::new().await;
    let wish = ShortCreateModelDeployment { replicas: Whole(2), ..ShortCreateModelDeployment::default() };
    bench.build(builtin("add"), Some(wish)).await;
    bench.lifecycle.settle().await;
    assert_eq!(bench.steps("b1").await, ["queued", "building", "pushing", "built"]);
    assert_eq!(bench.steps("d1").await, ["deploying", "deployed"]);
    let (name, response) = replica(bench.call(1, serde_json::json!({"a": 1, "b": 2})).await);
    assert!(name.starts_with("add-1-1-"), "{name}");
    assert_eq!(response, "3");
}

#[tokio::test]
async fn a_build_without_its_function_fails_and_says_why() {
    let bench = Bench::new().await;
    let id = bench.build(ModelBuild { comment: "first try".to_owned(), ..builtin("subtract") }, None).await;
    bench.lifecycle.settle().await;
    assert_eq!(bench.steps("b1").await, ["queued", "building", "build failed"]);
    let stored = bench.store.read(move |db| builds::by_id(db, id)).await.unwrap().unwrap();
    assert!(stored.log.contains("no builtin function \"subtract\""), "{}", stored.log);
    assert!(stored.build.comment.starts_with("first try\n\n"), "{}", stored.build.comment);
    assert_eq!(stored.build.built_at, "");
}

#[tokio::test]
async fn a_deployment_waits_for_its_build_and_fails_with_it() {
    let bench = Bench::new().await;
    let (good, bad) =
        (bench.insert(builtin("add"), None).await, bench.insert(builtin("subtract"), None).await);
    let (waiting, failing) = (bench.insert_deployment(good).await, bench.insert_deployment(bad).await);
    assert_eq!(bench.deployment(waiting.id).await.deployment.status, "pending");
    bench.lifecycle.begin_build(good);
    bench.lifecycle.begin_build(bad);
    bench.lifecycle.settle().await;
    assert_eq!(bench.steps("d1").await, ["deploying", "deployed"]);
    assert_eq!(bench.steps("d2").await, ["failed"]);
    assert_eq!(bench.deployment(failing.id).await.deployment.status, "failed");
    replica(bench.call(waiting.id, serde_json::json!({"a": 1, "b": 2})).await);
}

#[tokio::test]
async fn the_next_server_builds_what_a_deployment_waits_for() {
    let bench = Bench::new().await;
    let build = bench.insert(builtin("echo"), None).await;
    let waiting = bench.insert_deployment(build).await;
    bench.lifecycle.resume().await.unwrap();
    bench.lifecycle.settle().await;
    assert_eq!(bench.steps("d1").await, ["deploying", "deployed"]);
    replica(bench.call(waiting.id, 1.into()).await);
}

#[tokio::test]
async fn a_new_deployment_replaces_the_old_one_and_a_restart_renames_the_replicas() {
    let bench = Bench::new().await;
    let build = bench.build(builtin("echo"), None).await;
    bench.lifecycle.settle().await;
    let first = bench.deploy(build).await;
    bench.lifecycle.settle().await;
    let second = bench.deploy(build).await;
    bench.lifecycle.settle().await;
    assert_eq!(bench.steps("d1").await, ["deploying", "deployed", "stopping", "stopped"]);
    assert_ne!(bench.deployment(first).await.deployment.stopped_at, "");
    assert!(matches!(bench.call(first, 1.into()).await, Outcome::NotRunning));
    let (before, _) = replica(bench.call(second, 1.into()).await);

    let stored = bench.set_status(second, super::deployments::DEPLOYING).await;
    bench.lifecycle.begin_restart(stored);
    bench.lifecycle.settle().await;
    let (after, _) = replica(bench.call(second, 1.into()).await);
    assert_ne!(before, after);

    let stored = bench.set_status(second, super::deployments::STOPPING).await;
    bench.lifecycle.begin_stop(stored);
    bench.lifecycle.settle().await;
    assert_eq!(bench.deployment(second).await.deployment.status, "stopped");
    assert!(bench.lifecycle.replicas().running().is_empty());
}

/// A stop takes as long as a call in flight.
#[tokio::test]
async fn a_deployment_that_is_restarted_while_it_stops_comes_up_again() {
    let bench = Bench::new().await;
    let build = bench.build(builtin("echo"), None).await;
    bench.lifecycle.settle().await;
    let id = bench.deploy(build).await;
    bench.lifecycle.settle().await;
    let stopping = bench.set_status(id, super::deployments::STOPPING).await;
    let restarted = bench.set_status(id, super::deployments::DEPLOYING).await;
    bench.lifecycle.begin_stop(stopping);
    bench.lifecycle.begin_restart(restarted);
    bench.lifecycle.settle().await;
    assert_eq!(bench.deployment(id).await.deployment.status, DEPLOYED);
    replica(bench.call(id, 1.into()).await);
}

#[tokio::test]
async fn a_deployment_that_is_stopped_while_it_comes_up_does_not_come_up() {
    let bench = Bench::new().await;
    let build = bench.build(builtin("echo"), None).await;
    bench.lifecycle.settle().await;
    let id = bench.deploy(build).await;
    let stored = bench.set_status(id, super::deployments::STOPPING).await;
    bench.lifecycle.begin_stop(stored);
    bench.lifecycle.settle().await;
    assert_eq!(bench.deployment(id).await.deployment.status, "stopped");
    assert!(bench.lifecycle.replicas().running().is_empty());
}

#[tokio::test]
async fn the_next_server_takes_up_what_the_last_one_left() {
    let bench = Bench::new().await;
    let build = bench.build(builtin("echo"), None).await;
    bench.lifecycle.settle().await;
    let ids = [bench.deploy(build).await, bench.deploy(build).await, bench.deploy(build).await];
    bench.lifecycle.settle().await;
    bench.lifecycle.shut_down().await;
    assert_eq!(bench.deployment(ids[2]).await.deployment.status, DEPLOYED);
    // The state of a server that ends while a new deployment replaces the previous one.
    bench.set_status(ids[0], super::deployments::STOPPING).await;
    bench.set_status(ids[1], DEPLOYED).await;
    let unfinished = bench.build(builtin("add"), None).await;

    let next = lifecycle(bench.data.path(), &bench.store);
    next.resume().await.unwrap();
    assert_eq!(next.replicas().running(), [bench.deployment(ids[2]).await.deployment.id]);
    for id in &ids[..2] {
        assert_eq!(bench.deployment(*id).await.deployment.status, "stopped");
    }
    next.settle().await;
    let stored = bench.store.read(move |db| builds::by_id(db, unfinished)).await.unwrap().unwrap();
    assert_eq!(stored.build.status, "built");
}

#[tokio::test]
async fn replicas_of_deleted_models_end() {
    let bench = Bench::new().await;
    let build = bench.build(builtin("echo"), None).await;
    bench.lifecycle.settle().await;
    bench.deploy(build).await;
    bench.lifecycle.settle().await;
    let model_id = bench.model_id;
    bench.store.write(move |db| models::delete(db, model_id)).await.unwrap();
    bench.lifecycle.begin_clearing();
    bench.lifecycle.settle().await;
    assert!(bench.lifecycle.replicas().running().is_empty());
}
