//! Each fault with each command.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::faults::{FAULTS, Fault};
use crate::leaks;
use crate::support::bench::Bench;
use crate::support::commands;

/// No command may take longer, however many requests it makes: machines are shared.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command, and the requests of it that meet a fault.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    on: fn() -> Value,
    /// The exit codes that tell the truth, whatever the fault.
    ends: &'static [i32],
}

macro_rules! case {
    ($name:literal, [$($argument:literal),*], $on:tt) => {
        case!($name, [$($argument),*], $on, &[5, 6])
    };
    ($name:literal, [$($argument:literal),*], $on:tt, $ends:expr) => {
        Case { name: $name, arguments: &[$($argument),*], on: || json!($on), ends: $ends }
    };
}

const COMMANDS: &[Case] = &[
    case!("whoami", ["whoami"], {"operation": "ValidateAPIKey"}),
    case!("doctor", ["doctor"], {"path": "/"}),
    case!("login", ["login", "--name", "new"], {"path": "/"}),
    case!("keys list", ["keys", "list"], {"operation": "ListV2Keys"}),
    case!("keys create", ["keys", "create", "--output", "new.key"], {"operation": "CreateV2Key"}),
    case!("keys delete", ["keys", "delete", "--all", "--user", "viewer", "--yes"], {"operation": "DeleteV2Keys"}),
    case!("keys rotate", ["keys", "rotate", "svc", "--output", "svc.key"], {"operation": "CreateV2Key"}),
    case!("keys validate", ["keys", "validate"], {"operation": "ValidateAPIKey"}),
    case!("keys identify", ["keys", "identify"], {"operation": "ListV2Keys"}),
    case!("projects list", ["projects", "list"], {"operation": "ListProjects"}),
    case!("collaborators list", ["collaborators", "list", "churn-prod"], {"operation": "ListProjectCollaborators"}),
    case!("collaborators add", ["collaborators", "add", "churn-prod", "outsider"], {"operation": "AddProjectCollaborator"}),
    case!("models list", ["models", "list"], {"operation": "ListAllModels"}),
    case!("models show", ["models", "show", "churn-prod/add"], {"path": "/api/v2/projects/"}),
    case!("models builds", ["models", "builds", "churn-prod/add"], {"operation": "ListModelBuilds"}),
    case!("models build", ["models", "build", "churn-prod/add"], {"operation": "CreateModelBuild"}),
    case!("models deploy", ["models", "deploy", "churn-prod/add"], {"operation": "ListModelDeployments"}),
    case!("models restart", ["models", "restart", "churn-prod/add"], {"operation": "RestartModelDeployment"}),
    case!("models test", ["models", "test", "churn-prod/add"], {"operation": "CallModel"}, &[5, 6, 8]),
    case!("models test -n", ["models", "test", "churn-prod/add", "-n", "3"], {"operation": "CallModel"}, &[5, 6, 8]),
    case!("models score", ["models", "score", "churn-prod/add", "--input", "rows.jsonl", "--output", "o.jsonl", "--retry", "busy=1", "--retry", "connect=1"], {"operation": "CallModel"}, &[5, 6, 8]),
    case!("models check", ["models", "check", "churn-prod/add", "--golden", "golden.jsonl"], {"operation": "ListAllModels"}, &[5, 6, 8]),
    case!("models stop", ["models", "stop", "churn-prod/add"], {"operation": "StopModelDeployment"}),
    case!("collaborators remove", ["collaborators", "remove", "churn-prod", "viewer"], {"operation": "DeleteProjectCollaborator"}),
    case!("fleet plan", ["fleet", "plan", "-f", "fleet.toml"], {"operation": "ListV2Keys"}),
    case!("fleet apply", ["fleet", "apply", "-f", "fleet.toml"], {"operation": "CreateV2Key"}),
    case!("fleet metrics", ["fleet", "metrics", "-f", "fleet.toml"], {"operation": "ListV2Keys"}),
    case!("admin users", ["admin", "users"], {"operation": "ListV2Keys"}, &[5, 6, 8]),
    case!("admin audit", ["admin", "audit"], {"operation": "ListV2Keys"}, &[5, 6, 8]),
    case!("admin expiration", ["admin", "expiration"], {"path": "/api/v1/"}),
    case!("set expiration", ["admin", "expiration", "90"], {"path": "/api/v1/"}),
];

#[test]
fn every_command_is_here() {
    commands::assert_all(COMMANDS.iter().map(|case| case.arguments), &[]);
}

/// How a command met a fault.
struct Seen {
    code: Option<i32>,
    took: Duration,
    memory: u64,
    out: String,
    err: String,
}

