//! What an audit found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::findings::{AuditedKey, Finding};
use super::policy::Policy;
use crate::text::count;

/// How far an audit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    pub users: usize,
    pub of: usize,
    /// The next audit goes on from there, within the hour.
    pub is_kept: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    pub made_at: String,
    pub made_by: String,
    pub url: String,
    /// Version of the workbench, if it says.
    pub version: Option<String>,
    /// The site's limit on the life of keys, if the workbench says.
    pub expiration_days: Option<u32>,
    pub users: usize,
    /// Whether the workbench shows more than one user: only a site administrator sees
    /// other users.
    pub everybody: bool,
    /// Whether the workbench says who is deactivated and who is banned.
    pub accounts_known: bool,
    /// Models and environments were left out.
    pub keys_only: bool,
    /// What the findings were judged by, if a policy was given.
    pub policy: Option<Policy>,
    pub keys: Vec<AuditedKey>,
    /// Every user, with or without keys.
    pub people: Vec<AuditedUser>,
    /// Users whose keys could not be read, each with why.
    pub unreadable: Vec<Unreadable>,
    pub models_without_authentication: Vec<OpenModel>,
    /// Where something in the shape of a key stands in clear.
    pub environments: Vec<Location>,
    pub unreadable_projects: Vec<Location>,
}

/// One user of the report.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditedUser {
    pub username: String,
    pub name: String,
    pub email: Option<String>,
    pub deactivated: bool,
    pub banned: bool,
    /// How many keys; `None` if they could not be read.
    pub keys: Option<usize>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Unreadable {
    pub username: String,
    pub why: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenModel {
    pub model: String,
    pub model_id: String,
    pub owner: String,
    /// An exception of the policy covers it.
    #[serde(default)]
    pub excepted: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Location {
    #[serde(rename = "place")]
    pub name: String,
    /// The variable's name; for a project that could not be read, why.
    pub variable: String,
    /// An exception of the policy covers it.
    #[serde(default)]
    pub excepted: bool,
    /// A fleet of the machine that made the audit delivers a key there.
    #[serde(default)]
    pub managed: bool,
}

impl Location {
    /// For people: `project owner/churn-prod, variable KEY (managed by a fleet)`
    pub fn text(&self) -> String {
        let managed = if self.managed { " (managed by a fleet)" } else { "" };
        format!("{}, variable {}{managed}", self.name, self.variable)
    }
}

/// What an audit amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was read, and no finding counts.
    Clean,
    /// So many findings that count.
    Findings(usize),
    /// Something could not be read, so that nothing is known of it.
    Incomplete,
}

impl Report {
    /// Keys with something worth a remark.
    pub fn with_findings(&self) -> usize {
        self.keys.iter().filter(|key| !key.findings.is_empty()).count()
    }

    /// The findings that count, each with how many: those that the policy names and that no exception
    /// covers.
    pub fn counting(&self) -> BTreeMap<Finding, usize> {
        let mut counting = BTreeMap::new();
        let Some(policy) = &self.policy else { return counting };
        let mut add = |finding: Finding, excepted: bool| {
            if policy.fail_on.contains(&finding) && !excepted {
                *counting.entry(finding).or_default() += 1;
            }
        };
        for key in &self.keys {
            key.findings.iter().for_each(|finding| add(*finding, key.excepted.contains(finding)));
        }
        for model in &self.models_without_authentication {
            add(Finding::ModelWithoutAuthentication, model.excepted);
        }
        for location in &self.environments {
            add(Finding::KeyInEnvironment, location.excepted);
        }
        counting
    }

    /// How many findings count.
    pub fn failing(&self) -> usize {
        self.counting().values().sum()
    }

    /// What could not be seen, as reasons why the audit is not complete.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        let mut unread = |many: usize, one: &str, several: &str| {
            if many > 0 {
                missing.push(format!("{} could not be read", count(many, one, several)));
            }
        };
        unread(self.unreadable.len(), "user", "users");
        unread(self.unreadable_projects.len(), "project", "projects");
        let Some(policy) = &self.policy else { return missing };
        if self.users < policy.min_users {
            let users = count(self.users, "user", "users");
            missing.push(format!("it shows {users}, and `min_users` of the policy is {}", policy.min_users));
        }
        let accounts = [Finding::UserDeactivated, Finding::UserBanned];
        if !self.accounts_known && accounts.iter().any(|finding| policy.fail_on.contains(finding)) {
            missing.push(
                "the workbench does not say which users are deactivated or banned, and `fail_on` has them"
                    .to_owned(),
            );
        }
        missing
    }

    /// Whether everything that there is to see was read.
    pub fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// What it amounts to. What could not be read comes first: a count of findings would look like
    /// all of them.
    pub fn verdict(&self) -> Verdict {
        match self.failing() {
            _ if !self.is_complete() => Verdict::Incomplete,
            0 => Verdict::Clean,
            many => Verdict::Findings(many),
        }
    }
}
