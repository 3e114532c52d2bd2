//! The examples for other people's tests, run with their tools. Without a tool, its test says so
//! and passes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use super::served::client;
use super::support::skipped;

/// A copy of an example, so that running it leaves nothing behind.
fn example(name: &str, into: &Path) -> PathBuf {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &to);
            } else {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    let to = into.join(name);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), &to);
    to
}

/// Whether a tool answers.
pub fn there_is(tool: &str, arguments: &[&str]) -> bool {
    let there = Command::new(tool).args(arguments).output().is_ok_and(|it| it.status.success());
    if !there {
        skipped(&format!("there is no {tool} {}", arguments.join(" ")));
    }
    there
}

/// Runs a tool in a folder, with the program under test.
fn run(folder: &Path, tool: &str, arguments: &[&str]) -> (Output, String) {
    let mut command = Command::new(tool);
    command.args(arguments).current_dir(folder).env("KEYBENCH", env!("CARGO_BIN_EXE_keybench"));
    let output = command.env("NO_PROXY", "*").output().unwrap();
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let text = text.concat();
    (output, text)
}

#[test]
fn the_pytest_example_passes() {
    if !there_is("python3", &["-m", "pytest", "--version"]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let folder = example("pytest", directory.path());
    let (output, text) = run(&folder, "python3", &["-m", "pytest", "-q"]);
    assert!(output.status.success() && text.contains("2 passed"), "{text}");
}

#[test]
fn the_go_example_passes() {
    if !there_is("go", &["version"]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let folder = example("go", directory.path());
    let (output, text) = run(&folder, "go", &["test", "./..."]);
    assert!(output.status.success(), "{text}");
}

#[test]
fn the_junit_example_passes() {
    if !there_is("mvn", &["--version"]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let folder = example("junit", directory.path());
    let (output, text) = run(&folder, "mvn", &["--offline", "--quiet", "--batch-mode", "test"]);
    if !output.status.success() && text.contains("could not be resolved") {
        skipped("Maven has not fetched JUnit on this machine");
        return;
    }
    assert!(output.status.success(), "{text}");
}

/// JUnit as Debian packages it (`junit5`), for machines without a Maven repository.
#[test]
fn the_junit_example_passes_without_maven() {
    let library = Path::new("/usr/share/java");
    let launcher = library.join("junit-platform-console.jar");
    if !there_is("javac", &["--version"]) {
        return;
    }
    if !launcher.exists() {
        skipped(&format!("there is no {}", launcher.display()));
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let folder = example("junit", directory.path());
    let jars = [
        "junit-jupiter-api",
        "junit-jupiter-engine",
        "junit-platform-commons",
        "junit-platform-console",
        "junit-platform-engine",
        "junit-platform-launcher",
        "junit-platform-reporting",
        "apiguardian-api",
        "opentest4j",
        "opentest4j-reporting-events",
        "opentest4j-reporting-schema",
        "picocli",
    ];
    let jars = jars.map(|name| format!("{}/{name}.jar", library.display())).join(":");
    let source = "src/test/java/WorkbenchTest.java";
    let (output, text) = run(&folder, "javac", &["-cp", &jars, "-d", "classes", source]);
    assert!(output.status.success(), "{text}");
    let all = format!("classes:{jars}");
    let launch = ["-cp", &all, "org.junit.platform.console.ConsoleLauncher", "--scan-classpath", "classes"];
    let (output, text) = run(&folder, "java", &launch);
    assert!(output.status.success() && text.contains("1 tests successful"), "{text}");
}

#[tokio::test]
async fn the_step_of_github_actions_starts_a_workbench_for_the_next_steps() {
    if !there_is("jq", &["--version"]) || !there_is("bash", &["--version"]) {
        return;
    }
    use std::os::unix::process::CommandExt as _;
    let directory = tempfile::tempdir().unwrap();
    let script = example("github-actions", directory.path()).join("start-workbench.sh");
    let variables = directory.path().join("variables");
    let program = Path::new(env!("CARGO_BIN_EXE_keybench")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut step = Command::new("bash");
    step.arg(script).env("PATH", path).env("RUNNER_TEMP", directory.path()).env("GITHUB_ENV", &variables);
    let step = step.process_group(0).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let group = Pid::from_child(&step);
    let output = step.wait_with_output().unwrap();
    let exported = std::fs::read_to_string(&variables).unwrap_or_default();
    let of = |name: &str| {
        let line = exported.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("no {name} in {exported}")).to_owned()
    };
    let answered =
        client().get(format!("{}/api/v2/projects", of("KEYBENCH_URL"))).bearer_auth(of("CDSW_APIV2_KEY"));
    let projects: Value = answered.send().await.unwrap().json().await.unwrap();
    kill_process_group(group, Signal::KILL).unwrap();
    assert_eq!(projects["projects"].as_array().unwrap().len(), 2, "{projects}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("::add-mask::{}\n", of("CDSW_APIV2_KEY")));
}
