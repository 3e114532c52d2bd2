//! The builds of a model: which there are, which one is meant, and a new one.

use futures_util::{StreamExt as _, stream};

use super::{Error, full_name};
use crate::actions::keys::id::may_mean;
use crate::actions::{self, Kind, may_change};
use crate::api;
use crate::config::Session;
use crate::text;
use crate::wire::{BuildState, CreateModelBuildRequest, Model, ModelBuild, ModelDeployment, time};

/// What a refusal calls a new build.
pub const BUILDING: &str = "building a model";

/// Requests for deployments at a time.
const AT_A_TIME: usize = 8;
/// The newest builds whose deployments are asked for in any case. Those of older ones only while none is
/// found that is active.
const NEWEST: usize = 24;

/// A build, and its deployment: the active one, else the newest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Built {
    pub build: ModelBuild,
    /// `None`: it was never deployed, or is one of many older ones.
    pub deployment: Option<ModelDeployment>,
}

/// The builds of a model, newest first, with their deployments. There is no list of a model's
/// deployments (SPEC), so each build is asked for its own.
///
/// # Errors
/// The workbench refuses.
pub async fn builds(session: &Session, project_id: &str, model_id: &str) -> Result<Vec<Built>, api::Error> {
    let client = &session.client;
    let mut built = Vec::new();
    let builds = client.builds(project_id, model_id).await?;
    let deployments = stream::iter(builds.clone()).map(|build| async move {
        let all = client.deployments(project_id, model_id, &build.id).await?;
        Ok::<_, api::Error>(newest_active(all))
    });
    let mut deployments = deployments.buffered(AT_A_TIME);
    let mut found = false;
    for build in builds {
        let wanted = built.len() < NEWEST || !found;
        let deployment = if wanted { deployments.next().await.transpose()?.flatten() } else { None };
        found |= deployment.as_ref().is_some_and(|it| it.state().is_active());
        built.push(Built { build, deployment });
    }
    Ok(built)
}

impl Built {
    /// Whether the build or its deployment changes by itself.
    pub fn is_changing(&self) -> bool {
        let deployment = self.deployment.as_ref();
        self.build.state() == BuildState::OnItsWay || deployment.is_some_and(|it| it.state().is_changing())
    }

    /// Whether it may be another one at the next look: what is deployed ends as another takes its place.
    pub fn is_lively(&self) -> bool {
        self.is_changing() || self.deployment.as_ref().is_some_and(|it| it.state().is_active())
    }
}

/// These builds and their deployments as they are now: builds in progress and active deployments are
/// read again, the rest stays.
///
/// # Errors
/// The workbench refuses.
pub async fn look(
    session: &Session,
    project_id: &str,
    mut built: Vec<Built>,
) -> Result<Vec<Built>, api::Error> {
    for Built { build, deployment } in &mut built {
        if build.state() == BuildState::OnItsWay {
            *build = session.client.build(project_id, &build.model_id, &build.id).await?;
        }
        if let Some(deployment) = deployment.as_mut().filter(|it| it.state().is_active()) {
            *deployment = session.client.deployment(deployment).await?;
        }
    }
    Ok(built)
}

/// The active one of a build's deployments, newest first, else the newest.
fn newest_active(deployments: Vec<ModelDeployment>) -> Option<ModelDeployment> {
    let active = deployments.iter().position(|deployment| deployment.state().is_active());
    deployments.into_iter().nth(active.unwrap_or(0))
}

/// The build whose deployment stands for the model: the newest active one, since a new deployment replaces
/// the one before; else the newest.
pub fn current<'a>(
    built: impl IntoIterator<Item = &'a Built>,
) -> Option<(&'a ModelBuild, &'a ModelDeployment)> {
    let deployed = built.into_iter().filter_map(|built| Some((&built.build, built.deployment.as_ref()?)));
    deployed.max_by_key(|(_, it)| (it.state().is_active(), time::parse(&it.created_at)))
}

