//! What the status of a build or a deployment means.

use super::{ModelBuild, ModelDeployment};

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildState {
    /// It changes by itself.
    OnItsWay,
    Built,
    Failed,
    /// The status is none that is known.
    Unknown,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentState {
    /// It is to run, and does not yet.
    OnItsWay,
    Up,
    Stopping,
    Stopped,
    Failed,
    /// The status is none that is known.
    Unknown,
}

impl BuildState {
    /// Reads a status (SPEC; `building` OBSERVED). Programs poll for `built`, `build failed` and
    /// `timedout` (OBSERVED); `succeeded` is in the specification beside `built`.
    pub fn of(status: &str) -> Self {
        match status {
            "pending" | "queued" | "building" | "pushing" => Self::OnItsWay,
            "built" | "succeeded" => Self::Built,
            "build failed" | "timedout" => Self::Failed,
            _ => Self::Unknown,
        }
    }
}

impl DeploymentState {
    /// Reads a status (DOCS, ml-cli-listing-model-builds-and-deployments).
    pub fn of(status: &str) -> Self {
        match status {
            "pending" | "deploying" => Self::OnItsWay,
            "deployed" => Self::Up,
            "stopping" => Self::Stopping,
            "stopped" => Self::Stopped,
            "failed" => Self::Failed,
            _ => Self::Unknown,
        }
    }

    /// Whether it changes by itself.
    pub fn is_changing(self) -> bool {
        matches!(self, Self::OnItsWay | Self::Stopping)
    }

    /// Whether it is active: at most one deployment of a model is (DOCS, ml-site-admin-model-monitoring).
    pub fn is_active(self) -> bool {
        matches!(self, Self::OnItsWay | Self::Up | Self::Stopping)
    }
}

impl ModelBuild {
    /// How far it is.
    pub fn state(&self) -> BuildState {
        BuildState::of(&self.status)
    }
}

impl ModelDeployment {
    /// How far it is.
    pub fn state(&self) -> DeploymentState {
        DeploymentState::of(&self.status)
    }
}
