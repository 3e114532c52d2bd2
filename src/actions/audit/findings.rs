//! What is worth a remark about a key. Pure.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::expiry::{self, KeyStatus, SOON_DAYS};
use crate::wire::{V2KeyDetails, time};

/// A user of the directory.
#[derive(Debug, Clone)]
pub struct Person {
    pub username: String,
    pub name: String,
    pub deactivated: bool,
    pub banned: bool,
}

/// One key of the report.
#[derive(Debug, Clone, Serialize)]
pub struct AuditedKey {
    pub username: String,
    pub name: String,
    pub key_id: String,
    pub audiences: Vec<String>,
    pub comments: String,
    /// RFC 3339 UTC; `None` if the workbench gives no readable time.
    pub created_at: Option<String>,
    pub expiry_date: Option<String>,
    pub days_left: Option<i64>,
    pub findings: Vec<Finding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Expired,
    Expiring,
    /// Lasts longer than a key created today could.
    BeyondLimit,
    UserDeactivated,
    UserBanned,
    /// Another key of the same user has the same name.
    SameName,
    UnknownExpiry,
}

impl Finding {
    pub fn text(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Expiring => "expiring",
            Self::BeyondLimit => "beyond today's limit",
            Self::UserDeactivated => "user deactivated",
            Self::UserBanned => "user banned",
            Self::SameName => "several of one name",
            Self::UnknownExpiry => "expiry unknown",
        }
    }
}

/// The keys of one user with what is worth a remark; `limit` in days, where it is known.
pub fn judge(
    person: &Person,
    keys: Vec<V2KeyDetails>,
    limit: Option<u32>,
    now: Timestamp,
) -> Vec<AuditedKey> {
    let mut names: HashMap<String, usize> = HashMap::new();
    for key in keys.iter().filter(|key| !key.comments.is_empty()) {
        *names.entry(key.comments.clone()).or_default() += 1;
    }
    keys.into_iter()
        .map(|key| {
            let status = expiry::status(&key.expiry_date, now, SOON_DAYS);
            let days_left = expiry::days_left(&key.expiry_date, now);
            let beyond = limit.zip(days_left).is_some_and(|(limit, left)| left > i64::from(limit));
            let found = [
                (status == KeyStatus::Expired, Finding::Expired),
                (status == KeyStatus::Soon, Finding::Expiring),
                (status == KeyStatus::Unknown, Finding::UnknownExpiry),
                (beyond, Finding::BeyondLimit),
                (person.deactivated, Finding::UserDeactivated),
                (person.banned, Finding::UserBanned),
                (names.get(&key.comments).is_some_and(|count| *count > 1), Finding::SameName),
            ];
            AuditedKey {
                username: person.username.clone(),
                name: person.name.clone(),
                findings: found.into_iter().filter_map(|(is, finding)| is.then_some(finding)).collect(),
                created_at: time::parse(&key.created_at).map(time::format),
                expiry_date: time::parse(&key.expiry_date).map(time::format),
                key_id: key.key_id,
                audiences: key.audiences,
                comments: key.comments,
                days_left,
            }
        })
        .collect()
}

/// Whether `text` holds something in the shape of an API key: 64 hexadecimal digits, a dot, 64 more.
pub fn holds_key(text: &str) -> bool {
    const HALF: usize = 64;
    let bytes = text.as_bytes();
    let hex = |part: &[u8]| {
        part.len() == HALF && part.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b))
    };
    bytes.iter().enumerate().any(|(dot, b)| {
        *b == b'.'
            && dot >= HALF
            && bytes.len() > dot + HALF
            && hex(&bytes[dot - HALF..dot])
            && hex(&bytes[dot + 1..=dot + HALF])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_of(day: &str) -> String {
        time::format(time::end_of_day(day.parse().unwrap()).unwrap())
    }

    fn key(id: &str, comment: &str, expires: &str) -> V2KeyDetails {
        V2KeyDetails {
            key_id: id.into(),
            comments: comment.into(),
            expiry_date: expires.into(),
            ..V2KeyDetails::default()
        }
    }

    #[test]
    fn each_finding_has_its_reason() {
        let now = time::parse("2026-11-23T10:00:00Z").unwrap();
        let person = Person { username: "u".into(), name: "U".into(), deactivated: true, banned: false };
        let keys = vec![
            key("a", "x", &end_of("2026-11-01")),
            key("b", "x", &end_of("2026-11-30")),
            key("c", "", &end_of("2028-11-30")),
            key("d", "", ""),
        ];
        let found: Vec<_> =
            judge(&person, keys, Some(365), now).into_iter().map(|key| key.findings).collect();
        use Finding::{BeyondLimit, Expired, Expiring, SameName, UnknownExpiry, UserDeactivated};
        assert_eq!(found[0], [Expired, UserDeactivated, SameName]);
        assert_eq!(found[1], [Expiring, UserDeactivated, SameName]);
        assert_eq!(found[2], [BeyondLimit, UserDeactivated]);
        assert_eq!(found[3], [UnknownExpiry, UserDeactivated]);
    }

    #[test]
    fn a_key_is_found_wherever_it_stands() {
        let key = format!("{}.{}", "0a".repeat(32), "9f".repeat(32));
        assert!(holds_key(&key));
        assert!(holds_key(&format!("{{\"K\":\"{key}\"}}")));
        assert!(!holds_key(&key[1..]));
        assert!(!holds_key("a.b"));
    }
}
