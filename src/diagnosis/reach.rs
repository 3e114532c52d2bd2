//! Calls that did not reach the model: the service, its host, and the network in between.

use crate::api::TlsReason;
use crate::probe::{Answer, CallError, CallResult, FailureKind, Phase};
use crate::text;

use super::deployment::model_state;
use super::facts::{Facts, Known};
use super::{Action, Cause, Diagnosis};

/// Recommended limit of a request (DOCS, ml-calling-a-model); the error that enforces it is not
/// known.
const LARGEST_REQUEST: usize = 5_000_000;
/// Where the service's own limit is set (DOCS, ml-models-known-issues-and-limitations).
const SERVICE_LIMIT: &str =
    "the service's own limit is 30 s by default; an administrator sets it with MODEL_REQUEST_TIMEOUT_SECONDS";

pub(super) fn service_trouble(answer: &Answer, facts: &Facts) -> Diagnosis {
    let found = Diagnosis::new(
        Cause::ServiceTrouble,
        format!(
            "The model service, or what stands before it, has trouble of its own (status {}).",
            answer.status
        ),
    )
    .remedy("Test again in a moment; if it stays, show the raw answer to an administrator.")
    .action(Action::TestAgain);
    match facts.deployment.why_not() {
        Some(why) => found.unverified(format!("whether {} is deployed: {why}", facts.model_name)),
        None => found,
    }
}

pub(super) fn service_timeout(status: u16) -> Diagnosis {
    Diagnosis::new(
        Cause::RequestTimeout,
        format!("The model took longer than the service allows (status {status})."),
    )
    .remedy(format!("Send a smaller request or make the function faster; {SERVICE_LIMIT}. Work of more than 15 s belongs in a job."))
    .action(Action::TestAgain)
}

pub(super) fn too_large(result: &CallResult, kind: FailureKind) -> bool {
    let cut_or_refused = matches!(kind, FailureKind::Cut | FailureKind::Refused | FailureKind::ServerError);
    kind == FailureKind::TooLarge || (cut_or_refused && result.request_size > LARGEST_REQUEST)
}

pub(super) fn request_too_large(result: &CallResult) -> Diagnosis {
    let size = text::size(result.request_size as u64);
    let found = Diagnosis::new(
        Cause::RequestTooLarge,
        format!("The request is too large for the model service ({size}; at most 5 MB is advised)."),
    )
    .remedy("Send less at once, or send a reference to the data.");
    match result.failure() {
        Some(FailureKind::TooLarge) => found,
        _ => found.unverified("that the size is the reason: the answer does not say so"),
    }
}

pub(super) fn not_a_model_service(answer: &Answer, facts: &Facts) -> Diagnosis {
    let what = match answer.header("location") {
        // The query may contain a sign-in token.
        Some(location) if (300..400).contains(&answer.status) => {
            format!("a redirect to {}", text::clean(location.split(['?', '#']).next().unwrap_or_default()))
        }
        _ if (300..400).contains(&answer.status) => "a redirect".to_owned(),
        _ => "a web page".to_owned(),
    };
    let found = Diagnosis::new(
        Cause::NotAModelService,
        format!("{} is not the model service, or sends callers to a sign-in page: its answer is {what}.", facts.model_url),
    )
    .remedy("Check the URL: it is https://modelservice.HOST/model where https://HOST is the workbench (--model-url).");
    match &facts.workbench_answers {
        Known::Yes(true) => found,
        Known::Yes(false) => found.unverified("the workbench itself: it does not answer either"),
        other => found.unverified(format!("the workbench itself: {}", other.why_not().unwrap_or_default())),
    }
}

pub(super) fn unreadable(answer: &Answer) -> Diagnosis {
    let size = text::size(answer.size);
    let what = if answer.truncated {
        format!("The answer is larger than what is read of one ({size}).")
    } else {
        format!(
            "The answer has status {} but is not a model's: no JSON object with `success` or `response` ({size}).",
            answer.status
        )
    };
    Diagnosis::new(Cause::UnreadableAnswer, what)
        .remedy("Look at the whole answer, and check the URL of the model service (--model-url).")
}

