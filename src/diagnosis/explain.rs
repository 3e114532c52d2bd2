//! Derives one cause from a call and the facts about it. Pure: no clock, no calls.

use crate::expiry::{self, KeyStatus};
use crate::probe::{Answer, CallResult, FailureKind};
use crate::text;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION};

use super::deployment::model_state;
use super::facts::{Facts, KeyCheck, Known};
use super::reach::{
    not_a_model_service, request_too_large, service_timeout, service_trouble, too_large, unanswered,
    unreadable,
};
use super::rights::{self, Rights};
use super::{Action, Cause, Diagnosis};

/// Says why `result` is what it is.
pub fn diagnose(result: &CallResult, facts: &Facts) -> Diagnosis {
    let mut found = cause(result, facts);
    found.said = result.answer().filter(|_| result.failure().is_some()).and_then(Answer::message);
    found
}

fn cause(result: &CallResult, facts: &Facts) -> Diagnosis {
    let Some(kind) = result.failure() else { return passed(result, facts) };
    if too_large(result, kind) {
        return request_too_large(result);
    }
    match (&result.outcome, kind) {
        (Err(error), _) => unanswered(error, facts),
        (Ok(answer), FailureKind::NotAModelService) => not_a_model_service(answer, facts),
        (Ok(answer), FailureKind::BadAnswer) => unreadable(answer),
        (Ok(_), FailureKind::Busy) => busy(facts),
        (Ok(answer), _) if answer.is_service_timeout() => {
            model_state(facts).unwrap_or_else(|| service_timeout(answer.status))
        }
        (Ok(_), FailureKind::NotAuthorized) => not_authorized(result, facts),
        (Ok(answer), FailureKind::NotFound | FailureKind::Refused) => not_found(answer, result, facts),
        (Ok(answer), kind) => match model_state(facts).or_else(|| wrong_access_key(facts)) {
            Some(found) => found,
            None if kind == FailureKind::ModelFailed => function_failed(answer, facts),
            None => service_trouble(answer, facts),
        },
    }
}

fn passed(result: &CallResult, facts: &Facts) -> Diagnosis {
    let model = &facts.model_name;
    if result.key_sent && !facts.auth_enabled {
        return Diagnosis::new(
            Cause::KeyNotNeeded,
            format!("{model} answered; its authentication is off, so it answers without a key as well."),
        );
    }
    Diagnosis::new(Cause::Passed, format!("{model} answered."))
}

// ---- refusals -------------------------------------------------------------------------------

fn not_authorized(result: &CallResult, facts: &Facts) -> Diagnosis {
    let model = &facts.model_name;
    if !result.key_sent {
        if !facts.auth_enabled {
            return service_refused_without_key(facts);
        }
        return Diagnosis::new(Cause::NoKey, format!("{model} asks for an API key, and none was sent."))
            .remedy("Choose one of your keys or paste one; Settings creates a new one.")
            .action(Action::ChooseKey)
            .action(Action::CREATE_KEY);
    }
    if !facts.auth_enabled {
        return Diagnosis::new(
            Cause::AuthenticationOff,
            format!("{model} does not ask for a key (its authentication is off), and refused the one that was sent."),
        )
        .remedy("Test without a key.")
        .action(Action::TestWithoutKey);
    }
    match &facts.key.check {
        KeyCheck::Rejected { message } => rejected(message, result, facts),
        KeyCheck::WrongAudience { username } => wrong_audience(username, facts),
        KeyCheck::Accepted { username } => match rights::of(username, facts) {
            Rights::Reads => model_state(facts)
                .or_else(|| wrong_access_key(facts))
                .unwrap_or_else(|| refused_despite_rights(username, facts)),
            lacking => rights::not_collaborator(username, &lacking, facts),
        },
        KeyCheck::Unchecked { why } => unchecked(why, facts),
        KeyCheck::NotSent => unchecked("no key was sent", facts),
    }
}

