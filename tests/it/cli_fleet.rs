//! `fleet`: planned, applied, delivered, measured.

mod deliveries;
mod figures;
mod kubernetes;
mod prune;
mod restarts;
mod safety;
mod schedule;
mod schema;
mod vault;

use crate::support::bench::{Bench, Done, Home, mode};
use jiff::SignedDuration;
use serde_json::{Value, json};

struct Fleet {
    bench: Bench,
    home: Home,
}

impl Fleet {
    fn new(services: &str) -> Self {
        Self::on(Bench::controlled(), services)
    }

    fn on(bench: Bench, services: &str) -> Self {
        let home = bench.home("owner");
        let fleet = Self { bench, home };
        fleet.manifest(services);
        fleet
    }

    /// `DIR` is the home.
    fn manifest(&self, services: &str) {
        let dir = self.home.folder.path().display().to_string();
        self.home.file("fleet.toml", &format!("version = 1\n{}", services.replace("DIR", &dir)));
    }

    fn run(&self, what: &str, more: &[&str]) -> Done {
        let arguments =
            [&["fleet", what, "-f", "fleet.toml", "--json", "--clock-difference", "999d"][..], more];
        self.home.run(&arguments.concat())
    }

    /// What a person reads of it.
    fn text(&self, what: &str) -> String {
        let done = self.home.run(&["fleet", what, "-f", "fleet.toml", "--clock-difference", "999d"]);
        done.out + &done.err
    }

    fn keys(&self, name: &str) -> Vec<String> {
        let listed = self.home.run(&["keys", "list", "--json"]).ok().json();
        let rows = listed.as_array().unwrap().iter().filter(|key| key["comments"] == name);
        rows.map(|key| key["key_id"].as_str().unwrap().to_owned()).collect()
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.home.path(file)).unwrap()
    }

    #[track_caller]
    fn works(&self, file: &str) {
        self.home.run(&["models", "test", "churn-prod/add", "--api-key-file", file, "--quiet"]).ok();
    }

    fn ahead(&self, hours: i64) {
        self.bench.clock.put_ahead(SignedDuration::from_hours(hours));
    }
}

fn service(done: &Value, name: &str) -> Value {
    let services = done["services"].as_array().unwrap();
    services.iter().find(|one| one["name"] == name).unwrap().clone()
}

/// The examples of docs/fleet.md in a language.
fn examples(language: &str) -> Vec<&'static str> {
    let text = include_str!("../../docs/fleet.md");
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

const TWO: &str = r#"
[defaults]
verify = "churn-prod/add"
[[service]]
name = "scoring"
[[service.deliver]]
file = "DIR/scoring.key"
mode = "0640"
reload = "echo $KEYBENCH_KEY_ID >> DIR/reloaded"
[[service.deliver]]
exec = "cat > DIR/vault"
read = "cat DIR/vault"
[[service]]
name = "reports"
verify = { model = "churn-prod/add", busy = 1 }
[[service.deliver]]
file = "DIR/reports.key"
"#;

#[test]
fn a_fleet_is_planned_applied_and_then_safe() {
    let fleet = Fleet::new(TWO);
    let before = fleet.run("plan", &["--read-only"]);
    assert_eq!(before.code, 8, "{before:?}");
    let scoring = service(&before.json(), "scoring");
    assert_eq!((&scoring["action"], &scoring["safe"]), (&json!("create"), &json!(false)));
    assert_eq!(scoring["unsafe_because"], json!(["it has no key yet"]));
    assert!(
        !fleet.home.path("config/fleet").exists() && fleet.keys("scoring").is_empty(),
        "nothing is written"
    );

    let applied = fleet.run("apply", &[]).ok().json();
    let scoring = service(&applied, "scoring");
    assert_eq!((&scoring["action"], scoring["delivered"].as_array().unwrap().len()), (&json!("rotated"), 2));
    assert!(scoring["reason"].as_str().unwrap().contains("no key has this name yet"), "{scoring}");
    assert_eq!(mode(&fleet.home.path("scoring.key")), 0o640);
    assert_eq!(fleet.read("scoring.key"), fleet.read("vault"));
    assert_eq!(fleet.read("reloaded").trim(), scoring["key_id"]);
    fleet.works("scoring.key");
    fleet.works("reports.key");

    let after = fleet.run("plan", &[]).ok().json();
    assert_eq!((&after["safe"], &after["drifted"]), (&json!(true), &json!(false)));
    let scoring = service(&after, "scoring");
    assert_eq!((&scoring["action"], &scoring["safe_until"]), (&json!("nothing"), &scoring["expiry_date"]));
    let again = fleet.run("apply", &[]).ok().json();
    assert_eq!(service(&again, "scoring")["action"], "nothing_to_do");
    assert_eq!(fleet.read("reloaded").lines().count(), 1);
    for file in ["scoring.key", "vault"] {
        assert!(!applied.to_string().contains(fleet.read(file).trim()), "no key is printed");
    }
}