pub(super) fn unanswered(error: &CallError, facts: &Facts) -> Diagnosis {
    let sentence = format!("{}.", capital(&error.to_string()));
    match error {
        CallError::Invalid { hint, .. } => {
            Diagnosis::new(Cause::Invalid, sentence).remedy(format!("{}.", capital(hint)))
        }
        CallError::Lookup { host, .. } => unreached(Cause::NameNotFound, sentence, host, facts)
            .action(Action::TestAgain),
        CallError::Connect { address, .. } => unreached(Cause::NoConnection, sentence, address, facts)
            .action(Action::TestAgain),
        CallError::Timeout { phase: Phase::Lookup, .. } => {
            unreached(Cause::NameNotFound, sentence, &facts.model_url, facts)
        }
        CallError::Timeout { phase: Phase::Connect | Phase::Tls, .. } => {
            unreached(Cause::NoConnection, sentence, &facts.model_url, facts)
        }
        CallError::Timeout { .. } => model_state(facts).unwrap_or_else(|| {
            Diagnosis::new(Cause::RequestTimeout, sentence)
                .remedy(format!(
                    "Wait longer (--timeout) or make the function faster; {SERVICE_LIMIT}, after up to 30 s of waiting for a replica."
                ))
                .action(Action::TestAgain)
        }),
        CallError::Tls { reason, host, .. } => tls(*reason, host, sentence),
        CallError::Proxy { .. } => Diagnosis::new(Cause::Proxy, sentence).remedy(
            "Check HTTPS_PROXY and the proxy's user and password; name the host in NO_PROXY if it needs no proxy.",
        ),
        CallError::Cut { .. } => model_state(facts).unwrap_or_else(|| {
            Diagnosis::new(Cause::CutShort, sentence)
                .remedy("Test again; if it stays, the replica or a proxy between ends the connection: look at the replica's log.")
                .action(Action::TestAgain)
        }),
        CallError::UsedUp { .. } => Diagnosis::new(Cause::UsedUp, sentence)
            .remedy("Close other programs on this machine, or raise the limit, and test again.")
            .action(Action::TestAgain),
        CallError::NotHttp { .. } => Diagnosis::new(Cause::NotAModelService, sentence)
            .remedy("Check scheme and port of the model service's URL (--model-url)."),
    }
}

fn unreached(cause: Cause, sentence: String, host: &str, facts: &Facts) -> Diagnosis {
    match &facts.workbench_answers {
        Known::Yes(true) => Diagnosis::new(
            Cause::ModelServiceUnreachable,
            format!("The workbench answers, but its model service does not: {}", lower(&sentence)),
        )
        .remedy(format!(
            "Models are served by a separate host ({host}): it needs a DNS entry and a route through firewalls and proxy (NO_PROXY); if it is a different host, name it with --model-url."
        )),
        Known::Yes(false) => Diagnosis::new(cause, sentence).remedy(
            "The workbench does not answer either: check network, VPN and HTTPS_PROXY, then the URL.",
        ),
        other => Diagnosis::new(cause, sentence)
            .remedy("Check the URL of the model service (--model-url), network, VPN and HTTPS_PROXY.")
            .unverified(format!("whether the workbench answers: {}", other.why_not().unwrap_or_default())),
    }
}

fn tls(reason: TlsReason, host: &str, sentence: String) -> Diagnosis {
    let remedy = match reason {
        TlsReason::UnknownIssuer => {
            "Give the certificate of your certificate authority with --ca-cert FILE (or SSL_CERT_FILE)."
                .to_owned()
        }
        TlsReason::SelfSigned | TlsReason::NotYetValid => format!("{}.", capital(reason.hint())),
        TlsReason::Expired => {
            format!(
                "Check this machine's clock; if it is right, {host} needs a new certificate from an administrator."
            )
        }
        TlsReason::WrongName => format!(
            "The certificate of {host} does not hold that name: check the URL, or have it extended to modelservice.* by an administrator."
        ),
        TlsReason::NotTls => "Check scheme and port of the URL: with http:// it may answer.".to_owned(),
        TlsReason::Other => "Check what stands between (proxy, inspection of TLS), and --ca-cert.".to_owned(),
    };
    Diagnosis::new(Cause::Tls, sentence).remedy(remedy)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
