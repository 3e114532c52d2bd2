//! Every cause from made-up calls and facts: no network, no clock.

use std::time::Duration;

use hyper::body::Bytes;
use jiff::Timestamp;

use super::*;
use crate::api::TlsReason;
use crate::probe::{Answer, CallError, CallResult, Phase, Phases};
use crate::wire::{Collaborator, Project, ProjectPermissions, ShortUser, V2KeyDetails};

const REFUSED: &str = r#"{"success":false,"StatusCode":401,"errors":{"User APikey not authorized to access model":"Check APIKEY permissions or model authentication permissions"}}"#;

fn user(name: &str) -> ShortUser {
    ShortUser { username: name.to_owned(), ..ShortUser::default() }
}

fn result(outcome: Result<Answer, CallError>) -> CallResult {
    CallResult {
        started: "2026-11-23T09:00:00Z".parse::<Timestamp>().unwrap(),
        phases: Phases::default(),
        total: Duration::from_millis(12),
        outcome,
        key_sent: true,
        request_size: 20,
    }
}

fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> CallResult {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let size = body.len() as u64;
    result(Ok(Answer::new(status, headers, Bytes::from(body.to_owned()), size, false)))
}

/// `outsider` calls `churn-prod/add`, `owner` is signed in, and the model is in order.
fn facts() -> Facts {
    let project = Project {
        id: "p1".into(),
        name: "churn-prod".into(),
        owner: user("owner"),
        visibility: "private".into(),
        permissions: ProjectPermissions { read: true, write: true, admin: true, ..Default::default() },
        ..Project::default()
    };
    let collaborator =
        |name: &str, permission: &str| Collaborator { user: user(name), permission: permission.into() };
    Facts {
        model_name: "add".into(),
        model_id: "m1".into(),
        project_id: "p1".into(),
        project_name: "churn-prod".into(),
        auth_enabled: true,
        signed_in: Some("owner".into()),
        workbench: "https://ml.example.com".into(),
        model_url: "https://modelservice.ml.example.com/model".into(),
        key: KeyFacts {
            check: KeyCheck::Accepted { username: "outsider".into() },
            shape: None,
            listed: None,
            sees_project: Known::Hidden,
            for_applications: Known::NotAsked,
        },
        project: Known::Yes(project),
        collaborators: Known::Yes(vec![collaborator("contributor", "write"), collaborator("viewer", "read")]),
        deployment: Known::Yes(DeploymentFacts {
            state: ModelState::Up,
            replicas: 2,
            build_status: "built".into(),
            file: "add.py".into(),
            function: "add".into(),
        }),
        access_key_is_current: Known::Yes(true),
        workbench_answers: Known::NotAsked,
    }
}

fn insider() -> Facts {
    let mut facts = facts();
    facts.key.check = KeyCheck::Accepted { username: "viewer".into() };
    facts.key.sees_project = facts.project.clone();
    facts
}

#[test]
fn an_outsider_is_named_and_the_owner_may_add_him_at_once() {
    for status in [401, 403, 400, 200] {
        let found = diagnose(&answered(status, &[], REFUSED), &facts());
        assert_eq!(found.cause, Cause::NotCollaborator, "{status}");
        assert_eq!(
            found.sentence,
            "outsider is not a collaborator of project churn-prod (owner: owner), so the key may not call its models."
        );
        assert_eq!(
            found.remedy.as_deref(),
            Some("Add outsider as collaborator with the permission read (you may: owner), then test again.")
        );
        assert_eq!(
            found.actions[0],
            Action::AddCollaborator {
                project_id: "p1".into(),
                project_name: "churn-prod".into(),
                username: "outsider".into(),
                permission: "read".into(),
            }
        );
        assert_eq!(
            found.actions[0].command().as_deref(),
            Some("keybench collaborators add churn-prod outsider --permission read")
        );
        assert!(found.said.unwrap().contains("User APikey not authorized"));
        assert_eq!(found.unverified, Vec::<String>::new());
    }
}

