//! What the Models tab asks of the world, and what comes back.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::{self, PageQuery, Pages};
use crate::diagnosis::{self, Diagnosis, Subject};
use crate::probe::{self, CallResult, ModelCallTarget, ModelRequest, Phases, Transport, TransportOptions};
use crate::secret::ApiKey;
use crate::tui::effect::Context;
use crate::tui::msg;
use crate::wire::{Model, ModelBuild, ModelDeployment, Project};

use super::panel::KeyToSend;

/// Rows a page: few round trips for a long list, and something to show soon.
const PAGE: u32 = 200;

/// A request of the Models tab.
#[derive(Debug)]
pub enum Call {
    /// All models that the user sees, page by page.
    List,
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
    Listed(Result<(), api::Error>),
    Deployment {
        model_id: String,
        found: Result<Option<Box<(ModelBuild, ModelDeployment)>>, api::Error>,
    },
    Project {
        project_id: String,
        project: Result<Box<Project>, api::Error>,
    },
    Tested {
        test: Box<Test>,
        call: Box<CallResult>,
    },
    Explained {
        model_id: String,
        number: u32,
        diagnosis: Box<Diagnosis>,
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
            Self::List => Reply::Listed(list(client, &context).await),
            Self::Deployment { project_id, model_id } => {
                let found = client.latest_deployment(&project_id, &model_id).await;
                Reply::Deployment { model_id, found: found.map(|found| found.map(Box::new)) }
            }
            Self::Project { project_id } => {
                let project = client.project(&project_id).await.map(Box::new);
                Reply::Project { project_id, project }
            }
            Self::Test(test) => {
                let call = Box::new(call(client, &test).await);
                Reply::Tested { test, call }
            }
            Self::Explain(explain) => {
                let Explain { number, model, key: choice, call, signed_in } = *explain;
                let model_id = model.id.clone();
                let target = target(client, &model.access_key);
                let subject = Subject { model, target, key: key(client, &choice), signed_in };
                let facts = diagnosis::gather(client, &subject, &call).await;
                let diagnosis = Box::new(diagnosis::diagnose(&call, &facts));
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

async fn list(client: &api::Client, context: &Context) -> Result<(), api::Error> {
    let mut pages =
        Pages::new(PageQuery::sized(PAGE), |query| async move { client.models_page(&query).await });
    while let Some(models) = pages.next().await {
        context.progress(msg::Reply::Models(Reply::Page(models?)));
    }
    Ok(())
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

async fn call(client: &api::Client, test: &Test) -> CallResult {
    let options = client.options();
    let transport = Transport::new(TransportOptions {
        ca_cert: options.ca_cert.clone(),
        insecure: options.insecure,
        proxy: options.proxy.clone(),
        ..TransportOptions::default()
    });
    let target = target(client, &test.access_key);
    let attempt = transport.and_then(|transport| Ok((transport, ModelRequest::parse(&test.request)?)));
    match attempt {
        Ok((transport, request)) => {
            probe::call(&transport, &target, key(client, &test.key).as_ref(), &request).await
        }
        Err(error) => CallResult {
            started: Timestamp::now(),
            phases: Phases::default(),
            total: Duration::ZERO,
            outcome: Err(error),
            key_sent: false,
            request_size: 0,
        },
    }
}
