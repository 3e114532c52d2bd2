//! The schema of a manifest refuses what the program refuses.

use std::process::Command;

use serde_json::{Value, json};

use super::{Fleet, examples};
use crate::workbench::examples::there_is;

const KINDS: [(&str, &str); 4] = [
    ("file", "file = \"/key\""),
    ("kubernetes_secret", "kubernetes_secret = \"key\""),
    ("project_env", "project_env = \"a/b\"\nvariable = \"KEY\"\nshared_with_collaborators = true"),
    ("exec", "exec = \"cat\""),
];

fn with(deliver: &str) -> String {
    format!("[[service]]\nname = \"a\"\n[[service.deliver]]\n{deliver}\n")
}

#[test]
fn what_belongs_to_one_kind_of_delivery_is_refused_at_the_others() {
    let fleet = Fleet::new("");
    let schema = fleet.home.run(&["fleet", "schema"]).ok().json();
    let rules = &schema["$defs"]["deliver"]["dependentRequired"];
    let members = "mode owner group namespace key variable restart shared_with_collaborators read";
    let members: Vec<_> = members.split_whitespace().collect();
    assert_eq!(rules.as_object().unwrap().len(), members.len() + 1, "{rules}");
    for member in members {
        let value = match member {
            "shared_with_collaborators" => "true",
            "restart" => "[\"a/b\"]",
            "mode" => "\"0640\"",
            _ => "\"x\"",
        };
        for (kind, deliver) in KINDS.iter().filter(|(kind, _)| rules[member] != json!([kind])) {
            fleet.manifest(&with(&format!("{deliver}\n{member} = {value}")));
            let refused = fleet.run("plan", &[]);
            let said = format!("{member} does not belong to this kind of delivery");
            assert!(refused.code == 7 && refused.err.contains(&said), "{kind}: {refused:?}");
        }
    }
    assert_eq!(rules["project_env"], json!(["variable", "shared_with_collaborators"]));
    for (without, said) in [("variable", "needs a variable"), ("shared", "shared_with_collaborators = true")]
    {
        let lines: Vec<_> = KINDS[2].1.lines().filter(|line| !line.starts_with(without)).collect();
        fleet.manifest(&with(&lines.join("\n")));
        let refused = fleet.run("plan", &[]);
        assert!(refused.code == 7 && refused.err.contains(said), "{refused:?}");
    }
}

/// By a validator that is none of ours, where there is one.
#[test]
fn the_schema_takes_the_manifest_of_the_document_and_no_slip_in_it() {
    let fleet = Fleet::new("");
    let schema: Value = fleet.home.run(&["fleet", "schema"]).ok().json();
    fleet.home.file("schema.json", &schema.to_string());
    let script = "import json, sys, tomllib, jsonschema\n\
        schema = json.load(open('schema.json'))\n\
        jsonschema.Draft202012Validator.check_schema(schema)\n\
        found = jsonschema.Draft202012Validator(schema).iter_errors(tomllib.load(open('case.toml', 'rb')))\n\
        sys.exit(1 if list(found) else 0)";
    if !there_is("python3", &["-c", "import tomllib, jsonschema"]) {
        return;
    }
    let example = examples("toml")[0];
    let kept = "shared_with_collaborators = true";
    let cases = [
        (true, example.to_owned()),
        (false, example.replace(kept, "shared_with_collaborators = false")),
        (false, example.replace(kept, "")),
        (false, example.replace("mode = \"0440\"", "mode = \"9\"")),
        (false, example.replace("timeout = \"30s\"", "reload_timeout = \"30s\"")),
        (false, example.replace("version = 1", "version = 2")),
    ];
    for (takes, case) in cases {
        assert!(takes || case != *example);
        fleet.home.file("case.toml", &case);
        let mut python = Command::new("python3");
        let output = python.args(["-c", script]).current_dir(fleet.home.folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(i32::from(!takes)), "{case}\n{output:?}");
    }
}