#[test]
fn who_may_not_add_gets_a_message_for_those_who_may() {
    let mut facts = facts();
    facts.signed_in = Some("outsider".into());
    facts.project = Known::Hidden;
    facts.collaborators = Known::Hidden;
    let found = diagnose(&answered(401, &[], REFUSED), &facts);
    assert_eq!(found.cause, Cause::NotCollaborator);
    assert!(found.remedy.unwrap().contains("the project's owner or a site administrator"));
    let [Action::CopyMessage { text }] = found.actions.as_slice() else { panic!("{:?}", found.actions) };
    insta::assert_snapshot!(text);

    // A viewer sees the project, so the message can name its owner.
    let mut facts = self::facts();
    facts.signed_in = Some("viewer".into());
    if let Known::Yes(project) = &mut facts.project {
        project.permissions.admin = false;
    }
    let found = diagnose(&answered(401, &[], REFUSED), &facts);
    assert!(found.remedy.unwrap().contains("Ask owner (who may add collaborators)"));
    assert!(matches!(&found.actions[0], Action::CopyMessage { text } if text.starts_with("Hello owner,")));
}

#[test]
fn a_team_among_the_collaborators_would_do_and_cannot_be_looked_into() {
    let mut facts = facts();
    facts.key.sees_project = Known::No("the workbench did not answer".into());
    if let Known::Yes(all) = &mut facts.collaborators {
        all.push(Collaborator { user: user("scoring-team"), permission: "inherit".into() });
    }
    let found = diagnose(&answered(401, &[], REFUSED), &facts);
    assert_eq!(found.cause, Cause::NotCollaborator);
    assert!(found.sentence.contains("scoring-team"), "{}", found.sentence);
    assert!(found.remedy.unwrap().contains("Membership in a team among the collaborators (scoring-team)"));
    assert_eq!(found.unverified.len(), 1);
}

#[test]
fn refused_keys_are_distinguished() {
    let with = |check: KeyCheck| {
        let mut facts = facts();
        facts.key.check = check;
        facts
    };
    let call = answered(401, &[], REFUSED);
    let mut no_key = answered(401, &[], REFUSED);
    no_key.key_sent = false;
    assert_eq!(diagnose(&no_key, &with(KeyCheck::NotSent)).cause, Cause::NoKey);

    let rejected = KeyCheck::Rejected { message: "invalid API key".into() };
    let found = diagnose(&call, &with(rejected.clone()));
    assert_eq!(found.cause, Cause::KeyUnknown);
    assert_eq!(found.unverified.len(), 1, "deleted and mistyped keys look alike");

    let mut facts = with(rejected.clone());
    let listed = |expiry: &str| V2KeyDetails { expiry_date: expiry.into(), ..V2KeyDetails::default() };
    facts.key.listed = Some(listed("2026-10-02T23:59:59Z"));
    let found = diagnose(&call, &facts);
    assert_eq!(found.cause, Cause::KeyExpired);
    assert!(found.sentence.contains("2026-10-02"), "{}", found.sentence);
    facts.key.listed = Some(listed("2027-10-02T23:59:59Z"));
    assert_eq!(diagnose(&call, &facts).cause, Cause::KeyUnknown);

    facts.key.shape = Some(NotAnApiKey::LegacyKey);
    let found = diagnose(&call, &facts);
    assert_eq!(found.cause, Cause::KeyMalformed);
    assert!(found.sentence.contains("legacy"), "{}", found.sentence);

    let expired = KeyCheck::Rejected { message: "API key expired".into() };
    assert_eq!(diagnose(&call, &with(expired)).cause, Cause::KeyExpired);
    let audience = KeyCheck::WrongAudience { username: "owner".into() };
    assert_eq!(diagnose(&call, &with(audience)).cause, Cause::KeyAudience);
    let found = diagnose(&call, &with(KeyCheck::Unchecked { why: "no answer".into() }));
    assert_eq!((found.cause, found.unverified.len()), (Cause::NotAuthorized, 1));
}

