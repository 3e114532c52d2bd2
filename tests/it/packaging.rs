//! What `packaging/` needs of the program, with the binary of this build: the packages themselves are
//! made by `packaging/build` and tried by `packaging/check`, which take long.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::bench::Home;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn binary() -> PathBuf {
    assert_cmd::cargo::cargo_bin!("keybench").to_owned()
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The scripts, all of which begin with the line that names their interpreter.
fn scripts() -> Vec<PathBuf> {
    let all = std::fs::read_dir(root().join("packaging")).unwrap().flatten().map(|entry| entry.path());
    let is_script = |path: &PathBuf| std::fs::read_to_string(path).unwrap().starts_with("#!");
    all.filter(is_script).collect()
}

#[test]
fn the_scripts_are_whole() {
    let scripts = scripts();
    assert!(scripts.len() >= 7, "{scripts:?}");
    for script in scripts {
        let text = std::fs::read_to_string(&script).unwrap();
        match text.lines().next().unwrap() {
            "#!/usr/bin/env bash" => {
                assert!(text.contains("set -euo pipefail"), "{}", script.display());
                ok(&run(Command::new("bash").arg("-n").arg(&script)));
            }
            "#!/usr/bin/env python3" => {
                let parse = "import ast, sys; ast.parse(open(sys.argv[1]).read())";
                ok(&run(Command::new("python3").args(["-c", parse]).arg(&script)));
            }
            other => panic!("{}: {other}", script.display()),
        }
    }
}

#[test]
fn a_development_build_names_its_version_alone() {
    let version = Home::new().run(&["--version"]).ok().out;
    assert!(version.starts_with(&format!("keybench {}", env!("CARGO_PKG_VERSION"))), "{version}");
    if cfg!(debug_assertions) {
        assert_eq!(version.split_whitespace().count(), 2, "{version}");
    }
}

#[test]
fn the_demo_opens_with_no_home_and_no_terminal_type() {
    let first_frame = root().join("packaging/first_frame.py");
    for home in [None, Some("/proc")] {
        let mut command = Command::new("python3");
        command.arg(&first_frame).arg("API keys").arg(binary()).arg("demo").env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("LANG", "C.UTF-8");
        if let Some(home) = home {
            command.env("HOME", home);
        }
        let seconds: f64 = ok(&run(&mut command)).trim().parse().unwrap();
        assert!(seconds > 0.0, "HOME={home:?}");
    }
}

/// As after `pip install --user` in a session: only the variables of the session say where the workbench
/// is, which speaks TLS with a certificate of its own.
#[test]
fn in_a_session_there_is_nothing_to_configure() {
    let home = Home::new();
    let session = format!(
        "env -u KEYBENCH_URL -u KEYBENCH_MODEL_URL -u KEYBENCH_API_KEY -u KEYBENCH_CONFIG_DIR HOME=/proc {0} whoami --json && \
         env -u KEYBENCH_URL -u KEYBENCH_MODEL_URL -u KEYBENCH_API_KEY -u KEYBENCH_CONFIG_DIR HOME=/proc {0} models test churn-prod/add --json",
        binary().display()
    );
    let serve = [
        "serve",
        "--data",
        "data",
        "--seed",
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--tls",
        "--host",
        "localhost",
    ];
    let done = home.run(&[&serve[..], &["--", "sh", "-c", &session]].concat()).ok();
    assert!(done.out.contains("\"username\": \"owner\"") && done.out.contains("\"response\": 8"), "{done:?}");
}

