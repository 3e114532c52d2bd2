//! Reads and checks the changes to a project in a request.

use serde_json::{Map, Value};

use crate::wire::{Project, Whole};
use crate::workbench::http::refusal::{Refusal, bad_value};

/// Applies the changes of a PATCH to a project.
pub fn apply(project: &mut Project, changes: &Map<String, Value>) -> Result<(), Refusal> {
    if let Some(name) = text(changes, "name")?.filter(|name| !name.is_empty()) {
        project.name = checked_name(&name)?;
        project.slug = slug(&project.name)?;
    }
    if let Some(description) = text(changes, "description")? {
        project.description = description;
    }
    if let Some(visibility) = text(changes, "visibility")?.filter(|text| !text.is_empty()) {
        project.visibility = checked_visibility(&visibility)?;
    }
    if let Some(engine) = text(changes, "default_engine_type")?.filter(|text| !text.is_empty()) {
        project.default_engine_type = checked_engine(&engine)?;
    }
    if let Some(environment) = text(changes, "environment")?.filter(|text| !text.is_empty()) {
        let map: Result<Map<String, Value>, _> = serde_json::from_str(&environment);
        if !map.is_ok_and(|map| map.values().all(Value::is_string)) {
            return Err(bad_value("environment", "it must be the text of a JSON object of texts"));
        }
        project.environment = environment;
    }
    for (name, field) in [
        ("shared_memory_limit", &mut project.shared_memory_limit),
        ("ephemeral_storage_request", &mut project.ephemeral_storage_request),
        ("ephemeral_storage_limit", &mut project.ephemeral_storage_limit),
    ] {
        if let Some(value) = changes.get(name).filter(|value| !value.is_null()) {
            let number: Whole = serde_json::from_value(value.clone())
                .map_err(|_| bad_value(name, "it must be a whole number"))?;
            *field = Whole(checked_int32(name, number.0)?);
        }
    }
    Ok(())
}

/// The new owner of the project, if the changes name one.
pub fn new_owner(changes: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    match changes.get("owner") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(owner)) => Ok(text(owner, "username")?.filter(|name| !name.is_empty())),
        Some(_) => Err(bad_value("owner", "it must be an object with a username")),
    }
}

fn text(changes: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match changes.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(bad_value(name, "it must be a text")),
    }
}

/// A count that the specification declares as int32.
pub fn checked_int32(name: &str, number: i64) -> Result<i64, Refusal> {
    let fits = (0..=i64::from(i32::MAX)).contains(&number);
    if fits { Ok(number) } else { Err(bad_value(name, "it must be from 0 to 2147483647")) }
}

pub fn checked_name(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    let length = name.chars().count();
    if (1..=255).contains(&length) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(bad_value("name", "it must have 1 to 255 characters and no control characters"))
    }
}

pub fn checked_visibility(text: &str) -> Result<String, Refusal> {
    match text {
        "public" | "organization" | "private" => Ok(text.to_owned()),
        _ => Err(bad_value("visibility", "it must be public, organization or private")),
    }
}

pub fn checked_engine(text: &str) -> Result<String, Refusal> {
    match text {
        "ml_runtime" | "legacy_engine" => Ok(text.to_owned()),
        _ => Err(bad_value("default_project_engine_type", "it must be ml_runtime or legacy_engine")),
    }
}

/// The lower-case form of a name that URLs and folders use; never a path.
pub fn slug(name: &str) -> Result<String, Refusal> {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if c == '_' {
            // OBSERVED: `Real_DWH_Import` becomes `real_dwh_import`.
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_end_matches('-').chars().take(60).collect();
    if !slug.contains(char::is_alphanumeric) {
        Err(bad_value("name", "it must hold a letter or a digit"))
    } else {
        Ok(slug)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slugs_are_never_paths() {
        assert_eq!(slug("Churn Prod").unwrap(), "churn-prod");
        assert_eq!(slug("Real_DWH_Import").unwrap(), "real_dwh_import");
        assert_eq!(slug("../../etc/passwd").unwrap(), "etc-passwd");
        assert!(slug("..").is_err() && slug("_").is_err());
    }

    proptest! {
        #[test]
        fn any_name_is_a_folder_or_refused(name in any::<String>()) {
            if let Ok(slug) = slug(&name) {
                prop_assert!(!slug.is_empty() && !slug.contains(['/', '\\', '.', '\0']));
            }
        }
    }
}