#[test]
fn a_malformed_key_says_what_it_looks_like() {
    for (problem, word) in [
        (NotAnApiKey::LegacyKey, "legacy"),
        (NotAnApiKey::AccessKey, "access key"),
        (NotAnApiKey::SessionToken, "session token"),
        (NotAnApiKey::Length { found: 100 }, "cut off"),
        (NotAnApiKey::Shape, "does not look like"),
    ] {
        let found = Diagnosis::of_malformed_key(problem);
        assert_eq!(found.cause, Cause::KeyMalformed);
        assert!(found.sentence.contains(word), "{}", found.sentence);
    }
    assert_eq!(Diagnosis::of_malformed_key(NotAnApiKey::Empty).cause, Cause::NoKey);
}

#[test]
fn a_refusal_in_spite_of_all_rights_is_said_to_be_one() {
    let call = answered(403, &[], "{}");
    assert_eq!(diagnose(&call, &insider()).cause, Cause::RefusedDespiteRights);

    let mut public = insider();
    public.key.check = KeyCheck::Accepted { username: "outsider".into() };
    let found = diagnose(&call, &public);
    assert_eq!(found.cause, Cause::RefusedDespiteRights);
    assert!(found.unverified[0].contains("public project"), "{:?}", found.unverified);

    let mut api_alone = insider();
    api_alone.key.for_applications = Known::Yes(false);
    let found = diagnose(&call, &api_alone);
    assert_eq!(found.cause, Cause::RefusedDespiteRights);
    assert!(found.remedy.as_ref().is_some_and(|remedy| remedy.contains("audience Application")), "{found:?}");
    assert!(found.unverified.iter().any(|what| what.contains("Application")), "{found:?}");
    let commands: Vec<_> = found.actions.iter().filter_map(Action::command).collect();
    assert!(
        commands.contains(&"keybench keys create --audience API --audience Application".to_owned()),
        "{commands:?}"
    );
    api_alone.key.for_applications = Known::Yes(true);
    assert_eq!(diagnose(&call, &api_alone), diagnose(&call, &insider()));

    let mut open = insider();
    open.auth_enabled = false;
    let found = diagnose(&call, &open);
    assert_eq!((found.cause, &found.actions[0]), (Cause::AuthenticationOff, &Action::TestWithoutKey));
    let passed = answered(200, &[], "{\"success\":true,\"response\":1}");
    assert_eq!(diagnose(&passed, &open).cause, Cause::KeyNotNeeded);
    assert_eq!(diagnose(&passed, &insider()).cause, Cause::Passed);
}

#[test]
fn the_state_of_the_model_comes_before_its_answer() {
    let states = [
        (ModelState::Stopped, "built", Cause::Stopped),
        (ModelState::Deploying, "built", Cause::Deploying),
        (ModelState::Failed, "built", Cause::DeploymentFailed),
        (ModelState::NeverDeployed, "built", Cause::NotDeployed),
        (ModelState::NeverDeployed, "build failed", Cause::BuildFailed),
        (ModelState::NeverDeployed, "pushing", Cause::Deploying),
    ];
    let calls = [
        answered(404, &[], "{}"),
        answered(400, &[], "{\"success\":false,\"StatusCode\":400}"),
        answered(401, &[], "{}"),
        answered(503, &[], "<html>"),
        result(Err(CallError::Timeout { phase: Phase::Waiting, after: Duration::from_secs(75) })),
        result(Err(CallError::Cut { phase: Phase::Waiting, detail: "x".into() })),
    ];
    for (state, build, cause) in states {
        for call in &calls {
            let mut facts = insider();
            let deployment = DeploymentFacts {
                state: state.clone(),
                replicas: 1,
                build_status: build.into(),
                file: String::new(),
                function: String::new(),
            };
            facts.deployment = Known::Yes(deployment);
            let found = diagnose(call, &facts);
            assert_eq!(found.cause, cause, "{state:?} {:?}", call.outcome);
            assert!(found.remedy.is_some());
        }
    }
}

