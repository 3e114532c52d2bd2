//! `admin audit`: all keys of all users in one report, and where keys lie open: as a table, as JSON, or
//! as CSV with one line a key.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clap::Args;

use crate::actions::audit::{self, AuditedKey, Read, Report, Request};
use crate::actions::{Event, Progress};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::output;
use crate::cli::times::day;
use crate::config::replace::Replacement;
use crate::text::{self, count};

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Examples:
  keybench admin audit
  keybench admin audit --export keys.csv
  keybench admin audit --json > audit.json

An audit that was interrupted goes on where it stopped, within the hour. Values of environment
variables are never shown, only where something looks like a key.
Ends with 0 if everything could be read, with 8 otherwise.")]
pub struct AuditArgs {
    /// Write the report to a file that ends in .json or .csv (mode 0600)
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Do not go on with an audit that was interrupted
    #[arg(long)]
    pub fresh: bool,
    /// Leave out models and environments
    #[arg(long)]
    pub keys_only: bool,
}

/// What a report of one user may mean.
const ONE_USER: &str = "the workbench shows one user: only a site administrator can audit all users";

pub async fn run(context: &Context, args: AuditArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let form = args.export.as_deref().map(|file| Form::check(file).map(|form| (file, form))).transpose()?;
    let request = Request { fresh: args.fresh, keys_only: args.keys_only };
    let said = Said { context, bar: Mutex::new(None) };
    let ended = audit::run(&session, request, &said).await;
    drop(said);
    let audit = ended.map_err(broken_off)?;
    let report = &audit.report;
    // Otherwise a scheduled audit would go on unnoticed after its user lost the right to see everybody.
    if !report.everybody {
        context.out.warn("incomplete", ONE_USER, None);
    }
    match form {
        Some((file, form)) => {
            form.write(file, report)?;
            summarise(report, context, Some(file))?;
        }
        None if context.out.json => context.out.document(report)?,
        None => print(report, context)?,
    }
    // What is missing in a report is no less worth a look than what is in it.
    let exit = if report.is_complete() { Exit::Done } else { Exit::No };
    audit.finish();
    Ok(exit)
}

fn broken_off(error: audit::Error) -> Failure {
    match error {
        audit::Error::Api(error) => error.into(),
        audit::Error::BrokenOff { error, read } => {
            let first = if error.is_rejection() { "sign in again with `keybench login`: " } else { "" };
            Failure::from(error).hint(format!("{first}{}", so_far(read)))
        }
    }
}

/// How far it is, and how it goes on.
fn so_far(read: Read) -> String {
    let next = match read.is_kept {
        true => "the same command goes on from there within the hour",
        false => "there is no folder to note that in, so the next audit begins anew",
    };
    format!("the keys of {} of {} users are read; {next}", read.users, read.of)
}

/// Shows how far it is.
struct Said<'a> {
    context: &'a Context,
    bar: Mutex<Option<output::Progress>>,
}

impl Progress for Said<'_> {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::AuditResumed { users } => self
                .context
                .out
                .note(&format!("going on with an audit that was interrupted: {users} users are read")),
            Event::AuditRead(read) => self.context.so_far(so_far(read)),
            Event::Counted { what, done, of } => {
                let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
                bar.get_or_insert_with(|| output::Progress::new(&self.context.out, what, of)).at(done);
                if done == of {
                    *bar = None;
                }
            }
            other => self.context.on(other),
        }
    }
}

/// The table of all keys, then the rest.
fn print(report: &Report, context: &Context) -> Result<(), Failure> {
    let titles = &["USER", "EXPIRES", "LEFT", "AUDIENCE", "NAME", "FINDINGS", "KEY ID"];
    let mut list = context.out.list(titles).shrinking("NAME");
    for chunk in report.keys.chunks(1_000) {
        let rows: Vec<_> = chunk.iter().map(|key| (key, cells(key))).collect();
        list.page(&rows)?;
    }
    list.end()?;
    summarise(report, context, None)
}

