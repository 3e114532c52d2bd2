//! How an audit is shown: progress, the table, the summary, an exported file.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::so_far;
use crate::actions::audit::{AuditedKey, Finding, Report, Verdict, evidence};
use crate::actions::{Event, Progress};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::output;
use crate::cli::times::day;
use crate::config::replace::Replacement;
use crate::text::{self, count, json_stream};
use crate::wire::time;

/// Shows how far it is.
pub struct Said<'a> {
    context: &'a Context,
    /// What is counted, and its bar.
    bar: Mutex<Option<(&'static str, output::Progress)>>,
}

impl<'a> Said<'a> {
    pub fn new(context: &'a Context) -> Self {
        Self { context, bar: Mutex::new(None) }
    }
}

impl Progress for Said<'_> {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::AuditResumed { users, since } => {
                let message = format!(
                    "going on with an audit that was interrupted: {users} users are read, as they were at {}",
                    time::format(since)
                );
                self.context.out.warn("resumed", &message, Some("--fresh reads them again"));
            }
            Event::AuditRead(read) => self.context.so_far(so_far(read)),
            Event::Counted { what, done, of } => {
                let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
                let new = || (what, output::Progress::new(&self.context.out, what, of));
                let (shown, line) = bar.get_or_insert_with(new);
                // There is one line: models are counted in it once all users are.
                if *shown != what {
                    return;
                }
                line.at(done);
                if done == of {
                    *bar = None;
                }
            }
            other => self.context.on(other),
        }
    }
}

/// Where a file is, whatever folder one looks from.
fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

/// The table of all keys, then the rest.
pub fn print(report: &Report, context: &Context, evidence: Option<&Path>) -> Result<(), Failure> {
    let titles = &["USER", "EXPIRES", "LEFT", "AUDIENCE", "NAME", "FINDINGS", "KEY ID"];
    let mut list = context.out.list(titles).shrinking("NAME").judged();
    for chunk in report.keys.chunks(1_000) {
        let rows: Vec<_> = chunk.iter().map(|key| (key, cells(key))).collect();
        list.page(&rows)?;
    }
    list.end()?;
    if !context.out.json {
        context.out.lines(&[String::new()])?;
    }
    summarise(report, context, None, evidence)
}

/// What it amounts to; with `--json` and a file, as a document.
pub fn summarise(
    report: &Report,
    context: &Context,
    file: Option<&Path>,
    evidence: Option<&Path>,
) -> Result<(), Failure> {
    if context.out.json {
        return context.out.document(&serde_json::json!({
            "made_at": report.made_at,
            "users": report.users,
            "everybody": report.everybody,
            "keys": report.keys.len(),
            "with_findings": report.with_findings(),
            "failing": report.failing(),
            "unreadable": report.unreadable,
            "models_without_authentication": report.models_without_authentication.len(),
            "environments": report.environments.len(),
            "export": file,
            "evidence": evidence,
        }));
    }
    let version = report.version.as_deref().unwrap_or("version not known");
    let mut lines = vec![
        format!("made {} by {} at {} ({version})", report.made_at, report.made_by, report.url),
        format!(
            "{} with {}, {} with findings{}",
            count(report.users, "user", "users"),
            count(report.keys.len(), "key", "keys"),
            report.with_findings(),
            if file.is_some() && report.with_findings() > 0 { ":" } else { "" }
        ),
    ];
    // Without the table, which keys these are would be only in the file.
    if file.is_some() {
        lines.extend(with_findings(report));
    }
    let (open, exposed) = (Finding::ModelWithoutAuthentication, Finding::KeyInEnvironment);
    lines.extend(report.unreadable.iter().map(|user| format!("not read: {}: {}", user.username, user.why)));
    lines.extend(
        report
            .models_without_authentication
            .iter()
            .map(|model| format!("{}: {} ({})", open.text(), model.model, model.owner)),
    );
    lines.extend(report.environments.iter().map(|found| format!("{}: {}", exposed.text(), found.text())));
    lines.extend(
        report
            .unreadable_projects
            .iter()
            .map(|project| format!("not read: project {}: {}", project.name, project.variable)),
    );
    lines.extend(under_policy(report));
    lines.extend(file.map(|file| format!("written to {}", absolute(file).display())));
    lines.extend(evidence.map(|folder| format!("evidence written to {}", absolute(folder).display())));
    context.out.lines(&lines)
}

fn cells(key: &AuditedKey) -> Vec<String> {
    vec![
        key.username.to_string(),
        day(key.expiry_date.as_deref().unwrap_or_default()),
        key.days_left.map_or_else(|| "?".to_owned(), |days| format!("{days} d")),
        key.audiences.join("+"),
        key.comments.clone(),
        key.findings_text(),
        text::short_id(&key.key_id).into_owned(),
    ]
}

/// Keys with findings that are named one by one.
const NAMED: usize = 10;

/// The keys with findings, those that expire first before the others.
fn with_findings(report: &Report) -> Vec<String> {
    let mut found: Vec<&AuditedKey> = report.keys.iter().filter(|key| !key.findings.is_empty()).collect();
    found.sort_by_key(|key| key.days_left.unwrap_or(i64::MAX));
    let line = |key: &&AuditedKey| {
        let (id, name) = (text::short_id(&key.key_id), &key.comments);
        format!("  {id}  {}  {}  {name:?}", key.username, key.findings_text())
    };
    let more = found.len().saturating_sub(NAMED);
    let named = found.iter().take(NAMED).map(line);
    named.chain((more > 0).then(|| format!("  and {more} more, in the file"))).collect()
}

/// How many findings count, which ones, by the names that a policy has for them, and what exceptions
/// cover.
fn under_policy(report: &Report) -> Option<String> {
    let policy = report.policy.as_ref()?;
    let holding = policy.exceptions.iter().filter(|exception| !exception.over);
    let covered: usize = holding.map(|exception| exception.findings_covered).sum();
    let verdict = match report.verdict() {
        Verdict::Incomplete => ", and something could not be read",
        Verdict::Clean | Verdict::Findings(_) => "",
    };
    let counting = report.counting();
    let named: Vec<_> = counting.iter().map(|(finding, many)| format!("{} {many}", finding.name())).collect();
    let named = if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
    let count = count(report.failing(), "finding counts", "findings count");
    Some(format!("{count} under the policy{named}{verdict}; exceptions cover {covered}"))
}

/// What a report is exported as.
#[derive(Clone, Copy)]
pub enum Form {
    Json,
    Csv,
}

impl Form {
    fn of(file: &Path) -> Result<Self, Failure> {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            _ => Err(Failure::invalid(format!("{} ends neither in .json nor in .csv", file.display()))
                .hint("the ending says in which form to export")),
        }
    }

    /// The file can be written to, as far as can be known before an audit that may take minutes.
    pub fn check(file: &Path) -> Result<Self, Failure> {
        let form = Self::of(file)?;
        Replacement::of(file).check().map_err(|error| {
            Failure::invalid(format!("{} cannot be written: {error}", file.display()))
                .hint("name a file in a folder that you may write to")
        })?;
        Ok(form)
    }

    pub fn write(self, file: &Path, report: &Report) -> Result<(), Failure> {
        let written = Replacement::of(file).write_with(|out| match self {
            Self::Json => Ok(json_stream::write(out, report)?),
            Self::Csv => evidence::keys_csv(report, out),
        });
        written.map_err(|error| {
            Failure::new(Exit::Unwritten, "output", format!("{} cannot be written: {error}", file.display()))
        })
    }
}