#[test]
fn a_key_that_was_never_delivered_is_no_service_s_key() {
    let fleet = Fleet::new("[[service]]\nname = \"a\"\n[[service.deliver]]\nfile = \"DIR/a.key\"");
    fleet.home.run(&["keys", "create", "--name", "a", "--output", "elsewhere.key"]).ok();
    let plan = service(&fleet.run("plan", &[]).json(), "a");
    assert_eq!((&plan["action"], &plan["key_id"]), (&json!("rotate"), &json!("")));
    let why = "keys of its name are listed, but none is known to have been delivered";
    assert_eq!(plan["unsafe_because"], json!([why]));
}

#[test]
fn drift_is_found_and_mended() {
    let fleet = Fleet::new(TWO);
    fleet.run("apply", &[]).ok();
    let key = service(&fleet.run("plan", &[]).ok().json(), "scoring")["key_id"].as_str().unwrap().to_owned();
    let drifts: [(&str, &dyn Fn()); 4] = [
        ("has mode 644", &|| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            std::fs::set_permissions(fleet.home.path("scoring.key"), mode).unwrap();
        }),
        ("has no key", &|| std::fs::remove_file(fleet.home.path("scoring.key")).unwrap()),
        ("has another key", &|| {
            fleet.home.file("vault", &fleet.read("reports.key"));
        }),
        ("is not listed any more", &|| {
            fleet.home.run(&["keys", "delete", &key, "--yes"]).ok();
        }),
    ];
    for (what, drift) in drifts {
        drift();
        let plan = fleet.run("plan", &[]);
        assert_eq!(plan.code, 8, "{what}");
        let scoring = service(&plan.json(), "scoring");
        let drift = scoring["drift"].to_string();
        assert!(drift.contains(what), "{what}: {drift}");
        // Also of one whose only key is gone.
        assert!(!scoring["reason"].to_string().contains("no key has this name yet"), "{scoring}");
        fleet.run("apply", &[]).ok();
        fleet.run("plan", &[]).ok();
        fleet.works("scoring.key");
        assert_eq!(fleet.read("scoring.key"), fleet.read("vault"));
    }
}

#[test]
fn older_keys_stay_until_every_delivery_has_the_new_one_for_the_grace_time() {
    let one = r#"
[[service]]
name = "scoring"
expires = "+60d"
[[service.deliver]]
file = "DIR/scoring.key"
[[service.deliver]]
exec = "test -e DIR/open && cat > DIR/vault"
read = "cat DIR/vault"
"#;
    let fleet = Fleet::new(one);
    fleet.home.file("open", "");
    fleet.run("apply", &[]).ok();
    let first = fleet.keys("scoring");
    // Due, and one delivery is shut.
    std::fs::remove_file(fleet.home.path("open")).unwrap();
    fleet.ahead(50 * 24);
    for _ in 0..3 {
        let failed = fleet.run("apply", &[]);
        assert_eq!((failed.code, fleet.keys("scoring").len()), (8, 2), "{failed:?}");
        fleet.works("vault");
        fleet.works("scoring.key");
    }
    fleet.ahead(52 * 24);
    fleet.home.file("open", "");
    let mended = fleet.run("apply", &[]).ok().json();
    let scoring = service(&mended, "scoring");
    assert_eq!(
        (&scoring["action"], scoring["delivered"].as_array().unwrap().len()),
        (&json!("delivered"), 1)
    );
    fleet.ahead(52 * 24 + 23);
    fleet.run("apply", &[]).ok();
    assert_eq!(fleet.keys("scoring").len(), 2, "the grace time began with the last delivery");
    fleet.ahead(53 * 24 + 1);
    let cleaned = service(&fleet.run("apply", &[]).ok().json(), "scoring");
    assert_eq!((&cleaned["action"], &cleaned["deleted"]), (&json!("cleaned_up"), &json!(first)));
}

#[test]
fn a_plan_is_safe_for_as_long_as_it_is_asked() {
    let fleet = Fleet::new(
        "[[service]]\nname = \"a\"\nexpires = \"+20d\"\n[[service.deliver]]\nfile = \"DIR/a.key\"",
    );
    fleet.run("apply", &[]).ok();
    fleet.run("plan", &[]).ok();
    let offline = fleet.run("plan", &["--offline-for", "15d"]);
    assert_eq!(offline.code, 8, "{offline:?}");
    assert!(
        service(&offline.json(), "a")["unsafe_because"].to_string().contains("may not be rotated before")
    );
    fleet.run("plan", &["--offline-for", "15d", "--safe-for", "10d"]).ok();
    // The limit is lowered below what the manifest wants.
    fleet.bench.home("admin").run(&["admin", "expiration", "10"]).ok();
    let limited = fleet.run("plan", &[]);
    assert_eq!(limited.code, 8);
    assert!(service(&limited.json(), "a")["unsafe_because"].to_string().contains("no key can be created"));
}

