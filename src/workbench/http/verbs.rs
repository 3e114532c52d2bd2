//! Custom methods: `POST …/{deployment_id}:restart` is a path that routers do not support.

use std::sync::LazyLock;

use super::operations::{self, Operation};

/// The verbs that custom methods end with: `POST …/{deployment_id}:restart` (SPEC).
static VERBS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let verbs = operations::all().filter_map(|operation| {
        let last = operation.path.rsplit('/').next()?;
        last.rsplit_once(':').map(|(_, verb)| verb)
    });
    let mut verbs: Vec<_> = verbs.collect();
    verbs.sort_unstable();
    verbs.dedup();
    verbs
});

/// The path of an operation as the router needs it. A custom method becomes a separate segment, as
/// in [`split_verb`], because the router does not support suffixes.
pub fn route_path(operation: &Operation) -> String {
    let path = operation.path.replace('.', "_");
    match path.rsplit_once(':') {
        Some((before, verb)) => format!("{before}/:{verb}"),
        None => path,
    }
}

/// `…/x:restart` → `…/x/:restart` if `restart` is a verb of the specification; `None` for other
/// paths.
/// Generated clients percent-encode the colon with the rest of the segment, and stock grpc-gateway
/// v1 decodes a path before it looks for the verb (INFERRED that the real product does).
/// A path that already has the segment is not in the specification, so it is rewritten to match
/// nothing.
pub fn split_verb(path: &str) -> Option<String> {
    let splits = ["%3A", "%3a", ":"].iter().filter_map(|colon| path.rsplit_once(colon));
    let (before, verb) = splits.into_iter().find(|(_, verb)| VERBS.contains(verb))?;
    Some(if before.ends_with('/') { format!("{before}%3A{verb}") } else { format!("{before}/:{verb}") })
}

/// Undoes [`split_verb`].
pub fn join_verb(path: &str) -> String {
    match path.rsplit_once("/:") {
        Some((before, verb)) if !verb.contains('/') => format!("{before}:{verb}"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_methods_become_segments_and_back() {
        assert_eq!(split_verb("/users/x/v1_key:rotate").as_deref(), Some("/users/x/v1_key/:rotate"));
        assert_eq!(split_verb("/users/x/v1_key%3Arotate").as_deref(), Some("/users/x/v1_key/:rotate"));
        assert_eq!(split_verb("/users/x/v1_key%3arotate").as_deref(), Some("/users/x/v1_key/:rotate"));
        assert_eq!(split_verb("/users/x%3A:y/v1_key"), None);
        assert_eq!(split_verb("/users/x/v2_keys/a:b"), None);
        assert_eq!(split_verb("/users/x/v1_key/:rotate").as_deref(), Some("/users/x/v1_key/%3Arotate"));
        assert_eq!(join_verb("/users/x/v1_key/:rotate"), "/users/x/v1_key:rotate");
    }
}
