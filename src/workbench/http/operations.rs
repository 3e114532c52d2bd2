//! The operations of API v2: all those of the real product, and the specification of those served.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// The specification, reduced to what is served; created by `assets/api-v2/trim.py`.
static SERVED: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../assets/api-v2/served.json")).unwrap_or_default()
});

/// Every operation of the specification (26.06.13).
static ALL: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    include_str!("../../../assets/api-v2/operations.txt").lines().filter_map(Operation::read).collect()
});

/// One operation of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    pub method: &'static str,
    /// As the specification writes it: `/api/v2/projects/{project.id}`.
    pub path: &'static str,
    pub id: &'static str,
}

impl Operation {
    fn read(line: &'static str) -> Option<Self> {
        let mut words = line.split(' ');
        Some(Self { method: words.next()?, path: words.next()?, id: words.next()? })
    }

    /// Whether `path` matches this operation's path.
    fn matches(&self, path: &str) -> bool {
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                // The path of a file in a project has any number of segments, and may be empty.
                (Some("{path}"), Some(_)) => return true,
                (Some("{path}:download"), Some(_)) => return path.ends_with(":download"),
                (Some(pattern), Some(segment)) if fits(pattern, segment) => {}
                _ => return false,
            }
        }
    }
}

/// Whether a segment matches its pattern: itself, `{name}`, or `{name}:verb`.
fn fits(pattern: &str, segment: &str) -> bool {
    match pattern.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((_, verb)) => segment.len() > verb.len() && segment.ends_with(verb),
        None => pattern == segment,
    }
}

/// Every operation of the specification.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    ALL.iter()
}

/// The operation of this name.
pub fn named(id: &str) -> Option<&'static Operation> {
    ALL.iter().find(|operation| operation.id == id)
}

/// Whether the path of an operation may begin with `prefix`.
pub fn may_begin(prefix: &str) -> bool {
    ALL.iter().any(|operation| {
        let fixed = operation.path.split('{').next().unwrap_or_default();
        fixed.starts_with(prefix) || prefix.starts_with(fixed)
    })
}

/// The real product's operation for a request.
pub fn at(method: &str, path: &str) -> Option<&'static Operation> {
    ALL.iter().find(|operation| operation.method == method && operation.matches(path))
}

/// The specification of the operations with these names, for `GET /api/v2/swagger.json`.
pub fn specification<'a>(served: impl IntoIterator<Item = &'a str>) -> Value {
    let mut document = SERVED.clone();
    let served: Vec<&str> = served.into_iter().collect();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        paths.values_mut().filter_map(Value::as_object_mut).for_each(|methods| keep(methods, &served));
        paths.retain(|_, methods| methods.as_object().is_some_and(|methods| !methods.is_empty()));
    }
    document
}

fn keep(methods: &mut Map<String, Value>, served: &[&str]) {
    methods.retain(|_, operation| operation["operationId"].as_str().is_some_and(|id| served.contains(&id)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_recognised() {
        let id = |method, path| at(method, path).map(|operation| operation.id);
        assert_eq!(id("GET", "/api/v2/projects/x"), Some("GetProject"));
        assert_eq!(id("POST", "/api/v2/users/x/v1_key:rotate"), Some("RotateV1Key"));
        assert_eq!(
            id("POST", "/api/v2/projects/p/models/m/builds/b/deployments/d:stop"),
            Some("StopModelDeployment")
        );
        assert_eq!(id("POST", "/api/v2/projects/p/models/m/builds/b/deployments/:stop"), None);
        assert_eq!(id("GET", "/api/v2/projects/p/jobs"), Some("ListJobs"));
        assert_eq!(id("GET", "/api/v2/projects/p/files/"), Some("ListProjectFiles"));
        assert_eq!(id("GET", "/api/v2/projects/p/files/a/b.py"), Some("ListProjectFiles"));
        assert_eq!(id("POST", "/api/v2/projects/p/files/a/b.py:download"), Some("DownloadProjectFile"));
        assert_eq!(id("GET", "/api/v2/nonsense"), None);
        assert_eq!(ALL.len(), 158);
    }
}
