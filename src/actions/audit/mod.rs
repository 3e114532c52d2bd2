//! An audit: all keys of all users in one report, and where keys are exposed.
//!
//! Made for thousands of users: some requests at a time, progress, and a journal of what was read,
//! so that an audit that breaks off goes on instead of beginning again.

pub mod diff;
pub mod evidence;
mod exposed;
mod findings;
mod journal;
mod message;
mod outage;
mod people;
mod policy;
mod report;

use std::collections::HashMap;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

pub use findings::{AuditedKey, Finding, Person, Rules, judge};
pub use message::message;
pub use people::having;
pub use policy::{Error as PolicyError, Exception, Policy, rules};
pub use report::{AuditedUser, Location, OpenModel, Read, Report, Unreadable, Verdict};

use journal::Journal;
use outage::Outage;
use people::People;

use super::{AT_A_TIME, Event, Progress, expiration, sign_in};
use crate::api::{self, Client, Room};
use crate::config::Session;
use crate::wire::{V2KeyDetails, time};

/// What is asked of an audit.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Does not go on with an audit that broke off.
    pub fresh: bool,
    /// Leaves out models and environments.
    pub keys_only: bool,
    /// What the findings are judged by.
    pub policy: Option<Policy>,
    /// Neither goes on with an earlier audit nor notes what it reads: for who watches it.
    pub unnoted: bool,
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
    let People { people, accounts_known } = people::read(client).await?;
    let rules = rules(request.policy.as_ref(), limit(client).await);
    let (mut journal, known) = match request.unnoted {
        true => (Journal::none(), HashMap::new()),
        false => Journal::open(client.url(), &username, request.fresh),
    };
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
    read_keys(client, open, &rules, &mut read, &mut journal, progress).await?;
    read.sort_by(|(one, _): &(Person, _), (other, _)| one.username.cmp(&other.username));
    let mut report = report_of(client, username, read, rules).await;
    (report.accounts_known, report.keys_only) = (accounts_known, request.keys_only);
    if !request.keys_only {
        exposed::look(client, &mut report, progress).await?;
    }
    if let Some(mut policy) = request.policy {
        let today = time::utc_day(time::parse(&report.made_at).unwrap_or_else(Timestamp::now));
        policy.except(&mut report, today);
        report.policy = Some(policy);
    }
    Ok(Audit { report, journal })
}

type Keys = Result<Vec<V2KeyDetails>, api::Error>;

/// Reads the keys of those who are left, some at a time.
async fn read_keys(
    client: &Client,
    open: Vec<Person>,
    rules: &Rules,
    read: &mut Vec<(Person, Keys)>,
    journal: &mut Journal,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let of = read.len() + open.len();
    // All of them are held until the report is written.
    let room = &Room::default();
    let mut answers = stream::iter(open.into_iter().map(|person| async move {
        let keys = client.list_keys_within(&person.username, room).await;
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
            let judged = judge(&person, keys.clone(), rules, client.clock().now());
            progress.on(Event::KeysAudited(&judged));
        }
        read.push((person, keys));
        progress.on(Event::Counted { what: "users", done: read.len(), of });
        let so_far = Read { users: readable, of, is_kept: journal.is_kept() };
        progress.on(Event::AuditRead(so_far));
    }
    Ok(())
}

/// The site's limit, if the workbench says.
pub async fn limit(client: &Client) -> Option<u32> {
    expiration::read(client).await.ok().flatten().map(|setting| setting.days)
}

async fn report_of(client: &Client, username: String, read: Vec<(Person, Keys)>, rules: Rules) -> Report {
    let version = client.version().await.map(|version| version.git_sha).ok();
    let now = client.clock().now();
    let mut report = Report {
        made_at: time::format(now),
        made_by: username,
        url: client.url().to_owned(),
        version: version.filter(|version| !version.is_empty()),
        expiration_days: rules.limit,
        users: read.len(),
        everybody: read.len() > 1,
        ..Report::default()
    };
    let mut people = Vec::with_capacity(read.len());
    let mut counts = Vec::with_capacity(read.len());
    for (person, keys) in read {
        counts.push(keys.as_ref().ok().map(Vec::len));
        match keys {
            Ok(keys) => report.keys.extend(judge(&person, keys, &rules, now)),
            Err(why) => {
                let username = person.username.clone();
                report.unreadable.push(Unreadable { username, why: why.to_string() });
            }
        }
        people.push(person);
    }
    if report.everybody {
        people::complete_addresses(client, &mut people, &mut report.keys).await;
    }
    let user = |(person, keys): (Person, Option<usize>)| AuditedUser {
        username: person.username,
        name: person.name,
        email: person.email,
        deactivated: person.deactivated,
        banned: person.banned,
        keys,
    };
    report.people = people.into_iter().zip(counts).map(user).collect();
    report
}
