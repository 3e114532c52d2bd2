//! What the Models tab asks of the world, and what comes back.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::list::ListScope;
use super::state::AT_A_TIME;
use crate::api::{self, PageQuery, Pages, ProjectScope, all_pages};
use crate::config::private_file;
use crate::config::requests::{self, Change, Requests};
use crate::diagnosis::{self, Diagnosis, Subject};
use crate::probe::run::{self, Plan, Summary};
use crate::probe::{
    self, CallError, CallResult, ModelCallTarget, ModelRequest, Phases, Transport, TransportOptions,
};
use crate::secret::ApiKey;
use crate::text;
use crate::tui::effect::Context;
use crate::tui::msg;
use crate::wire::{Model, ModelBuild, ModelDeployment, Project};

use super::panel::KeyToSend;

/// Rows a page: few round trips for a long list, and something to show soon.
const PAGE: u32 = 500;

/// A request of the Models tab.
#[derive(Debug)]
pub enum Call {
    /// Models, page by page.
    List {
        scope: ListScope,
    },
    /// The deployment that stands for a model.
    Deployment {
        project_id: String,
        model_id: String,
    },
    /// Owner and rights of a project.
    Project {
        project_id: String,
    },
    /// One model call.
    Test(Box<Test>),
    /// Why a test failed.
    Explain(Box<Explain>),
    AddCollaborator {
        project_id: String,
        project: String,
        username: String,
        permission: String,
    },
    Restart(Box<ModelDeployment>),
    Stop(Box<ModelDeployment>),
    /// The requests of earlier starts.
    LoadRequests {
        file: PathBuf,
        url: String,
    },
    StoreRequests {
        file: PathBuf,
        url: String,
        model_id: String,
        change: Change,
    },
    /// A run, to its end.
    Run(Box<RunRequest>),
    /// Ends a run with a complete result.
    StopRun(CancellationToken),
    /// Writes a run into a new file, as CSV where its name ends so, else as JSON.
    Export {
        file: PathBuf,
        summary: Arc<Summary>,
    },
    /// Writes a text into a new file, for the person alone to read.
    Write {
        file: PathBuf,
        text: String,
    },
}

/// One model call as the Test panel asks for it.
#[derive(Debug, Clone)]
pub struct Test {
    pub model_id: String,
    pub number: u32,
    pub access_key: String,
    pub key: KeyToSend,
    /// What to call the key in the results.
    pub key_label: String,
    /// JSON, already read once.
    pub request: String,
}

/// A run as it is asked for.
#[derive(Debug)]
pub struct RunRequest {
    pub model_id: String,
    pub access_key: String,
    pub key: KeyToSend,
    /// JSON, already read once.
    pub request: String,
    pub plan: Plan,
    /// Cancelled when the person ends the run.
    pub stop: CancellationToken,
}

