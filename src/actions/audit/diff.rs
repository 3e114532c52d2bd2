//! Two audits compared. What either side could not read is unknown, never gone: a workbench that did
//! not answer must not look like keys that were deleted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::evidence::{AUDIT, Broken, LARGEST, Manifest};
use super::findings::{AuditedKey, Finding};
use super::policy::rules;
use super::report::Report;
use crate::bounded;
use crate::wire::time;

/// Why two audits cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable { file: PathBuf, error: std::io::Error },
    #[error("{} is not an audit: {what}", file.display())]
    NoAudit { file: PathBuf, what: String },
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("these are audits of different workbenches: {old} and {new}")]
    Different { old: String, new: String },
}

/// A key in a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    pub username: String,
    pub email: Option<String>,
    pub key_id: String,
    pub comments: String,
    pub expiry_date: Option<String>,
}

/// A key of which something changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    #[serde(flatten)]
    pub key: Key,
    /// What it was before.
    pub before: Option<String>,
}

/// A finding that one side has and the other has not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Found {
    pub finding: Finding,
    pub username: String,
    /// Of a finding about a key.
    pub key_id: Option<String>,
    pub comments: String,
    /// The model, or the environment with its variable.
    pub place: Option<String>,
}

/// A user, or something else, of whom one side knows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    pub username: String,
    /// `old`, `new` or `both`.
    pub side: &'static str,
    pub why: String,
}

/// A finding that one audit did not look for: its policy has no such limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    pub finding: Finding,
    /// The audit that did not look, `old` or `new`.
    pub side: &'static str,
}

/// One side of a comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    pub made_at: String,
    pub made_by: String,
    pub users: usize,
    pub keys: usize,
}

/// What changed from one audit to another.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    pub url: String,
    pub before: Side,
    pub after: Side,
    pub new: Vec<Key>,
    pub gone: Vec<Key>,
    /// Keys that expire later than before.
    pub extended: Vec<Changed>,
    /// Keys that expire earlier than before.
    pub shortened: Vec<Changed>,
    pub renamed: Vec<Changed>,
    pub findings_opened: Vec<Found>,
    pub findings_closed: Vec<Found>,
    /// Findings that one of the audits did not look for.
    pub not_compared: Vec<NotCompared>,
    pub unknown: Vec<Unknown>,
}

/// Reads an audit: a JSON file, or a folder of evidence, whose sums must be right.
///
/// # Errors
/// It cannot be read, is something else, or was changed.
pub fn read(path: &Path) -> Result<Report, Error> {
    let file = match path.is_dir() {
        true => {
            Manifest::read(path)?.0.verify(path)?;
            path.join(AUDIT)
        }
        false => path.to_owned(),
    };
    let bytes = bounded::read_up_to(&file, LARGEST)
        .map_err(|error| Error::Unreadable { file: file.clone(), error })?;
    let report: Result<Report, _> = serde_json::from_slice(&bytes);
    match report {
        Ok(report) if time::parse(&report.made_at).is_some() => Ok(report),
        Ok(_) => Err(Error::NoAudit { file, what: "it has no `made_at`".to_owned() }),
        Err(error) => Err(Error::NoAudit { file, what: error.to_string() }),
    }
}

/// Compares two audits of one workbench.
///
/// # Errors
/// They are of different ones.
pub fn compare(old: &Report, new: &Report) -> Result<Diff, Error> {
    if old.url != new.url {
        return Err(Error::Different { old: old.url.clone(), new: new.url.clone() });
    }
    let unknown = unknown(old, new);
    let names: BTreeSet<&str> = unknown.iter().map(|unknown| unknown.username.as_str()).collect();
    let (before, after) = (known_keys(old, &names), known_keys(new, &names));
    let mut diff = Diff {
        url: new.url.clone(),
        before: side(old),
        after: side(new),
        new: only(&after, &before),
        gone: only(&before, &after),
        extended: Vec::new(),
        shortened: Vec::new(),
        renamed: Vec::new(),
        findings_opened: Vec::new(),
        findings_closed: Vec::new(),
        not_compared: Vec::new(),
        unknown: Vec::new(),
    };
    for (id, key) in &after {
        if let Some(was) = before.get(id) {
            changes(&mut diff, was, key);
        }
    }
    let (was, is) = (found(&before, old), found(&after, new));
    diff.findings_opened = is.difference(&was).filter(|found| can_tell(found, old, new)).cloned().collect();
    diff.findings_closed = was.difference(&is).filter(|found| can_tell(found, new, old)).cloned().collect();
    diff.not_compared = not_compared(old, new);
    diff.unknown = unknown;
    Ok(diff)
}

fn side(report: &Report) -> Side {
    let (made_at, made_by) = (report.made_at.clone(), report.made_by.clone());
    Side { made_at, made_by, users: report.users, keys: report.keys.len() }
}

/// Keys by user and Key ID.
type Keys<'a> = BTreeMap<(&'a str, &'a str), &'a AuditedKey>;

fn known_keys<'a>(report: &'a Report, unknown: &BTreeSet<&str>) -> Keys<'a> {
    let known = report.keys.iter().filter(|key| !unknown.contains(key.username.as_str()));
    known.map(|key| ((key.username.as_str(), key.key_id.as_str()), key)).collect()
}

/// The keys that `here` has and `there` has not.
fn only(here: &Keys<'_>, there: &Keys<'_>) -> Vec<Key> {
    here.iter().filter(|(id, _)| !there.contains_key(*id)).map(|(_, key)| Key::of(key)).collect()
}

