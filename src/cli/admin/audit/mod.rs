//! `admin audit`: all keys of all users in one report, and where keys lie open.
//!
//! Made for thousands of users: some requests at a time, progress, and a journal of what was read,
//! so that an audit that breaks off goes on instead of beginning again.

mod findings;
mod journal;
mod places;
mod report;

use futures_util::{StreamExt as _, stream};

use findings::{Person, judge};
use journal::Journal;
use report::{Report, Unreadable};

use super::{AT_A_TIME, PAGE};
use crate::api::{Client, PageQuery, all_pages, expiration_setting};
use crate::cli::args::AuditArgs;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::output::Progress;
use crate::wire::{V2KeyDetails, time};

pub async fn run(context: &Context, args: AuditArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let client = &session.client;
    let form =
        args.export.as_deref().map(|file| report::Form::check(file).map(|form| (file, form))).transpose()?;
    let username = context.username(&session).await?;
    let people = people(client).await?;
    let (mut journal, known) = Journal::open(context, client.url(), &username, args.fresh);
    if !known.is_empty() {
        context
            .out
            .note(&format!("going on with an audit that was interrupted: {} users are read", known.len()));
    }

    let progress = Progress::new(&context.out, "users", people.len());
    let mut read: Vec<(Person, Result<Vec<V2KeyDetails>, String>)> = Vec::with_capacity(people.len());
    let (done, open): (Vec<_>, Vec<_>) =
        people.into_iter().partition(|person| known.contains_key(&person.username));
    for person in done {
        let keys = known.get(&person.username).cloned().unwrap_or_default();
        read.push((person, Ok(keys)));
    }
    let mut answers = stream::iter(open.into_iter().map(|person| async move {
        let keys = client.list_keys(&person.username).await.map_err(|error| error.to_string());
        (person, keys)
    }))
    .buffer_unordered(AT_A_TIME);
    while let Some((person, keys)) = answers.next().await {
        if let Ok(keys) = &keys {
            journal.note(&person.username, keys);
        }
        read.push((person, keys));
        progress.at(read.len());
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
        ..Report::default()
    };
    for (person, keys) in read {
        match keys {
            Ok(keys) => report.keys.extend(judge(&person, keys, limit, now)),
            Err(why) => report.unreadable.push(Unreadable { username: person.username, why }),
        }
    }
    if !args.keys_only {
        places::look(context, client, &mut report).await?;
    }
    if report.users <= 1 {
        context.out.note("the workbench shows one user: only a site administrator can audit everybody");
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

/// All users, and which of them may not sign in any more: the directory itself does not say it of a
/// user, but it can be asked for those of whom it is true (SPEC).
async fn people(client: &Client) -> Result<Vec<Person>, Failure> {
    let users =
        all_pages(PageQuery::sized(PAGE), |query| async move { client.users_page(&query).await }).await?;
    let named = async |member: &str| {
        let query = PageQuery::sized(PAGE).filtered(member, "true");
        let users = all_pages(query, |query| async move { client.users_page(&query).await }).await.ok()?;
        Some(users.into_iter().map(|user| user.user.user_name).collect::<std::collections::HashSet<_>>())
    };
    let (deactivated, banned) = (named("deactivated").await, named("banned").await);
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
