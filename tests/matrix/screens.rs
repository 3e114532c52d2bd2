//! Some faults with each screen.

use std::time::Instant;

use serde_json::{Value, json};

use crate::faults::{FAULTS, Fault};
use crate::leaks;
use crate::support::bench::Bench;
use crate::terminal::Terminal;

/// Those that end in ways of their own; the commands meet all.
const CHOSEN: [&str; 7] = ["429", "stall", "html", "dns", "untrusted", "endless list", "drip"];
/// Those that meet a change behind a screen that works.
const IN_DIALOGS: [&str; 4] = ["500", "429", "stall", "html"];

/// A screen or a dialog: what leads to it, and the requests of it that meet a fault.
struct Case {
    name: &'static str,
    /// Keys, each after what is to be seen before it is pressed.
    keys: &'static [(&'static str, &'static str)],
    on: fn() -> Value,
}

const fn case(name: &'static str, keys: &'static [(&'static str, &'static str)], on: fn() -> Value) -> Case {
    Case { name, keys, on }
}

const SCREENS: [Case; 3] = [
    case("keys", &[], || json!({"operation": "ListV2Keys"})),
    case("models", &[("Settings", "2")], || json!({"operation": "ListAllModels"})),
    case("users", &[("Settings", "3")], || json!({"operation": "ListUsersQuota"})),
];

/// Dialogs that change something. What leads to them must work, so only the control listener's faults meet
/// them.
const DIALOGS: [Case; 6] = [
    case(
        "new key",
        &[("legacy", "n"), ("Mo Tu We Th Fr Sa Su", "+90d"), ("in 90 days", "\r\r"), ("omment", "x\r")],
        || json!({"operation": "CreateV2Key"}),
    ),
    case(
        "delete key",
        &[("legacy", "d"), ("Delete this API key?", "y")],
        || json!({"operation": "DeleteV2Key"}),
    ),
    case(
        "rotate key",
        &[("legacy", "r"), ("Rotate this API key?", "y")],
        || json!({"operation": "CreateV2Key"}),
    ),
    case(
        "collaborator",
        &[
            ("Settings", "3"),
            ("contributor", "]]"),
            ("churn-prod", "\r"),
            ("viewer", "a"),
            ("Add a collaborator", "outsider\r\r"),
        ],
        || json!({"operation": "AddProjectCollaborator"}),
    ),
    case(
        "expiration",
        &[
            ("Settings", "3"),
            ("contributor", "]"),
            ("365 days", "e"),
            ("new value", "\u{15}30\r"),
            ("Change the setting?", "y"),
        ],
        || json!({"path": "/api/v1/site/config", "method": "PATCH"}),
    ),
    case(
        "test",
        &[("Settings", "2"), ("deployed", "t"), ("[ Test ]", "\r")],
        || json!({"operation": "CallModel"}),
    ),
];

#[test]
fn every_screen_meets_a_fault_in_time_with_a_true_sentence_and_gives_the_terminal_back() {
    let faults = FAULTS.iter().filter(|fault| CHOSEN.contains(&fault.name));
    std::thread::scope(|scope| {
        faults.for_each(|fault| drop(scope.spawn(|| row(fault))));
    });
}

#[test]
fn every_dialog_meets_a_fault_in_time_with_a_true_sentence_and_gives_the_terminal_back() {
    let faults = FAULTS.iter().filter(|fault| IN_DIALOGS.contains(&fault.name));
    std::thread::scope(|scope| {
        faults.for_each(|fault| {
            scope.spawn(|| {
                let bench = Bench::controlled();
                DIALOGS.iter().for_each(|case| meet(fault, case, &bench));
            });
        });
    });
}

/// To sign in, the workbench itself is needed, so each fault meets this one.
#[test]
fn the_sign_in_meets_a_fault_in_time_with_a_true_sentence_and_keeps_what_was_typed() {
    let bench = Bench::controlled();
    for fault in FAULTS.iter().filter(|fault| CHOSEN.contains(&fault.name) && fault.spares.is_empty()) {
        let url = fault.url(&bench, &json!({"operation": "ValidateAPIKey"}));
        let key = bench.key("admin");
        let mut terminal = Terminal::start_with(&["--timeout", fault.timeout("sign in")], &[]);
        terminal.wait_for("Welcome");
        terminal.send("\r");
        terminal.wait_for("the host's name");
        terminal.send(&format!("{url}\r"));
        terminal.send(&format!("\x1b[200~{key}\x1b[201~\r"));
        end(fault, "sign in", terminal, &key, Instant::now());
    }
}

fn row(fault: &Fault) {
    let bench = Bench::controlled();
    SCREENS.iter().for_each(|case| meet(fault, case, &bench));
}

fn meet(fault: &Fault, case: &Case, bench: &Bench) {
    bench.control(reqwest::Method::POST, "/reset", &Value::Null);
    let url = fault.url(bench, &(case.on)());
    // Who tests a model has some.
    let key = bench.key(if case.name == "test" { "owner" } else { "admin" });
    let variables = [("KEYBENCH_URL", url.as_str()), ("KEYBENCH_API_KEY", &key)];
    let begin = Instant::now();
    // What leads to a dialog must work, on a busy machine too.
    let timeout = if case.keys.len() > 1 { "5s" } else { fault.timeout(case.name) };
    let mut terminal = Terminal::start_with(&["--timeout", timeout], &variables);
    terminal.wait_for("Settings");
    for (before, keys) in case.keys {
        terminal.wait_for(before);
        terminal.send(keys);
    }
    end(fault, case.name, terminal, &key, begin);
}

fn end(fault: &Fault, name: &str, mut terminal: Terminal, key: &str, begin: Instant) {
    // From the key that asks to what is wrong on the screen.
    terminal.wait_for_any(fault.says);
    println!("{:12} {name:12} {:.1} s", fault.name, begin.elapsed().as_secs_f64());
    // Out of any dialog, and discarding what was typed in it.
    const ASKS: &str = "Leave keybench?";
    terminal.send("\x03");
    if terminal.wait_until_ended_or(ASKS).contains(ASKS) {
        terminal.send("y");
    }
    assert!(terminal.assert_restored().success(), "{} × {name}", fault.name);
    assert!(!leaks(&terminal.raw(), key), "{} × {name}: a key on the screen", fault.name);
}
