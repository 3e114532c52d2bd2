//! Model calls at the embedded workbench: those that fail are explained, and fixed by what the
//! explanation says.

use std::time::Duration;

use keybench::api::{Client, ClientOptions, NewKey, PageQuery};
use keybench::diagnosis::{Action, Cause, Diagnosis, Subject, diagnose, gather};
use keybench::probe::run::{Plan, Summary, start};
use keybench::probe::{CallResult, ModelCallTarget, ModelRequest, Transport, TransportOptions, call};
use keybench::secret::ApiKey;
use keybench::wire::Model;
use keybench::workbench::{self, Options, Running, Seed};

struct Bench {
    running: Running,
    _data: tempfile::TempDir,
}

impl Bench {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().unwrap();
        let mut options = Options::new(data.path());
        options.seed = Seed::Demo;
        options.listen = "127.0.0.1:0".parse().unwrap();
        change(&mut options);
        Self { running: workbench::start(options).await.unwrap(), _data: data }
    }

    fn key(&self, username: &str) -> ApiKey {
        let credentials = self.running.credentials().unwrap();
        credentials.into_iter().find(|c| c.username == username).unwrap().api_key
    }

    fn client(&self, username: &str) -> Client {
        let key = Some(self.key(username));
        Client::new(ClientOptions { key, ..ClientOptions::new(self.running.url.clone()) }).unwrap()
    }

    async fn model(&self, name: &str) -> Model {
        let all = self.client("admin").models_page(&PageQuery::sized(1000)).await.unwrap();
        all.items.into_iter().find(|model| model.name == name).unwrap()
    }

    fn target(&self, model: &Model) -> ModelCallTarget {
        let url = self.running.model_service_url.clone();
        ModelCallTarget { url, access_key: model.access_key.clone() }
    }

    /// Calls `model` with `key` while `signed_in` is signed in.
    async fn explain(
        &self,
        model: &Model,
        key: Option<ApiKey>,
        request: &str,
        signed_in: &str,
    ) -> (CallResult, Diagnosis) {
        let target = self.target(model);
        let transport = Transport::new(TransportOptions::default()).unwrap();
        let request = ModelRequest::parse(request).unwrap();
        let result = call(&transport, &target, key.as_ref(), &request).await;
        let signed_in_as = Some(signed_in.to_owned());
        let subject = Subject { model: model.clone(), target, key, signed_in: signed_in_as };
        let facts = gather(&self.client(signed_in), &subject, &result).await;
        let found = diagnose(&result, &facts);
        (result, found)
    }

    async fn run(&self, model: &str, request: &str, count: u64, concurrency: u32) -> Summary {
        let model = self.model(model).await;
        let transport = Transport::new(TransportOptions::default()).unwrap();
        let plan = Plan { count: Some(count), concurrency: Some(concurrency), ..Plan::default() };
        let (key, request) = (self.key("owner"), ModelRequest::parse(request).unwrap());
        let run = start(plan, &transport, &self.target(&model), Some(&key), &request).unwrap();
        Summary::clone(&*run.finished().await)
    }
}

#[tokio::test]
async fn an_outsider_is_refused_with_a_reason_added_and_answered() {
    let bench = Bench::start().await;
    let add = bench.model("add").await;
    let outsider = || Some(bench.key("outsider"));
    let request = "{\"a\":3,\"b\":5}";

    let (_, found) = bench.explain(&add, outsider(), request, "outsider").await;
    assert_eq!(found.cause, Cause::NotCollaborator);
    assert!(matches!(&found.actions[..], [Action::CopyMessage { text }]
        if text.contains("keybench collaborators add churn-prod outsider --permission read")));

    let (refused, found) = bench.explain(&add, outsider(), request, "owner").await;
    assert_eq!(found.cause, Cause::NotCollaborator);
    assert!(found.said.unwrap().contains("not authorized"), "{:?}", refused.outcome);
    let Action::AddCollaborator { project_id, username, permission, .. } = &found.actions[0] else {
        panic!("{:?}", found.actions)
    };
    bench.client("owner").add_collaborator(project_id, username, permission).await.unwrap();

    let (passed, found) = bench.explain(&add, outsider(), request, "owner").await;
    assert_eq!(found.cause, Cause::Passed);
    let answer = passed.answer().unwrap();
    assert_eq!(answer.response.as_ref().map(keybench::text::json::Json::as_str), Some("8"));
    assert!(answer.replica_id.as_ref().unwrap().starts_with("add-"));
}

