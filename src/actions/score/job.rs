//! A file of rows for a model: what is the same whether the answers are recorded or compared.

use super::blocking::blocking;
use super::error::Error;
use super::rows::{Checked, Input};
use super::send::Stopper;
use super::watch::{Deployed, Watch};
use crate::actions::Progress;
use crate::actions::models::{self, KeyChoice, ModelCall};
use crate::config::Session;
use crate::probe::run::MAX_IN_FLIGHT;
use crate::probe::{Line, ModelRequest};

/// Which rows go to which model, and how.
pub struct Job<'a> {
    pub session: &'a Session,
    /// As [`models::find`] takes it.
    pub model: &'a str,
    pub key: KeyChoice,
    pub input: Input,
    /// Rows in flight at a time; without it as many as the deployment has replicas.
    pub concurrency: Option<u32>,
    pub stopper: Stopper,
    pub progress: &'a dyn Progress,
}

/// A model that is about to be called.
pub(in crate::actions) struct Callee {
    pub call: ModelCall,
    pub line: Line,
    /// What is called now.
    pub deployed: Deployed,
    pub watch: Watch,
    replicas: u32,
}

impl Job<'_> {
    /// Reads the whole input once, then what `also` reads: mistakes are found before anything is asked.
    pub(in crate::actions) async fn check_input<T: Send + 'static>(
        &self,
        also: impl FnOnce(&Input, &Checked) -> Result<T, Error> + Send + 'static,
    ) -> Result<(Checked, T), Error> {
        if let Some(concurrency) = self.concurrency.filter(|c| *c == 0 || *c > MAX_IN_FLIGHT) {
            return Err(Error::Concurrency(concurrency));
        }
        let input = self.input.clone();
        blocking(move || {
            let checked = input.check()?;
            let also = also(&input, &checked)?;
            Ok((checked, also))
        })
        .await?
    }

    /// Finds the model called `name`, and the way to it.
    pub(in crate::actions) async fn callee(&self, name: &str, first: &ModelRequest) -> Result<Callee, Error> {
        let shown = models::show(self.session, name).await?;
        let Some((build, deployment)) = shown.latest else {
            return Err(models::Error::NeverDeployed { model: models::full_name(&shown.model) }.into());
        };
        let call = ModelCall::new(self.session, shown.model, &self.key, Some(first.clone()))?;
        let line =
            Line::new(&call.transport, &call.target(), call.key.as_ref()).map_err(models::Error::from)?;
        let replicas = u32::try_from(deployment.replicas.0).unwrap_or(1).clamp(1, MAX_IN_FLIGHT);
        let (deployed, watch) = (Deployed::new(&build, &deployment), Watch::new(&call, &deployment));
        Ok(Callee { call, line, deployed, watch, replicas })
    }

    /// Rows in flight at a time: what was asked for, or the replicas that each of `callees` has.
    pub(in crate::actions) fn most(&self, callees: &[&Callee]) -> u32 {
        let replicas = callees.iter().map(|callee| callee.replicas).min();
        self.concurrency.or(replicas).unwrap_or(1)
    }
}
