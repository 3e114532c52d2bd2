//! Tables as CSV (RFC 4180): UTF-8 with a byte order mark and CRLF, which is what spreadsheets open
//! without asking. Each row says who made the audit, when, of which workbench, and its limit.

use std::io::{self, Write};

use crate::actions::audit::findings::Finding;
use crate::actions::audit::policy::Exception;
use crate::actions::audit::report::Report;

/// With it a spreadsheet takes the file for UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// What makes a spreadsheet compute a field; the last four are the full-width forms of the first.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
const MADE: [&str; 4] = ["made_at", "made_by", "workbench", "limit_days"];

/// A table, written row by row.
struct Table<'a> {
    report: &'a Report,
    limit: String,
    out: &'a mut dyn Write,
}

impl<'a> Table<'a> {
    fn new(report: &'a Report, out: &'a mut dyn Write, columns: &[&str]) -> io::Result<Self> {
        let limit = report.expiration_days.map(|days| days.to_string()).unwrap_or_default();
        let mut table = Self { report, limit, out };
        table.out.write_all(BYTE_ORDER_MARK.as_bytes())?;
        table.line(columns.iter().chain(&MADE))?;
        Ok(table)
    }

    fn row(&mut self, fields: &[&str]) -> io::Result<()> {
        let (report, limit) = (self.report, self.limit.clone());
        let made: [&str; 4] = [&report.made_at, &report.made_by, &report.url, &limit];
        self.line(fields.iter().chain(&made))
    }

    fn line<'b>(&mut self, fields: impl Iterator<Item = &'b &'b str>) -> io::Result<()> {
        let fields: Vec<_> = fields.map(|field| quoted(field)).collect();
        write!(self.out, "{}\r\n", fields.join(","))
    }
}

/// One row a key, then one for each user whose keys could not be read: they are missing above, which
/// must not look like having none.
pub fn keys(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(
        report,
        out,
        &[
            "user",
            "name",
            "email",
            "key_id",
            "audiences",
            "comment",
            "created_at",
            "expiry_date",
            "days_left",
            "findings",
            "excepted",
            "not_read",
        ],
    )?;
    for key in &report.keys {
        table.row(&[
            &key.username,
            &key.name,
            key.email.as_deref().unwrap_or_default(),
            &key.key_id,
            &key.audiences.join(" "),
            &key.comments,
            key.created_at.as_deref().unwrap_or_default(),
            key.expiry_date.as_deref().unwrap_or_default(),
            &key.days_left.map(|days| days.to_string()).unwrap_or_default(),
            &names(&key.findings),
            &names(&key.excepted),
            "",
        ])?;
    }
    for user in &report.unreadable {
        table.row(&[&user.username, "", "", "", "", "", "", "", "", "", "", &user.why])?;
    }
    Ok(())
}

/// One row a user.
pub fn users(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let columns = ["user", "name", "email", "keys", "with_findings", "deactivated", "banned"];
    let mut table = Table::new(report, out, &columns)?;
    let mut found = std::collections::HashMap::<&str, usize>::new();
    for key in report.keys.iter().filter(|key| !key.findings.is_empty()) {
        *found.entry(&key.username).or_default() += 1;
    }
    for user in &report.people {
        let found = user.keys.map(|_| found.get(user.username.as_str()).copied().unwrap_or_default());
        table.row(&[
            &user.username,
            &user.name,
            user.email.as_deref().unwrap_or_default(),
            &user.keys.map_or_else(|| "not read".to_owned(), |keys| keys.to_string()),
            &found.map(|found| found.to_string()).unwrap_or_default(),
            known(report, user.deactivated),
            known(report, user.banned),
        ])?;
    }
    Ok(())
}

fn known(report: &Report, is: bool) -> &'static str {
    match (report.accounts_known, is) {
        (_, true) => "yes",
        (true, false) => "no",
        (false, false) => "",
    }
}