fn service_refused_without_key(facts: &Facts) -> Diagnosis {
    let model = &facts.model_name;
    model_state(facts).or_else(|| wrong_access_key(facts)).unwrap_or_else(|| {
        Diagnosis::new(
            Cause::NotAuthorized,
            format!("The call of {model} was refused although its authentication is off."),
        )
        .remedy("Test with a key: the setting may have changed since it was read.")
        .action(Action::ChooseKey)
    })
}

fn rejected(message: &str, result: &CallResult, facts: &Facts) -> Diagnosis {
    if let Some(problem) = facts.key.shape {
        return Diagnosis::of_malformed_key(problem);
    }
    let listed = facts.key.listed.as_ref();
    let expired =
        listed.filter(|key| expiry::status(&key.expiry_date, result.started, 0) == KeyStatus::Expired);
    let says_expired = message.to_lowercase().contains("expire");
    let renew = "Create a new key, or choose another one";
    match expired {
        _ if says_expired => {
            let when = listed.map_or_else(String::new, |key| format!(" ({})", key.expiry_date));
            Diagnosis::new(Cause::KeyExpired, format!("The API key has expired{when}.")).remedy(format!("{renew}."))
        }
        Some(key) => Diagnosis::new(
            Cause::KeyExpired,
            format!("The API key has expired ({}).", key.expiry_date),
        )
        .remedy(format!("{renew}."))
        .unverified("that this is the key in your list: its Key ID was compared with the key's first half"),
        _ => Diagnosis::new(
            Cause::KeyUnknown,
            "The workbench does not accept this API key: it was deleted, has expired, was mistyped, or belongs to another workbench.",
        )
        .remedy(format!("{renew}; `keybench keys identify` shows what is known about it."))
        .unverified("which of these it is: the workbench gives one answer for all of them"),
    }
    .action(Action::ChooseKey)
    .action(Action::CREATE_KEY)
}

fn wrong_audience(username: &str, facts: &Facts) -> Diagnosis {
    let audiences = facts.key.listed.as_ref().map(|key| key.audiences.join(", ")).filter(|a| !a.is_empty());
    let meant = audiences.unwrap_or_else(|| "Application".to_owned());
    Diagnosis::new(
        Cause::KeyAudience,
        format!("The key of {username} is for the audience {meant}, and models ask for one with API."),
    )
    .remedy("Create a key with the audience API, or choose another one.")
    .action(Action::CreateKey { audiences: vec![AUDIENCE_API] })
    .action(Action::ChooseKey)
}

fn refused_despite_rights(username: &str, facts: &Facts) -> Diagnosis {
    let (model, project) = (&facts.model_name, &facts.project_name);
    let mut found = Diagnosis::new(
        Cause::RefusedDespiteRights,
        format!("The call of {model} was refused although the key is valid and {username} may read project {project}."),
    )
    .remedy(
        "Test again in a minute, as rights may take a moment to arrive; then show the raw answer to an administrator.",
    )
    .action(Action::TestAgain);
    if rights::owner(facts) != Some(username)
        && facts.collaborators.get().is_some_and(|all| !all.iter().any(|c| c.user.username == username))
    {
        // The documentation mentions only collaborators; whether readers of a public project may
        // call is not known.
        found.remedy = Some(format!(
            "{username} reads the project without being a collaborator; ask for that, as the service may want it."
        ));
        found = found
            .action(Action::CopyMessage {
                text: super::access_request(facts, username, rights::owner(facts)),
            })
            .unverified("whether readers of a public project may call its models: it is not documented");
    }
    if facts.key.for_applications == Known::Yes(false) {
        // Some workbenches are said to require this audience for model calls (CLAIMED, CFM),
        // contrary to the documentation.
        let remedy = found.remedy.take().unwrap_or_default();
        found.remedy = Some(format!(
            "The key lacks the audience Application, which may be the cause: create one with API and Application, and test with it. {remedy}"
        ));
        let audiences = vec![AUDIENCE_API, AUDIENCE_APPLICATION];
        found = found
            .action(Action::CreateKey { audiences })
            .action(Action::ChooseKey)
            .unverified("whether this workbench asks for the audience Application: it is not documented");
    }
    found
}

