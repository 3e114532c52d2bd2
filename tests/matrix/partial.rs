//! What was done in part, or read in part, never ends with 0: each command, with each of the requests that
//! it makes refused in turn.

use std::collections::BTreeMap;

use keybench::cli::Cli;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::bench::{Bench, Home};
use crate::support::commands;

/// A command with arguments that are right.
struct Case {
    arguments: &'static [&'static str],
    /// Commands that come before it.
    after: &'static [&'static [&'static str]],
    /// Paths that its result does not rest on: a version that is shown beside it, a limit that a workbench
    /// may keep to itself. Or whose lack is the result: a figure says that a service is not safe.
    without: &'static [&'static str],
}

const fn case(arguments: &'static [&'static str]) -> Case {
    Case { arguments, after: &[], without: &[] }
}

/// A command that looks at the deployment meanwhile, which trouble with the workbench does not end.
const fn watching(arguments: &'static [&'static str]) -> Case {
    Case { without: &["/api/v2/projects/models/builds/deployments"], ..case(arguments) }
}

const COMMANDS: &[Case] = &[
    case(&["whoami"]),
    Case { without: &["/sense-bootstrap.json"], ..case(&["doctor"]) },
    case(&["keys", "list"]),
    case(&["keys", "list", "--expiring-within", "1d"]),
    case(&["keys", "create", "--output", "new-key"]),
    case(&["keys", "delete", "--all", "--user", "viewer", "--yes"]),
    case(&["keys", "delete", "--all", "--user", "viewer", "--dry-run"]),
    case(&["keys", "rotate", "svc", "--output", "svc-key"]),
    case(&["keys", "rotate", "svc", "--output", "svc-key", "--verify", "churn-prod/add"]),
    case(&["keys", "validate"]),
    case(&["keys", "identify"]),
    case(&["projects", "list"]),
    case(&["projects", "list", "--all"]),
    case(&["collaborators", "list", "churn-prod"]),
    case(&["collaborators", "add", "churn-prod", "outsider"]),
    case(&["collaborators", "remove", "churn-prod", "viewer"]),
    case(&["models", "list"]),
    case(&["models", "show", "churn-prod/add"]),
    case(&["models", "builds", "churn-prod/add"]),
    case(&["models", "build", "churn-prod/add"]),
    case(&["models", "deploy", "churn-prod/add"]),
    case(&["models", "restart", "churn-prod/add"]),
    case(&["models", "stop", "churn-prod/add"]),
    case(&["models", "test", "churn-prod/add"]),
    case(&["models", "test", "churn-prod/add", "-n", "3"]),
    case(&["admin", "users"]),
    case(&["admin", "expiration", "90"]),
    Case {
        without: &["/sense-bootstrap.json", "/api/v1/site/config", "/api/v1/users"],
        ..case(&["admin", "audit"])
    },
    watching(&["models", "score", "churn-prod/add", "--input", "rows.jsonl", "--output", "scores.jsonl"]),
    watching(&["models", "check", "churn-prod/add", "--golden", "golden.jsonl"]),
    watching(&["models", "check", "churn-prod/add", "--against", "churn-prod/add", "--input", "rows.jsonl"]),
    Case { without: &["/api/v1/site/config"], ..case(&["fleet", "apply", "-f", "fleet.toml"]) },
    Case {
        after: &[&["fleet", "apply", "-f", "fleet.toml"]],
        without: &["/api/v1/site/config"],
        ..case(&["fleet", "plan", "-f", "fleet.toml"])
    },
    Case {
        after: &[&["fleet", "apply", "-f", "fleet.toml"]],
        without: &["/api/v1/site/config", "/api/v2/models", "/model"],
        ..case(&["fleet", "metrics", "-f", "fleet.toml"])
    },
];

/// Commands that are not among them, and why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("admin audit diff", "asks no workbench: what an audit could not read is unknown to it"),
    ("login", "has the key from its input; makes one request, and ends with 4 to 6 without its answer"),
    ("runs merge", "asks no workbench: cli_runs has a shard that is missing"),
];

#[test]
fn every_command_is_here() {
    commands::assert_all(COMMANDS.iter().map(|case| case.arguments), ELSEWHERE);
}

#[test]
fn partial_is_never_0() {
    let bench = Bench::controlled();
    let mut wrong = Vec::new();
    for case in COMMANDS {
        bench.control(Method::POST, "/reset", &Value::Null);
        let home = prepared(&bench, case);
        let seen = requests(&bench).len();
        let done = home.run(case.arguments);
        assert_eq!(done.code, 0, "{:?}: {done:?}", case.arguments);
        let asked = requests(&bench).split_off(seen);
        // One of each kind: the last that it makes.
        let asked: BTreeMap<_, _> = asked.into_iter().map(|asked| (kind(&asked), asked)).collect();
        for (kind, (method, path)) in asked {
            bench.control(Method::POST, "/reset", &Value::Null);
            let home = prepared(&bench, case);
            bench.fault(
                &json!({"method": method, "path": path}),
                &json!({"status": 400, "body": {"message": "boom"}}),
            );
            let done = home.run(case.arguments);
            println!("{:>3} {} without {method} {path}", done.code, case.arguments.join(" "));
            let does_without = |known: &&str| *known == path || kind == format!("{method} {known}");
            if done.code == 0 && !case.without.iter().any(does_without) {
                wrong.push(format!("{:?} without {method} {path}: {done:?}", case.arguments));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A home in which everything before the command was done.
fn prepared(bench: &Bench, case: &Case) -> Home {
    bench.control(Method::DELETE, "/faults", &Value::Null);
    let home = bench.home("admin").with_files();
    for before in case.after {
        home.run(before).ok();
    }
    home
}

/// A request without the names and ids in its path.
fn kind((method, path): &(String, String)) -> String {
    let id = |(at, _): &(usize, &str)| at % 2 == 0 && *at > 3;
    let path = path.split('/').enumerate().filter(|part| !id(part)).map(|(_, part)| part);
    format!("{method} {}", path.collect::<Vec<_>>().join("/"))
}

/// Method and path of each request so far.
fn requests(bench: &Bench) -> Vec<(String, String)> {
    let all = bench.control(Method::GET, "/requests", &Value::Null);
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    all.as_array().unwrap().iter().map(|entry| (text(entry, "method"), text(entry, "path"))).collect()
}

#[test]
fn the_help_of_each_command_says_when_it_ends_with_0() {
    fn visit(command: &clap::Command, path: &str) {
        let path = format!("{path} {}", command.get_name());
        let mut subcommands =
            command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set());
        match subcommands.next() {
            Some(first) => subcommands.chain([first]).for_each(|sub| visit(sub, &path)),
            None => {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                // Wherever its lines break.
                let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(help.contains("Ends with 0 "), "{path} does not say when it ends with 0");
            }
        }
    }
    let mut root = Cli::definition();
    root.build();
    visit(&root, "");
}
