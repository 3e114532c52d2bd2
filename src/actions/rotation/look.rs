//! What a rotation would do, without doing it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::machine::{Machine, Real};
use super::plan::Plan;
use super::read::Purpose;
use super::{Error, Request};
use crate::config::Session;
use crate::wire::V2KeyDetails;

/// What a rotation would do now, and why.
#[derive(Debug)]
pub struct Outlook {
    pub name: String,
    pub username: String,
    /// The keys of the name.
    pub keys: Vec<V2KeyDetails>,
    pub plan: Plan,
    /// A file that says which key the service has, and is not there although one may be in use.
    pub missing: Option<PathBuf>,
    /// The workbench's time for which this holds.
    pub at: Timestamp,
}

impl Outlook {
    /// The key that the service has.
    pub fn current(&self) -> Option<&V2KeyDetails> {
        self.keys.iter().find(|key| Some(&key.key_id) == self.plan.current.as_ref())
    }

    /// `nothing`, `create`, `rotate`, `clean_up`, `contested` or `blocked`.
    pub fn action(&self) -> &'static str {
        let plan = &self.plan;
        match plan.create {
            _ if !plan.contested.is_empty() => "contested",
            Some(_) if plan.has_too_many_in_doubt() => "blocked",
            Some(_) if self.keys.is_empty() => "create",
            Some(_) => "rotate",
            None if plan.never_handed_over.is_empty() && plan.outlived.is_empty() => "nothing",
            None => "clean_up",
        }
    }

    /// Why a key would be made.
    pub fn reason(&self) -> Option<&'static str> {
        Some(self.plan.create?.text_for(!self.keys.is_empty()))
    }
}

/// Looks at what a rotation would do. Writes nothing, here and on the workbench.
///
/// # Errors
/// As for a rotation.
pub async fn look(session: &Session, request: &Request) -> Result<Outlook, Error> {
    look_on(&Real { session, progress: &() }, request).await
}

/// The same on any machine.
pub(in crate::actions) async fn look_on<M: Machine>(
    machine: &M,
    request: &Request,
) -> Result<Outlook, Error> {
    let state = machine.read(request, Purpose::Look).await?;
    let at = machine.now();
    let mut plan = state.plan(request, at);
    if request.keep_old {
        plan.outlived.clear();
    }
    let missing = state.missing(request, &plan).map(Path::to_owned);
    Ok(Outlook { name: state.group.name, username: state.user, keys: state.group.keys, plan, missing, at })
}
