//! `fleet metrics`, and the alerts of docs/fleet.md. `promtool` reads both, if it is installed.

use std::process::Command;

use super::{Fleet, TWO, examples};
use crate::support::bench::mode;
use crate::workbench::examples::there_is;

/// Lines of OpenMetrics: each sample belongs to a family that was declared, and the text ends.
fn samples(text: &str) -> Vec<(String, f64)> {
    assert!(text.ends_with("# EOF\n"), "{text}");
    let mut family = String::new();
    let mut samples = Vec::new();
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            family = rest.strip_suffix(" gauge").unwrap().to_owned();
            continue;
        }
        if let Some(rest) = line.strip_prefix("# ") {
            assert!(rest.split(' ').nth(1) == Some(&family), "{line}");
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert_eq!(name.split('{').next().unwrap(), family, "{line}");
        samples.push((name.to_owned(), value.parse().unwrap()));
    }
    samples
}

#[test]
fn figures_have_absolute_times() {
    let fleet = Fleet::new(TWO);
    fleet.run("apply", &[]).ok();
    fleet.run("metrics", &["--textfile", "keybench.prom"]).ok();
    let printed = fleet.run("metrics", &["--textfile", "-"]).ok().json();
    let text = printed["metrics"].as_str().unwrap();
    assert!(text.contains("keybench_key_expiry_timestamp_seconds"), "{text}");
    let samples = samples(&fleet.read("keybench.prom"));
    let value = |name: &str| {
        let wanted = format!("{name}{{service=\"scoring\",user=\"owner\"}}");
        samples.iter().find(|(name, _)| *name == wanted).unwrap_or_else(|| panic!("{wanted}: {samples:?}")).1
    };
    let now = jiff::Timestamp::now().as_second() as f64;
    assert_eq!((value("keybench_service_safe"), value("keybench_apply_last_exit_code")), (1.0, 0.0));
    assert!(value("keybench_key_expiry_timestamp_seconds") > now + 300.0 * 86_400.0);
    assert!(value("keybench_key_rotation_due_timestamp_seconds") > now);
    assert!((value("keybench_apply_last_success_timestamp_seconds") - now).abs() < 600.0);
    assert_eq!(mode(&fleet.home.path("keybench.prom")), 0o644);
}

#[test]
fn figures_of_clocks_that_differ_are_written_and_call_no_service_safe() {
    let fleet = Fleet::new(TWO);
    fleet.run("apply", &[]).ok();
    fleet.ahead(2);
    let line = ["fleet", "metrics", "-f", "fleet.toml", "--textfile", "keybench.prom", "--json"];
    let done = fleet.home.run(&line);
    assert_eq!((done.code, done.error()["kind"].as_str()), (8, Some("clock")), "{done:?}");
    let samples = samples(&fleet.read("keybench.prom"));
    let values = |name: &str| -> Vec<f64> {
        samples.iter().filter(|(of, _)| of.starts_with(name)).map(|(_, value)| *value).collect()
    };
    assert_eq!(values("keybench_service_safe"), [0.0, 0.0]);
    let difference = values("keybench_clock_difference_seconds")[0];
    assert!((difference - 7_200.0).abs() < 60.0, "{difference}");
    fleet.run("metrics", &["--textfile", "keybench.prom"]).ok();
    let nowhere = fleet.run("metrics", &["--textfile", "nowhere/x"]);
    let message = "the figures cannot be written to nowhere/x: No such file or directory (os error 2)";
    assert_eq!((nowhere.code, &nowhere.error()["message"]), (74, &serde_json::json!(message)));
}

/// Runs `promtool` in the home, with a file on its standard input.
fn promtool(fleet: &Fleet, arguments: &[&str], input: &str) {
    let mut promtool = Command::new("promtool");
    promtool.args(arguments).current_dir(fleet.home.folder.path());
    let output = promtool.stdin(std::fs::File::open(fleet.home.path(input)).unwrap()).output().unwrap();
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{arguments:?}: {}", text.concat());
}

/// One key expires in a week, and the plan of the other service is not safe.
const ALERTS: &str = r#"
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - { series: 'keybench_key_expiry_timestamp_seconds{service="a",user="owner"}', values: 604000+0x600 }
      - { series: 'keybench_key_expiry_timestamp_seconds{service="b",user="owner"}', values: 7000000+0x600 }
      - { series: 'keybench_service_safe{service="a",user="owner"}', values: 1x600 }
      - { series: 'keybench_service_safe{service="b",user="owner"}', values: 0x600 }
      - { series: keybench_plan_timestamp_seconds, values: 0+0x600 }
    alert_rule_test:
      - eval_time: 2h
        alertname: ApiKeyExpiresSoon
        exp_alerts:
          - exp_labels: { service: a, user: owner }
            exp_annotations: { summary: "The key of a expires within 7 days" }
      - eval_time: 7h
        alertname: ApiKeyFleetNotSafe
        exp_alerts:
          - exp_labels: { service: b, user: owner }
            exp_annotations: { summary: "A service is not safe, or its plan is older than 2 days" }
  - interval: 1m
    input_series:
      - { series: 'keybench_service_safe{service="a",user="owner"}', values: 1x4000 }
      - { series: keybench_plan_timestamp_seconds, values: 0+0x4000 }
    alert_rule_test:
      - { eval_time: 47h, alertname: ApiKeyFleetNotSafe }
      - eval_time: 55h
        alertname: ApiKeyFleetNotSafe
        exp_alerts:
          - exp_annotations: { summary: "A service is not safe, or its plan is older than 2 days" }
"#;

#[test]
fn promtool_takes_the_figures_and_the_alerts() {
    if !there_is("promtool", &["--version"]) {
        return;
    }
    let quoted = TWO.replace("name = \"scoring\"", "name = 'scoring \"x\" \\\\ y'");
    let fleet = Fleet::new(&quoted);
    fleet.run("apply", &[]).ok();
    fleet.run("metrics", &["--textfile", "keybench.prom"]).ok();
    promtool(&fleet, &["check", "metrics"], "keybench.prom");
    fleet.home.file("rules.yaml", examples("yaml").last().unwrap());
    fleet.home.file("alerts.yaml", ALERTS);
    promtool(&fleet, &["check", "rules", "rules.yaml"], "rules.yaml");
    promtool(&fleet, &["test", "rules", "alerts.yaml"], "alerts.yaml");
}
