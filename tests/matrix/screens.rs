//! Some faults with each screen.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::faults::{FAULTS, Fault};
use crate::support::bench::Bench;
use crate::terminal::Terminal;
use crate::{TIMEOUT, leaks};

/// Those that end in ways of their own; the commands meet all.
const CHOSEN: [&str; 7] = ["429", "stall", "html", "dns", "untrusted", "endless list", "drip"];
/// From the key that asks to what is wrong on the screen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A screen: the keys that lead to it, and the requests of it that meet a fault.
struct Case {
    name: &'static str,
    keys: &'static str,
    on: fn() -> Value,
}

const SCREENS: [Case; 3] = [
    Case { name: "keys", keys: "", on: || json!({"operation": "ListV2Keys"}) },
    Case { name: "models", keys: "2", on: || json!({"operation": "ListAllModels"}) },
    Case { name: "users", keys: "3", on: || json!({"operation": "ListUsersQuota"}) },
];

#[test]
fn every_screen_meets_a_fault_in_time_with_a_true_sentence_and_gives_the_terminal_back() {
    let faults = FAULTS.iter().filter(|fault| CHOSEN.contains(&fault.name));
    std::thread::scope(|scope| {
        faults.for_each(|fault| drop(scope.spawn(|| row(fault))));
    });
}

fn row(fault: &Fault) {
    let bench = Bench::controlled();
    for case in &SCREENS {
        let url = fault.url(&bench, &(case.on)());
        let key = bench.key("admin");
        let variables = [("KEYBENCH_URL", url.as_str()), ("KEYBENCH_API_KEY", &key)];
        let begin = Instant::now();
        let mut terminal = Terminal::start_with(&["--timeout", TIMEOUT], &variables);
        terminal.wait_for("Settings");
        terminal.send(case.keys);
        terminal.wait_for_any(fault.says);
        let took = begin.elapsed();
        println!("{:12} {:8} {:.1} s", fault.name, case.name, took.as_secs_f64());
        assert!(took < PATIENCE, "{} × {}: {took:?}", fault.name, case.name);
        terminal.send("q");
        assert!(terminal.assert_restored().success(), "{} × {}", fault.name, case.name);
        assert!(!leaks(&terminal.raw(), &key), "{} × {}: a key on the screen", fault.name, case.name);
    }
}
