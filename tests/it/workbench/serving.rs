//! `keybench serve` as other programs' tests use it: variables, a command to run, names, parents,
//! and the fate of its data directory.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::confinement::is_there;
use super::model_support::there_is_python;
use super::support::skipped;
use crate::support::nowhere;

fn serve(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keybench"));
    nowhere(&mut command).args(["serve", "--listen", "127.0.0.1:0", "--seed", "demo", "--data"]).arg(data);
    command
}

fn shell(data: &Path, options: &[&str], script: &str) -> Output {
    serve(data).args(options).args(["--", "sh", "-c", script]).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits for what another process does.
fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_command_gets_the_variables_and_gives_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = serve(Path::new("data"));
    command.args(["--as", "viewer", "--tls", "--", "sh", "-c", "env; exec 3<>/dev/null; exit 5"]);
    let done = command.current_dir(folder.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(5), "{done:?}");
    let out = text(&done.stdout);
    let value = |name: &str| {
        let line = out.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("{name} in {out}")).to_owned()
    };
    let url = value("KEYBENCH_URL");
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    assert_eq!(value("KEYBENCH_MODEL_URL"), format!("{url}/model"));
    assert_eq!(format!("https://{}", value("CDSW_DOMAIN")), url);
    assert_eq!(value("CDSW_API_URL"), format!("{url}/api/v1"));
    assert_eq!(value("CDSW_PROJECT_URL"), format!("{url}/api/v1/projects/owner/churn-prod"));
    assert_eq!(value("CDSW_PROJECT_ID").len(), 19);
    assert_eq!(value("KEYBENCH_API_KEY"), value("CDSW_APIV2_KEY"));
    assert_eq!(value("CDSW_API_KEY").len(), 32);
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        let file = PathBuf::from(value(name));
        assert!(file.is_absolute() && file.is_file(), "{name}={}", file.display());
    }
    assert!(!out.contains("\"event\""), "standard output is the command's");
    let nobody = shell(&data, &["--as", "nobody"], "true");
    assert_eq!(nobody.status.code(), Some(7));
    let missing = serve(&data).args(["--", "/no/such/program"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(7), "{missing:?}");
}

const SEED: &str = r#"
version = 1
user = [{ name = "admin", admin = true }, { name = "owner" }]
project = [{ name = "p", owner = "owner", visibility = "private", files = "files", model = [
    { name = "echo", file = "echo.py", function = "echo" },
] }]
"#;

