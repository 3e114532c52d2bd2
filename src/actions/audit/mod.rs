//! An audit: all keys of all users in one report, and where keys are exposed.
//!
//! Made for thousands of users: some requests at a time, progress, and a journal of what was read,
//! so that an audit that breaks off goes on instead of beginning again.

mod exposed;
mod findings;
mod journal;
mod outage;
mod report;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

pub use findings::{AuditedKey, Finding};
pub use report::{Location, OpenModel, Read, Report, Unreadable};

use findings::{Person, judge};
use journal::Journal;
use outage::Outage;

use super::{AT_A_TIME, Event, Progress, expiration, sign_in};
use crate::api::{self, Client, PageQuery, all_pages};
use crate::config::Session;
use crate::wire::{V2KeyDetails, time};

/// Users a page: all of them are needed before the first key is read.
const PAGE: u32 = 1_000;

/// What is asked of an audit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request {
    /// Does not go on with an audit that broke off.
    pub fresh: bool,
    /// Leaves out models and environments.
    pub keys_only: bool,
}

/// Why an audit was not completed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Api(#[from] api::Error),
    /// The workbench has gone, or the credential is no longer accepted.
    #[error("{error}")]
    BrokenOff { error: api::Error, read: Read },
}

/// A completed audit.
#[derive(Debug)]
pub struct Audit {
    pub report: Report,
    journal: Journal,
}

impl Audit {
    /// The report is delivered: the next audit starts from the beginning.
    pub fn finish(self) {
        self.journal.finish();
    }
}

/// Reads the keys of all users that the session's user sees, and finds exposed keys.
///
/// # Errors
/// It broke off.
pub async fn run(session: &Session, request: Request, progress: &dyn Progress) -> Result<Audit, Error> {
    let client = &session.client;
    let username = sign_in::username(session).await?;
    let people = people(client).await?;
    let (mut journal, known) = Journal::open(client.url(), &username, request.fresh);
    if !known.is_empty() {
        progress.on(Event::AuditResumed { users: known.len() });
    }
    let mut read = Vec::with_capacity(people.len());
    let (done, open): (Vec<_>, Vec<_>) =
        people.into_iter().partition(|person| known.contains_key(&person.username));
    for person in done {
        let keys = known.get(&person.username).cloned().unwrap_or_default();
        read.push((person, Ok(keys)));
    }
    read_keys(client, open, &mut read, &mut journal, progress).await?;
    read.sort_by(|(one, _): &(Person, _), (other, _)| one.username.cmp(&other.username));
    let mut report = report_of(client, username, read).await;
    if !request.keys_only {
        exposed::look(client, &mut report, progress).await?;
    }
    Ok(Audit { report, journal })
}

type Keys = Result<Vec<V2KeyDetails>, api::Error>;

/// Reads the keys of those who are left, some at a time.
async fn read_keys(
    client: &Client,
    open: Vec<Person>,
    read: &mut Vec<(Person, Keys)>,
    journal: &mut Journal,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let of = read.len() + open.len();
    let mut answers = stream::iter(open.into_iter().map(|person| async move {
        let keys = client.list_keys(&person.username).await;
        (person, keys)
    }))
    .buffer_unordered(AT_A_TIME);
    let (mut outage, mut readable) = (Outage::default(), read.len());
    while let Some((person, keys)) = answers.next().await {
        if outage.begins(keys.as_ref().err())
            && let Err(error) = keys
        {
            return Err(Error::BrokenOff {
                error,
                read: Read { users: readable, of, is_kept: journal.is_kept() },
            });
        }
        if let Ok(keys) = &keys {
            journal.note(&person.username, keys, Timestamp::now());
            readable += 1;
        }
        read.push((person, keys));
        progress.on(Event::Counted { what: "users", done: read.len(), of });
        let so_far = Read { users: readable, of, is_kept: journal.is_kept() };
        progress.on(Event::AuditRead(so_far));
    }
    Ok(())
}

async fn report_of(client: &Client, username: String, read: Vec<(Person, Keys)>) -> Report {
    let limit = expiration::read(client).await.ok().flatten().map(|setting| setting.days);
    let version = client.version().await.map(|version| version.git_sha).ok();
    let now = client.clock().now();
    let mut report = Report {
        made_at: time::format(now),
        made_by: username,
        url: client.url().to_owned(),
        version: version.filter(|version| !version.is_empty()),
        expiration_days: limit,
        users: read.len(),
        everybody: read.len() > 1,
        ..Report::default()
    };
    for (person, keys) in read {
        match keys {
            Ok(keys) => report.keys.extend(judge(&person, keys, limit, now)),
            Err(why) => {
                report.unreadable.push(Unreadable { username: person.username, why: why.to_string() });
            }
        }
    }
    report
}

/// All users, and which of them may not sign in any more: the directory itself does not say it of a
/// user, but it can be asked for those of whom it is true (SPEC).
async fn people(client: &Client) -> Result<Vec<Person>, api::Error> {
    let all = all_pages(PageQuery::sized(PAGE), |query| async move { client.users_page(&query).await });
    let named = async |member: &str| {
        let query = PageQuery::sized(PAGE).filtered(member, "true");
        let users = all_pages(query, |query| async move { client.users_page(&query).await }).await.ok()?;
        Some(users.into_iter().map(|user| user.user.user_name).collect::<std::collections::HashSet<_>>())
    };
    let (users, deactivated, banned) = tokio::join!(all, named("deactivated"), named("banned"));
    let users = users?;
    // An older workbench may ignore the filter and return all users.
    let telling = |names: &Option<std::collections::HashSet<String>>, name: &str| {
        names.as_ref().is_some_and(|names| names.len() < users.len() && names.contains(name))
    };
    Ok(users
        .iter()
        .map(|user| Person {
            deactivated: telling(&deactivated, &user.user.user_name),
            banned: telling(&banned, &user.user.user_name),
            username: user.user.user_name.clone(),
            name: user.user.name.clone(),
        })
        .collect())
}
