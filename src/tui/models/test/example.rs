//! The request that a model's Test panel begins with.

use serde_json::{Deserializer, Value};

/// The first JSON object in a description, as it is written there: where people put an example
/// request.
pub fn in_description(description: &str) -> Option<&str> {
    let starts = description.match_indices('{').map(|(at, _)| at);
    starts.take(20).find_map(|at| {
        let mut values = Deserializer::from_str(&description[at..]).into_iter::<Value>();
        values.next()?.ok()?;
        description.get(at..at + values.byte_offset())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_object_among_the_words_is_taken_as_it_is() {
        let description = "Adds. Try {a, b}: {\"b\": 3, \"a\": 5} or {}.";
        assert_eq!(in_description(description), Some("{\"b\": 3, \"a\": 5}"));
        assert_eq!(in_description("{\"rows\": [{\"x\": 1}]}"), Some("{\"rows\": [{\"x\": 1}]}"));
        assert_eq!(in_description("nothing here"), None);
        assert_eq!(in_description("cut {\"a\": "), None);
    }
}
