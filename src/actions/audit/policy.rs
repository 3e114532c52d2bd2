//! The policy that an audit holds keys to: a TOML file.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

use super::findings::{AuditedKey, Finding, Rules};
use super::report::{Location, OpenModel, Report};
use crate::expiry::{self, SOON_DAYS};
use crate::text::toml::line_of;

/// The version of the format.
const VERSION: u32 = 1;
/// A site administrator sees at least one user beside themselves.
const MIN_USERS: usize = 2;

/// A policy, as the report records it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// SHA-256 of the file.
    pub sha256: String,
    /// The longest life of a key, from its creation to its expiry, in days.
    pub max_life: Option<u32>,
    /// The greatest age of a key in days.
    pub max_age: Option<u32>,
    /// A key expires soon within so many days.
    pub expiring: Option<u32>,
    /// Findings with which an audit fails.
    pub fail_on: Vec<Finding>,
    /// An audit that sees fewer users is not complete.
    pub min_users: usize,
    pub exceptions: Vec<Exception>,
}

/// Findings that were accepted for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    pub user: Option<String>,
    pub key_id: Option<String>,
    pub name: Option<String>,
    pub model: Option<String>,
    pub place: Option<String>,
    pub findings: Vec<Finding>,
    pub reason: String,
    pub approver: String,
    /// The last day on which it holds, UTC.
    pub end: Date,
    /// It is over: its findings count again.
    pub over: bool,
    /// How many findings it covers; of one that is over, how many it no longer does.
    pub findings_covered: usize,
}