#[tokio::test]
async fn keys_that_are_not_accepted_are_distinguished() {
    let api = vec!["API".to_owned()];
    let bench = Bench::with(|options| options.behaviour.rules.model_call_audiences = api).await;
    let add = bench.model("add").await;
    let owner = bench.client("owner");
    let cause = async |key: Option<ApiKey>| bench.explain(&add, key, "{}", "owner").await.1.cause;

    assert_eq!(cause(None).await, Cause::NoKey);
    let unknown = ApiKey::parse(&format!("{}.{}", "0a".repeat(32), "9f".repeat(32))).unwrap();
    assert_eq!(cause(Some(unknown)).await, Cause::KeyUnknown);
    assert_eq!(cause(Some(ApiKey::from_workbench("m".repeat(32)))).await, Cause::KeyMalformed);

    let created = owner.create_key("owner", &NewKey::default()).await.unwrap();
    assert_ne!(cause(Some(created.api_key.clone())).await, Cause::KeyUnknown);
    owner.delete_key("owner", &created.key_id).await.unwrap();
    assert_eq!(cause(Some(created.api_key)).await, Cause::KeyUnknown);

    let audiences = vec!["Application".to_owned()];
    let created = owner.create_key("owner", &NewKey { audiences, ..NewKey::default() }).await.unwrap();
    assert_eq!(cause(Some(created.api_key)).await, Cause::KeyAudience);
}

#[tokio::test]
async fn models_that_do_not_answer_are_distinguished() {
    let bench = Bench::start().await;
    let owner = || Some(bench.key("owner"));
    let cause = async |model: &str, request: &str| {
        let model = bench.model(model).await;
        bench.explain(&model, owner(), request, "owner").await.1
    };
    assert_eq!(cause("retired", "{}").await.cause, Cause::Stopped);
    assert_eq!(cause("flaky", "{\"p\":1.0,\"seed\":1}").await.cause, Cause::FunctionFailed);

    let echo = bench.model("echo").await;
    assert_eq!(bench.explain(&echo, None, "{\"x\":1}", "owner").await.1.cause, Cause::Passed);
    assert_eq!(bench.explain(&echo, owner(), "{\"x\":1}", "owner").await.1.cause, Cause::KeyNotNeeded);

    let stale = Model { access_key: format!("m{}", "0".repeat(31)), ..bench.model("add").await };
    assert_eq!(bench.explain(&stale, owner(), "{}", "owner").await.1.cause, Cause::WrongAccessKey);

    let bench = Bench::with(|options| options.request_timeout = Duration::from_millis(300)).await;
    let slow = bench.model("slow").await;
    let (_, found) = bench.explain(&slow, Some(bench.key("owner")), "{\"ms\":600000}", "owner").await;
    assert_eq!(found.cause, Cause::RequestTimeout);
}

#[tokio::test]
async fn a_model_without_a_free_replica_is_busy() {
    let bench = Bench::with(|options| options.busy_wait = Duration::from_millis(200)).await;
    let slow = bench.model("slow").await;
    let occupied = bench.run("slow", "{\"ms\":600000}", 1, 1);
    let asked = bench.explain(&slow, Some(bench.key("owner")), "{\"ms\":600000}", "owner");
    // The second caller waits too long; which one that is does not matter. The first one has no answer.
    tokio::select! {
        summary = occupied => assert_eq!(summary.busy, 1, "{summary:?}"),
        (_, found) = asked => assert_eq!(found.cause, Cause::Busy),
    }
}

#[tokio::test]
async fn a_run_shares_its_requests_between_the_replicas() {
    let bench = Bench::start().await;
    let summary = bench.run("add", "{\"a\":3,\"b\":5}", 400, 8).await;
    assert_eq!((summary.total, summary.ok), (400, 400), "{:?}", summary.failures);
    assert_eq!(summary.replicas.len(), 2, "{:?}", summary.replicas);
    assert_eq!(summary.replicas.values().map(|replica| replica.requests).sum::<u64>(), 400);

    let failing = bench.run("flaky", "{\"p\":1.0,\"seed\":1}", 20, 2).await;
    assert_eq!(failing.failures["model_failed"], 20, "{:?}", failing.failures);
}
