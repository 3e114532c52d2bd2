//! Deploying a build: a newer one, or an older one to roll back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::builds::{BuildChoice, builds, current, deployable};
use super::{Error, find};
use crate::actions::may_change;
use crate::api;
use crate::config::Session;
use crate::wire::{CreateModelDeploymentRequest, Model, ModelBuild, ModelDeployment, Whole};

/// What a refusal calls a deployment.
pub const DEPLOYING: &str = "deploying a model";

/// What a deployment is given; `None`: what the last one had, and without one the workbench's default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Resources {
    pub replicas: Option<u32>,
    /// vCPU of a replica.
    pub cpu: Option<f64>,
    /// GB of a replica.
    pub memory: Option<f64>,
    /// GPUs of a replica.
    pub gpus: Option<u32>,
}

impl Resources {
    /// What a deployment has. That its memory is in GB, as that of a request is (SPEC), is INFERRED.
    pub fn of(deployment: &ModelDeployment) -> Self {
        let count = |number: Whole| u32::try_from(number.0).ok().filter(|number| *number > 0);
        let amount = |amount: f64| Some(amount).filter(|amount| *amount > 0.0);
        Self {
            replicas: count(deployment.replicas),
            cpu: amount(deployment.cpu),
            memory: amount(deployment.memory),
            gpus: count(deployment.nvidia_gpu),
        }
    }

    /// These, and what is left open as in `other`.
    fn or(self, other: Self) -> Self {
        Self {
            replicas: self.replicas.or(other.replicas),
            cpu: self.cpu.or(other.cpu),
            memory: self.memory.or(other.memory),
            gpus: self.gpus.or(other.gpus),
        }
    }
}

/// Reads an amount of vCPU or GB: `0.5`, `2`.
///
/// # Errors
/// It is no amount.
pub fn amount(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(amount) if amount.is_finite() && amount > 0.0 => Ok(amount),
        _ => Err(format!("{text:?} is not an amount; write a number above 0, such as 0.5 or 2")),
    }
}

/// Reads a number of replicas.
///
/// # Errors
/// It is no such number.
pub fn replicas(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err(format!("{text:?} is not a number of replicas; write a whole number from 1 on")),
    }
}

/// What became of the environment variables of the last deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// So many go into the new one.
    Kept(usize),
    /// They came in a form that cannot be read, and the new one starts without.
    Unreadable,
}

/// A deployment that is about to be made.
#[derive(Debug, Clone)]
pub struct Plan {
    pub model: Model,
    pub build: ModelBuild,
    /// The deployment that stands for the model now.
    pub last: Option<ModelDeployment>,
    pub wish: Resources,
}

impl Plan {
    /// The deployment that this one replaces, with a short outage (DOCS, cdsw-models-known-issues).
    pub fn replaces(&self) -> Option<&ModelDeployment> {
        self.last.as_ref().filter(|last| last.state().is_active())
    }

    /// What it is given.
    pub fn resources(&self) -> Resources {
        self.wish.or(self.last.as_ref().map(Resources::of).unwrap_or_default())
    }

    /// The request, with the environment of the last deployment: a roll-back takes back the code, not
    /// what the code needs to run. Secrets of a deployment cannot be read back (SPEC), so they are not
    /// in it.
    fn request(&self) -> (CreateModelDeploymentRequest, Environment) {
        let last = self.last.clone().unwrap_or_default();
        let variables = variables(&last.environment);
        let environment =
            variables.as_ref().map_or(Environment::Unreadable, |kept| Environment::Kept(kept.len()));
        let Resources { replicas, cpu, memory, gpus } = self.resources();
        let request = CreateModelDeploymentRequest {
            project_id: self.model.project.public_identifier.clone(),
            model_id: self.model.id.clone(),
            build_id: self.build.id.clone(),
            // Zero is the workbench's default: proto3 cannot tell it from absent.
            cpu: cpu.unwrap_or_default(),
            memory: memory.unwrap_or_default(),
            nvidia_gpus: Whole(gpus.unwrap_or_default().into()),
            environment: variables.unwrap_or_default(),
            replicas: Whole(replicas.unwrap_or_default().into()),
            accelerator_label_id: last.accelerator_label_id,
            resource_group_id: last.resource_group_id,
            resource_profile_id: last.resource_profile_id,
            ..CreateModelDeploymentRequest::default()
        };
        (request, environment)
    }
}