/// A container without a daemon that builds it: `chroot` into its file system is enough.
#[test]
fn the_file_system_of_a_container_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let (tar, inside) = (folder.path().join("rootfs.tar"), folder.path().join("rootfs"));
    ok(&run(Command::new(root().join("packaging/rootfs")).arg(binary()).arg(&tar)));
    std::fs::create_dir(&inside).unwrap();
    ok(&run(Command::new("tar").arg("-xf").arg(&tar).arg("-C").arg(&inside)));
    assert!(inside.join("usr/bin/keybench").exists() && inside.join("tmp").exists());
    if !rustix::process::geteuid().is_root() {
        return eprintln!("skipped: chroot needs root");
    }
    let serve = ["/usr/bin/keybench", "serve", "--data", "/tmp/workbench", "--seed", "empty"];
    let more = ["--credentials", "fixed:test", "--listen", "127.0.0.1:0", "--as", "admin"];
    let whoami = ["--", "/usr/bin/keybench", "whoami"];
    let mut command = Command::new("chroot");
    command.arg(&inside).args(serve).args(more).args(whoami).env_clear();
    let said = ok(&run(command.env("PATH", std::env::var_os("PATH").unwrap())));
    assert!(said.contains("admin"), "{said}");
    let version = ok(&run(Command::new("chroot").arg(&inside).args(["/usr/bin/keybench", "--version"])));
    assert!(version.starts_with("keybench "), "{version}");
    serves_as_documented(&inside);
    // The image is this file system, and nothing from elsewhere.
    let image = std::fs::read_to_string(root().join("packaging/Containerfile")).unwrap();
    let steps: Vec<_> = image.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(steps, ["FROM scratch", "ADD rootfs.tar /", "ENTRYPOINT [\"/usr/bin/keybench\"]"]);
}

/// Runs the command line of the documents in the file system of a container, waits as they do, and asks
/// with a key that another workbench with the same credentials has.
fn serves_as_documented(inside: &Path) {
    let document = std::fs::read_to_string(root().join("docs/packages.md")).unwrap();
    let lines: Vec<_> = document.lines().filter_map(|line| line.trim().strip_prefix('"')).collect();
    let line = lines.iter().find(|line| line.starts_with("serve ")).unwrap().trim_end_matches('"');
    assert_eq!(document.matches(line).count(), 2, "Python and Java start the same: {line}");
    let waits = document.split("LogMessageWaitStrategy('").nth(1).and_then(|rest| rest.split('\'').next());
    let waits = waits.unwrap();

    std::fs::remove_dir_all(inside.join("tmp/workbench")).unwrap();
    let mut command = Command::new("chroot");
    command.arg(inside).arg("/usr/bin/keybench").args(line.replace(":8642", ":0").split(' '));
    let mut serve = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(serve.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert!(ready.contains(waits), "{waits} is not in {ready}");
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    assert!(document.contains(&format!("copy_from_container({},", ready["credentials"])), "{ready}");
    let port = ready["url"].as_str().unwrap().rsplit(':').next().unwrap();

    let mut home = Home::new();
    let elsewhere = ["serve", "--data", "data", "--seed", "demo", "--credentials", "fixed:ci"];
    home.run(&[&elsewhere[..], &["--listen", "127.0.0.1:0", "--", "true"]].concat()).ok();
    let credentials = std::fs::read_to_string(home.path("data/credentials.json")).unwrap();
    let credentials: serde_json::Value = serde_json::from_str(&credentials).unwrap();
    let users = credentials.as_array().unwrap();
    let owner = users.iter().find(|user| user["username"] == "owner").unwrap();
    home.set("KEYBENCH_URL", &format!("http://127.0.0.1:{port}"));
    home.set("KEYBENCH_API_KEY", owner["api_key"].as_str().unwrap());
    let answer = home.run(&["models", "test", "churn-prod/add", "--json"]);
    serve.kill().unwrap();
    serve.wait().unwrap();
    assert_eq!(answer.ok().json()["response"], 8);
}

#[test]
fn a_release_is_refused_where_files_differ_from_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        ok(&run(&mut crate::support::git(folder.path(), &[&identity[..], arguments].concat())))
    };
    std::fs::create_dir(folder.path().join("packaging")).unwrap();
    std::fs::copy(root().join("packaging/release"), folder.path().join("packaging/release")).unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nversion = \"7.0.0\"\n").unwrap();
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "first"]);
    let refused = || {
        let mut release = Command::new("bash");
        release.arg("packaging/release").current_dir(folder.path()).env_clear();
        release.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", folder.path());
        let release = run(&mut release);
        assert!(!release.status.success());
        String::from_utf8(release.stderr).unwrap()
    };
    std::fs::write(folder.path().join("CHANGELOG.md"), "## Unreleased\n- more\n\n## 7.0.0\n").unwrap();
    assert!(refused().contains("files differ"));
    git(&["add", "."]);
    git(&["commit", "-qm", "second"]);
    assert!(refused().contains("still has unreleased changes"));
    std::fs::write(folder.path().join("CHANGELOG.md"), "## Unreleased\n\n## 7.0.0\n").unwrap();
    git(&["commit", "-qam", "third"]);
    assert!(refused().contains("not tagged v7.0.0"));
}
