//! `admin audit`: all keys of all users in one report, and where keys lie open.
//!
//! Made for thousands of users: some requests at a time, progress, and a journal of what was read,
//! so that an audit that breaks off goes on instead of beginning again.

mod findings;
mod journal;
mod outage;
mod places;
mod report;

use futures_util::{StreamExt as _, stream};

use findings::{Person, judge};
use journal::Journal;
use outage::Outage;
use report::{Report, Unreadable};

use super::AT_A_TIME;
use crate::actions::sign_in;
use crate::api::{self, Client, PageQuery, all_pages, expiration_setting};
use crate::cli::args::AuditArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::output::Progress;
use crate::wire::{V2KeyDetails, time};

/// Users a page: all of them are needed before the first key is read.
const PAGE: u32 = 1_000;

pub async fn run(context: &Context, args: AuditArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let client = &session.client;
    let form =
        args.export.as_deref().map(|file| report::Form::check(file).map(|form| (file, form))).transpose()?;
    let username = sign_in::username(&session).await?;
    let people = people(client).await?;
    let (mut journal, known) = Journal::open(context, client.url(), &username, args.fresh);
    if !known.is_empty() {
        context
            .out
            .note(&format!("going on with an audit that was interrupted: {} users are read", known.len()));
    }

    let progress = Progress::new(&context.out, "users", people.len());
    let of = people.len();
    let mut read: Vec<(Person, Result<Vec<V2KeyDetails>, api::Error>)> = Vec::with_capacity(of);
    let (done, open): (Vec<_>, Vec<_>) =
        people.into_iter().partition(|person| known.contains_key(&person.username));
    for person in done {
        let keys = known.get(&person.username).cloned().unwrap_or_default();
        read.push((person, Ok(keys)));
    }
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
            progress.end();
            let first = if error.is_rejection() { "sign in again with `keybench login`: " } else { "" };
            return Err(Failure::from(error).hint(format!("{first}{}", so_far(&journal, readable, of))));
        }
        if let Ok(keys) = &keys {
            journal.note(&person.username, keys, context.now());
            readable += 1;
        }
        read.push((person, keys));
        progress.at(read.len());
        context.so_far(so_far(&journal, readable, of));
    }
    progress.end();
    read.sort_by(|(one, _), (other, _)| one.username.cmp(&other.username));

    let limit = client
        .site_config()
        .await
        .ok()
        .and_then(|settings| expiration_setting(&settings))
        .map(|(_, days)| days);
    let now = context.now();
    let mut report = Report {
        made_at: time::format(now),
        made_by: username,
        url: client.url().to_owned(),
        version: client
            .version()
            .await
            .map(|version| version.git_sha)
            .ok()
            .filter(|version| !version.is_empty()),
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
    if !args.keys_only {
        places::look(context, client, &mut report).await?;
    }
    // In a scheduled audit nobody would notice that the right to it is gone.
    if !report.everybody {
        context.out.warn("incomplete", report::ONE_USER, None);
    }
    match form {
        Some((file, form)) => {
            form.write(file, &report)?;
            report.summarise(context, Some(file))?;
        }
        None if context.out.json => context.out.document(&report)?,
        None => report.print(context)?,
    }
    journal.finish();
    Ok(Exit::Done)
}

/// How far it is, and how it goes on.
fn so_far(journal: &Journal, done: usize, of: usize) -> String {
    let next = if journal.is_kept() {
        "the same command goes on from there within the hour"
    } else {
        "there is no folder to note that in, so the next audit begins anew"
    };
    format!("the keys of {done} of {of} users are read; {next}")
}

/// All users, and which of them may not sign in any more: the directory itself does not say it of a
/// user, but it can be asked for those of whom it is true (SPEC).
async fn people(client: &Client) -> Result<Vec<Person>, Failure> {
    let all = all_pages(PageQuery::sized(PAGE), |query| async move { client.users_page(&query).await });
    let named = async |member: &str| {
        let query = PageQuery::sized(PAGE).filtered(member, "true");
        let users = all_pages(query, |query| async move { client.users_page(&query).await }).await.ok()?;
        Some(users.into_iter().map(|user| user.user.user_name).collect::<std::collections::HashSet<_>>())
    };
    let (users, deactivated, banned) = tokio::join!(all, named("deactivated"), named("banned"));
    let users = users?;
    // An older workbench may ignore the filter and answer everybody.
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