/// Which build of a model is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum BuildChoice {
    #[default]
    Latest,
    /// An id, its unambiguous beginning, or the short form of the tables.
    This(String),
}

impl From<&str> for BuildChoice {
    fn from(text: &str) -> Self {
        if text == "latest" { Self::Latest } else { Self::This(text.to_owned()) }
    }
}

impl BuildChoice {
    /// The build among those of `model`, newest first.
    ///
    /// # Errors
    /// None is meant, several may be, or it cannot be deployed.
    pub fn find<'a>(&self, model: &Model, built: &'a [Built]) -> Result<&'a ModelBuild, Error> {
        let build = match self {
            Self::Latest => {
                let newest = built.first().ok_or_else(|| Error::NoBuild { model: full_name(model) })?;
                &newest.build
            }
            Self::This(wanted) => named(wanted, built)?,
        };
        deployable(build).map(|()| build)
    }
}

/// Refuses a build that has failed. One in progress is deployed once it is built (OBSERVED as
/// depended on by five programs), and an unknown status is the workbench's to judge.
///
/// # Errors
/// [`Error::NotBuilt`].
pub fn deployable(build: &ModelBuild) -> Result<(), Error> {
    match build.state() {
        BuildState::Failed => Err(Error::NotBuilt {
            build: text::short_id(&build.id).into_owned(),
            status: build.status.clone(),
        }),
        BuildState::OnItsWay | BuildState::Built | BuildState::Unknown => Ok(()),
    }
}

fn named<'a>(wanted: &str, built: &'a [Built]) -> Result<&'a ModelBuild, actions::Error> {
    let builds = || built.iter().map(|built| &built.build);
    if let Some(exact) = builds().find(|build| build.id == wanted) {
        return Ok(exact);
    }
    let candidates: Vec<_> = builds().filter(|build| may_mean(wanted, &build.id)).collect();
    match candidates.as_slice() {
        [one] => Ok(one),
        [] => Err(actions::Error::NotFound { kind: Kind::Build, wanted: wanted.to_owned() }),
        many => Err(actions::Error::Ambiguous {
            kind: Kind::Build,
            wanted: wanted.to_owned(),
            candidates: many.iter().map(|build| build.id.clone()).collect(),
        }),
    }
}

/// What a new build takes; `None`: as the build before has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildWish {
    pub file: Option<String>,
    pub function: Option<String>,
    /// The identifier of a runtime.
    pub runtime: Option<String>,
    pub comment: Option<String>,
}

impl BuildWish {
    /// The request for it: what the build before had, with these changes. Its comment is not repeated.
    ///
    /// # Errors
    /// There is no build to take the rest from, and file and function are not both given.
    pub fn request(
        self,
        model: &Model,
        before: Option<&ModelBuild>,
    ) -> Result<CreateModelBuildRequest, Error> {
        if before.is_none() && (self.file.is_none() || self.function.is_none()) {
            return Err(Error::NoBuild { model: full_name(model) });
        }
        let before = before.cloned().unwrap_or_default();
        // A runtime has its kernel in it, so the one of another runtime must not be sent with it (INFERRED).
        let kernel = match &self.runtime {
            Some(runtime) if *runtime != before.runtime_identifier => String::new(),
            _ => before.kernel,
        };
        Ok(CreateModelBuildRequest {
            project_id: model.project.public_identifier.clone(),
            model_id: model.id.clone(),
            comment: self.comment.unwrap_or_default(),
            file_path: self.file.unwrap_or(before.file_path),
            function_name: self.function.unwrap_or(before.function_name),
            kernel,
            runtime_identifier: self.runtime.unwrap_or(before.runtime_identifier),
            runtime_addon_identifiers: before.runtime_addon_identifiers,
            registered_model_version_id: before.registered_model_version_id,
            model_root_dir: before.model_root_dir,
            build_script_path: before.build_script_path,
            ..CreateModelBuildRequest::default()
        })
    }
}

