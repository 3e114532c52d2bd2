//! The command line as people read it: any change of it shows up in review.

use crate::support::bench::{Bench, Home};
use keybench::cli::Cli;

/// Where the shapes are described for those who write scripts.
const DOCUMENT: &str = include_str!("../../docs/commands.md");

/// The help of every command, the global options once only.
#[test]
fn help_of_every_command() {
    let mut root = Cli::definition().max_term_width(100).term_width(100);
    root.build();
    let mut text = format!("{}\n", root.render_long_help());
    fn visit(command: &mut clap::Command, text: &mut String) {
        for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set())
        {
            let help = sub.clone().term_width(100).render_long_help().to_string();
            let start = help.find("\nGlobal options:");
            let end = help.rfind("\nExample").filter(|end| Some(*end) > start);
            let own = match (start, end) {
                (Some(start), Some(end)) => format!("{}\n[global options]\n{}", &help[..start], &help[end..]),
                (Some(start), None) => format!("{}\n[global options]\n", &help[..start]),
                (None, _) => help.clone(),
            };
            let name = sub.get_display_name().unwrap_or(sub.get_name()).replace('-', " ");
            text.push_str(&format!("\n──── {name} ────\n{own}"));
            visit(sub, text);
        }
    }
    visit(&mut root, &mut text);
    insta::assert_snapshot!("help", text);
}

/// What the help shows as an example is a command line, whatever stands behind it.
#[test]
fn every_example_in_the_help_can_be_typed() {
    fn visit(command: &clap::Command, examples: &mut Vec<String>) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        examples.extend(help.lines().filter_map(|line| line.strip_prefix("  keybench")).map(str::to_owned));
        command.get_subcommands().for_each(|sub| visit(sub, examples));
    }
    let mut root = Cli::definition();
    root.build();
    let mut examples = Vec::new();
    visit(&root, &mut examples);
    assert!(examples.len() > 40, "{examples:?}");
    for example in examples {
        // Up to a remark, which stands apart, and to what the shell takes for itself.
        let line = example.split("   ").next().unwrap_or_default();
        let line = line.split(" > ").next().and_then(|line| line.split(" < ").next()).unwrap_or_default();
        let mut words = vec!["keybench".to_owned()];
        for (at, part) in line.split('\'').enumerate() {
            match at % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
        }
        if let Err(error) = <Cli as clap::Parser>::try_parse_from(&words) {
            panic!("{words:?}: {error}");
        }
    }
}

#[test]
fn the_binary_prints_its_help_on_standard_output() {
    let home = Home::new();
    for arguments in [&["--help"][..], &["keys", "rotate", "--help"], &["help", "models"]] {
        let done = home.run(arguments).ok();
        assert!(done.out.contains("Usage: keybench") && done.err.is_empty(), "{arguments:?}");
    }
    assert!(home.run(&["--version"]).ok().out.starts_with("keybench 0."));
}

/// The shapes of the documents: members and kinds, with what differs from run to run taken out.
#[test]
fn shapes_of_the_documents() {
    let bench = Bench::demo();
    let (owner, admin) = (bench.home("owner"), bench.home("admin"));
    let mut shapes = String::new();
    let mut add = |title: &str, document: &serde_json::Value| {
        shapes.push_str(&format!(
            "──── {title}\n{}\n",
            serde_json::to_string_pretty(&shape(document)).unwrap()
        ));
    };
    for arguments in [
        &["whoami"][..],
        &["keys", "list"],
        &["keys", "create", "--name", "x"],
        &["keys", "create", "--output", "key"],
        &["keys", "rotate", "svc", "--output", "svc"],
        &["keys", "validate"],
        &["keys", "identify"],
        &["keys", "delete", "--all", "--dry-run"],
        &["projects", "list"],
        &["collaborators", "list", "churn-prod"],
        &["collaborators", "add", "churn-prod", "outsider"],
        &["collaborators", "remove", "churn-prod", "outsider"],
        &["models", "list"],
        &["models", "show", "churn-prod/add"],
        &["models", "test", "churn-prod/add"],
        &["models", "build", "churn-prod/add", "--wait"],
        &["models", "builds", "churn-prod/add"],
        &["models", "deploy", "churn-prod/add", "--wait"],
        &["models", "restart", "churn-prod/add"],
        &["profile", "list"],
        &["doctor"],
    ] {
        let all = [arguments, &["--json", "--quiet"]].concat();
        add(&arguments.join(" "), &owner.run(&all).ok().json());
    }
    for arguments in [&["admin", "users"][..], &["admin", "expiration"], &["admin", "audit"]] {
        let all = [arguments, &["--json", "--quiet"]].concat();
        add(&arguments.join(" "), &admin.run(&all).ok().json());
    }
    let made = owner.run(&["keys", "create", "--json"]).ok().json()["key_id"].as_str().unwrap().to_owned();
    let deleted = owner.run(&["keys", "delete", &made, &"f".repeat(64), "--yes", "--json"]).json();
    add("keys delete KEY_ID --yes", &deleted);
    owner.run_with_input(&["login", "--url", &bench.url, "--name", "p"], &bench.key("owner")).ok();
    add("profile list, with one", &owner.run(&["profile", "list", "--json"]).ok().json());
    add(
        "an error",
        &serde_json::json!({ "error": owner.run(&["models", "show", "no/such", "--json"]).error() }),
    );
    for member in
        shapes.split('"').skip(1).step_by(2).filter(|word| !["text", "number", "bool", "null"].contains(word))
    {
        assert!(DOCUMENT.contains(&format!("`{member}`")), "docs/commands.md lacks {member}");
    }
    insta::assert_snapshot!("shapes", shapes);
}

/// Members with the kind of their values; of a list the first item.
fn shape(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value::{Array, Bool, Null, Number, Object, String};
    match value {
        Null => "null".into(),
        Bool(_) => "bool".into(),
        Number(_) => "number".into(),
        String(_) => "text".into(),
        Array(items) => {
            items.first().map_or_else(|| serde_json::json!([]), |first| serde_json::json!([shape(first)]))
        }
        Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
    }
}
