//! The report of an audit: a table, JSON, or CSV with one line a key.

use std::path::Path;

use serde::Serialize;

use super::findings::AuditedKey;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::keys::day;
use crate::config::replace::Replacement;
use crate::text::{self, count};

/// What a report of one user may mean.
pub const ONE_USER: &str = "the workbench shows one user: only a site administrator can audit everybody";

#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub made_at: String,
    pub made_by: String,
    pub url: String,
    /// Version of the workbench, where it tells.
    pub version: Option<String>,
    /// The site's limit on the life of keys, where it tells.
    pub expiration_days: Option<u32>,
    pub users: usize,
    /// Whether the workbench shows more than one user: anybody but a site administrator sees only
    /// themselves.
    pub everybody: bool,
    pub keys: Vec<AuditedKey>,
    /// Users whose keys could not be read, each with why.
    pub unreadable: Vec<Unreadable>,
    pub models_without_authentication: Vec<OpenModel>,
    /// Where something in the shape of a key stands in clear.
    pub environments: Vec<Place>,
    pub unreadable_projects: Vec<Place>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Unreadable {
    pub username: String,
    pub why: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct OpenModel {
    pub model: String,
    pub model_id: String,
    pub owner: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct Place {
    pub place: String,
    /// The variable's name; for a project that could not be read, why.
    pub variable: String,
}

impl Report {
    /// The table of all keys, then the rest.
    pub fn print(&self, context: &Context) -> Result<(), Failure> {
        let titles = &["USER", "EXPIRES", "LEFT", "AUDIENCE", "NAME", "FINDINGS", "KEY ID"];
        let mut list = context.out.list(titles).shrinking("NAME");
        for chunk in self.keys.chunks(1_000) {
            let rows: Vec<_> = chunk.iter().map(|key| (key, cells(key))).collect();
            list.page(&rows)?;
        }
        list.end()?;
        self.summarise(context, None)
    }

    /// What it amounts to; with `--json` and a file, as a document.
    pub fn summarise(&self, context: &Context, file: Option<&Path>) -> Result<(), Failure> {
        if context.out.json {
            return context.out.document(&serde_json::json!({
                "made_at": self.made_at,
                "users": self.users,
                "everybody": self.everybody,
                "keys": self.keys.len(),
                "with_findings": self.with_findings(),
                "unreadable": self.unreadable,
                "models_without_authentication": self.models_without_authentication.len(),
                "environments": self.environments.len(),
                "export": file,
            }));
        }
        let version = self.version.as_deref().unwrap_or("version not known");
        let mut lines = vec![
            String::new(),
            format!("made {} by {} at {} ({version})", self.made_at, self.made_by, self.url),
            format!(
                "{} with {}, {} with findings",
                count(self.users, "user", "users"),
                count(self.keys.len(), "key", "keys"),
                self.with_findings()
            ),
        ];
        if !self.everybody {
            lines.push(ONE_USER.to_owned());
        }
        lines.extend(self.unreadable.iter().map(|user| format!("not read: {}: {}", user.username, user.why)));
        lines.extend(
            self.models_without_authentication
                .iter()
                .map(|model| format!("no authentication: {} ({})", model.model, model.owner)),
        );
        lines.extend(
            self.environments
                .iter()
                .map(|place| format!("looks like a key: {}, variable {}", place.place, place.variable)),
        );
        lines.extend(
            self.unreadable_projects
                .iter()
                .map(|place| format!("not read: project {}: {}", place.place, place.variable)),
        );
        lines.extend(file.map(|file| format!("written to {}", file.display())));
        context.out.lines(&lines)
    }

    fn with_findings(&self) -> usize {
        self.keys.iter().filter(|key| !key.findings.is_empty()).count()
    }
}

fn cells(key: &AuditedKey) -> Vec<String> {
    vec![
        key.username.clone(),
        day(key.expiry_date.as_deref().unwrap_or_default()),
        key.days_left.map_or_else(|| "?".to_owned(), |days| format!("{days} d")),
        key.audiences.join("+"),
        key.comments.clone(),
        words(key),
        text::short_id(&key.key_id).into_owned(),
    ]
}

fn words(key: &AuditedKey) -> String {
    key.findings.iter().map(|finding| finding.words()).collect::<Vec<_>>().join(", ")
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
            &words(key),
        ];
        let line: Vec<_> = fields.iter().map(|field| quoted(field)).collect();
        text.push_str(&line.join(","));
        text.push('\n');
    }
    // Their keys are missing above, which nobody should take for none.
    for user in &report.unreadable {
        let why = format!("not read: {}", user.why);
        text.push_str(&format!("{},,,,,,,,{}\n", quoted(&user.username), quoted(&why)));
    }
    text
}

/// A field of CSV (RFC 4180). What a spreadsheet would take for a formula gets a blank before it,
/// because names and comments come from anybody.
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
