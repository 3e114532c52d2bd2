//! `keys delete`: says what it destroys, asks, and tries every key that was named.

use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::json;

use super::identify::made_here;
use super::{KeyRow, key_id};
use crate::api::{PageQuery, ProjectScope, all_pages};
use crate::cli::args::DeleteArgs;
use crate::cli::context::{Context, owner_of};
use crate::cli::error::{Exit, Failure};
use crate::cli::output;
use crate::config::Session;
use crate::text::{self, count};
use crate::wire::V2KeyDetails;

pub async fn run(context: &Context, args: DeleteArgs) -> Result<Exit, Failure> {
    let session = match args.dry_run {
        true => context.session()?,
        false => context.session_to_change("deleting keys")?,
    };
    if !args.dry_run && !args.yes && !output::can_ask() {
        return Err(
            Failure::usage("there is no terminal to ask on, and deletion needs a yes").hint("add --yes")
        );
    }
    let user = context.user(&session, args.user.clone()).await?;
    if args.dry_run {
        return dry_run(context, &session, args, &user).await;
    }
    if args.all {
        return all(context, &session, &args, &user).await;
    }
    let wanted = meant(&session, &user, &args.key_ids).await?;
    let ids: Vec<_> = wanted.iter().map(|key| key.id.clone()).collect();
    spare_session_key(context, &session, &ids)?;
    warn_of_own(context, &session, ids.iter().map(String::as_str));
    let shown: Vec<_> = wanted.iter().map(Wanted::shown).collect();
    let question = format!("Delete {} of {user}? [y/N]", shown.join(", "));
    if !args.yes && !output::ask(question).await?.eq_ignore_ascii_case("y") {
        return Err(not_confirmed());
    }
    let mut outcome = Outcome::default();
    for id in ids {
        if let Some(why) = outcome.hopeless() {
            outcome.failed.push(Failed::new(id, Failure::new(why, "not_tried", "it was not tried any more")));
            continue;
        }
        match session.client.delete_key(&user, &id).await {
            Ok(()) => {
                context.done(format!("key {id} was deleted"));
                outcome.deleted.push(id);
            }
            Err(error) => {
                let mut failure = Failure::from(error);
                if failure.status == Some(404) {
                    failure = failure.hint("`keybench keys list` shows the ids; another user's need --user");
                }
                outcome.failed.push(Failed::new(id, failure));
            }
        }
    }
    report(context, &user, &outcome)?;
    outcome.failure().map_or(Ok(Exit::Done), Err)
}

async fn all(context: &Context, session: &Session, args: &DeleteArgs, user: &str) -> Result<Exit, Failure> {
    let keys = session.client.list_keys(user).await?;
    spare_all_with_session_key(context, session, user, &keys).await?;
    warn_of_own(context, session, keys.iter().map(|key| key.key_id.as_str()));
    let question =
        format!("Delete all {} of {user}? Type the user name to do it:", count(keys.len(), "key", "keys"));
    if !args.yes && output::ask(question).await? != user {
        return Err(not_confirmed());
    }
    session.client.delete_all_keys(user).await?;
    let deleted = keys.into_iter().map(|key| key.key_id).collect();
    report(context, user, &Outcome { deleted, failed: Vec::new() })?;
    Ok(Exit::Done)
}

/// A key that is to be deleted.
struct Wanted {
    id: String,
    /// Its comment, where the keys were listed.
    name: String,
}

impl Wanted {
    fn shown(&self) -> String {
        let id = text::short_id(&self.id);
        if self.name.is_empty() { id.into_owned() } else { format!("{id} ({})", self.name) }
    }
}

/// What `given` stands for, each key once. Ids in full are taken as they are, so that a script needs
/// no right to list.
async fn meant(session: &Session, user: &str, given: &[String]) -> Result<Vec<Wanted>, Failure> {
    let listed = match given.iter().all(|id| key_id::is_whole(id)) {
        true => Vec::new(),
        false => session.client.list_keys(user).await?,
    };
    let mut wanted: Vec<Wanted> = Vec::new();
    for id in given {
        let key = match key_id::find(id, &listed) {
            Ok(key) => Wanted { id: key.key_id.clone(), name: key.comments.clone() },
            // The workbench says so itself, when it is this one's turn.
            Err(none) if none.exit == Exit::Refused => Wanted { id: id.clone(), name: String::new() },
            Err(several) => return Err(several),
        };
        if wanted.iter().all(|known| known.id != key.id) {
            wanted.push(key);
        }
    }
    Ok(wanted)
}

#[derive(Default)]
struct Outcome {
    deleted: Vec<String>,
    failed: Vec<Failed>,
}

/// A key that is still there, as far as is known.
#[derive(Serialize)]
struct Failed {
    key_id: String,
    kind: &'static str,
    message: String,
    status: Option<u16>,
    #[serde(skip)]
    failure: Failure,
}

impl Failed {
    fn new(key_id: String, failure: Failure) -> Self {
        let (kind, message, status) = (failure.kind, failure.message.clone(), failure.status);
        Self { key_id, kind, message, status, failure }
    }
}

impl Outcome {
    /// How it ended where nothing can come of the other keys: nobody answers, or the credential is
    /// not accepted at all.
    fn hopeless(&self) -> Option<Exit> {
        let last = &self.failed.last()?.failure;
        (last.exit == Exit::NoAnswer || last.status == Some(401)).then_some(last.exit)
    }

