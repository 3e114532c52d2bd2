//! What is worth a remark about a key. Pure.

use std::collections::HashMap;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actions::keys::Rotated;
use crate::expiry::{self, KeyStatus, days_between};
use crate::wire::{V2KeyDetails, time};

/// A user of the directory.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub id: i64,
    pub username: String,
    pub name: String,
    pub email: Option<String>,
    pub deactivated: bool,
    pub banned: bool,
}

/// One key of the report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditedKey {
    pub username: String,
    pub name: String,
    pub email: Option<String>,
    pub key_id: String,
    pub audiences: Vec<String>,
    pub comments: String,
    /// RFC 3339 UTC; `None` if the workbench gives no readable time.
    pub created_at: Option<String>,
    pub expiry_date: Option<String>,
    pub days_left: Option<i64>,
    pub findings: Vec<Finding>,
    /// Those of them that an exception of the policy covers.
    pub excepted: Vec<Finding>,
}

impl AuditedKey {
    /// For people: `expiring, same name (excepted)`
    pub fn findings_text(&self) -> String {
        self.texts_of(&self.findings)
    }

    /// The same of some of them.
    pub fn texts_of<'a>(&self, findings: impl IntoIterator<Item = &'a Finding>) -> String {
        let text = |finding: &Finding| match self.excepted.contains(finding) {
            true => format!("{} (excepted)", finding.text()),
            false => finding.text().to_owned(),
        };
        findings.into_iter().map(text).collect::<Vec<_>>().join(", ")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Finding {
    Expired,
    Expiring,
    /// Lasts longer than a key created today could.
    BeyondLimit,
    /// Valid for longer than the policy allows, from its creation.
    MaxLife,
    /// Created longer ago than the policy allows.
    MaxAge,
    UserDeactivated,
    UserBanned,
    /// Another key of the same user has the same name.
    SameName,
    UnknownExpiry,
    /// The policy limits life or age, and the creation cannot be read.
    UnknownCreation,
    ModelWithoutAuthentication,
    KeyInEnvironment,
}

/// Each finding with its name for programs and its text for people.
const ALL: [(Finding, &str, &str); 12] = [
    (Finding::Expired, "expired", "expired"),
    (Finding::Expiring, "expiring", "expiring"),
    (Finding::BeyondLimit, "beyond_limit", "beyond today's limit"),
    (Finding::MaxLife, "max_life", "valid for too long"),
    (Finding::MaxAge, "max_age", "too old"),
    (Finding::UserDeactivated, "user_deactivated", "user deactivated"),
    (Finding::UserBanned, "user_banned", "user banned"),
    (Finding::SameName, "same_name", "same name"),
    (Finding::UnknownExpiry, "unknown_expiry", "expiry unknown"),
    (Finding::UnknownCreation, "unknown_creation", "creation unknown"),
    (Finding::ModelWithoutAuthentication, "model_without_authentication", "model without authentication"),
    (Finding::KeyInEnvironment, "key_in_environment", "key in an environment"),
];

impl Finding {
    /// Every finding there is.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|(finding, ..)| *finding)
    }

    /// For programs and files.
    pub fn name(self) -> &'static str {
        ALL[self as usize].1
    }

    /// For people.
    pub fn text(self) -> &'static str {
        ALL[self as usize].2
    }

    /// Whether it is a finding about a key.
    pub fn is_of_a_key(self) -> bool {
        !matches!(self, Self::ModelWithoutAuthentication | Self::KeyInEnvironment)
    }
}

impl From<Finding> for &'static str {
    fn from(finding: Finding) -> Self {
        finding.name()
    }
}

impl FromStr for Finding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = ALL.iter().find(|(_, name, _)| *name == text).map(|(finding, ..)| *finding);
        found.ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|(_, name, _)| *name).collect();
            format!("there is no finding {text:?}; there are {}", names.join(", "))
        })
    }
}

impl TryFrom<String> for Finding {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// What keys are measured by, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The site's limit, where it is known.
    pub limit: Option<u32>,
    pub expiring: u32,
    pub max_life: Option<u32>,
    pub max_age: Option<u32>,
}

impl Rules {
    /// Whether `key` breaks the limits on its life from creation to expiry and on its age, and
    /// whether that cannot be known.
    fn ages(&self, key: &V2KeyDetails, now: Timestamp) -> [(bool, Finding); 3] {
        let created = time::parse(&key.created_at).map(time::utc_day);
        let expires = time::parse(&key.expiry_date).map(time::utc_day);
        let life = created.zip(expires).map(|(created, expires)| days_between(created, expires));
        let age = created.map(|created| days_between(created, time::utc_day(now)));
        let above = |most: Option<u32>, days: Option<i64>| {
            most.zip(days).is_some_and(|(most, days)| days > i64::from(most))
        };
        let limited = self.max_life.is_some() || self.max_age.is_some();
        [
            (above(self.max_life, life), Finding::MaxLife),
            (above(self.max_age, age), Finding::MaxAge),
            (limited && created.is_none(), Finding::UnknownCreation),
        ]
    }
}

