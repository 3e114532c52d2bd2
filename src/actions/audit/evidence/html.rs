//! The report as one page for people: no scripts, nothing from elsewhere, everything escaped.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use jiff::civil::Date;

use crate::actions::audit::findings::Finding;
use crate::actions::audit::policy::Policy;
use crate::actions::audit::report::{Location, Report, Verdict};
use crate::text::count;
use crate::text::html::{self, escaped};

const TITLE: &str = "Audit of API keys";

/// Writes the page.
pub fn page(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, ended: Ok(()) };
    page.push_str(&html::begin(TITLE));
    head(&mut page, report);
    if let Some(policy) = &report.policy {
        of_policy(&mut page, policy);
    }
    findings(&mut page, report);
    exposed(&mut page, report);
    unread(&mut page, report);
    users(&mut page, report);
    page.push_str(html::END);
    page.ended
}

/// Writes text to a file. After an error nothing more is written.
struct Page<'a> {
    out: &'a mut dyn Write,
    ended: io::Result<()>,
}

impl Page<'_> {
    fn push_str(&mut self, text: &str) {
        if self.ended.is_ok() {
            self.ended = self.out.write_all(text.as_bytes());
        }
    }
}

impl fmt::Write for Page<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

fn head(page: &mut Page<'_>, report: &Report) {
    let (class, verdict) = match report.verdict() {
        Verdict::Clean if report.policy.is_none() => {
            ("clean", "Everything was read. No policy was given.".into())
        }
        Verdict::Clean => ("clean", "No finding counts.".to_owned()),
        Verdict::Findings(many) => {
            ("findings", format!("{} under the policy.", count(many, "finding counts", "findings count")))
        }
        Verdict::Incomplete => (
            "incomplete",
            "Not complete: something could not be read, and nothing is known of it.".to_owned(),
        ),
    };
    let _ = write!(page, "<h1>{TITLE}</h1>\n<p class=\"verdict {class}\">{verdict}</p>\n");
    let limit = report
        .expiration_days
        .map_or_else(|| "not known".to_owned(), |days| count(days as usize, "day", "days"));
    let version = report.version.clone().unwrap_or_else(|| "not known".to_owned());
    let users = count(report.users, "user", "users");
    let keys = count(report.keys.len(), "key", "keys");
    let rows = [
        ["workbench", &report.url],
        ["version", &version],
        ["made at", &report.made_at],
        ["made by", &report.made_by],
        ["limit on the life of keys", &limit],
        ["read", &format!("{users}, {keys}, {} with findings", report.with_findings())],
    ];
    table(page, &[], rows.map(|row| row.map(str::to_owned).to_vec()));
}

fn of_policy(page: &mut Page<'_>, policy: &Policy) {
    page.push_str("<h2>Policy</h2>\n");
    let days =
        |days: Option<u32>| days.map_or_else(|| "not limited".to_owned(), |days| format!("{days} days"));
    let names: Vec<_> = policy.fail_on.iter().map(|finding| finding.text()).collect();
    let rows = [
        ["longest life", &days(policy.max_life)],
        ["greatest age", &days(policy.max_age)],
        [
            "expiring within",
            &policy.expiring.map_or_else(|| "14 days".to_owned(), |days| format!("{days} days")),
        ],
        ["what counts", &names.join(", ")],
        ["SHA-256 of the policy file", &policy.sha256],
    ];
    table(page, &[], rows.map(|row| row.map(str::to_owned).to_vec()));
    if policy.exceptions.is_empty() {
        return;
    }
    page.push_str("<h2>Exceptions</h2>");
    let rows = policy.exceptions.iter().map(|exception| {
        let named = [
            ("user", &exception.user),
            ("key", &exception.key_id),
            ("name", &exception.name),
            ("model", &exception.model),
            ("place", &exception.place),
        ];
        let named =
            named.iter().filter_map(|(what, name)| name.as_ref().map(|name| format!("{what} {name}")));
        let findings: Vec<_> = exception.findings.iter().map(|finding| finding.text()).collect();
        vec![
            named.collect::<Vec<_>>().join(", "),
            findings.join(", "),
            exception.reason.clone(),
            exception.approver.clone(),
            format!("{}{}", exception.end, if exception.over { " (over)" } else { "" }),
            exception.findings_covered.to_string(),
        ]
    });
    table(page, &["for", "findings", "reason", "approver", "last day", "covers"], rows);
}