    /// The worst that happened, with all that failed.
    fn failure(&self) -> Option<Failure> {
        const RISING: [Exit; 4] = [Exit::Invalid, Exit::Refused, Exit::Rejected, Exit::NoAnswer];
        let rank = |failed: &&Failed| RISING.iter().position(|exit| *exit == failed.failure.exit);
        // Of several that are equally bad the first, which has a cause of its own.
        let worst = self.failed.iter().rev().max_by_key(rank)?.failure.clone();
        let each: Vec<_> = self
            .failed
            .iter()
            .map(|failed| format!("{} (key {})", failed.message, text::short_id(&failed.key_id)))
            .collect();
        let message = match self.deleted.len() + self.failed.len() {
            1 => each.concat(),
            all => format!("{} of {all} keys were not deleted: {}", each.len(), each.join("; ")),
        };
        Some(Failure { message, ..worst })
    }
}

/// The key that a workbench gave to this session is not the person's to delete: the session would
/// go on without one.
fn spare_session_key(context: &Context, session: &Session, key_ids: &[String]) -> Result<(), Failure> {
    let Some(key) = &session.session_key else { return Ok(()) };
    let made = made_here(context, key).map(|made| made.key_id);
    match key_ids.iter().any(|id| id == key.first_half() || Some(id) == made.as_ref()) {
        true => Err(session_key_spared()),
        false => Ok(()),
    }
}

/// As [`spare_session_key`], for all keys of a user: where the session's own cannot be told from the
/// others, whose it is can be asked.
async fn spare_all_with_session_key(
    context: &Context,
    session: &Session,
    user: &str,
    listed: &[V2KeyDetails],
) -> Result<(), Failure> {
    let ids: Vec<_> = listed.iter().map(|key| key.key_id.clone()).collect();
    spare_session_key(context, session, &ids)?;
    let Some(key) = &session.session_key else { return Ok(()) };
    match owner_of(&session.client.with_key(key.clone())).await {
        Ok((owner, _)) if owner == user => Err(session_key_spared()),
        _ => Ok(()),
    }
}

fn session_key_spared() -> Failure {
    Failure::invalid("this would delete the key of the workbench session that this runs in")
        .hint("name the other keys by their ids, or delete it from outside of the session")
}

/// Nobody should find out by the next command that he has locked himself out.
fn warn_of_own<'a>(context: &Context, session: &Session, mut key_ids: impl Iterator<Item = &'a str>) {
    // As far as it can be known (see `keys identify`).
    let half = session.client.key().map(|key| key.first_half());
    if let Some(own) = key_ids.find(|id| Some(*id) == session.key_id.as_deref() || Some(*id) == half) {
        context.out.note(&format!(
            "key {own} is the one that you are signed in with: without it, sign in again with `keybench login`"
        ));
    }
}

fn report(context: &Context, user: &str, outcome: &Outcome) -> Result<(), Failure> {
    let Outcome { deleted, failed } = outcome;
    if context.out.json {
        return context.out.document(&json!({ "username": user, "deleted": deleted, "failed": failed }));
    }
    match deleted.len() {
        0 if !failed.is_empty() => Ok(()),
        many => context.out.lines(&[format!("deleted {} of {user}", count(many, "key", "keys"))]),
    }
}

/// What stops when these keys are gone, and where else the user has a part.
async fn dry_run(
    context: &Context,
    session: &Session,
    args: DeleteArgs,
    user: &str,
) -> Result<Exit, Failure> {
    let client = &session.client;
    let listed = client.list_keys(user).await?;
    let mut chosen = Vec::new();
    for wanted in &args.key_ids {
        chosen.push(key_id::find(wanted, &listed)?.key_id.clone());
    }
    match args.all {
        true => spare_all_with_session_key(context, session, user, &listed).await?,
        false => spare_session_key(context, session, &chosen)?,
    }
    let now = context.now();
    let keys: Vec<_> = listed
        .into_iter()
        .filter(|key| args.all || chosen.contains(&key.key_id))
        .map(|key| KeyRow::new(key, user, now, 14))
        .collect();
    let mut parts = Vec::new();
    if args.all {
        let fetch = |query: PageQuery| async move { client.projects_page(ProjectScope::All, &query).await };
        let projects = all_pages(PageQuery::sized(200), fetch).await?;
        let asked = projects.into_iter().map(|project| async move {
            let collaborators = client.collaborators(&project.id).await.unwrap_or_default();
            let own = project.owner.username == user;
            let part =
                collaborators.into_iter().find(|part| part.user.username == user).map(|part| part.permission);
            (project.name, if own { Some("owner".to_owned()) } else { part })
        });
        let mut asked = stream::iter(asked).buffered(8);
        while let Some((project, part)) = asked.next().await {
            parts.extend(part.map(|part| json!({ "project": project, "part": part })));
        }
    }
    if context.out.json {
        context.out.document(&json!({ "username": user, "would_delete": keys, "projects": parts }))?;
        return Ok(Exit::Done);
    }
    let mut lines = vec![format!("would delete {} of {user}:", count(keys.len(), "key", "keys"))];
    lines.extend(
        keys.iter()
            .map(|key| format!("  {}  {:8}  {}", text::short_id(&key.key_id), key.status, key.comments)),
    );
    if args.all {
        lines.push(format!("{user} has a part in {}:", count(parts.len(), "project", "projects")));
        lines.extend(
            parts.iter().filter_map(|part| {
                Some(format!("  {}  {}", part["project"].as_str()?, part["part"].as_str()?))
            }),
        );
    }
    context.out.lines(&lines)?;
    Ok(Exit::Done)
}

fn not_confirmed() -> Failure {
    Failure::new(Exit::Invalid, "not_confirmed", "not confirmed, nothing was deleted")
}