/// Builds `model` anew from the files that its project has now.
///
/// # Errors
/// There is nothing to go by, or the workbench refuses.
pub async fn build(session: &Session, model: &Model, wish: BuildWish) -> Result<ModelBuild, Error> {
    may_change(session, BUILDING)?;
    let project = &model.project.public_identifier;
    let builds = session.client.builds(project, &model.id).await?;
    // One that failed may have failed because of its file.
    let good = builds.iter().find(|build| build.state() != BuildState::Failed);
    Ok(session.client.create_build(&wish.request(model, good.or(builds.first()))?).await?)
}

/// What a build runs in: the last part of its runtime, else its kernel.
pub fn runtime(build: &ModelBuild) -> &str {
    match build.runtime_identifier.as_str() {
        "" => &build.kernel,
        image => image.rsplit('/').next().unwrap_or(image),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(id: &str, status: &str) -> ModelBuild {
        ModelBuild {
            id: id.into(),
            status: status.into(),
            file_path: "predict.py".into(),
            function_name: "predict".into(),
            kernel: "python3".into(),
            comment: "first".into(),
            ..ModelBuild::default()
        }
    }

    #[test]
    fn latest_is_the_newest_even_if_it_has_failed() {
        let model = Model::default();
        let built = [build("5b1c00aa", "build failed"), build("5b1c00bb", "built")]
            .map(|build| Built { build, deployment: None });
        let found = |choice: &str| BuildChoice::from(choice).find(&model, &built).map(|b| b.id.clone());
        let failed = found("latest").unwrap_err().to_string();
        assert!(failed.contains("build failed"), "{failed}");
        assert_eq!(found("5b1c00b").unwrap(), "5b1c00bb");
        let several = found("5b1c").unwrap_err().to_string();
        assert!(several.contains("5b1c00aa, 5b1c00bb"), "{several}");
        assert!(found("ffff").unwrap_err().to_string().contains("no build"));
        let none = BuildChoice::Latest.find(&model, &[]).unwrap_err();
        assert!(matches!(none, Error::NoBuild { .. }), "{none}");
    }

    #[test]
    fn the_newest_deployment_that_is_active_stands_for_the_model() {
        let built = |id: &str, status: &str, day: u8| {
            let created_at = format!("2026-11-{day:02}T09:00:00Z");
            let deployment =
                ModelDeployment { status: status.into(), created_at, ..ModelDeployment::default() };
            Built { build: build(id, "built"), deployment: Some(deployment) }
        };
        let of = |all: &[Built]| current(all).map(|(build, _)| build.id.clone());
        let back = [built("new", "deployed", 20), built("old", "pending", 21)];
        assert_eq!(of(&back).as_deref(), Some("old"), "a roll-back has begun");
        let failed = [built("new", "failed", 21), built("old", "deployed", 20)];
        assert_eq!(of(&failed).as_deref(), Some("old"));
        let stopped = [built("new", "stopped", 20), built("old", "failed", 21)];
        assert_eq!(of(&stopped).as_deref(), Some("old"));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_new_build_is_the_newest_one_with_what_was_changed() {
        let (model, newest) = (Model::default(), build("a", "built"));
        let wish = BuildWish { function: Some("score".into()), ..BuildWish::default() };
        let request = wish.request(&model, Some(&newest)).unwrap();
        assert_eq!((request.file_path.as_str(), request.function_name.as_str()), ("predict.py", "score"));
        assert_eq!((request.kernel.as_str(), request.comment.as_str()), ("python3", ""));
        let wish = BuildWish { runtime: Some("docker/r:1".into()), ..BuildWish::default() };
        let request = wish.request(&model, Some(&newest)).unwrap();
        assert_eq!((request.kernel.as_str(), request.runtime_identifier.as_str()), ("", "docker/r:1"));
        let nothing = BuildWish::default().request(&model, None).unwrap_err();
        assert!(matches!(nothing, Error::NoBuild { .. }), "{nothing}");
    }
}
