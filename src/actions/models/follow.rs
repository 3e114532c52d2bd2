//! Waiting for a build or a deployment, as the workbench tells how far it is.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::Error;
use crate::actions::{Event, Progress};
use crate::api;
use crate::config::Session;
use crate::wire::{BuildState, DeploymentState, ModelBuild, ModelDeployment};

/// Between the first two looks: a small model is built and deployed in seconds …
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// … a large one in minutes.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is built, or deployed.
    Done,
    Failed,
    /// It was stopped before it ran, or another deployment took its place.
    Stopped,
    /// The time was up, and it is still in progress.
    TimeUp,
}

/// Waits until a build is built or has failed, at most `limit`.
///
/// # Errors
/// The workbench refuses, as it does where the build was deleted. Trouble that may pass is waited out.
pub async fn follow_build(
    session: &Session,
    project_id: &str,
    build: &ModelBuild,
    limit: Duration,
    progress: &impl Progress,
) -> Result<(ModelBuild, Ended), Error> {
    let (mut build, mut looks) = (build.clone(), Looks::new(limit));
    loop {
        progress.on(Event::Status { of: "build", status: &build.status });
        let ended = match build.state() {
            BuildState::Built => Some(Ended::Done),
            BuildState::Failed => Some(Ended::Failed),
            BuildState::OnItsWay | BuildState::Unknown => None,
        };
        if let Some(ended) = ended {
            return Ok((build, ended));
        }
        let read = || session.client.build(project_id, &build.model_id, &build.id);
        let Some(now) = looks.next(read, |now| now.status != build.status).await? else {
            return Ok((build, Ended::TimeUp));
        };
        build = now;
    }
}

/// Waits until a deployment of `build` is deployed, has failed or is stopped, at most `limit`; while the
/// build is not built, for that too.
///
/// # Errors
/// As [`follow_build`].
pub async fn follow_deployment(
    session: &Session,
    build: &ModelBuild,
    deployment: &ModelDeployment,
    limit: Duration,
    progress: &impl Progress,
) -> Result<(ModelBuild, ModelDeployment, Ended), Error> {
    let (mut build, begin) = (build.clone(), Instant::now());
    if build.state() == BuildState::OnItsWay {
        let (built, ended) = follow_build(session, &deployment.project_id, &build, limit, progress).await?;
        build = built;
        if ended != Ended::Done {
            return Ok((build, deployment.clone(), ended));
        }
    }
    let left = limit.saturating_sub(begin.elapsed());
    let (deployment, ended) = follow_restart(session, deployment, left, progress).await?;
    Ok((build, deployment, ended))
}

/// Waits until a deployment whose build is built is deployed, has failed or is stopped, at most `limit`.
///
/// # Errors
/// As [`follow_build`].
pub async fn follow_restart(
    session: &Session,
    deployment: &ModelDeployment,
    limit: Duration,
    progress: &impl Progress,
) -> Result<(ModelDeployment, Ended), Error> {
    let (mut deployment, mut looks) = (deployment.clone(), Looks::new(limit));
    loop {
        progress.on(Event::Status { of: "deployment", status: &deployment.status });
        let ended = match deployment.state() {
            DeploymentState::Up => Some(Ended::Done),
            DeploymentState::Failed => Some(Ended::Failed),
            DeploymentState::Stopping | DeploymentState::Stopped => Some(Ended::Stopped),
            DeploymentState::OnItsWay | DeploymentState::Unknown => None,
        };
        if let Some(ended) = ended {
            return Ok((deployment, ended));
        }
        let read = || session.client.deployment(&deployment);
        let Some(now) = looks.next(read, |now| now.status != deployment.status).await? else {
            return Ok((deployment, Ended::TimeUp));
        };
        deployment = now;
    }
}

/// Looks at something with growing pauses until a time limit.
struct Looks {
    until: Instant,
    pause: Duration,
}

impl Looks {
    fn new(limit: Duration) -> Self {
        let now = Instant::now();
        // A limit beyond what the clock can say is none.
        let until = now.checked_add(limit).unwrap_or(now + Duration::from_secs(86_400 * 365));
        Self { until, pause: FIRST_PAUSE }
    }

    /// What `read` gives once it is `other` than before; `None` if the time is up.
    async fn next<T, F, R>(&mut self, read: F, other: impl Fn(&T) -> bool) -> Result<Option<T>, api::Error>
    where
        F: Fn() -> R,
        R: Future<Output = Result<T, api::Error>>,
    {
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            sleep(self.pause.min(left)).await;
            self.pause = (self.pause * 3 / 2).min(LONGEST_PAUSE);
            match timeout_at(self.until, read()).await {
                Ok(Ok(now)) if other(&now) => {
                    self.pause = FIRST_PAUSE;
                    return Ok(Some(now));
                }
                Ok(Err(error)) if !(error.is_passing() || error.may_be_done()) => return Err(error),
                Ok(_) => {}
                Err(_) => return Ok(None),
            }
        }
    }
}
