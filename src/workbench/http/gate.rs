//! The gate in front of every operation checks who calls and whether they may. A handler behind it
//! finds the [`Caller`] in the request and, if the path names one, the project or the user.

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::auth::{self, Caller};
use super::choices::Choices;
use super::log::CallerName;
use super::refusal::{Refusal, bad_value, unknown_user};
use crate::wire;
use crate::workbench::Workbench;
use crate::workbench::behaviour::{Why, inferred};
use crate::workbench::rights::{self, Needs, Permission, Right, Standing};
use crate::workbench::store::projects::{self, StoredProject};
use crate::workbench::store::users::User;

/// The path parameter that holds a project's ID.
const PROJECT: &str = "project_id";
/// The path parameter that holds a user's name.
const USERNAME: &str = "username";

/// Which kinds of keys are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Only API keys.
    ApiV2,
    /// API keys and legacy keys.
    ApiV1,
}

/// What an operation needs to pass the gate.
#[derive(Clone)]
pub struct Gate {
    pub workbench: Workbench,
    pub needs: Needs,
    pub scheme: Scheme,
}

/// The project in the path, which the caller may see.
#[derive(Debug, Clone)]
pub struct InProject {
    pub stored: StoredProject,
    pub standing: Standing,
}

/// The user in the path, whom the caller may act for.
#[derive(Debug, Clone)]
pub struct Named(pub User);

impl FromRequestParts<Workbench> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Workbench) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Refusal::new(Why::Internal))
    }
}

impl FromRequestParts<Workbench> for InProject {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Workbench) -> Result<Self, Refusal> {
        parts.extensions.remove::<Self>().ok_or_else(|| Refusal::new(Why::Internal))
    }
}

/// The layer.
pub async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if gate.needs == Needs::Nothing {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match admit(&gate, &mut parts).await {
        Err(refusal) => refusal.into_response(),
        Ok(caller) => {
            let name = caller.user().username.clone();
            let mut response = next.run(Request::from_parts(parts, body)).await;
            response.extensions_mut().insert(CallerName(name));
            response
        }
    }
}

/// Adds the caller, and the project or user of the path, to the request; records the INFERRED
/// choice that opened the gate, if any.
async fn admit(gate: &Gate, parts: &mut Parts) -> Result<Caller, Refusal> {
    let Gate { workbench, needs, scheme } = gate;
    let owner = match scheme {
        Scheme::ApiV2 => auth::api_key_owner(workbench, &parts.headers).await?,
        Scheme::ApiV1 => auth::either_key_owner(workbench, &parts.headers).await?,
    };
    let caller = Caller(owner);
    if *needs != Needs::AnyKey && !caller.has_audience(wire::AUDIENCE_API) {
        return Err(Why::AudienceMismatch.into());
    }
    let params = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|rejection| bad_value("the path", rejection.body_text()))?;
    let named =
        |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
    let admin = caller.user().admin;
    match needs {
        Needs::Nothing | Needs::AnyKey | Needs::User => {}
        Needs::SiteAdmin if admin => {}
        Needs::SiteAdmin => return Err(Why::NotAdministrator.into()),
        Needs::Oneself => {
            let name = named(USERNAME).ok_or(Why::Internal)?;
            let user = named_user(workbench, &caller, &name).await?;
            if user.username != name {
                Choices::of(&parts.extensions).note(inferred::USER_NAMES_IN_ANY_CASE);
            }
            parts.extensions.insert(Named(user));
        }
        Needs::Project(right) => {
            let id = named(PROJECT).ok_or(Why::Internal)?;
            let project = find(workbench, &caller, id, *right).await?;
            if *right == Right::Operate && project.standing == Standing::Collaborator(Permission::Operator) {
                Choices::of(&parts.extensions).note(inferred::OPERATORS_RESTART_MODELS);
            }
            parts.extensions.insert(project);
        }
    }
    parts.extensions.insert(caller.clone());
    Ok(caller)
}

/// The user in a path, who must be the caller unless the caller is a site administrator.
async fn named_user(workbench: &Workbench, caller: &Caller, name: &str) -> Result<User, Refusal> {
    let own = &caller.user().username;
    let any_case = workbench.behaviour().rules.user_names_in_any_case;
    if name == own || (any_case && !caller.user().admin && name.eq_ignore_ascii_case(own)) {
        return Ok(caller.user().clone());
    }
    if !caller.user().admin {
        return Err(Why::ForeignUser.into());
    }
    let (looking, wanted) = (workbench.clone(), name.to_owned());
    let found: Result<_, Refusal> =
        workbench.store().read(move |db| Ok(looking.user_named(db, &wanted)?)).await;
    found?.ok_or_else(|| unknown_user(name))
}

/// A project that the caller may see and has the right for. A project that they may not see looks
/// exactly like one that never existed.
async fn find(
    workbench: &Workbench,
    caller: &Caller,
    id: String,
    right: Right,
) -> Result<InProject, Refusal> {
    let wanted = id.clone();
    let hidden = || Refusal::new(Why::HiddenProject).with("project", id.clone());
    let found = workbench.store().read(move |db| projects::by_public_id(db, &wanted)).await;
    let stored = found.map_err(Refusal::from)?.ok_or_else(hidden)?;
    let standing = workbench.standing(caller.user(), &stored).await?;
    let rules = &workbench.behaviour().rules;
    if !rights::allows(standing, Right::Read, rules) {
        return Err(hidden());
    }
    if !rights::allows(standing, right, rules) {
        return Err(Refusal::new(Why::NotPermitted).with("needed", right.permission()));
    }
    Ok(InProject { stored, standing })
}