#[test]
fn answers_of_a_model_that_is_up() {
    let cases = [
        (answered(400, &[], "{\"success\":false,\"StatusCode\":400}"), Cause::FunctionFailed),
        (answered(200, &[], "{\"success\":false}"), Cause::FunctionFailed),
        (answered(500, &[], "{\"error\":\"Unexpected model shutdown\"}"), Cause::FunctionFailed),
        (answered(429, &[], "{\"error\":\"model.busy\"}"), Cause::Busy),
        (answered(404, &[], "{}"), Cause::UnknownToService),
        (answered(422, &[], "{\"message\":\"no\"}"), Cause::OtherRefusal),
        (answered(413, &[], ""), Cause::RequestTooLarge),
        (answered(504, &[], "<html>"), Cause::RequestTimeout),
        (
            answered(500, &[], "{\"errors\":{\"error while calling model\":\"context deadline exceeded\"}}"),
            Cause::RequestTimeout,
        ),
        (answered(502, &[], "<html>Bad Gateway</html>"), Cause::ServiceTrouble),
        (answered(200, &[], "[]"), Cause::UnreadableAnswer),
        (
            answered(302, &[("location", "https://sso.example.com/login?token=s")], ""),
            Cause::NotAModelService,
        ),
        (answered(200, &[("content-type", "text/html")], "<html>"), Cause::NotAModelService),
    ];
    for (call, cause) in cases {
        let found = diagnose(&call, &insider());
        assert_eq!(found.cause, cause, "{:?}", call.outcome);
        assert!(found.remedy.is_some() && !found.sentence.contains("token=s"), "{found:?}");
    }
    let busy = diagnose(&answered(429, &[], "{}"), &insider());
    assert!(busy.sentence.starts_with("All 2 replicas"), "{}", busy.sentence);
    let failed = diagnose(&answered(400, &[], "{\"success\":false}"), &insider());
    assert!(failed.sentence.contains("The function add (add.py) of add"), "{}", failed.sentence);

    let mut other = insider();
    other.access_key_is_current = Known::Yes(false);
    for (status, body) in [(404, "{}"), (400, "{}"), (400, "{\"success\":false}"), (500, "{}"), (401, "{}")] {
        assert_eq!(diagnose(&answered(status, &[], body), &other).cause, Cause::WrongAccessKey, "{status}");
    }
    let mut large = answered(500, &[], "{}");
    large.request_size = 6_000_000;
    assert_eq!(diagnose(&large, &insider()).cause, Cause::RequestTooLarge);
}

#[test]
fn calls_that_reach_nobody() {
    let lookup =
        || CallError::Lookup { host: "modelservice.ml.example.com".into(), detail: "no such host".into() };
    let connect =
        || CallError::Connect { address: "modelservice.ml.example.com:443".into(), detail: "refused".into() };
    let tls = |reason| CallError::Tls { host: "h".into(), reason, detail: "d".into() };
    let at = |phase| CallError::Timeout { phase, after: Duration::from_secs(10) };
    let cases = [
        (lookup(), false, Cause::NameNotFound),
        (connect(), false, Cause::NoConnection),
        (at(Phase::Connect), false, Cause::NoConnection),
        (lookup(), true, Cause::ModelServiceUnreachable),
        (connect(), true, Cause::ModelServiceUnreachable),
        (tls(TlsReason::UnknownIssuer), true, Cause::Tls),
        (tls(TlsReason::WrongName), true, Cause::Tls),
        (CallError::Proxy { proxy: "p:3128".into(), detail: "407".into() }, true, Cause::Proxy),
        (at(Phase::Waiting), true, Cause::RequestTimeout),
        (CallError::Cut { phase: Phase::Body, detail: "d".into() }, true, Cause::CutShort),
        (CallError::NotHttp { detail: "d".into() }, true, Cause::NotAModelService),
        (CallError::Invalid { what: "w".into(), hint: "h".into() }, true, Cause::Invalid),
        (CallError::UsedUp { what: "no descriptors".into() }, true, Cause::UsedUp),
    ];
    for (error, workbench_answers, cause) in cases {
        let mut facts = insider();
        facts.workbench_answers = Known::Yes(workbench_answers);
        let call = result(Err(error));
        let found = diagnose(&call, &facts);
        assert_eq!(found.cause, cause, "{:?}", call.outcome);
        assert!(found.remedy.is_some(), "{found:?}");
    }
    let found = diagnose(&result(Err(tls(TlsReason::UnknownIssuer))), &insider());
    assert!(found.remedy.unwrap().contains("--ca-cert"));
}
