//! Collects what the workbench knows about a failed call.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use crate::api::{self, Client};
use crate::probe::{CallError, CallResult, FailureKind, ModelCallTarget, Phase};
use crate::secret::{ApiKey, NotAnApiKey};
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION, Collaborator, Model, Project, V2KeyDetails};

/// How long to wait for facts.
const PATIENCE: Duration = Duration::from_secs(10);

/// The call: which model, which key, which user.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The model as it was at the time of the call.
    pub model: Model,
    pub target: ModelCallTarget,
    /// The key under test.
    pub key: Option<ApiKey>,
    /// The signed-in user, who need not be the owner of the key.
    pub signed_in: Option<String>,
}

/// A fact, or why it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    Yes(T),
    /// The workbench says that it does not exist for this user (403, 404).
    Hidden,
    /// It could not be found out, and why.
    No(String),
    /// Not asked: irrelevant to this failure.
    NotAsked,
}

impl<T> Known<T> {
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Yes(value) => Some(value),
            _ => None,
        }
    }

    /// Why it is not known.
    pub fn why_not(&self) -> Option<&str> {
        match self {
            Self::Yes(_) => None,
            Self::Hidden => Some("the workbench does not show it to the signed-in user"),
            Self::No(why) => Some(why),
            Self::NotAsked => Some("it was not asked"),
        }
    }
}

/// What the workbench says about the key under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyCheck {
    /// No key was sent.
    NotSent,
    Accepted {
        username: String,
    },
    /// Rejected, with the workbench's message.
    Rejected {
        message: String,
    },
    /// A valid key, but not for API and models.
    WrongAudience {
        username: String,
    },
    /// It could not be asked, and why.
    Unchecked {
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct KeyFacts {
    pub check: KeyCheck,
    /// What it looks like, if it does not have the shape of an API key.
    pub shape: Option<NotAnApiKey>,
    /// The entry in the signed-in user's own list whose Key ID equals the first half of this key.
    /// That the two are the same is INFERRED, so this only ever supports a rejection by the
    /// workbench.
    pub listed: Option<V2KeyDetails>,
    /// The project, requested with this very key.
    pub sees_project: Known<Project>,
    /// Whether the key is also valid for the audience Application.
    pub for_applications: Known<bool>,
}

/// Whether a model can answer, read from its deployment's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelState {
    Up,
    Deploying,
    Stopped,
    Failed,
    NeverDeployed,
    /// A status that is not known yet.
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentFacts {
    pub state: ModelState,
    pub replicas: i64,
    /// Status of the build, `built` if it succeeded.
    pub build_status: String,
    /// `predict.py`
    pub file: String,
    /// `predict`
    pub function: String,
}

/// Everything that a diagnosis uses besides the call itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    pub model_name: String,
    pub model_id: String,
    pub project_id: String,
    pub project_name: String,
    pub auth_enabled: bool,
    pub signed_in: Option<String>,
    /// URL of the workbench.
    pub workbench: String,
    /// URL of the model service that was called.
    pub model_url: String,
    pub key: KeyFacts,
    /// As the signed-in user sees it.
    pub project: Known<Project>,
    pub collaborators: Known<Vec<Collaborator>>,
    pub deployment: Known<DeploymentFacts>,
    /// Whether the access key that was sent is still the model's.
    pub access_key_is_current: Known<bool>,
    /// Whether the workbench itself answers.
    pub workbench_answers: Known<bool>,
}

impl Facts {
    /// What is known without any request.
    pub fn of(client: &Client, subject: &Subject) -> Self {
        let model = &subject.model;
        let shape = subject.key.as_ref().and_then(|key| ApiKey::parse(key.expose()).err());
        let check = match subject.key {
            None => KeyCheck::NotSent,
            Some(_) => KeyCheck::Unchecked { why: "it was not asked".to_owned() },
        };
        Self {
            model_name: model.name.clone(),
            model_id: model.id.clone(),
            project_id: model.project.public_identifier.clone(),
            project_name: model.project.name.clone(),
            auth_enabled: model.auth_enabled,
            signed_in: subject.signed_in.clone(),
            workbench: client.url().to_owned(),
            model_url: subject.target.url.clone(),
            key: KeyFacts {
                check,
                shape,
                listed: None,
                sees_project: Known::NotAsked,
                for_applications: Known::NotAsked,
            },
            project: Known::NotAsked,
            collaborators: Known::NotAsked,
            deployment: Known::NotAsked,
            access_key_is_current: Known::NotAsked,
            workbench_answers: Known::NotAsked,
        }
    }
}

