//! The real binary, and an embedded workbench for it to talk to.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keybench::workbench::{self, Clock, Options, Running, Seed};
use reqwest::Method;
use serde_json::Value;

/// The result of a command.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error document on standard error.
    pub fn error(&self) -> Value {
        let line = self.err.lines().last().unwrap_or_default();
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {self:?}"))["error"]
            .clone()
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

/// A home for the binary: no configuration, nothing in the environment.
pub struct Home {
    pub folder: tempfile::TempDir,
    pub env: HashMap<String, String>,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), env: HashMap::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, for options that take one.
    pub fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    /// With the files that some commands take: rows, expected answers, a manifest.
    pub fn with_files(self) -> Self {
        self.file("rows.jsonl", "{\"request\":{\"a\":1,\"b\":2}}\n");
        self.file("golden.jsonl", "{\"request\":{\"a\":1,\"b\":2},\"expect\":3}\n");
        let key = self.path("service.key");
        let service = format!("[[service]]\nname = \"service\"\n[[service.deliver]]\nfile = {key:?}\n");
        self.file("fleet.toml", &format!("version = 1\n[defaults]\nverify = \"churn-prod/add\"\n{service}"));
        self
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("keybench"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("KEYBENCH_CONFIG_DIR", self.path("config"))
            .envs(&self.env)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        self.run_with_input(arguments, "")
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Done {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A command that does not read its input closes it early.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Done {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A workbench with demo data on its own runtime, so that tests need none.
pub struct Bench {
    pub url: String,
    pub model_url: String,
    running: Option<Running>,
    pub runtime: tokio::runtime::Runtime,
    pub clock: Clock,
    /// The workbench stores its files in `data` in here.
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub fn demo() -> Self {
        Self::start(Seed::Demo, Clock::system())
    }

    pub fn start(seed: Seed, clock: Clock) -> Self {
        Self::with(seed, clock, |_| {})
    }

    /// At an address of this machine.
    pub fn at(address: &str) -> Self {
        let listen = address.parse().unwrap();
        Self::with(Seed::Demo, Clock::system(), |options| options.listen = listen)
    }

    /// With a control listener.
    pub fn controlled() -> Self {
        Self::controlled_at(Clock::system())
    }

    /// With a control listener, so that answers bear the time of `clock`.
    pub fn controlled_at(clock: Clock) -> Self {
        let listen = "127.0.0.1:0".parse().ok();
        Self::with(Seed::Demo, clock, |options| options.control = listen)
    }

    fn with(seed: Seed, clock: Clock, change: impl FnOnce(&mut Options)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut options = Options::new(data.path().join("data"));
        options.seed = seed;
        options.listen = "127.0.0.1:0".parse().unwrap();
        options.clock = clock.clone();
        // A test cannot start Python functions, the program can.
        options.starter = Some(assert_cmd::cargo::cargo_bin!("keybench").into());
        change(&mut options);
        let running = runtime.block_on(workbench::start(options)).unwrap();
        Self {
            url: running.url.clone(),
            model_url: running.model_service_url.clone(),
            running: Some(running),
            runtime,
            clock,
            folder: data,
        }
    }

    /// Has each request that fits `on` meet the fault `act`, and no other fault any request.
    pub fn fault(&self, on: &Value, act: &Value) {
        self.control(Method::DELETE, "/faults", &Value::Null);
        self.control(Method::POST, "/faults", &serde_json::json!({ "on": on, "do": act }));
    }

    /// What the control listener answers.
    pub fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        super::install_tls();
        let door = self.running.as_ref().unwrap().control.as_ref().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.request(method, format!("{}{path}", door.url)).bearer_auth(door.token.expose());
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_success(), "{path}: {answer:?}");
            answer.json().await.unwrap()
        })
    }

    pub fn key(&self, username: &str) -> String {
        let credentials = self.running.as_ref().unwrap().credentials().unwrap();
        let own = credentials.into_iter().find(|credential| credential.username == username).unwrap();
        own.api_key.expose().to_owned()
    }

    pub fn key_id(&self, username: &str) -> String {
        let credentials = self.running.as_ref().unwrap().credentials().unwrap();
        credentials.into_iter().find(|credential| credential.username == username).unwrap().key_id
    }

    /// A home in which the environment signs `username` in.
    pub fn home(&self, username: &str) -> Home {
        let mut home = Home::new();
        home.set("KEYBENCH_URL", &self.url);
        home.set("KEYBENCH_API_KEY", &self.key(username));
        home
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
    }
}

/// Waits for tomorrow if today is almost over: days that a test counts from today on must not become fewer in
/// the middle of it.
pub fn on_one_day() {
    const DAY: u64 = 86_400;
    let today = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() % DAY;
    if DAY - today < 120 {
        std::thread::sleep(std::time::Duration::from_secs(DAY - today));
    }
}

/// Mode of a file, without its type.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