/// One row a finding, with the exception that covers it.
pub fn findings(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let columns =
        ["finding", "counts", "user", "email", "key_id", "comment", "place", "reason", "approver", "end"];
    let mut table = Table::new(report, out, &columns)?;
    for key in &report.keys {
        for finding in &key.findings {
            let exception = exception(report, |exception| exception.covers_key(key, *finding));
            let counts = counts(report, *finding, key.excepted.contains(finding));
            let email = key.email.as_deref().unwrap_or_default();
            let about = [&key.username, email, &key.key_id, &key.comments, ""];
            table.row(&row(*finding, counts, &about, &exception))?;
        }
    }
    for open in &report.models_without_authentication {
        let finding = Finding::ModelWithoutAuthentication;
        let exception = exception(report, |exception| exception.covers_model(open));
        let about = [&open.owner, "", "", "", &open.model];
        table.row(&row(finding, counts(report, finding, open.excepted), &about, &exception))?;
    }
    for found in &report.environments {
        let finding = Finding::KeyInEnvironment;
        let exception = exception(report, |exception| exception.covers_location(found));
        let place = found.text();
        let about = ["", "", "", "", place.as_str()];
        table.row(&row(finding, counts(report, finding, found.excepted), &about, &exception))?;
    }
    Ok(())
}

fn row<'a>(
    finding: Finding,
    counts: &'a str,
    about: &[&'a str; 5],
    exception: &'a [String; 3],
) -> Vec<&'a str> {
    let exception = exception.iter().map(String::as_str);
    [finding.name(), counts].into_iter().chain(about.iter().copied()).chain(exception).collect()
}

fn counts(report: &Report, finding: Finding, excepted: bool) -> &'static str {
    let counts = report.policy.as_ref().is_some_and(|policy| policy.fail_on.contains(&finding));
    if counts && !excepted { "yes" } else { "no" }
}

/// Reason, approver and end of the exception that holds.
fn exception(report: &Report, covers: impl Fn(&Exception) -> bool) -> [String; 3] {
    let mut exceptions = report.policy.iter().flat_map(|policy| &policy.exceptions);
    let found = exceptions.find(|exception| !exception.over && covers(exception));
    found.map_or_else(Default::default, |exception| {
        [exception.reason.clone(), exception.approver.clone(), exception.end.to_string()]
    })
}

fn names(findings: &[Finding]) -> String {
    findings.iter().map(|finding| finding.name()).collect::<Vec<_>>().join(" ")
}

/// A field. What a spreadsheet would take for a formula gets a quote mark before it: anyone may have
/// written the names and comments.
fn quoted(field: &str) -> String {
    let field = crate::text::clean(field);
    let formula = field.trim_start().starts_with(FORMULA) && !is_number(&field);
    let field = if formula { format!("'{field}") } else { field.into_owned() };
    if field.contains([',', '"', '\'', ' ']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

fn is_number(field: &str) -> bool {
    let digits = field.strip_prefix('-').unwrap_or(field);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_defused() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(quoted("  @SUM(1)"), "\"'  @SUM(1)\"");
        assert_eq!(quoted("\t=1"), "\"' =1\"");
        assert_eq!(quoted("+1"), "\"'+1\"");
        assert_eq!(quoted("＝1"), "\"'＝1\"");
        assert_eq!(quoted("-52"), "-52");
    }

    #[test]
    fn a_user_that_was_not_read_is_not_one_without_keys() {
        let unreadable = crate::actions::audit::Unreadable { username: "u".into(), why: "refused".into() };
        let report = Report { unreadable: vec![unreadable], expiration_days: Some(90), ..Report::default() };
        let mut written = Vec::new();
        keys(&report, &mut written).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert!(text.starts_with("\u{feff}user,name,email,"), "{text}");
        let row = text.split("\r\n").nth(1).unwrap();
        assert!(row.starts_with("u,,") && row.contains(",refused,") && row.ends_with(",90"), "{row}");
    }
}