/// Why a file is not a policy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("line {line}: {what}")]
    Malformed { line: usize, what: String },
    #[error("it is of version {0}, and this keybench reads version {VERSION}")]
    Version(u32),
    #[error("exception {number}: {what}")]
    Exception { number: usize, what: &'static str },
    #[error("{0} is in fail_on and has no number of days: set {0}")]
    Unset(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Option<u32>,
    #[serde(default, deserialize_with = "days")]
    max_life: Option<u32>,
    #[serde(default, deserialize_with = "days")]
    max_age: Option<u32>,
    #[serde(default, deserialize_with = "days")]
    expiring: Option<u32>,
    fail_on: Option<Vec<Finding>>,
    min_users: Option<usize>,
    #[serde(default)]
    exception: Vec<Wished>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wished {
    user: Option<String>,
    key_id: Option<String>,
    name: Option<String>,
    model: Option<String>,
    place: Option<String>,
    findings: Vec<Finding>,
    reason: String,
    approver: String,
    end: toml::Value,
}

/// `90`, `"90d"` or `"12w"`.
fn days<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let text = match toml::Value::deserialize(from)? {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    expiry::parse_days(&text).map(Some).map_err(serde::de::Error::custom)
}

impl Policy {
    /// Reads the text of a policy file; `sha256` is that of the file.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str, sha256: String) -> Result<Self, Error> {
        let file: File = toml::from_str(text).map_err(|error| Error::Malformed {
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            what: error.message().to_owned(),
        })?;
        if let Some(version) = file.version.filter(|version| *version != VERSION) {
            return Err(Error::Version(version));
        }
        let set = |finding: &Finding| match finding {
            Finding::MaxLife => file.max_life.is_some(),
            Finding::MaxAge => file.max_age.is_some(),
            _ => true,
        };
        if let Some(unset) = file.fail_on.iter().flatten().find(|finding| !set(finding)) {
            return Err(Error::Unset(unset.name()));
        }
        let exceptions = (1..)
            .zip(file.exception)
            .map(|(number, wished)| Exception::of(wished).map_err(|what| Error::Exception { number, what }));
        Ok(Self {
            sha256,
            max_life: file.max_life,
            max_age: file.max_age,
            expiring: file.expiring,
            fail_on: file.fail_on.unwrap_or_else(|| Finding::all().collect()),
            min_users: file.min_users.unwrap_or(MIN_USERS),
            exceptions: exceptions.collect::<Result<_, _>>()?,
        })
    }

    /// Marks what the exceptions cover on `today`, and which of them are over.
    pub fn except(&mut self, report: &mut Report, today: Date) {
        for exception in &mut self.exceptions {
            exception.over = exception.end < today;
            let over = exception.over;
            let mut covered = 0;
            for key in &mut report.keys {
                let found = key.findings.iter().filter(|finding| exception.covers_key(key, **finding));
                let found: Vec<Finding> = found.copied().collect();
                covered += found.len();
                let new = found.into_iter().filter(|finding| !over && !key.excepted.contains(finding));
                let new: Vec<Finding> = new.collect();
                key.excepted.extend(new);
            }
            for open in &mut report.models_without_authentication {
                let is = exception.covers_model(open);
                covered += usize::from(is);
                open.excepted |= is && !over;
            }
            for location in &mut report.environments {
                let is = exception.covers_location(location);
                covered += usize::from(is);
                location.excepted |= is && !over;
            }
            exception.findings_covered = covered;
        }
    }
}

/// What keys are measured by: the policy's days, and the site's `limit` where it is known.
pub fn rules(policy: Option<&Policy>, limit: Option<u32>) -> Rules {
    Rules {
        limit,
        expiring: policy.and_then(|policy| policy.expiring).unwrap_or(SOON_DAYS),
        max_life: policy.and_then(|policy| policy.max_life),
        max_age: policy.and_then(|policy| policy.max_age),
    }
}

impl Exception {
    fn of(wished: Wished) -> Result<Self, &'static str> {
        let end = match &wished.end {
            toml::Value::String(text) => text.trim().parse(),
            other => other.to_string().parse(),
        };
        let end: Date = end.map_err(|_| "`end` is no day; write end = 2027-01-31")?;
        let of_a_key = wished.user.is_some() || wished.key_id.is_some() || wished.name.is_some();
        if !of_a_key && wished.model.is_none() && wished.place.is_none() {
            return Err("it names nothing; give user, key_id, name, model or place");
        }
        if wished.findings.is_empty() {
            return Err("`findings` is empty; name what is accepted");
        }
        if wished.reason.trim().is_empty() || wished.approver.trim().is_empty() {
            return Err("`reason` and `approver` must not be empty");
        }
        let Wished { user, key_id, name, model, place, findings, reason, approver, .. } = wished;
        let (over, findings_covered) = (false, 0);
        Ok(Self { user, key_id, name, model, place, findings, reason, approver, end, over, findings_covered })
    }

    /// Whether it is about this finding of this key: the key fits in all that it names of keys.
    pub fn covers_key(&self, key: &AuditedKey, finding: Finding) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        let names_keys = self.user.is_some() || self.key_id.is_some() || self.name.is_some();
        names_keys
            && self.findings.contains(&finding)
            && fits(&self.user, &key.username)
            && fits(&self.key_id, &key.key_id)
            && fits(&self.name, &key.comments)
    }

    /// Whether it is about this model.
    pub fn covers_model(&self, open: &OpenModel) -> bool {
        let is = |model: &String| *model == open.model || *model == open.model_id;
        self.findings.contains(&Finding::ModelWithoutAuthentication) && self.model.as_ref().is_some_and(is)
    }

    /// Whether it is about the keys in this environment.
    pub fn covers_location(&self, location: &Location) -> bool {
        self.findings.contains(&Finding::KeyInEnvironment) && self.place.as_ref() == Some(&location.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Policy, String> {
        Policy::parse(text, String::new()).map_err(|error| error.to_string())
    }

    const EXCEPTION: &str = r#"
        max_life = "90d"
        max_age = 400
        fail_on = ["max_life"]
        [[exception]]
        user = "svc"
        findings = ["max_life"]
        reason = "moves in March"
        approver = "ciso"
        end = 2027-03-31
    "#;

    #[test]
    fn a_policy_is_read_and_what_is_wrong_is_named() {
        let policy = parse(EXCEPTION).unwrap();
        assert_eq!((policy.max_life, policy.max_age, policy.min_users), (Some(90), Some(400), 2));
        assert_eq!(policy.exceptions[0].end, jiff::civil::date(2027, 3, 31));
        assert_eq!(parse("").unwrap().fail_on.len(), Finding::all().count());
        for (text, wrong) in [
            ("max_live = 3", "max_live"),
            ("version = 1\nfoo = 1", "line 2: unknown field"),
            ("\n\nmax_life = \"soon\"", "line 3: \"soon\" is not a number of days"),
            ("fail_on = [\"stale\"]", "there is no finding \"stale\""),
            ("fail_on = [\"max_age\"]", "set max_age"),
            ("version = 2", "version 2"),
            (&EXCEPTION.replace("2027-03-31", "\"March\""), "exception 1: `end` is no day"),
            (&EXCEPTION.replace("user = \"svc\"", ""), "exception 1: it names nothing"),
            (&EXCEPTION.replace("\"ciso\"", "\" \""), "must not be empty"),
            (&EXCEPTION.replace("reason = \"moves in March\"", ""), "reason"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(wrong), "{text}: {error}");
        }
    }

    #[test]
    fn an_exception_covers_until_its_last_day_and_no_longer() {
        let key = AuditedKey {
            username: "svc".into(),
            findings: vec![Finding::MaxLife, Finding::Expiring],
            ..AuditedKey::default()
        };
        let mut report = Report { keys: vec![key], users: 9, accounts_known: true, ..Report::default() };
        let mut policy = parse(EXCEPTION).unwrap();
        policy.except(&mut report, jiff::civil::date(2027, 3, 31));
        assert_eq!(report.keys[0].excepted, [Finding::MaxLife]);
        report.policy = Some(policy.clone());
        assert_eq!(report.failing(), 0);
        report.keys[0].excepted.clear();
        policy.except(&mut report, jiff::civil::date(2027, 4, 1));
        assert!(policy.exceptions[0].over && policy.exceptions[0].findings_covered == 1);
        assert_eq!((report.failing(), report.keys[0].excepted.len()), (1, 0));
    }
}