#[test]
fn every_command_meets_every_fault_in_time_with_one_true_sentence_and_no_key() {
    let rows: Vec<(&str, Vec<Seen>, Vec<String>)> = std::thread::scope(|scope| {
        let rows: Vec<_> = FAULTS.iter().map(|fault| scope.spawn(|| row(fault))).collect();
        rows.into_iter().map(|row| row.join().unwrap()).collect()
    });
    let wrong: Vec<_> = rows.iter().flat_map(|(.., wrong)| wrong).cloned().collect();
    print(&rows);
    let (all, weighed) = rows
        .iter()
        .flat_map(|(_, row, _)| row)
        .fold((0, 0), |(all, weighed), seen| (all + 1, weighed + usize::from(seen.memory > 0)));
    assert!(weighed * 10 > all * 9, "the memory of {weighed} in {all} was seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A line a fault: exit code, seconds and MiB of each command.
fn print(rows: &[(&str, Vec<Seen>, Vec<String>)]) {
    for (at, case) in COMMANDS.iter().enumerate() {
        println!("{:>2}: {}", at + 1, case.name);
    }
    println!("each: exit code, seconds, MiB at most");
    for (fault, row, _) in rows {
        print!("{fault:12}");
        for seen in row {
            let code = seen.code.map_or_else(|| "?".to_owned(), |code| code.to_string());
            print!(" {code:>2} {:.1} {:<2}", seen.took.as_secs_f64(), seen.memory >> 10);
        }
        println!();
    }
}

fn row(fault: &'static Fault) -> (&'static str, Vec<Seen>, Vec<String>) {
    let bench = Bench::controlled();
    let (mut row, mut wrong) = (Vec::new(), Vec::new());
    for case in COMMANDS {
        let (seen, key) = meet(fault, case, &bench);
        let found = problems(fault, case, &seen, &key);
        if !found.is_empty() {
            let text = format!("{} × {}: {found:?}\n{}{}", fault.name, case.name, seen.out, seen.err);
            wrong.push(text);
        }
        row.push(seen);
    }
    (fault.name, row, wrong)
}

fn meet(fault: &Fault, case: &Case, bench: &Bench) -> (Seen, String) {
    let mut home = bench.home("admin").with_files();
    let key = bench.key("admin");
    let url = fault.url(bench, &(case.on)());
    home.set("KEYBENCH_URL", &url);
    let is_login = case.arguments[0] == "login";
    let mut arguments = case.arguments.to_vec();
    if is_login {
        home.env.remove("KEYBENCH_API_KEY");
        arguments.extend(["--url", &url]);
    }
    arguments.extend(["--timeout", fault.timeout(case.name), "-vv", "--log-file", "log"]);
    let begin = Instant::now();
    let mut command = home.command(&arguments);
    let (out, err) = (home.path("out"), home.path("err"));
    let file = |path| std::fs::File::create(path).unwrap();
    let mut child = command.stdin(Stdio::piped()).stdout(file(&out)).stderr(file(&err)).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(if is_login { key.as_bytes() } else { b"" });
    let mut memory = 0;
    let status = loop {
        // The kernel forgets it with the process, and no event says that it is about to end.
        memory = high_water(child.id()).unwrap_or(memory);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::park_timeout(Duration::from_millis(2));
    };
    let read = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    let ended = status.code().filter(|_| status.signal().is_none());
    let seen = Seen { code: ended, took: begin.elapsed(), memory, out: read(&out), err: read(&err) };
    assert!(!leaks(&read(&home.path("log")), &key), "{} × {}: a key in the log", fault.name, case.name);
    (seen, key)
}

/// The most that a process had in memory so far, in KiB.
pub fn high_water(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}

/// What is not as it should be.
fn problems(fault: &Fault, case: &Case, seen: &Seen, key: &str) -> Vec<&'static str> {
    let printed = format!("{}{}", seen.out, seen.err);
    let spared = fault.spares.contains(&case.name);
    let sentences = seen.err.lines().filter(|line| line.starts_with("keybench: ")).count();
    let checks = [
        ("it does not end in time", seen.took < PATIENCE),
        (
            "its exit code is not true",
            seen.code.is_some_and(|code| match spared {
                true => code == 0,
                false => case.ends.contains(&code),
            }),
        ),
        ("it does not say what is wrong", spared || fault.says.iter().any(|word| printed.contains(word))),
        ("it says several things", sentences <= 1),
        ("it panics", !printed.contains("panicked")),
        ("a key is in its output", !leaks(&printed, key)),
        ("it takes too much memory", seen.memory < fault.memory(case.name) << 10),
    ];
    checks.into_iter().filter(|(_, holds)| !holds).map(|(what, _)| what).collect()
}