/// A failed test, and what is known about it already.
#[derive(Debug, Clone)]
pub struct Explain {
    pub number: u32,
    pub model: Model,
    pub key: KeyToSend,
    pub call: CallResult,
    /// The user of the session.
    pub signed_in: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub enum Reply {
    Page(Vec<Model>),
    /// Projects that were seen on the way.
    Projects(Vec<Project>),
    Listed(Result<(), api::Error>),
    Deployment {
        model_id: String,
        found: Result<Option<Box<(ModelBuild, ModelDeployment)>>, api::Error>,
    },
    Project {
        project_id: String,
        project: Result<Box<Project>, api::Error>,
    },
    /// `sent` is the request as it went over the wire, keys masked; empty where nothing was sent.
    Tested {
        test: Box<Test>,
        sent: String,
        call: Box<CallResult>,
    },
    Explained {
        model_id: String,
        number: u32,
        diagnosis: Box<Diagnosis>,
    },
    Requests(Result<HashMap<String, Requests>, String>),
    RequestsStored(Result<(), String>),
    RunProgress {
        model_id: String,
        summary: Arc<Summary>,
    },
    RunEnded {
        model_id: String,
        ended: Result<Arc<Summary>, CallError>,
    },
    RunStopAsked,
    Written {
        file: PathBuf,
        done: Result<(), String>,
    },
    CollaboratorAdded {
        project_id: String,
        project: String,
        username: String,
        permission: String,
        done: Result<(), api::Error>,
    },
    /// A deployment was asked to restart or to stop.
    DeploymentAsked {
        model_id: String,
        what: &'static str,
        done: Result<Box<ModelDeployment>, api::Error>,
    },
}

impl Reply {
    /// The error in it, if it failed.
    pub fn error(&self) -> Option<&api::Error> {
        match self {
            Self::Listed(Err(error))
            | Self::Deployment { found: Err(error), .. }
            | Self::Project { project: Err(error), .. }
            | Self::CollaboratorAdded { done: Err(error), .. }
            | Self::DeploymentAsked { done: Err(error), .. } => Some(error),
            _ => None,
        }
    }
}

impl Call {
    /// Carries the call out. Cancelled by dropping the future.
    pub async fn run(self, context: Context) -> Reply {
        let client = &context.session.client;
        match self {
            Self::List { scope } => Reply::Listed(list(client, scope, &context).await),
            Self::LoadRequests { file, url } => {
                let work = move || requests::load(&file, &url).map_err(|error| error.to_string());
                let done = tokio::task::spawn_blocking(work).await;
                Reply::Requests(done.unwrap_or_else(|error| Err(error.to_string())))
            }
            Self::StoreRequests { file, url, model_id, change } => {
                let work = move || {
                    requests::update(&file, Timestamp::now(), &url, &model_id, change)
                        .map_err(|error| error.to_string())
                };
                let done = tokio::task::spawn_blocking(work).await;
                Reply::RequestsStored(done.unwrap_or_else(|error| Err(error.to_string())))
            }
            Self::Run(run) => {
                let model_id = run.model_id.clone();
                Reply::RunEnded { model_id, ended: run_to_its_end(client, *run, &context).await }
            }
            Self::StopRun(stop) => {
                stop.cancel();
                Reply::RunStopAsked
            }
            Self::Export { file, summary } => {
                let name = file.clone();
                let done = tokio::task::spawn_blocking(move || export(&name, &summary)).await;
                Reply::Written { file, done: done.unwrap_or_else(|error| Err(error.to_string())) }
            }
            Self::Write { file, text } => {
                let name = file.clone();
                let done = tokio::task::spawn_blocking(move || write_new(&name, &text)).await;
                Reply::Written { file, done: done.unwrap_or_else(|error| Err(error.to_string())) }
            }
            Self::Deployment { project_id, model_id } => {
                let found = client.latest_deployment(&project_id, &model_id).await;
                Reply::Deployment { model_id, found: found.map(|found| found.map(Box::new)) }
            }
            Self::Project { project_id } => {
                let project = client.project(&project_id).await.map(Box::new);
                Reply::Project { project_id, project }
            }
            Self::Test(test) => {
                let (sent, call) = call(client, &test).await;
                Reply::Tested { test, sent, call: Box::new(call) }
            }
            Self::Explain(explain) => {
                let (model_id, number) = (explain.model.id.clone(), explain.number);
                let diagnosis = Box::new(self::explain(client, *explain).await);
                Reply::Explained { model_id, number, diagnosis }
            }
            Self::AddCollaborator { project_id, project, username, permission } => {
                let done = client.add_collaborator(&project_id, &username, &permission).await;
                Reply::CollaboratorAdded { project_id, project, username, permission, done }
            }
            Self::Restart(deployment) => {
                let done = client.restart_deployment(&deployment).await.map(Box::new);
                Reply::DeploymentAsked { model_id: deployment.model_id, what: "restart", done }
            }
            Self::Stop(deployment) => {
                let done = client.stop_deployment(&deployment).await.map(Box::new);
                Reply::DeploymentAsked { model_id: deployment.model_id, what: "stop", done }
            }
        }
    }
}

async fn list(client: &api::Client, scope: ListScope, context: &Context) -> Result<(), api::Error> {
    let show = |reply| context.progress(msg::Reply::Models(reply));
    let scope = match scope {
        ListScope::Mine => {
            // SPEC leaves open whether the list of all models takes in public ones and, for an
            // administrator, those of the whole site: it is narrowed down to the projects that are
            // one's own or that one is a collaborator of.
            let projects = all_pages(PageQuery::sized(PAGE), |query| async move {
                client.projects_page(ProjectScope::Mine, &query).await
            });
            let projects = projects.await?;
            let mine: HashSet<String> = projects.iter().map(|project| project.id.clone()).collect();
            show(Reply::Projects(projects));
            let mut pages =
                Pages::new(PageQuery::sized(PAGE), |query| async move { client.models_page(&query).await });
            while let Some(models) = pages.next().await {
                let mut models = models?;
                models.retain(|model| mine.contains(&model.project.public_identifier));
                show(Reply::Page(models));
            }
            return Ok(());
        }
        ListScope::Public => ProjectScope::Public,
        ListScope::All => ProjectScope::All,
    };
    // The list of all models knows no such choice (SPEC), so the projects are walked.
    let mut pages =
        Pages::new(PageQuery::sized(PAGE), |query| async move { client.projects_page(scope, &query).await });
    while let Some(projects) = pages.next().await {
        let projects = projects?;
        let ids: Vec<String> = projects.iter().map(|project| project.id.clone()).collect();
        show(Reply::Projects(projects));
        let mut lists = stream::iter(ids).map(|id| project_models(client, id)).buffer_unordered(AT_A_TIME);
        while let Some(models) = lists.next().await {
            show(Reply::Page(models?));
        }
    }
    Ok(())
}

async fn project_models(client: &api::Client, project_id: String) -> Result<Vec<Model>, api::Error> {
    let id = &project_id;
    all_pages(PageQuery::sized(PAGE), |query| async move { client.project_models_page(id, &query).await })
        .await
}

/// Writes a file that was not there before, for the person alone to read.
fn write_new(file: &Path, text: &str) -> Result<(), String> {
    if file.exists() {
        return Err("there is such a file already; type another name".to_owned());
    }
    private_file::write(file, text.as_bytes())
        .map_err(|error| format!("it cannot be written ({error}); type another name"))
}

fn target(client: &api::Client, access_key: &str) -> ModelCallTarget {
    ModelCallTarget { url: client.model_url().to_owned(), access_key: access_key.to_owned() }
}

fn key(client: &api::Client, choice: &KeyToSend) -> Option<ApiKey> {
    match choice {
        KeyToSend::SignedIn => client.key().cloned(),
        KeyToSend::Nothing => None,
        KeyToSend::This(key) => Some(key.clone()),
    }
}

fn transport(client: &api::Client) -> Result<Transport, CallError> {
    Transport::new(TransportOptions::from(client.options()))
}

/// Asks the workbench why a call failed.
pub async fn explain(client: &api::Client, explain: Explain) -> Diagnosis {
    let Explain { model, key: choice, call, signed_in, .. } = explain;
    let target = target(client, &model.access_key);
    let subject = Subject { model, target, key: key(client, &choice), signed_in };
    let facts = diagnosis::gather(client, &subject, &call).await;
    diagnosis::diagnose(&call, &facts)
}

/// Calls a model once; gives the request as it went over the wire too, keys masked.
pub async fn call(client: &api::Client, test: &Test) -> (String, CallResult) {
    let target = target(client, &test.access_key);
    let attempt =
        transport(client).and_then(|transport| Ok((transport, ModelRequest::parse(&test.request)?)));
    match attempt {
        Ok((transport, request)) => {
            let key = key(client, &test.key);
            let sent = probe::shown_request(&target, key.as_ref(), &request).unwrap_or_default();
            // An address and no secret, but nothing to leave on screens and in files either.
            let sent = sent.replace(&test.access_key, &text::short_id(&test.access_key));
            (sent, probe::call(&transport, &target, key.as_ref(), &request).await)
        }
        Err(error) => {
            let call = CallResult {
                started: Timestamp::now(),
                phases: Phases::default(),
                total: Duration::ZERO,
                outcome: Err(error),
                key_sent: false,
                request_size: 0,
            };
            (String::new(), call)
        }
    }
}

async fn run_to_its_end(
    client: &api::Client,
    request: RunRequest,
    context: &Context,
) -> Result<Arc<Summary>, CallError> {
    let RunRequest { model_id, access_key, key: choice, request, plan, stop } = request;
    let transport = transport(client)?;
    let request = ModelRequest::parse(&request)?;
    let target = target(client, &access_key);
    let run = run::start(plan, &transport, &target, key(client, &choice).as_ref(), &request)?;
    let stopper = run.stopper();
    let mut progress = run.progress();
    let mut finished = std::pin::pin!(run.finished());
    let mut stopping = false;
    loop {
        tokio::select! {
            summary = &mut finished => return Ok(summary),
            Ok(()) = progress.changed() => {
                let summary = Arc::clone(&progress.borrow_and_update());
                let reply = Reply::RunProgress { model_id: model_id.clone(), summary };
                context.progress(msg::Reply::Models(reply));
            }
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                stopper.stop();
            }
        }
    }
}

fn export(file: &Path, summary: &Summary) -> Result<(), String> {
    let mut text = Vec::new();
    let csv = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let written = if csv { run::write_csv(summary, &mut text) } else { run::write_json(summary, &mut text) };
    written.map_err(|error| error.to_string())?;
    write_new(file, &String::from_utf8_lossy(&text))
}
