//! Every command of the program, from its own definition: a test that goes through all commands fails
//! where it misses one.

use std::collections::{BTreeMap, BTreeSet};

use clap::Command;
use keybench::cli::Cli;

/// Commands whose end no answer of a workbench decides, and why.
const WITHOUT_WORKBENCH: &[(&str, &str)] = &[
    ("admin audit diff", "asks no workbench"),
    ("completions", "asks no workbench"),
    ("demo", "is the interface"),
    ("fleet schema", "asks no workbench"),
    ("man", "asks no workbench"),
    ("observe", "passes on what others ask"),
    ("profile list", "asks no workbench"),
    ("profile remove", "asks no workbench"),
    ("profile use", "asks no workbench"),
    ("runs compare", "asks no workbench"),
    ("runs list", "reads the history of this machine"),
    ("runs merge", "asks no workbench"),
    ("runs report", "asks no workbench"),
    ("runs show", "reads the history of this machine"),
    ("serve", "is the workbench"),
];

/// The commands that do something: `keys list`, and `admin audit` beside `admin audit diff`.
pub fn all() -> BTreeSet<String> {
    fn visit(command: &Command, path: &str, all: &mut BTreeSet<String>) {
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
            let path = format!("{path} {}", sub.get_name()).trim().to_owned();
            if !sub.has_subcommands() || !sub.is_subcommand_required_set() {
                all.insert(path.clone());
            }
            visit(sub, &path, all);
        }
    }
    let mut all = BTreeSet::new();
    visit(&Cli::definition(), "", &mut all);
    all
}

/// Which command a command line is of.
fn command_of(arguments: &[&str], all: &BTreeSet<String>) -> String {
    let longest = (1..=arguments.len()).rev().map(|n| arguments[..n].join(" "));
    longest.into_iter().find(|path| all.contains(path)).unwrap_or_else(|| panic!("no command: {arguments:?}"))
}

/// Fails unless each command is among the `tested` command lines, in [`WITHOUT_WORKBENCH`], or in `without` with
/// the reason.
#[track_caller]
pub fn assert_all<'a>(tested: impl IntoIterator<Item = &'a [&'a str]>, without: &[(&str, &str)]) {
    let all = all();
    assert!(all.len() > 30, "{all:?}");
    let tested: BTreeSet<String> = tested.into_iter().map(|line| command_of(line, &all)).collect();
    let without: BTreeMap<&str, &str> = WITHOUT_WORKBENCH.iter().chain(without).copied().collect();
    let missing: Vec<_> =
        all.iter().filter(|one| !tested.contains(*one) && !without.contains_key(one.as_str())).collect();
    assert!(missing.is_empty(), "add a case, or a reason to leave it out: {missing:?}");
    for (one, why) in without {
        assert!(all.contains(one) && !tested.contains(one), "{one} is left out ({why}) for nothing");
    }
}