/// Asks the workbench everything relevant to this failure, in parallel, for at most ten seconds.
/// Changes nothing. A successful call needs no facts, so nothing is asked.
pub async fn gather(client: &Client, subject: &Subject, result: &CallResult) -> Facts {
    let mut facts = Facts::of(client, subject);
    let Some(kind) = result.failure() else { return facts };
    if kind == FailureKind::Invalid {
        return facts;
    }
    let about_access =
        matches!(kind, FailureKind::NotAuthorized | FailureKind::NotFound | FailureKind::Refused);
    let unreached = match &result.outcome {
        Err(CallError::Timeout { phase, .. }) => matches!(phase, Phase::Lookup | Phase::Connect | Phase::Tls),
        Err(CallError::Cut { .. }) => false,
        Err(_) => true,
        Ok(_) => kind == FailureKind::NotAModelService,
    };
    if unreached {
        facts.workbench_answers = answers(client).await;
        return facts;
    }

    let (project_id, model_id) = (facts.project_id.clone(), facts.model_id.clone());
    let key = async {
        match &subject.key {
            Some(key) if about_access => {
                check_key(client, key, subject.signed_in.as_deref(), &project_id, &facts.key).await
            }
            _ => facts.key.clone(),
        }
    };
    let project = when(about_access, ask(client.project(&project_id)));
    let collaborators = when(about_access, ask(client.collaborators(&project_id)));
    let model = ask(client.model(&project_id, &model_id));
    let deployment = ask(deployment(client, &project_id, &model_id));
    let (key, project, collaborators, model, deployment) =
        tokio::join!(key, project, collaborators, model, deployment);

    if let Known::Yes(model) = &model {
        facts.auth_enabled = model.auth_enabled;
    }
    facts.access_key_is_current = match model {
        Known::Yes(model) => Known::Yes(model.access_key == subject.target.access_key),
        Known::Hidden => Known::Hidden,
        Known::No(why) => Known::No(why),
        Known::NotAsked => Known::NotAsked,
    };
    (facts.key, facts.project) = (key, project);
    (facts.collaborators, facts.deployment) = (collaborators, deployment);
    facts
}

async fn check_key(
    client: &Client,
    key: &ApiKey,
    signed_in: Option<&str>,
    project_id: &str,
    known: &KeyFacts,
) -> KeyFacts {
    let own = client.with_key(key.clone());
    let listed = async {
        let username = signed_in?;
        let keys = ask(client.find_keys(username, |listed| listed.key_id == key.first_half())).await;
        keys.get()?.first().cloned()
    };
    let validity = timeout(PATIENCE, own.validate_key(AUDIENCE_API));
    let applications = ask(own.validate_key(AUDIENCE_APPLICATION));
    let sees_project = ask(own.project(project_id));
    let (validity, applications, sees_project, listed) =
        tokio::join!(validity, applications, sees_project, listed);
    let not_for_the_api = |message: String| match &applications {
        Known::Yes(answer) if answer.valid => KeyCheck::WrongAudience { username: answer.username.clone() },
        _ => KeyCheck::Rejected { message },
    };
    let check = match validity {
        Err(_) => KeyCheck::Unchecked { why: too_slow() },
        Ok(Ok(answer)) if answer.valid => KeyCheck::Accepted { username: answer.username },
        Ok(Ok(answer)) => not_for_the_api(answer.message),
        Ok(Err(error)) if error.is_rejection() => not_for_the_api(match error {
            api::Error::Refused { message, .. } => message,
            other => other.to_string(),
        }),
        Ok(Err(error)) => KeyCheck::Unchecked { why: error.to_string() },
    };
    let for_applications = match applications {
        Known::Yes(answer) => Known::Yes(answer.valid),
        // A key of another audience is refused with 403 (OBSERVED, cai-connector).
        Known::Hidden => Known::Yes(false),
        Known::No(why) => Known::No(why),
        Known::NotAsked => Known::NotAsked,
    };
    KeyFacts { check, sees_project, listed, for_applications, ..known.clone() }
}

async fn deployment(
    client: &Client,
    project_id: &str,
    model_id: &str,
) -> Result<DeploymentFacts, api::Error> {
    if let Some((build, deployment)) = client.latest_deployment(project_id, model_id).await? {
        return Ok(DeploymentFacts {
            state: ModelState::of(&deployment.status),
            replicas: deployment.replicas.0,
            build_status: build.status,
            file: build.file_path,
            function: build.function_name,
        });
    }
    let build = client.builds(project_id, model_id).await?.into_iter().next().unwrap_or_default();
    Ok(DeploymentFacts {
        state: ModelState::NeverDeployed,
        replicas: 0,
        build_status: build.status,
        file: build.file_path,
        function: build.function_name,
    })
}

impl ModelState {
    /// Reads a deployment's status (DOCS, ml-cli-listing-model-builds-and-deployments).
    pub fn of(status: &str) -> Self {
        match status {
            "deployed" => Self::Up,
            "pending" | "deploying" => Self::Deploying,
            "stopping" | "stopped" => Self::Stopped,
            "failed" => Self::Failed,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// Any answer of the API will do, including a refusal.
async fn answers(client: &Client) -> Known<bool> {
    match timeout(PATIENCE, client.validate_key(AUDIENCE_API)).await {
        Ok(Ok(_) | Err(api::Error::Refused { .. })) => Known::Yes(true),
        Ok(Err(api::Error::NoAnswer { .. })) | Err(_) => Known::Yes(false),
        Ok(Err(error)) => Known::No(error.to_string()),
    }
}

async fn ask<T>(call: impl Future<Output = Result<T, api::Error>>) -> Known<T> {
    match timeout(PATIENCE, call).await {
        Ok(Ok(value)) => Known::Yes(value),
        Ok(Err(error)) if matches!(error.status(), Some(403 | 404)) => Known::Hidden,
        Ok(Err(error)) => Known::No(error.to_string()),
        Err(_) => Known::No(too_slow()),
    }
}

async fn when<T>(wanted: bool, call: impl Future<Output = Known<T>>) -> Known<T> {
    if wanted { call.await } else { Known::NotAsked }
}

fn too_slow() -> String {
    format!("the workbench did not answer within {} s", PATIENCE.as_secs())
}
