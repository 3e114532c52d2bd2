//! Every answer is held to the definitions of the specification: all declared members are there,
//! with the declared type, and no others. And what is served is what the specification lists.

use std::sync::LazyLock;

use serde_json::Value;

use super::support::{As, Bench};

static SPECIFICATION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../assets/api-v2/served.json")).unwrap());

/// Compares an answer with the definition that its operation declares.
#[track_caller]
pub fn check(method: &str, path: &str, status: u16, body: &Value) {
    let path = path.split('?').next().unwrap();
    let Some(operation) = operation(method, path) else { return };
    if status == 200 {
        let schema = &operation["responses"]["200"]["schema"];
        compare(schema, body, operation["operationId"].as_str().unwrap());
    } else {
        // `details` is usually absent (OBSERVED).
        let refusal = body.as_object().unwrap();
        let mut names: Vec<&str> = refusal.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["code", "error", "message"], "{method} {path}: {body}");
    }
}

/// What the specification calls a request.
pub fn name_of(method: &str, path: &str) -> Option<&'static str> {
    operation(method, path.split('?').next()?)?["operationId"].as_str()
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = SPECIFICATION["paths"].as_object().unwrap();
    let mut found: Vec<(&String, &Value)> =
        paths.iter().filter(|(pattern, _)| matches(pattern, path)).collect();
    // A literal path goes before one with parameters: /projects/batch before /projects/{project_id}.
    found.sort_by_key(|(pattern, _)| pattern.matches('{').count());
    found.iter().find_map(|(_, methods)| methods.get(method.to_lowercase()))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(&path).all(|(pattern, segment)| match pattern.split_once('}') {
            Some((_, "")) => !segment.contains(':'),
            Some((_, verb)) => segment.ends_with(verb),
            None => pattern == segment,
        })
}

#[track_caller]
fn compare(schema: &Value, value: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return compare(&SPECIFICATION["definitions"][name], value, place);
    }
    let (kind, format) =
        (schema["type"].as_str().unwrap_or("object"), schema["format"].as_str().unwrap_or(""));
    match (kind, format) {
        ("object", _) => {
            let members = value.as_object().unwrap_or_else(|| panic!("{place} is no object: {value}"));
            let Some(declared) = schema["properties"].as_object() else { return };
            for (name, schema) in declared {
                let member = members.get(name).unwrap_or_else(|| panic!("{place}.{name} is absent"));
                compare(schema, member, &format!("{place}.{name}"));
            }
            for name in members.keys() {
                assert!(declared.contains_key(name), "{place}.{name} is not declared");
            }
        }
        ("array", _) => {
            let items = value.as_array().unwrap_or_else(|| panic!("{place} is no array: {value}"));
            items.iter().for_each(|item| compare(&schema["items"], item, place));
        }
        ("string", "int64") => {
            let text = value.as_str().unwrap_or_else(|| panic!("{place} is no string: {value}"));
            assert!(text.parse::<i64>().is_ok(), "{place}: {text}");
        }
        ("string", "date-time") => {
            let text = value.as_str().unwrap_or_else(|| panic!("{place} is no string: {value}"));
            assert!(text.is_empty() || text.parse::<jiff::Timestamp>().is_ok(), "{place}: {text}");
        }
        ("string", _) => assert!(value.is_string(), "{place}: {value}"),
        ("boolean", _) => assert!(value.is_boolean(), "{place}: {value}"),
        ("integer", _) => assert!(value.is_i64(), "{place}: {value}"),
        ("number", _) => assert!(value.is_number(), "{place}: {value}"),
        other => panic!("{place}: {other:?} is new here"),
    }
}

#[test]
fn the_comparison_can_fail() {
    let schema = serde_json::json!({"$ref": "#/definitions/ShortUser"});
    for (body, problem) in [
        (r#"{"username":"a","name":"b"}"#, "absent"),
        (r#"{"username":"a","name":"b","email":5}"#, "5"),
        (r#"{"username":"a","name":"b","email":"c","more":1}"#, "not declared"),
    ] {
        let body: Value = serde_json::from_str(body).unwrap();
        let schema = schema.clone();
        let outcome = std::panic::catch_unwind(move || compare(&schema, &body, "it"));
        let text = *outcome.unwrap_err().downcast::<String>().unwrap();
        assert!(text.contains(problem), "{text}");
    }
}

#[tokio::test]
async fn it_is_swagger_and_every_operation_in_it_is_served() {
    let bench = Bench::demo().await;
    let document = bench.get(As::Anonymous, "/api/v2/swagger.json").await.ok();
    assert_eq!(document["swagger"], "2.0");
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let path = path.replace(['{', '}'], "");
            let method = method.to_uppercase().parse().unwrap();
            let reply = bench.send(method, As::Anonymous, &path, None::<String>).await;
            assert_eq!(reply.status, 401, "{} is served and needs a key", operation["operationId"]);
        }
    }
    let text = document.to_string();
    for reference in text.split("#/definitions/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["definitions"][name].is_object(), "{name}");
    }
}

#[tokio::test]
async fn the_documentation_names_exactly_what_is_served() {
    let bench = Bench::demo().await;
    let document = bench.get(As::Anonymous, "/api/v2/swagger.json").await.ok();
    let methods =
        document["paths"].as_object().unwrap().values().flat_map(|it| it.as_object().unwrap().values());
    let mut served: Vec<&str> = methods.map(|it| it["operationId"].as_str().unwrap()).collect();
    let text = include_str!("../../../docs/workbench.md");
    let section = text.split("## Operations").nth(1).unwrap();
    // The first table of the section.
    let table = section.lines().skip_while(|line| !line.starts_with('|'));
    let table = table.take_while(|line| line.starts_with('|')).filter(|line| line.starts_with("| "));
    let mut documented: Vec<&str> = table
        .filter_map(|line| line.split(" | ").nth(1))
        .flat_map(|cell| cell.trim_end_matches(" |").split(", "))
        .collect();
    documented.retain(|name| *name != "operations");
    served.sort_unstable();
    documented.sort_unstable();
    assert_eq!(documented, served);
}