fn changes(diff: &mut Diff, was: &AuditedKey, is: &AuditedKey) {
    let expiry = |key: &AuditedKey| key.expiry_date.as_deref().and_then(time::parse);
    let changed = |before: Option<String>| Changed { key: Key::of(is), before };
    match (expiry(was), expiry(is)) {
        (Some(before), Some(after)) if after > before => diff.extended.push(changed(was.expiry_date.clone())),
        (Some(before), Some(after)) if after < before => {
            diff.shortened.push(changed(was.expiry_date.clone()))
        }
        _ => {}
    }
    if was.comments != is.comments {
        diff.renamed.push(changed(Some(was.comments.clone())));
    }
}

impl Key {
    fn of(key: &AuditedKey) -> Self {
        Self {
            username: key.username.clone(),
            email: key.email.clone(),
            key_id: key.key_id.clone(),
            comments: key.comments.clone(),
            expiry_date: key.expiry_date.clone(),
        }
    }
}

/// The users of whom either side knows nothing. One who is missing in the newer directory is among
/// them: the workbench does not say what became of the keys. One who is missing in the older one is
/// new, if it showed everybody.
fn unknown(old: &Report, new: &Report) -> Vec<Unknown> {
    let (before, after) = (read_users(old), read_users(new));
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let nothing_of =
        |name: &str, read: &HashMap<&str, Option<String>>, missing: Option<&str>| match read.get(name) {
            Some(why) => why.clone(),
            None => missing.map(str::to_owned),
        };
    let missing_before = (!old.everybody).then_some("the audit showed one user");
    let missing_after = match new.everybody {
        true => "not in the list of users any more",
        false => "the audit showed one user",
    };
    let users = names.into_iter().filter_map(|name| {
        let was = nothing_of(name, &before, missing_before);
        let is = nothing_of(name, &after, Some(missing_after));
        let (side, why) = match (was, is) {
            (None, None) => return None,
            (Some(why), None) => ("old", why),
            (None, Some(why)) => ("new", why),
            (Some(was), Some(is)) if was == is => ("both", was),
            (Some(was), Some(is)) => ("both", format!("{was}; {is}")),
        };
        Some(Unknown { username: name.to_owned(), side, why })
    });
    users.collect()
}

/// Each user that a report mentions, and why the keys were not read, if they were not.
fn read_users(report: &Report) -> HashMap<&str, Option<String>> {
    let listed = report.people.iter().map(|user| (user.username.as_str(), None));
    // An audit of an older keybench lists no users.
    let with_keys = report.keys.iter().map(|key| (key.username.as_str(), None));
    let unread = report.unreadable.iter().map(|user| (user.username.as_str(), Some(user.why.clone())));
    listed.chain(with_keys).chain(unread).collect()
}

/// The findings of the keys that both sides read, and those about models and environments.
fn found(keys: &Keys<'_>, report: &Report) -> BTreeSet<Found> {
    let of_keys = keys.values().flat_map(|key| {
        key.findings.iter().map(|finding| Found {
            finding: *finding,
            username: key.username.clone(),
            key_id: Some(key.key_id.clone()),
            comments: key.comments.clone(),
            place: None,
        })
    });
    let of_place = |finding, username: &str, place: String| Found {
        finding,
        username: username.to_owned(),
        key_id: None,
        comments: String::new(),
        place: Some(place),
    };
    let models = report.models_without_authentication.iter();
    let models =
        models.map(|open| of_place(Finding::ModelWithoutAuthentication, &open.owner, open.model.clone()));
    let places = report.environments.iter().map(|found| {
        of_place(Finding::KeyInEnvironment, "", format!("{}, variable {}", found.name, found.variable))
    });
    of_keys.chain(models).chain(places).collect()
}

/// Whether `other`, which lacks a finding of `has`, would have it if it were there.
fn can_tell(found: &Found, other: &Report, has: &Report) -> bool {
    match found.finding {
        Finding::UserDeactivated | Finding::UserBanned => other.accounts_known,
        // A key that is gone has it no longer, whatever was looked for.
        finding if finding.is_of_a_key() => looks_for(finding, other) || is_gone(found, other, has),
        _ => !other.keys_only && other.unreadable_projects.is_empty(),
    }
}

/// Whether a key that `has` lists is in `other` no more.
fn is_gone(found: &Found, other: &Report, has: &Report) -> bool {
    let is_it = |key: &AuditedKey| {
        key.username == found.username && Some(key.key_id.as_str()) == found.key_id.as_deref()
    };
    has.keys.iter().any(is_it) && !other.keys.iter().any(is_it)
}

/// Whether an audit could have the finding: some are judged by limits of a policy or of the site alone.
fn looks_for(finding: Finding, report: &Report) -> bool {
    let rules = rules(report.policy.as_ref(), report.expiration_days);
    match finding {
        Finding::MaxLife => rules.max_life.is_some(),
        Finding::MaxAge => rules.max_age.is_some(),
        Finding::UnknownCreation => rules.max_life.is_some() || rules.max_age.is_some(),
        Finding::BeyondLimit => rules.limit.is_some(),
        _ => true,
    }
}

/// The findings of keys that one audit looked for and the other did not.
fn not_compared(old: &Report, new: &Report) -> Vec<NotCompared> {
    let side = |finding: Finding| match (looks_for(finding, old), looks_for(finding, new)) {
        (true, false) => Some(NotCompared { finding, side: "new" }),
        (false, true) => Some(NotCompared { finding, side: "old" }),
        _ => None,
    };
    Finding::all().filter_map(side).collect()
}
