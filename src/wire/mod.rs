//! The messages of API v2 and of the model service, named as in the specification (26.06.13).
//!
//! One set of types for both ends: reading is tolerant (fields may be missing, null or new,
//! integers may be numbers or strings), writing is complete (every field of the definition, empty
//! rather than absent), as grpc-gateway does it. Times stay strings here; [`time`] reads them.

mod keys;
mod models;
mod number;
mod projects;
mod status;
pub mod time;
mod usage;
mod users;

pub use keys::*;
pub use models::*;
pub use number::{NumberText, Whole};
pub use projects::*;
pub use status::*;
pub use usage::*;
pub use users::*;

use secrecy::zeroize::Zeroizing;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The body of every refusal (`runtimeError`, SPEC). Live bodies were seen without `error`
/// (OBSERVED, cai-connector), so prefer `message`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuntimeError {
    pub error: String,
    pub code: i32,
    pub message: String,
}

/// The answer to deletions and additions: `{}` (SPEC).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// Reads a message from JSON; null members count as absent, as in proto3 JSON.
///
/// The first attempt reads straight from the bytes, so that a key in them is copied only once. The
/// second reads text too: code that reads each message from a value as well would be a quarter of a
/// megabyte.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes).or_else(|first| {
        without_nulls(bytes).and_then(|text| serde_json::from_slice(&text)).map_err(|_| first)
    })
}

fn without_nulls(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut value: serde_json::Value = serde_json::from_slice(bytes)?;
    drop_nulls(&mut value);
    serde_json::to_vec(&value).map(Zeroizing::new)
}

fn drop_nulls(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_tolerates_what_writing_never_does() {
        let model: Model =
            from_slice(br#"{"id":"x","creator":null,"run_as":"7","accelerator_label_id":3,"new_field":[1]}"#)
                .unwrap();
        assert_eq!(model.run_as, Whole(7));
        assert_eq!(model.accelerator_label_id, NumberText(3));
        let written = serde_json::to_value(&model).unwrap();
        assert_eq!(written["accelerator_label_id"], "3");
        assert_eq!(written["run_as"], 7);
        assert_eq!(written["creator"]["username"], "");
    }

    #[test]
    fn nonsense_is_refused_with_the_place() {
        let error = from_slice::<ListV2KeysResponse>(b"{\"keys\": 5}").unwrap_err();
        assert!(error.to_string().contains("column"), "{error}");
    }
}
