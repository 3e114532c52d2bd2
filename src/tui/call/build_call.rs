//! What is asked about the builds of a model, and what came of it.

use crate::actions::models::{BuildWish, Built, Environment, Plan, Resources};
use crate::api;
use crate::probe::code::shell;
use crate::wire::{Model, ModelBuild};

/// What is asked about the builds of one model.
#[derive(Debug)]
pub enum BuildCall {
    /// All of them, with their deployments.
    List {
        project_id: String,
        model_id: String,
    },
    /// All of them without their deployments, in one request: whether there are others by now.
    Glance {
        project_id: String,
        model_id: String,
    },
    /// Those of these builds and deployments that change by themselves, again.
    Look {
        project_id: String,
        model_id: String,
        built: Vec<Built>,
    },
    /// Why a model is not running.
    Why(Box<(Model, Built)>),
    /// A new build.
    Begin {
        model: Box<Model>,
        wish: BuildWish,
    },
    Deploy(Box<Plan>),
}

/// What came of it.
#[derive(Debug)]
pub enum BuildAnswer {
    Listed(Result<Vec<Built>, api::Error>),
    Glanced(Result<Vec<ModelBuild>, api::Error>),
    Looked { model_id: String, answer: Result<Vec<Built>, api::Error> },
    Why { deployment_id: String, lines: Vec<String> },
    Begun { model_id: String, done: Result<Box<ModelBuild>, api::Error> },
    Deployed { model_id: String, done: Result<Deployed, api::Error> },
}

/// A deployment that was made.
#[derive(Debug, Clone)]
pub struct Deployed {
    pub built: Box<Built>,
    pub environment: Environment,
}

impl BuildAnswer {
    /// The workbench's error, if the answer is one.
    pub fn error(&self) -> Option<&api::Error> {
        match self {
            Self::Listed(answer) | Self::Looked { answer, .. } => answer.as_ref().err(),
            Self::Why { .. } => None,
            Self::Glanced(answer) => answer.as_ref().err(),
            Self::Begun { done, .. } => done.as_ref().err(),
            Self::Deployed { done, .. } => done.as_ref().err(),
        }
    }
}

impl BuildCall {
    /// The id of the model that it is about.
    pub fn model_id(&self) -> Option<&str> {
        match self {
            Self::List { model_id, .. } | Self::Glance { model_id, .. } | Self::Look { model_id, .. } => {
                Some(model_id)
            }
            Self::Why(of) => Some(&of.0.id),
            Self::Begin { model, .. } => Some(&model.id),
            Self::Deploy(plan) => Some(&plan.model.id),
        }
    }

    /// What to type for the same; `None` where no command does it.
    pub fn command_line(&self) -> Option<String> {
        Some(match self {
            Self::List { model_id, .. } => format!("keybench models builds {model_id}"),
            Self::Why(of) => format!("keybench models show {}", of.0.id),
            Self::Begin { model, wish } => {
                let BuildWish { file, function, runtime, comment } = wish;
                let named =
                    [("file", file), ("function", function), ("runtime", runtime), ("comment", comment)];
                let options: String = named
                    .into_iter()
                    .filter_map(|(name, value)| {
                        Some((name, value.as_deref().filter(|text| !text.is_empty())?))
                    })
                    .map(|(name, value)| format!(" --{name} {}", shell(value)))
                    .collect();
                format!("keybench models build {}{options}", model.id)
            }
            Self::Deploy(plan) => {
                let Resources { replicas, cpu, memory, .. } = plan.wish;
                let mut line = format!("keybench models deploy {} --build {}", plan.model.id, plan.build.id);
                line.extend(replicas.map(|number| format!(" --replicas {number}")));
                line.extend(cpu.map(|amount| format!(" --cpu {amount}")));
                line.extend(memory.map(|amount| format!(" --memory {amount}")));
                line
            }
            Self::Glance { .. } | Self::Look { .. } => return None,
        })
    }
}
