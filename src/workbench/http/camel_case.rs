//! Names in camelCase, which proto3 JSON accepts beside those of the specification: `pageSize` for
//! `page_size`, `filePath` for `file_path`. Whether the real product accepts them is INFERRED; see
//! `camel-case-queries` and `camel-case-bodies` among the rules.

use serde_json::{Map, Value};

/// Members whose own members have user-chosen names.
const MAPS: [&str; 2] = ["environment", "deployment_secrets"];

/// `pageSize` → `page_size`; snake_case names are unchanged.
pub fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Renames the members of a message, and of the messages in it, to those of the specification.
/// Returns whether anything changed. If a member is present under both names, the camelCase one
/// counts.
pub fn snake_members(message: &mut Map<String, Value>) -> bool {
    let camel: Vec<String> =
        message.keys().filter(|name| name.contains(|c: char| c.is_ascii_uppercase())).cloned().collect();
    let mut changed = !camel.is_empty();
    for name in camel {
        if let Some(value) = message.remove(&name) {
            message.insert(snake(&name), value);
        }
    }
    for (name, value) in message {
        if !MAPS.contains(&name.as_str()) {
            changed |= snake_values(value);
        }
    }
    changed
}

fn snake_values(value: &mut Value) -> bool {
    match value {
        Value::Object(message) => snake_members(message),
        Value::Array(items) => items.iter_mut().fold(false, |changed, item| snake_values(item) | changed),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn members_get_their_names_and_variables_keep_theirs() {
        let mut value = json!({
            "autoDeploymentConfig": {"nvidiaGpus": 1, "environment": {"apiKey": "x"}},
            "runtimeAddonIdentifiers": ["aB", {"fooBar": 1}],
            "file_path": "old",
            "filePath": "new",
            "deploymentSecrets": {"dbPassword": "x"},
        });
        assert!(snake_members(value.as_object_mut().unwrap()));
        let expected = json!({
            "auto_deployment_config": {"nvidia_gpus": 1, "environment": {"apiKey": "x"}},
            "runtime_addon_identifiers": ["aB", {"foo_bar": 1}],
            "file_path": "new",
            "deployment_secrets": {"dbPassword": "x"},
        });
        assert_eq!(value, expected);
        assert!(!snake_members(
            value
                .as_object_mut()
                .unwrap()
                .get_mut("auto_deployment_config")
                .unwrap()
                .as_object_mut()
                .unwrap()
        ));
    }

    proptest! {
        #[test]
        fn a_name_is_changed_once(text in any::<String>()) {
            prop_assert_eq!(snake(&snake(&text)), snake(&text));
        }
    }
}
