//! The schedules of docs/fleet.md, read by what they are for, if it is installed.

use std::process::Command;

use super::examples;
use crate::workbench::examples::there_is;

#[test]
fn systemd_takes_the_units() {
    if !there_is("systemd-analyze", &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let units = examples("ini");
    let program = env!("CARGO_BIN_EXE_keybench");
    let files = ["keybench-fleet.service", "keybench-fleet.timer"].map(|name| folder.path().join(name));
    for (file, unit) in files.iter().zip(&units) {
        std::fs::write(file, unit.replace("/usr/local/bin/keybench", program)).unwrap();
    }
    assert_eq!(units.len(), 2);
    let output = Command::new("systemd-analyze").arg("verify").args(&files).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // It reads what the machine has, too: only what it says of these units counts.
    let about = said.lines().filter(|line| line.contains("keybench-fleet")).collect::<Vec<_>>();
    assert!(output.status.success() && about.is_empty(), "{said}");
}

#[test]
fn kubectl_takes_the_cron_jobs() {
    if !there_is("kubectl", &["version", "--client"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let readme = include_str!("../../../README.md").split("```yaml\n").nth(1).unwrap();
    let jobs = [(examples("yaml")[0], "fleet"), (readme.split("```").next().unwrap(), "rotate")];
    for (job, container) in jobs {
        let file = folder.path().join("job.yaml");
        std::fs::write(&file, job).unwrap();
        // Read as the CronJob of this version of the API, without a cluster.
        let output = Command::new("kubectl")
            .args(["set", "image", "--local", "--output", "json", "--filename"])
            .arg(&file)
            .arg(format!("{container}=example.com/keybench:1"))
            .env("HOME", folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let pod = &read["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        assert_eq!(pod["containers"][0]["image"], "example.com/keybench:1", "{read}");
        assert_eq!(read["spec"]["concurrencyPolicy"], "Forbid");
        assert!(
            pod["volumes"][0].is_object() && pod["containers"][0]["volumeMounts"][0].is_object(),
            "{read}"
        );
    }
}
