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
use tokio::sync::Semaphore;

pub use findings::{AuditedKey, Finding, Person, Rules, judge};
pub use message::message;
pub use people::having;
pub use policy::{Error as PolicyError, Exception, Policy, rules};
pub use report::{AuditedUser, Location, OpenModel, Read, Report, Unreadable, Verdict};

use exposed::Exposed;
use journal::{Journal, Line};
use outage::Outage;
use people::People;

use super::keys::Rotated;
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

/// Reads the keys of all users that the session's user sees, and finds exposed keys.
///
/// # Errors
/// It broke off.
pub async fn run(session: &Session, request: Request, progress: &dyn Progress) -> Result<Report, Error> {
    let client = &session.client;
    // None of these needs another.
    let (username, people, limit, version) =
        tokio::join!(sign_in::username(session), people::read(client), limit(client), client.version());
    let (username, People { people, accounts_known }) = (username?, people?);
    let now = client.clock().now();
    let (mut journal, mut known) = match request.unnoted {
        true => (Journal::none(), HashMap::new()),
        false => Journal::open(client.url(), &username, request.fresh, now),
    };
    // A report is as old as the oldest keys in it.
    let at = known.values().map(|known| known.at).fold(now, Timestamp::min);
    if !known.is_empty() {
        progress.on(Event::AuditResumed { users: known.len(), since: at });
    }
    let (rules, rotated) = (rules(request.policy.as_ref(), limit), Rotated::here(session));
    let judging = Judging { rules, rotated, at };
    let (mut read, mut open) = (Vec::with_capacity(people.len()), Vec::new());
    for person in people {
        match known.remove(&person.username) {
            Some(Line { keys, .. }) => read.push((person, Ok(keys))),
            None => open.push(person),
        }
    }
    let turns = &Turns::default();
    let keys = read_keys(client, turns, open, &judging, &mut read, &mut journal, progress);
    let exposed = async {
        match request.keys_only {
            true => Ok(Exposed::default()),
            false => exposed::look(session, turns, progress).await,
        }
    };
    // Keys that are read are noted, even if the models cannot be: these end nothing.
    let ((), exposed) = tokio::try_join!(keys, async { Ok::<_, Error>(exposed.await) })?;
    let exposed = exposed?;
    // There is nothing to go on with: what becomes of the report is another matter.
    journal.finish();
    read.sort_by(|(one, _): &(Person, _), (other, _)| one.username.cmp(&other.username));
    let version = version.ok().map(|version| version.git_sha).filter(|version| !version.is_empty());
    let mut report = report_of(client, username, read, &judging).await;
    (report.version, report.accounts_known, report.keys_only) = (version, accounts_known, request.keys_only);
    report.models_without_authentication = exposed.models_without_authentication;
    report.environments = exposed.environments;
    report.unreadable_projects = exposed.unreadable_projects;
    if let Some(mut policy) = request.policy {
        let today = time::utc_day(at);
        policy.except(&mut report, today);
        report.policy = Some(policy);
    }
    Ok(report)
}

/// What keys are judged by.
struct Judging {
    rules: Rules,
    rotated: Rotated,
    /// The time of the report.
    at: Timestamp,
}

impl Judging {
    fn judge(&self, person: &Person, keys: Vec<V2KeyDetails>) -> Vec<AuditedKey> {
        judge(person, keys, &self.rules, &self.rotated, self.at)
    }
}

/// Requests at a time, of all that an audit reads together.
struct Turns(Semaphore);

impl Default for Turns {
    fn default() -> Self {
        Self(Semaphore::new(AT_A_TIME))
    }
}

impl Turns {
    /// Waits for a turn, which `request` then has.
    async fn of<T>(&self, request: impl Future<Output = T>) -> T {
        // It is never closed.
        let _turn = self.0.acquire().await;
        request.await
    }
}

type Keys = Result<Vec<V2KeyDetails>, api::Error>;

/// Reads the keys of those who are left, some at a time.
async fn read_keys(
    client: &Client,
    turns: &Turns,
    open: Vec<Person>,
    judging: &Judging,
    read: &mut Vec<(Person, Keys)>,
    journal: &mut Journal,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let of = read.len() + open.len();
    // All of them are held until the report is written.
    let room = &Room::default();
    let mut answers = stream::iter(open.into_iter().map(|person| async move {
        let keys = turns.of(client.list_keys_within(&person.username, room)).await;
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
            journal.note(&person.username, keys, client.clock().now());
            readable += 1;
            let judged = judging.judge(&person, keys.clone());
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

async fn report_of(
    client: &Client,
    username: String,
    read: Vec<(Person, Keys)>,
    judging: &Judging,
) -> Report {
    let mut report = Report {
        made_at: time::format(judging.at),
        made_by: username,
        url: client.url().to_owned(),
        expiration_days: judging.rules.limit,
        users: read.len(),
        everybody: read.len() > 1,
        ..Report::default()
    };
    let mut people = Vec::with_capacity(read.len());
    let mut counts = Vec::with_capacity(read.len());
    for (person, keys) in read {
        counts.push(keys.as_ref().ok().map(Vec::len));
        match keys {
            Ok(keys) => report.keys.extend(judging.judge(&person, keys)),
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
