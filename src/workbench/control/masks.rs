//! Masks keys in texts: anything shaped like a key, and members whose names suggest one.

use serde_json::Value;

/// Replaces a key.
const MASK: &str = "[masked]";

/// Parts of names whose values are masked, in lower case.
const SECRET_NAMES: [&str; 6] = ["api_key", "apikey", "secret", "token", "password", "passwd"];

/// The text with everything masked that looks like an API key, a legacy or access key, or a JWT.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !is_of_a_key(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        out.push_str(if is_key(run) { MASK } else { run });
        let next = after.chars().next().map_or(0, char::len_utf8);
        out.push_str(&after[..next]);
        rest = &after[next..];
    }
    out
}

/// The same for every string in a JSON value.
pub fn value(value: &mut Value) {
    match value {
        Value::String(found) => *found = text(found),
        Value::Array(items) => items.iter_mut().for_each(self::value),
        Value::Object(members) => {
            let names: Vec<String> = members.keys().cloned().collect();
            for name in names {
                let Some(mut member) = members.shift_remove(&name) else { continue };
                let lower = name.to_lowercase();
                if member.is_string() && SECRET_NAMES.iter().any(|secret| lower.contains(secret)) {
                    member = Value::from(MASK);
                } else {
                    self::value(&mut member);
                }
                members.insert(text(&name), member);
            }
        }
        _ => {}
    }
}

fn is_of_a_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn is_key(run: &str) -> bool {
    let lower_or_digit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let parts: Vec<&str> = run.split('.').collect();
    let is_half = |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.windows(2).any(|pair| is_half(pair[0]) && is_half(pair[1]))
        || parts.iter().any(|part| part.len() == 32 && part.chars().all(lower_or_digit))
        || (run.starts_with("eyJ") && parts.len() == 3)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_of_every_shape_are_masked_and_ids_are_not() {
        let (half, other) = ("0a".repeat(32), "9f".repeat(32));
        let key = format!("{half}.{other}");
        let access = format!("m{}", "k3".repeat(15) + "z");
        for secret in [key.clone(), access.clone(), "eyJhbGciOi.eyJzdWIi.c2ln".to_owned()] {
            let masked = text(&format!("a {secret}, b"));
            assert_eq!(masked, "a [masked], b");
        }
        for kept in [half.as_str(), "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "4u5o-hjm5-h635-k7u2", "ü/x.y"] {
            assert_eq!(text(kept), kept);
        }
        let mut body =
            json!({"accessKey": access, "request": {"a": [key, 1], "db_password": "hunter2", "n": "x"}});
        value(&mut body);
        let expected = json!({"accessKey": "[masked]", "request": {"a": ["[masked]", 1], "db_password": "[masked]", "n": "x"}});
        assert_eq!(body, expected);
    }
}
