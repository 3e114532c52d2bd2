//! The services of a manifest: what would be done for each, and doing it.

use std::path::PathBuf;
use std::sync::Arc;

use super::planned::{FleetAnswer, FleetCall, FleetStep, Planned, PlannedService, PrunedServices};
use super::{Answer, CallContext};
use crate::actions::fleet::apply::apply;
use crate::actions::fleet::look::{Options, look};
use crate::actions::fleet::prune::{self, Left};
use crate::actions::fleet::{Applied, Error, Manifest, Output, Service, ServiceKeys, ServicePlan};
use crate::actions::{Event, Progress};
use crate::disk;

/// Sends on how far it is.
struct Sending<'a>(&'a CallContext);

impl Progress for Sending<'_> {
    fn on(&self, event: Event<'_>) {
        let step = match event {
            Event::Counted { what: "services", done, of } => FleetStep::Planned { done, of },
            Event::ServiceBegun { at, .. } => FleetStep::Begun(at),
            Event::KeyDeleted { .. } => FleetStep::Deleted,
            Event::ServiceEnded { at, failed, .. } => FleetStep::Ended { at, failed },
            _ => return,
        };
        self.0.progress(Answer::Fleet(FleetAnswer::Step(step)));
    }
}

/// As the command has them; but the screen is not a command's to write to.
fn options() -> Options {
    Options { output: Output::Kept, ..Options::default() }
}

/// The error, and what to do about it.
fn sentence(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}

async fn manifest(file: PathBuf) -> Result<Manifest, Error> {
    let named = file.clone();
    let read = disk::spawn(move || Manifest::read(&file)).await;
    read.unwrap_or_else(|error| Err(Error::Manifest { file: named, why: error.to_string() }))
}

pub(super) async fn call(context: &CallContext, call: FleetCall) -> Answer {
    match call {
        FleetCall::Read { file } => read(context, file).await,
        FleetCall::Plan { file } => plan(context, file).await,
        FleetCall::Apply { file } => apply_all(context, file).await,
        FleetCall::Prune { file, agreed } => {
            let pruned = pruned(context, file, &agreed).await;
            Answer::Fleet(FleetAnswer::Pruned(pruned.map_err(|error| sentence(&error))))
        }
    }
}

async fn read(context: &CallContext, file: PathBuf) -> Answer {
    let read = manifest(file).await.map(|manifest| ServiceKeys::of(&context.session, Some(&manifest)));
    Answer::Fleet(FleetAnswer::Services(read.map(Arc::new).map_err(|error| sentence(&error))))
}

async fn plan(context: &CallContext, file: PathBuf) -> Answer {
    Answer::Fleet(FleetAnswer::Planned(
        planned(context, file).await.map(Box::new).map_err(|error| sentence(&error)),
    ))
}

async fn planned(context: &CallContext, file: PathBuf) -> Result<Planned, Error> {
    let session = &context.session;
    let manifest = manifest(file).await?;
    let looked = look(session, &manifest, options(), &Sending(context)).await?;
    let left = prune::left(session, &manifest).await?;
    let services = ServiceKeys::of(session, Some(&manifest));
    context.progress(Answer::Fleet(FleetAnswer::Services(Ok(Arc::new(services)))));
    let service = |(service, plan): (Service, Result<ServicePlan, Error>)| PlannedService {
        service,
        plan: plan.map_err(|error| sentence(&error)),
    };
    Ok(Planned { services: looked.into_iter().map(service).collect(), left })
}

async fn apply_all(context: &CallContext, file: PathBuf) -> Answer {
    Answer::Fleet(FleetAnswer::Applied(applied(context, file).await.map_err(|error| sentence(&error))))
}

async fn applied(context: &CallContext, file: PathBuf) -> Result<Vec<Applied>, Error> {
    let manifest = manifest(file).await?;
    apply(&context.session, &manifest, options(), None, &Sending(context)).await
}

async fn pruned(context: &CallContext, file: PathBuf, agreed: &[Left]) -> Result<PrunedServices, Error> {
    let manifest = manifest(file).await?;
    let pruned = prune::prune(&context.session, &manifest, Some(agreed), &Sending(context)).await?;
    let failures = pruned.failures.iter().map(sentence).collect();
    Ok(PrunedServices { services: pruned.services, stay: pruned.stay, failures })
}