fn findings(page: &mut Page<'_>, report: &Report) {
    page.push_str("<h2>Keys with findings</h2>");
    let found = report.keys.iter().filter(|key| !key.findings.is_empty());
    let text = |finding: &Finding, excepted: &[Finding]| {
        let note = if excepted.contains(finding) { " (excepted)" } else { "" };
        format!("{}{note}", finding.text())
    };
    let rows = found.map(|key| {
        let findings: Vec<_> = key.findings.iter().map(|finding| text(finding, &key.excepted)).collect();
        vec![
            key.username.clone(),
            key.email.clone().unwrap_or_default(),
            key.comments.clone(),
            key.key_id.clone(),
            day(key.created_at.as_deref()),
            day(key.expiry_date.as_deref()),
            findings.join(", "),
        ]
    });
    table(page, &["user", "e-mail", "name", "Key ID", "created", "expires", "findings"], rows);
}

/// The day of a time; the tables of the evidence have it to the second.
fn day(time: Option<&str>) -> String {
    time.and_then(|time| time.get(..10)).unwrap_or("not known").to_owned()
}

fn exposed(page: &mut Page<'_>, report: &Report) {
    if report.keys_only {
        page.push_str("<p>Models and environments were not looked at.</p>");
        return;
    }
    let excepted = |excepted: bool| if excepted { "excepted" } else { "" }.to_owned();
    page.push_str("<h2>Models without authentication</h2>");
    let rows = report.models_without_authentication.iter();
    let rows = rows.map(|open| vec![open.model.clone(), open.owner.clone(), excepted(open.excepted)]);
    table(page, &["model", "owner", ""], rows);
    page.push_str("<h2>Environments with something that looks like a key</h2>");
    let rows = report.environments.iter();
    let remark = |found: &Location| match (found.excepted, found.managed) {
        (true, _) => "excepted",
        (false, true) => "managed by a fleet",
        (false, false) => "",
    };
    let rows = rows.map(|found| vec![found.name.clone(), found.variable.clone(), remark(found).to_owned()]);
    table(page, &["where", "variable", ""], rows);
}

fn unread(page: &mut Page<'_>, report: &Report) {
    page.push_str("<h2>Not read</h2>");
    let users =
        report.unreadable.iter().map(|user| vec![format!("user {}", user.username), user.why.clone()]);
    let projects = report.unreadable_projects.iter();
    let projects =
        projects.map(|project| vec![format!("project {}", project.name), project.variable.clone()]);
    let accounts = (!report.accounts_known).then(|| {
        vec!["accounts".to_owned(), "the workbench does not say who is deactivated or banned".to_owned()]
    });
    let everybody = (!report.everybody)
        .then(|| vec!["other users".to_owned(), "the workbench shows one user".to_owned()]);
    table(page, &["what", "why"], users.chain(projects).chain(accounts).chain(everybody));
}

fn users(page: &mut Page<'_>, report: &Report) {
    page.push_str("<h2>Users</h2>");
    let rows = report.people.iter().map(|user| {
        let account = match (report.accounts_known, user.deactivated, user.banned) {
            (_, true, _) => "deactivated",
            (_, _, true) => "banned",
            (true, ..) => "open",
            (false, ..) => "not known",
        };
        vec![
            user.username.clone(),
            user.name.clone(),
            user.email.clone().unwrap_or_default(),
            user.keys.map_or_else(|| "not read".to_owned(), |keys| keys.to_string()),
            account.to_owned(),
        ]
    });
    table(page, &["user", "name", "e-mail", "keys", "account"], rows);
}

/// A table; "none" where there are no rows.
fn table(page: &mut Page<'_>, titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        page.push_str("<p class=\"none\">none</p>\n");
        return;
    }
    page.push_str(if titles.is_empty() { "<table class=\"facts\">\n" } else { "<table>\n" });
    if !titles.is_empty() {
        page.push_str("<tr>");
        titles.iter().for_each(|title| cell(page, "th", title));
        page.push_str("</tr>\n");
    }
    for row in rows {
        page.push_str("<tr>");
        row.iter().for_each(|field| cell(page, "td", field));
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn cell(page: &mut Page<'_>, tag: &str, text: &str) {
    // Key IDs and sums may break anywhere, words may not.
    let is_id = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_day = || text.parse::<Date>().is_ok();
    let (begin, end) = match is_id {
        true => ("<code>", "</code>"),
        false if is_day() => ("<time>", "</time>"),
        false => ("", ""),
    };
    let _ = write!(page, "<{tag}>{begin}{}{end}</{tag}>", escaped(text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::audit::AuditedKey;

    #[test]
    fn what_a_user_wrote_stays_text() {
        let key = AuditedKey {
            comments: "<script>alert('x')</script>".into(),
            findings: vec![Finding::Expired],
            ..AuditedKey::default()
        };
        let mut written = Vec::new();
        page(&Report { keys: vec![key], ..Report::default() }, &mut written).unwrap();
        let page = String::from_utf8(written).unwrap();
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)"), "{page}");
        assert!(!page.contains("<script"));
    }
}
