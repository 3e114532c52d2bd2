//! A message to the owner of a key, ready to send.

use super::findings::{AuditedKey, Finding};
use crate::text;

/// Asks the owner of `key` to see to it. Their `others` with findings are named too.
pub fn message(url: &str, key: &AuditedKey, others: &[&AuditedKey]) -> String {
    let with_findings = others.iter().copied().filter(|other| !other.findings.is_empty());
    let keys: Vec<&AuditedKey> = std::iter::once(key).chain(with_findings).collect();
    let name = if key.name.is_empty() { &key.username } else { &key.name };
    let what = if keys.len() == 1 { "this API key" } else { "these API keys" };
    let mut lines =
        vec![format!("Hello {name},"), String::new(), format!("please look at {what} of yours at {url}:")];
    lines.extend(keys.iter().map(|key| format!("- {}", describe(key))));
    if keys.iter().any(|key| key.findings.iter().any(ends)) {
        lines.push(String::new());
        lines.push("Whatever uses a key that has expired is refused: create a new one in time.".into());
    }
    lines.push(String::new());
    lines.push("Please delete what you no longer need.".into());
    text::clean_lines(&lines.join("\n"))
}

/// `"nightly scoring", expires 2026-12-01 (8 days left): same name; Key ID 5b1c…`, with the whole ID: the
/// web page lists keys by it (DOCS, ml-managing-model-api-keys).
fn describe(key: &AuditedKey) -> String {
    let mut text = match key.comments.as_str() {
        "" => "without a name".to_owned(),
        name => format!("\"{name}\""),
    };
    let mut findings: Vec<&Finding> = key.findings.iter().collect();
    if let Some(day) = key.expiry_date.as_deref().and_then(|date| date.get(..10)) {
        // The date says that much.
        findings.retain(|finding| !ends(finding));
        let left = key.days_left.unwrap_or_default();
        text.push_str(&match left {
            ..0 => format!(", expired {day}"),
            left => {
                format!(", expires {day} ({} left)", text::count(left.unsigned_abs() as usize, "day", "days"))
            }
        });
    }
    if !findings.is_empty() {
        text.push_str(&format!(": {}", key.texts_of(findings)));
    }
    format!("{text}; Key ID {}", key.key_id)
}

fn ends(finding: &Finding) -> bool {
    matches!(finding, Finding::Expired | Finding::Expiring)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, left: i64, findings: Vec<Finding>) -> AuditedKey {
        AuditedKey {
            username: "alice".into(),
            name: "Alice Doe".into(),
            key_id: id.into(),
            audiences: vec!["API".into()],
            comments: "nightly\u{1b} scoring".into(),
            created_at: None,
            expiry_date: Some("2026-12-01T23:59:59Z".into()),
            days_left: Some(left),
            findings,
            ..AuditedKey::default()
        }
    }

    #[test]
    fn the_key_and_what_else_is_worth_a_remark() {
        let chosen = key("5b1c66aa10129f0a", 8, vec![Finding::Expiring, Finding::SameName]);
        let expired = key("77d0aabbccdd41bb", -3, vec![Finding::Expired]);
        let fine = key("0a9eaabbccddc2d4", 300, Vec::new());
        let text = message("https://ml.example.com", &chosen, &[&expired, &fine]);
        let lines = [
            "Hello Alice Doe,",
            "",
            "please look at these API keys of yours at https://ml.example.com:",
            "- \"nightly\u{fffd} scoring\", expires 2026-12-01 (8 days left): same name; Key ID 5b1c66aa10129f0a",
            "- \"nightly\u{fffd} scoring\", expired 2026-12-01; Key ID 77d0aabbccdd41bb",
            "",
            "Whatever uses a key that has expired is refused: create a new one in time.",
            "",
            "Please delete what you no longer need.",
        ];
        assert_eq!(text, lines.join("\n"));
    }
}