/// The keys of one user with what is worth a remark. A key that a rotation has replaced and that only
/// stays for its grace time neither expires unnoticed nor is one too many of its name.
pub fn judge(
    person: &Person,
    keys: Vec<V2KeyDetails>,
    rules: &Rules,
    rotated: &Rotated,
    now: Timestamp,
) -> Vec<AuditedKey> {
    let replaced = rotated.replaced(&keys, now);
    let mut names: HashMap<String, usize> = HashMap::new();
    for key in keys.iter().filter(|key| !key.comments.is_empty() && !replaced.contains(&key.key_id)) {
        *names.entry(key.comments.clone()).or_default() += 1;
    }
    keys.into_iter()
        .map(|key| {
            let status = expiry::status(&key.expiry_date, now, rules.expiring);
            let days_left = expiry::days_left(&key.expiry_date, now);
            let stays = replaced.contains(&key.key_id);
            let beyond = rules.limit.zip(days_left).is_some_and(|(limit, left)| left > i64::from(limit));
            let found = [
                (status == KeyStatus::Expired, Finding::Expired),
                (status == KeyStatus::Soon && !stays, Finding::Expiring),
                (status == KeyStatus::Unknown, Finding::UnknownExpiry),
                (beyond, Finding::BeyondLimit),
            ];
            let of_the_user = [
                (person.deactivated, Finding::UserDeactivated),
                (person.banned, Finding::UserBanned),
                (!stays && names.get(&key.comments).is_some_and(|count| *count > 1), Finding::SameName),
            ];
            let found = found.into_iter().chain(rules.ages(&key, now)).chain(of_the_user);
            AuditedKey {
                username: person.username.clone(),
                name: person.name.clone(),
                email: person.email.clone(),
                findings: found.filter_map(|(is, finding)| is.then_some(finding)).collect(),
                excepted: Vec::new(),
                created_at: time::parse(&key.created_at).map(time::format),
                expiry_date: time::parse(&key.expiry_date).map(time::format),
                key_id: key.key_id,
                audiences: key.audiences.into_iter().map(Into::into).collect(),
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

    const RULES: Rules = Rules { limit: Some(365), expiring: 14, max_life: None, max_age: None };

    #[test]
    fn the_document_joins_the_names_and_words_of_findings() {
        let document = include_str!("../../../docs/audit.md");
        for (_, name, text) in ALL {
            assert!(document.contains(&format!("| `{name}` | {text} |")), "{name}");
        }
    }

    #[test]
    fn each_finding_has_its_reason() {
        let now = time::parse("2026-11-23T10:00:00Z").unwrap();
        let person =
            Person { username: "u".into(), name: "U".into(), deactivated: true, ..Person::default() };
        let keys = vec![
            key("a", "x", &end_of("2026-11-01")),
            key("b", "x", &end_of("2026-11-30")),
            key("c", "", &end_of("2028-11-30")),
            key("d", "", ""),
        ];
        let found: Vec<_> = judge(&person, keys, &RULES, &Rotated::default(), now)
            .into_iter()
            .map(|key| key.findings)
            .collect();
        use Finding::{BeyondLimit, Expired, Expiring, SameName, UnknownExpiry, UserDeactivated};
        assert_eq!(found[0], [Expired, UserDeactivated, SameName]);
        assert_eq!(found[1], [Expiring, UserDeactivated, SameName]);
        assert_eq!(found[2], [BeyondLimit, UserDeactivated]);
        assert_eq!(found[3], [UnknownExpiry, UserDeactivated]);
    }

    #[test]
    fn life_and_age_count_in_days_from_the_creation() {
        let now = time::parse("2026-11-23T10:00:00Z").unwrap();
        let rules = Rules { max_life: Some(90), max_age: Some(30), ..RULES };
        let made = |created: &str, expires: &str| V2KeyDetails {
            created_at: created.into(),
            ..key("a", "", expires)
        };
        let keys = vec![
            made("2026-10-24T23:00:00Z", &end_of("2027-01-22")),
            made("2026-10-23T01:00:00Z", &end_of("2027-01-22")),
            made("", &end_of("2027-01-22")),
        ];
        let found = judge(&Person::default(), keys, &rules, &Rotated::default(), now);
        let found: Vec<_> = found.into_iter().map(|key| key.findings).collect();
        assert_eq!(found, [vec![], vec![Finding::MaxLife, Finding::MaxAge], vec![Finding::UnknownCreation]]);
    }

    #[test]
    fn each_finding_is_read_back_from_its_name() {
        for finding in Finding::all() {
            assert_eq!(finding.name().parse(), Ok(finding));
        }
        assert!("stale".parse::<Finding>().unwrap_err().contains("max_life"));
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
