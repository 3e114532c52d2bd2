//! The services of a manifest, as a workbench and a machine would have them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keybench::actions::fleet::plan::Action;
use keybench::actions::fleet::prune::Left;
use keybench::actions::fleet::{Applied, Error, Manifest, Service, ServiceKeys, ServicePlan};
use keybench::tui::call::{Answer, Call, FleetAnswer, FleetCall, FleetStep, Planned, PlannedService};
use keybench::tui::msg::Msg;
use keybench::tui::requests::RequestId;
use keybench::tui::testing::Harness;

use super::settings::{demo_keys, listed};

pub const SERVICES: &str = r#"
version = 1
[[service]]
name = "nightly scoring"
[[service.deliver]]
file = "/etc/scoring/api.key"
[[service]]
name = "dashboard"
[[service.deliver]]
file = "/etc/dashboard/api.key"
reload = "systemctl reload dashboard"
[[service.deliver]]
project_env = "owner/churn-prod"
variable = "DASHBOARD_KEY"
shared_with_collaborators = true
restart = ["churn-prod/churn"]
[[service.deliver]]
exec = "vault kv put secret/dashboard key=-"
[[service]]
name = "reports"
[[service.deliver]]
file = "/etc/reports/api.key"
"#;

pub fn manifest(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.toml");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

fn plan(service: &Service, action: Action, reason: &str) -> ServicePlan {
    let at = |text: &str| Some(text.parse().unwrap());
    ServicePlan {
        name: service.name.clone(),
        username: "owner".into(),
        action,
        reason: reason.into(),
        safe: true,
        unsafe_because: Vec::new(),
        drift: Vec::new(),
        safe_until: at("2027-11-23T23:59:59Z"),
        key_id: "5b1c66aa10129f0a".into(),
        expiry: at("2027-11-23T23:59:59Z"),
        due: at("2027-11-09T23:59:59Z"),
        delivers: Vec::new(),
        deletes: Vec::new(),
    }
}

/// One service is good, one is due and one cannot be planned.
pub fn planned(file: &Path) -> Planned {
    let services = Manifest::read(file).unwrap().services;
    let ids = |service: &Service| service.deliver.iter().map(|delivery| delivery.id.clone()).collect();
    let good = plan(&services[0], Action::Nothing, "the current key is good");
    let due = ServicePlan {
        safe: false,
        unsafe_because: vec!["exec vault kv put secret/dashboard key=- has no `read` command".into()],
        key_id: "77d0aa31b2c541bb".into(),
        safe_until: None,
        due: Some("2026-11-17T23:59:59Z".parse().unwrap()),
        delivers: ids(&services[1]),
        deletes: vec!["0a9e14d03311c2d4".into()],
        ..plan(&services[1], Action::Rotate, "the current key is due")
    };
    let blocked = "the API key was not accepted (401)".to_owned();
    let plans = [Ok(good), Ok(due), Err(blocked)];
    let planned = services.into_iter().zip(plans).map(|(service, plan)| PlannedService { service, plan });
    Planned { services: planned.collect(), left: vec![left()] }
}

/// A service that left the manifest.
pub fn left() -> Left {
    let keys = vec!["3c51aa908811d04e".into(), "e7710b35aa9c2f68".into()];
    Left { name: "old report".into(), username: "owner".into(), keys }
}

/// The interface with the services on the screen, and the request that plans them.
pub fn shown(file: &Path) -> (Harness, RequestId) {
    let mut harness = listed(demo_keys());
    harness.shared().preferences.fleet = Some(file.to_owned());
    harness.keys("s");
    let (id, call) = harness.calls().remove(0);
    assert!(matches!(&call, Call::Fleet(FleetCall::Plan { file: asked }) if asked == file), "{call:?}");
    (harness, id)
}

/// With the plan of all services.
pub fn services() -> Harness {
    let (_folder, file) = manifest(SERVICES);
    let (mut harness, id) = shown(&file);
    harness.answer(id, Answer::Fleet(FleetAnswer::Planned(Ok(Box::new(planned(&file))))));
    harness
}

/// An apply under way: the first service is done, the second one is not.
pub fn applying() -> (Harness, RequestId) {
    let mut harness = services();
    harness.keys("ay");
    let (id, call) = harness.calls().remove(0);
    assert!(matches!(call, Call::Fleet(FleetCall::Apply { .. })), "{call:?}");
    for step in [FleetStep::Begun(0), FleetStep::Ended { at: 0, failed: false }, FleetStep::Begun(1)] {
        harness.send(Msg::Progress { id, answer: Answer::Fleet(FleetAnswer::Step(step)) });
    }
    (harness, id)
}

/// An apply has ended, and one delivery failed.
pub fn applied() -> Harness {
    let (mut harness, id) = applying();
    let mut applied = Applied::default();
    (applied.name, applied.username, applied.rotated) = ("dashboard".into(), "owner".into(), true);
    (applied.key_id, applied.expiry) = ("9c0d".into(), "2027-11-23T23:59:59Z".into());
    applied.delivered = vec!["file /etc/dashboard/api.key".into()];
    applied.reloaded = vec!["systemctl reload dashboard".into()];
    let (delivery, why) =
        ("exec vault kv put secret/dashboard key=-".into(), "exit status: 2: no such mount".into());
    applied.failures = vec![Error::Delivery { delivery, why }];
    let good = Applied { name: "nightly scoring".into(), key_id: "5b1c".into(), ..Applied::default() };
    let step = FleetStep::Ended { at: 1, failed: true };
    harness.send(Msg::Progress { id, answer: Answer::Fleet(FleetAnswer::Step(step)) });
    harness.answer(id, Answer::Fleet(FleetAnswer::Applied(Ok(vec![good, applied]))));
    harness
}

/// The API keys, of which two belong to services.
pub fn keys_of_services() -> Harness {
    let (_folder, file) = manifest(SERVICES);
    let (mut harness, id) = shown(&file);
    let services = Manifest::read(&file).unwrap().services.into_iter().map(|service| {
        let has = match service.name.as_str() {
            "nightly scoring" => BTreeMap::from([(service.deliver[0].id.clone(), "5b1c66aa10129f0a".into())]),
            "dashboard" => BTreeMap::from([(service.deliver[0].id.clone(), "another".into())]),
            _ => BTreeMap::new(),
        };
        (service, has)
    });
    let read = Ok(Arc::new(ServiceKeys::new(file.clone(), services)));
    harness.send(Msg::Progress { id, answer: Answer::Fleet(FleetAnswer::Services(read)) });
    harness.keys("s");
    harness
}