fn unchecked(why: &str, facts: &Facts) -> Diagnosis {
    Diagnosis::new(
        Cause::NotAuthorized,
        format!(
            "The key may not call {}: it is not valid, or its owner is not a collaborator of project {}.",
            facts.model_name, facts.project_name
        ),
    )
    .remedy("Test again, or choose another key.")
    .action(Action::TestAgain)
    .action(Action::ChooseKey)
    .unverified(format!("whether the key is valid, and whose it is: {why}"))
}

fn not_found(answer: &Answer, result: &CallResult, facts: &Facts) -> Diagnosis {
    if let Some(found) = model_state(facts).or_else(|| wrong_access_key(facts)) {
        return found;
    }
    if matches!(facts.key.check, KeyCheck::Rejected { .. } | KeyCheck::WrongAudience { .. }) {
        return not_authorized(result, facts);
    }
    if answer.status == 404 {
        return Diagnosis::new(
            Cause::UnknownToService,
            format!("The model service does not know {}, although the workbench does.", facts.model_name),
        )
        .remedy(format!(
            "Check that {} is the model service of {} (--model-url); restart the deployment if it is.",
            facts.model_url, facts.workbench
        ))
        .action(Action::RestartDeployment {
            project_id: facts.project_id.clone(),
            model_id: facts.model_id.clone(),
        });
    }
    other_refusal(answer, facts)
}

fn other_refusal(answer: &Answer, facts: &Facts) -> Diagnosis {
    let said = answer.message().map_or_else(String::new, |said| format!(": {}", said.trim_end_matches('.')));
    Diagnosis::new(
        Cause::OtherRefusal,
        format!(
            "The model service refused the call of {} with status {}{said}.",
            facts.model_name, answer.status
        ),
    )
    .remedy("Look at the whole answer; compare the request with the example in the model's description.")
}

fn wrong_access_key(facts: &Facts) -> Option<Diagnosis> {
    (facts.access_key_is_current == Known::Yes(false)).then(|| {
        Diagnosis::new(
            Cause::WrongAccessKey,
            format!("The access key that was sent is not that of {} (any more).", facts.model_name),
        )
        .remedy("Read the model again, then test again.")
        .action(Action::ReloadModel)
    })
}

// ---- the model ------------------------------------------------------------------------------

fn busy(facts: &Facts) -> Diagnosis {
    let replicas = match facts.deployment.get().map(|d| d.replicas) {
        Some(1) => "The only replica".to_owned(),
        Some(n) if n > 1 => format!("All {n} replicas"),
        _ => "All replicas".to_owned(),
    };
    let found = Diagnosis::new(
        Cause::Busy,
        format!(
            "{replicas} of {} stayed busy for as long as the service waits (30 s by default).",
            facts.model_name
        ),
    )
    .remedy(
        "Try again later or with fewer requests at once; to fix it permanently, deploy the same build with more replicas.",
    )
    .action(Action::TestAgain);
    match facts.deployment.why_not() {
        Some(why) => found.unverified(format!("how many replicas there are: {why}")),
        None => found,
    }
}

fn function_failed(answer: &Answer, facts: &Facts) -> Diagnosis {
    let function = facts.deployment.get().filter(|d| !d.function.is_empty());
    let what = match function {
        Some(d) if !d.file.is_empty() => {
            format!("The function {} ({}) of {}", d.function, d.file, facts.model_name)
        }
        Some(d) => format!("The function {} of {}", d.function, facts.model_name),
        None => format!("The function behind {}", facts.model_name),
    };
    let replica =
        answer.replica_id.as_ref().map_or_else(String::new, |id| format!(" of replica {}", text::clean(id)));
    Diagnosis::new(Cause::FunctionFailed, format!("{what} failed on this request."))
        .remedy(format!(
            "Compare the request with the example in the model's description, if it has one; the traceback is in \
             the log{replica} (in the browser: Monitoring). \
             If every request fails on a PBJ runtime, the function lacks @models.cml_model."
        ))
        .action(Action::TestAgain)
}
