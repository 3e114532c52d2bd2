//! Model calls: one, the reason of a failed one, and a run of many.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Answer, CallContext, Explain, KeyToSend, RunRequest, Test};
use crate::actions::history::{Called, Ended};
use crate::actions::models::transport;
use crate::api;
use crate::config::Session;
use crate::diagnosis::{self, Diagnosis, Subject};
use crate::probe::run::{self, Summary};
use crate::probe::{self, CallError, CallResult, ModelCallTarget, ModelRequest, Phases};
use crate::secret::ApiKey;
use crate::text;

fn target(client: &api::Client, access_key: &str) -> ModelCallTarget {
    ModelCallTarget { url: client.model_url().to_owned(), access_key: access_key.to_owned() }
}

fn key(client: &api::Client, choice: &KeyToSend) -> Option<ApiKey> {
    match choice {
        KeyToSend::SignedIn => client.key().cloned(),
        KeyToSend::Nothing => None,
        KeyToSend::This(key) => Some(key.clone()),
    }
}

/// Asks the workbench why a call failed.
pub(super) async fn explain(client: &api::Client, explain: Explain) -> Answer {
    let (model_id, number) = (explain.model.id.clone(), explain.number);
    let diagnosis = Box::new(reason(client, explain).await);
    Answer::Explained { model_id, number, diagnosis }
}

async fn reason(client: &api::Client, explain: Explain) -> Diagnosis {
    let Explain { model, key: choice, call, signed_in, .. } = explain;
    let target = target(client, &model.access_key);
    let subject = Subject { model, target, key: key(client, &choice), signed_in };
    let facts = diagnosis::gather(client, &subject, &call).await;
    diagnosis::diagnose(&call, &facts)
}

/// Calls a model once.
pub(super) async fn test(context: &CallContext, test: Box<Test>) -> Answer {
    let (sent, call) = call(&context.session, &test).await;
    let called = Called {
        model: test.model.clone(),
        model_id: test.model_id.clone(),
        access_key: test.access_key.clone(),
        key: test.key_label.clone(),
        request: Some(test.request.clone()),
    };
    context.keep(called, Ended::Test(Box::new(call.clone())));
    Answer::ModelTested { test, sent, call: Box::new(call) }
}

/// Calls a model once; gives the request as it went over the wire too, keys masked.
async fn call(session: &Session, test: &Test) -> (String, CallResult) {
    let client = &session.client;
    let target = target(client, &test.access_key);
    let attempt =
        transport(session).and_then(|transport| Ok((transport, ModelRequest::parse(&test.request)?)));
    match attempt {
        Ok((transport, request)) => {
            let key = key(client, &test.key);
            let sent = probe::shown_request(&target, key.as_ref(), &request).unwrap_or_default();
            // An address and no secret, but nothing to leave on screens and in files either.
            let sent = sent.replace(&test.access_key, &text::short_id(&test.access_key));
            (sent, probe::call(&transport, &target, key.as_ref(), &request).await)
        }
        Err(error) => {
            let call = CallResult {
                started: Timestamp::now(),
                phases: Phases::default(),
                total: Duration::ZERO,
                outcome: Err(error),
                key_sent: false,
                request_size: 0,
            };
            (String::new(), call)
        }
    }
}

/// Runs to the end, with a summary now and then.
pub(super) async fn run(request: RunRequest, context: &CallContext) -> Answer {
    let model_id = request.model_id.clone();
    let called = Called {
        model: request.plan.label.clone().unwrap_or_default(),
        model_id: model_id.clone(),
        access_key: request.access_key.clone(),
        key: request.key_label.clone(),
        request: Some(request.request.clone()),
    };
    let ended = run_to_its_end(request, context).await;
    if let Ok(summary) = &ended {
        context.keep(called, Ended::Run(Arc::clone(summary)));
    }
    Answer::RunEnded { model_id, ended }
}

async fn run_to_its_end(request: RunRequest, context: &CallContext) -> Result<Arc<Summary>, CallError> {
    let RunRequest { model_id, access_key, key: choice, key_label: _, request, plan, stop } = request;
    let client = &context.session.client;
    let transport = transport(&context.session)?;
    let request = ModelRequest::parse(&request)?;
    let target = target(client, &access_key);
    let run = run::start(plan, &transport, &target, key(client, &choice).as_ref(), &request)?;
    let stopper = run.stopper();
    let mut progress = run.progress();
    let mut finished = std::pin::pin!(run.finished());
    let mut stopping = false;
    loop {
        tokio::select! {
            summary = &mut finished => return Ok(summary),
            Ok(()) = progress.changed() => {
                let summary = Arc::clone(&progress.borrow_and_update());
                context.progress(Answer::RunProgress { model_id: model_id.clone(), summary });
            }
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                stopper.stop();
            }
        }
    }
}