#[test]
fn functions_run_from_a_data_directory_that_is_named_from_here() {
    if !there_is_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    std::fs::write(folder.path().join("files/echo.py"), "def echo(args):\n    return args\n").unwrap();
    std::fs::write(folder.path().join("seed.toml"), SEED).unwrap();
    let program = env!("CARGO_BIN_EXE_keybench");
    let done = nowhere(&mut Command::new(program))
        .args(["serve", "--listen", "127.0.0.1:0", "--seed", "seed.toml", "--data", "data", "--"])
        .args([program, "models", "test", "p/echo", "--request", "7"])
        .current_dir(folder.path())
        .env("KEYBENCH_CONFIG_DIR", folder.path())
        .env("NO_PROXY", "*")
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn variables_are_printed_for_a_shell() {
    let data = tempfile::tempdir().unwrap();
    let mut child = serve(data.path()).args(["--ready", "env"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.starts_with("export KEYBENCH_URL='http://127.0.0.1:"), "{first}");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

/// An empty workbench has the administrator alone.
#[test]
fn without_an_owner_the_variables_are_those_of_the_administrator() {
    let data = tempfile::tempdir().unwrap();
    let done = nowhere(&mut Command::new(env!("CARGO_BIN_EXE_keybench")))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path().join("data"))
        .args(["--", "sh", "-c", "echo $KEYBENCH_API_KEY"])
        .output()
        .unwrap();
    let key = text(&done.stdout).lines().last().unwrap_or_default().to_owned();
    let credentials = std::fs::read_to_string(data.path().join("data/credentials.json")).unwrap();
    assert!(done.status.success() && !key.is_empty() && credentials.contains(&key), "{done:?}");
}

#[test]
fn a_command_sees_names_that_nobody_else_sees() {
    let data = tempfile::tempdir().unwrap();
    let script = "getent hosts workbench.test modelservice.workbench.test; id -u; echo $KEYBENCH_MODEL_URL; cat /etc/hosts";
    let done = shell(data.path(), &["--names", "--tls"], script);
    let (out, complaint) = (text(&done.stdout), text(&done.stderr));
    if done.status.code() == Some(7) {
        assert!(complaint.contains("127.0.0.1 workbench.test modelservice.workbench.test"), "{complaint}");
        skipped("this system gives commands no names of their own");
        return;
    }
    assert_eq!(done.status.code(), Some(0), "{complaint}");
    assert!(out.contains("https://modelservice.workbench.test:"), "{out}");
    assert!(out.contains("127.0.0.1 workbench.test modelservice.workbench.test"), "{out}");
    assert!(out.lines().any(|line| line == rustix::process::getuid().as_raw().to_string()), "{out}");
    assert!(!std::fs::read_to_string("/etc/hosts").unwrap().contains("workbench.test"));
    let alone = serve(data.path()).arg("--names").output().unwrap();
    assert_eq!(alone.status.code(), Some(2));
}

#[test]
fn it_ends_with_the_process_that_started_it() {
    let data = tempfile::tempdir().unwrap();
    // The shell starts it in the background and is killed.
    let line = format!(
        "{} serve --listen 127.0.0.1:0 --seed empty --exit-with-parent --data {} & echo $!; wait",
        env!("CARGO_BIN_EXE_keybench"),
        data.path().display()
    );
    let mut parent = Command::new("sh").args(["-c", &line]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let pid: i32 = lines.next().unwrap().unwrap().parse().unwrap();
    assert!(lines.next().unwrap().unwrap().contains("ready"));
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("it ends", || !is_there(pid));
}

#[test]
fn a_directory_that_goes_away_ends_it_with_a_sentence() {
    for removes_all in [true, false] {
        let parent = tempfile::tempdir().unwrap();
        let data = parent.path().join("data");
        let mut child = serve(&data).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        if removes_all {
            std::fs::remove_dir_all(&data).unwrap();
        } else {
            std::fs::remove_file(data.join("lock")).unwrap();
        }
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(74));
        assert!(text(&done.stderr).contains("was removed or replaced"), "{done:?}");
    }
}

#[test]
fn after_a_gentle_end_the_file_alone_is_whole() {
    let data = tempfile::tempdir().unwrap();
    assert!(shell(data.path(), &[], "true").status.success());
    let log = std::fs::metadata(data.path().join("workbench.sqlite-wal"));
    assert!(log.is_err() || log.unwrap().len() == 0);
    let copy = tempfile::tempdir().unwrap();
    for name in ["workbench.sqlite", "credentials.json"] {
        std::fs::copy(data.path().join(name), copy.path().join(name)).unwrap();
    }
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(copy.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let whoami = format!("{} whoami", env!("CARGO_BIN_EXE_keybench"));
    let done = shell(copy.path(), &[], &whoami);
    assert!(done.status.success() && text(&done.stdout).contains("owner"), "{done:?}");
}

#[test]
fn a_request_names_its_host() {
    let data = tempfile::tempdir().unwrap();
    let mut child = serve(data.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = ready["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    for (head, status) in [
        ("GET /sense-bootstrap.json HTTP/1.1\r\n", "400"),
        ("GET /sense-bootstrap.json HTTP/1.1\r\nhost: a\r\nhost: b\r\n", "400"),
        ("GET /sense-bootstrap.json HTTP/1.1\r\nhost: a\r\n", "200"),
        ("GET /sense-bootstrap.json HTTP/1.0\r\n", "200"),
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{head}: {answer}");
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

/// A server that reports when it is ready, and where.
fn ready(command: &mut Command) -> (std::process::Child, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = ready["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    (child, address)
}

fn ask(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /sense-bootstrap.json HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn idle_connections_give_way_to_new_ones() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|most| most < 4096) {
        skipped("this system allows no 4096 file descriptors");
        return;
    }
    let enough = limit.current.map(|now| now.max(4096));
    setrlimit(Resource::Nofile, Rlimit { current: enough, ..limit }).unwrap();
    let data = tempfile::tempdir().unwrap();
    let (mut child, address) = ready(&mut serve(data.path()));
    let idle: Vec<_> = (0..1100).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let begun = Instant::now();
    assert!(ask(&address).starts_with("HTTP/1.1 200"));
    // An idle connection is closed after a minute anyhow.
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
    drop(idle);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_server_without_descriptors_says_whose_limit_it_is() {
    let data = tempfile::tempdir().unwrap();
    let line = format!(
        "ulimit -n 64; exec {} serve --listen 127.0.0.1:0 --seed empty --data {}",
        env!("CARGO_BIN_EXE_keybench"),
        data.path().display()
    );
    let (mut child, address) = ready(Command::new("sh").args(["-c", &line]));
    let many: Vec<_> = (0..100).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("out of file descriptors (limit 64")));
    drop(many);
    until("it answers again", || ask(&address).starts_with("HTTP/1.1 200"));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    child.wait().unwrap();
}