#[test]
fn of_two_runs_at_once_one_does_nothing_and_a_plan_is_made_meanwhile() {
    let wait = "touch DIR/begun; while ! test -e DIR/open; do sleep 0.02; done; cat > DIR/vault";
    let one = format!(
        "[[service]]\nname = \"a\"\n[[service.deliver]]\nexec = \"{wait}\"\nread = \"cat DIR/vault\""
    );
    let fleet = Fleet::new(&one);
    let mut first = fleet.home.command(&["fleet", "apply", "-f", "fleet.toml"]).spawn().unwrap();
    while !fleet.home.path("begun").exists() {
        std::thread::yield_now();
    }
    let second = fleet.run("apply", &[]);
    assert_eq!((second.code, second.error()["kind"].as_str()), (75, Some("locked")), "{second:?}");
    let plan = fleet.run("plan", &[]);
    assert_eq!((plan.code, &service(&plan.json(), "a")["action"]), (8, &json!("deliver")), "{plan:?}");
    fleet.home.file("open", "");
    assert!(first.wait().unwrap().success());
    assert_eq!(fleet.keys("a").len(), 1);
    fleet.run("plan", &[]).ok();
}

#[test]
fn the_manifest_is_the_one_that_the_configuration_names() {
    let mut fleet = Fleet::new(TWO);
    let plan = ["fleet", "plan", "--json", "--clock-difference", "999d"];
    let none = fleet.home.run(&plan);
    assert_eq!((none.code, &none.error()["kind"]), (3, &json!("manifest")), "{none:?}");
    fleet.run("apply", &[]).ok();
    std::fs::write(fleet.home.path("config/config.toml"), "version = 1\nfleet = \"../fleet.toml\"\n")
        .unwrap();
    fleet.home.run(&plan).ok();
    fleet.home.set("KEYBENCH_FLEET", "no-such.toml");
    assert_eq!(fleet.home.run(&plan).code, 7, "the environment wins");
}

#[test]
fn a_key_is_found_where_it_was_delivered_when_the_folder_is_lost() {
    let fleet = Fleet::new(TWO);
    fleet.run("apply", &[]).ok();
    let keys = fleet.keys("scoring");
    std::fs::remove_dir_all(fleet.home.path("config")).unwrap();
    let plan = service(&fleet.run("plan", &[]).ok().json(), "scoring");
    assert_eq!((&plan["action"], &plan["key_id"]), (&json!("nothing"), &json!(keys[0])));
    let again = service(&fleet.run("apply", &[]).ok().json(), "scoring");
    assert_eq!((&again["action"], fleet.keys("scoring")), (&json!("nothing_to_do"), keys));
}

#[test]
fn an_audit_lists_the_variable_that_a_fleet_keeps_as_managed() {
    let deliver = |project: &str| {
        format!(
            "[[service]]\nname = \"scoring\"\n[[service.deliver]]\nproject_env = \"{project}\"\n\
             variable = \"SCORING_KEY\"\n"
        )
    };
    let fleet = Fleet::new(&deliver("owner/churn-prod"));
    let refused = fleet.run("apply", &[]);
    assert_eq!(refused.code, 7, "{refused:?}");
    let why = refused.error()["message"].as_str().unwrap().to_owned();
    assert!(why.contains("collaborators of the project can read the key"), "{why}");
    assert!(fleet.keys("scoring").is_empty());

    // However the manifest names the project.
    for project in ["owner/churn-prod", "churn-prod", "OWNER/churn-prod"] {
        fleet.manifest(&format!("{}shared_with_collaborators = true\n", deliver(project)));
        fleet.run("apply", &[]).ok();
        let audit = ["admin", "audit", "--json"];
        let report = fleet.home.run(&audit).ok().json();
        let location = &report["environments"][0];
        assert_eq!(
            (&location["variable"], &location["managed"]),
            (&json!("SCORING_KEY"), &json!(true)),
            "{project}"
        );
        let elsewhere = fleet.bench.home("owner").run(&audit).ok().json();
        assert_eq!(elsewhere["environments"][0]["managed"], false, "another machine does not know the fleet");
    }
    let text = fleet.home.run(&["admin", "audit"]).ok().out;
    assert!(text.contains("variable SCORING_KEY (managed by a fleet)"), "{text}");
}

#[test]
fn what_is_wrong_with_a_manifest_is_said_before_anything_is_sent() {
    let fleet = Fleet::new("[[service]]\nname = \"a\"\n");
    let refused = fleet.run("apply", &[]);
    assert_eq!((refused.code, refused.error()["kind"].as_str()), (7, Some("manifest")), "{refused:?}");
    assert!(
        refused.error()["message"].as_str().unwrap().contains("service \"a\": it has no [[service.deliver]]")
    );
    fleet.manifest(
        "[[service]]\nname = \"a\"\nexpires = \"90 dayz\"\n[[service.deliver]]\nfile = \"DIR/a.key\"",
    );
    let refused = fleet.run("plan", &[]);
    assert!(
        refused.code == 7 && refused.err.contains("expires: \\\"90 dayz\\\" is not a date"),
        "{refused:?}"
    );
    let schema = fleet.home.run(&["fleet", "schema"]).ok().json();
    assert_eq!(schema["properties"]["version"]["const"], 1);
}
