//! Checks the structure of the program against `src/lib.rs`.
//!
//! The graph has an edge for each path in one file that refers to an item of another. A path
//! through a re-export ends at the file that defines the item. Tests are not counted.
//!
//! The lists of exceptions name what does not hold yet. They only ever get shorter: an exception
//! that is no longer needed fails the test as well.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod circles;
mod graph;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use graph::Graph;

/// Files that import each other in a circle.
const MOST_FILES_IN_A_CIRCLE: usize = 4;
const MOST_LINES_OF_A_FILE: usize = 450;
const MOST_LINES_OF_A_FUNCTION: usize = 80;

/// Larger circles that remain, each named by one of its files.
const CIRCLES: &[&str] = &[];
/// Files that are too long.
const LONG_FILES: &[&str] = &[];
/// Functions that are too long: file and name.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];
/// Imports between top-level modules that the table does not allow.
const IMPORTS: &[(&str, &str)] = &[];

/// Fails with everything that is found but not excepted, and excepted but not found.
fn assert_only<T: Ord + std::fmt::Debug>(
    what: &str,
    found: impl Iterator<Item = T>,
    excepted: impl Iterator<Item = T>,
) {
    let (found, excepted): (BTreeSet<T>, BTreeSet<T>) = (found.collect(), excepted.collect());
    let new: Vec<&T> = found.difference(&excepted).collect();
    let gone: Vec<&T> = excepted.difference(&found).collect();
    assert!(new.is_empty(), "{what}: {new:#?}");
    assert!(gone.is_empty(), "{what}: no exception is needed any more for {gone:#?}");
}

/// The parser finds every kind of use: by `use`, by a re-export, in an expression.
#[test]
fn the_graph_has_the_imports_that_are_there() {
    let files = Graph::get().files();
    for (from, to) in [
        ("tui/stack.rs", "tui/layer.rs"),
        ("tui/update.rs", "tui/overlays/question.rs"),
        ("tui/call/run.rs", "tui/call/site.rs"),
        ("cli/demo.rs", "cli/context.rs"),
    ] {
        assert!(files[from].contains(to), "{from} uses {to}: {:?}", files[from]);
    }
    assert!(!files["tui/stack.rs"].contains("tui/mod.rs"), "{:?}", files["tui/stack.rs"]);
    assert_eq!(files.len(), source::files().iter().filter(|(file, _)| is_of_the_library(file)).count());
}

/// Neither tests nor the program itself.
fn is_of_the_library(file: &str) -> bool {
    !matches!(file.rsplit('/').next(), Some("tests.rs" | "main.rs" | "lib.rs"))
        && !file.split('/').any(|part| part == "tests")
        || file == "lib.rs"
}

#[test]
fn no_circle_of_imports_is_larger_than_four_files() {
    let graph = Graph::get();
    let circles = circles::components(&graph.files());
    let large: Vec<_> = circles.into_iter().filter(|circle| circle.len() > MOST_FILES_IN_A_CIRCLE).collect();
    let excepted = |circle: &BTreeSet<String>| CIRCLES.iter().any(|file| circle.contains(*file));
    let new: Vec<String> = large
        .iter()
        .filter(|circle| !excepted(circle))
        .map(|circle| format!("{} files: {}", circle.len(), graph.explain(circle)))
        .collect();
    assert!(new.is_empty(), "circles of imports:\n{}", new.join("\n"));
    let gone: Vec<_> = CIRCLES.iter().filter(|file| !large.iter().any(|c| c.contains(**file))).collect();
    assert!(gone.is_empty(), "no exception is needed any more for {gone:?}");
}

#[test]
fn top_level_modules_import_each_other_in_no_circle() {
    let graph = Graph::get();
    let circles = circles::components(&graph.top_level());
    let named: Vec<String> = circles.iter().map(|circle| graph.explain_top_level(circle)).collect();
    assert!(circles.is_empty(), "{}", named.join("\n"));
}

/// The table of `src/lib.rs`: a module, and the modules that it may know; whether it says which.
fn table(modules: &BTreeSet<String>) -> BTreeMap<String, (BTreeSet<String>, bool)> {
    let text = std::fs::read_to_string(source::root().join("lib.rs")).unwrap();
    let names =
        |text: &str| -> BTreeSet<String> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut table: BTreeMap<String, (BTreeSet<String>, bool)> = BTreeMap::new();
    for row in text.lines().filter_map(|line| line.strip_prefix("//! | [`")) {
        let (module, rest) = row.split_once('`').unwrap();
        let may_know = rest.trim_end_matches([' ', '|']).rsplit('|').next().unwrap().trim();
        let allowed = match may_know {
            "nothing else" => (BTreeSet::new(), true),
            "all above" => (table.keys().cloned().collect(), false),
            "everything" => (modules.clone(), false),
            _ if may_know.starts_with("everything but") => {
                (modules.difference(&names(may_know)).cloned().collect(), false)
            }
            list => (names(list), true),
        };
        table.insert(module.to_owned(), allowed);
    }
    table
}

#[test]
fn modules_know_what_the_table_in_lib_rs_says() {
    let graph = Graph::get();
    let imports = graph.top_level();
    let modules: BTreeSet<String> = imports.keys().cloned().collect();
    let table = table(&modules);
    let rows: BTreeSet<String> = table.keys().cloned().collect();
    assert_eq!(rows, modules, "the table has a row for each module");
    let forbidden = imports.iter().flat_map(|(from, to)| {
        to.difference(&table[from].0).map(|to| (from.as_str(), to.as_str())).collect::<Vec<_>>()
    });
    assert_only("imports that the table does not allow", forbidden, IMPORTS.iter().copied());
    for (module, (allowed, listed)) in table {
        let unused: Vec<_> = allowed.difference(&imports[&module]).collect();
        assert!(!listed || unused.is_empty(), "{module} does not use {unused:?}");
    }
}

#[test]
fn no_file_is_longer_than_450_lines() {
    let long = source::files().into_iter().filter(|(_, text)| text.lines().count() > MOST_LINES_OF_A_FILE);
    assert_only(
        "files that are too long",
        long.map(|(file, _)| file),
        LONG_FILES.iter().map(|f| (*f).to_owned()),
    );
}

#[test]
fn no_function_is_longer_than_80_lines() {
    let graph = Graph::get();
    let long = graph.functions().filter(|function| function.lines > MOST_LINES_OF_A_FUNCTION);
    let long = long.map(|function| (function.file.as_str(), function.name.as_str()));
    assert_only("functions that are too long", long, LONG_FUNCTIONS.iter().copied());
}