/// A map as JSON text (OBSERVED, CAI_STUDIO_AGENT), empty where there is none; `None` if it is anything
/// else.
fn variables(text: &str) -> Option<BTreeMap<String, String>> {
    if text.trim().is_empty() {
        return Some(BTreeMap::new());
    }
    let map: Option<BTreeMap<String, Value>> = serde_json::from_str(text).ok()?;
    let plain = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Some(map.unwrap_or_default().into_iter().map(|(name, value)| (name, plain(value))).collect())
}

/// Finds the model as [`find`] does, and the build that is meant. Changes nothing.
///
/// # Errors
/// There is no such model or build, several fit, or the build has failed.
pub async fn plan(
    session: &Session,
    model: &str,
    choice: &BuildChoice,
    wish: Resources,
) -> Result<Plan, Error> {
    may_change(session, DEPLOYING)?;
    let model = find(session, model).await?;
    let built = builds(session, &model.project.public_identifier, &model.id).await?;
    let build = choice.find(&model, &built)?.clone();
    let last = current(&built).map(|(_, deployment)| deployment.clone());
    Ok(Plan { model, build, last, wish })
}

/// Deploys, and gives the deployment as it begins.
///
/// # Errors
/// The build has failed, or the workbench refuses.
pub async fn deploy(session: &Session, plan: &Plan) -> Result<(ModelDeployment, Environment), Error> {
    may_change(session, DEPLOYING)?;
    deployable(&plan.build)?;
    let mut plan = plan.clone();
    if let Some(last) = &mut plan.last {
        // A list may leave the environment out (INFERRED), and a roll-back without it may not run.
        *last = session.client.deployment(last).await?;
    }
    let (request, environment) = plan.request();
    let before = of_build(session, &request).await?;
    let made = match session.client.create_deployment(&request).await {
        // A gateway may stop waiting while the deployment is made: it exists all the same (OBSERVED as
        // handled, partomia).
        Err(error) if error.may_be_done() => {
            let after = of_build(session, &request).await.unwrap_or_default();
            let new = |made: &ModelDeployment| !before.iter().any(|old| old.id == made.id);
            after.into_iter().find(new).ok_or(error)?
        }
        other => other?,
    };
    Ok((made, environment))
}

async fn of_build(
    session: &Session,
    request: &CreateModelDeploymentRequest,
) -> Result<Vec<ModelDeployment>, api::Error> {
    session.client.deployments(&request.project_id, &request.model_id, &request.build_id).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_open_is_as_in_the_last_deployment() {
        let last = ModelDeployment {
            status: "deployed".into(),
            cpu: 0.5,
            memory: 4.0,
            replicas: Whole(3),
            resource_group_id: Whole(7),
            environment: r#"{"MODE":"fast","N":5}"#.into(),
            ..ModelDeployment::default()
        };
        let wish = Resources { memory: Some(8.0), ..Resources::default() };
        let mut plan = Plan { model: Model::default(), build: ModelBuild::default(), last: Some(last), wish };
        let (request, environment) = plan.request();
        assert_eq!((request.cpu, request.memory, request.replicas), (0.5, 8.0, Whole(3)));
        assert_eq!(request.resource_group_id, Whole(7));
        assert_eq!(request.environment["N"], "5");
        assert_eq!(environment, Environment::Kept(2));
        assert!(plan.replaces().is_some());
        plan.last.as_mut().unwrap().environment = "MODE=fast".into();
        plan.last.as_mut().unwrap().status = "stopped".into();
        assert_eq!(plan.request().1, Environment::Unreadable);
        assert!(plan.replaces().is_none());
        plan.last = None;
        let (request, environment) = plan.request();
        assert_eq!((request.cpu, request.replicas, environment), (0.0, Whole(0), Environment::Kept(0)));
    }

    #[test]
    fn amounts_and_numbers() {
        assert_eq!((amount(" 0.5 "), replicas("3")), (Ok(0.5), Ok(3)));
        for text in ["", "0", "-1", "NaN", "inf", "much"] {
            assert!(amount(text).is_err() && replicas(text).is_err(), "{text}");
        }
        assert!(replicas("1.5").is_err());
    }
}
