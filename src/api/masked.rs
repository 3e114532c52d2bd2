//! Masks the secrets of this process in an API answer before any of it is kept.

use crate::secret;
use crate::text::json;

/// Members that are left alone: the key where the specification puts it (`api_key`), IDs that equal
/// half a key (`key_id`), and text that is written back unchanged and never shown (`environment`).
const KEPT: [&str; 3] = ["\"api_key\"", "\"key_id\"", "\"environment\""];

/// Masks every secret in a JSON text.
pub(super) fn mask(bytes: &mut Vec<u8>) {
    if !secret::holds_secret(bytes) {
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return secret::mask_bytes(bytes);
    };
    let mut out = Vec::with_capacity(text.len());
    let (mut name, mut last) = ("", "");
    for token in json::tokens(text) {
        match token {
            ":" => name = last,
            "," | "{" => name = "",
            _ => {}
        }
        match token.starts_with('"') && KEPT.contains(&name) {
            true => out.extend_from_slice(token.as_bytes()),
            false => out.extend_from_slice(secret::mask(token).as_bytes()),
        }
        last = token;
    }
    *bytes = out;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_hold_a_key_keeps_it() {
        let text = format!("{}.{}", "a5e0".repeat(16), "a5e1".repeat(16));
        let _held = secret::ApiKey::from_workbench(text.clone());
        let (first, second) = text.split_once('.').unwrap();
        let answer = format!(
            r#"{{"api_key":"{text}","key_id":"{first}","environment":"{{\"K\":\"{text}\"}}","name":"{second}","list":["{text}","{first}"]}}"#
        );
        let mut bytes = answer.clone().into_bytes();
        mask(&mut bytes);
        let expected = format!(
            r#"{{"api_key":"{text}","key_id":"{first}","environment":"{{\"K\":\"{text}\"}}","name":"••••","list":["••••","••••"]}}"#
        );
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        let mut other = b"{\"a\": 1}".to_vec();
        mask(&mut other);
        assert_eq!(other, b"{\"a\": 1}");
    }
}