/// What it amounts to; with `--json` and a file, as a document.
fn summarise(report: &Report, context: &Context, file: Option<&Path>) -> Result<(), Failure> {
    if context.out.json {
        return context.out.document(&serde_json::json!({
            "made_at": report.made_at,
            "users": report.users,
            "everybody": report.everybody,
            "keys": report.keys.len(),
            "with_findings": report.with_findings(),
            "unreadable": report.unreadable,
            "models_without_authentication": report.models_without_authentication.len(),
            "environments": report.environments.len(),
            "export": file,
        }));
    }
    let version = report.version.as_deref().unwrap_or("version not known");
    let mut lines = vec![
        String::new(),
        format!("made {} by {} at {} ({version})", report.made_at, report.made_by, report.url),
        format!(
            "{} with {}, {} with findings",
            count(report.users, "user", "users"),
            count(report.keys.len(), "key", "keys"),
            report.with_findings()
        ),
    ];
    if !report.everybody {
        lines.push(ONE_USER.to_owned());
    }
    lines.extend(report.unreadable.iter().map(|user| format!("not read: {}: {}", user.username, user.why)));
    lines.extend(
        report
            .models_without_authentication
            .iter()
            .map(|model| format!("no authentication: {} ({})", model.model, model.owner)),
    );
    lines.extend(
        report
            .environments
            .iter()
            .map(|found| format!("looks like a key: {}, variable {}", found.name, found.variable)),
    );
    lines.extend(
        report
            .unreadable_projects
            .iter()
            .map(|project| format!("not read: project {}: {}", project.name, project.variable)),
    );
    lines.extend(file.map(|file| format!("written to {}", file.display())));
    context.out.lines(&lines)
}

fn cells(key: &AuditedKey) -> Vec<String> {
    vec![
        key.username.clone(),
        day(key.expiry_date.as_deref().unwrap_or_default()),
        key.days_left.map_or_else(|| "?".to_owned(), |days| format!("{days} d")),
        key.audiences.join("+"),
        key.comments.clone(),
        findings(key),
        text::short_id(&key.key_id).into_owned(),
    ]
}

fn findings(key: &AuditedKey) -> String {
    key.findings.iter().map(|finding| finding.text()).collect::<Vec<_>>().join(", ")
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
        let text = match self {
            Self::Json => {
                serde_json::to_vec_pretty(report).map_err(|error| Failure::invalid(error.to_string()))?
            }
            Self::Csv => csv(report).into_bytes(),
        };
        Replacement::of(file).write(&text).map_err(|error| {
            Failure::new(Exit::Unwritten, "output", format!("{} cannot be written: {error}", file.display()))
        })
    }
}

fn csv(report: &Report) -> String {
    let mut text =
        "user,name,key_id,audiences,comment,created_at,expiry_date,days_left,findings\n".to_owned();
    for key in &report.keys {
        let days = key.days_left.map(|days| days.to_string()).unwrap_or_default();
        let fields: [&str; 9] = [
            &key.username,
            &key.name,
            &key.key_id,
            &key.audiences.join(" "),
            &key.comments,
            key.created_at.as_deref().unwrap_or_default(),
            key.expiry_date.as_deref().unwrap_or_default(),
            &days,
            &findings(key),
        ];
        let line: Vec<_> = fields.iter().map(|field| quoted(field)).collect();
        text.push_str(&line.join(","));
        text.push('\n');
    }
    // Their keys are missing above, which must not look like having none.
    for user in &report.unreadable {
        let why = format!("not read: {}", user.why);
        text.push_str(&format!("{},,,,,,,,{}\n", quoted(&user.username), quoted(&why)));
    }
    text
}

/// A field of CSV (RFC 4180). What a spreadsheet would take for a formula gets a blank before it,
/// because anyone may have written the names and comments.
fn quoted(field: &str) -> String {
    let field = crate::text::clean(field);
    let formula = field.starts_with(['=', '+', '-', '@']) && field.parse::<f64>().is_err();
    let field = if formula { format!(" {field}") } else { field.into_owned() };
    if field.contains([',', '"', ' ']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn fields_are_quoted_and_formulas_defused() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "\" =HYPERLINK(1)\"");
        assert_eq!(quoted("-52"), "-52");
    }
}
