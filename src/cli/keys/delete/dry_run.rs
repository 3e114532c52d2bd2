//! What would be deleted, and where else the user has a part.

use serde_json::{Value, json};

use crate::actions::collaborators::{self, Parts};
use crate::actions::keys::{Choice, SOON_DAYS};
use crate::api;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::keys::row::KeyRow;
use crate::config::Session;
use crate::text::{self, count};

/// A user, and the keys that would go.
type Plan = (String, Vec<KeyRow>);

/// Shows it. The projects of a user are looked for where `all` of their keys would go.
pub async fn show(
    context: &Context,
    session: &Session,
    choices: Vec<Choice>,
    all: bool,
    several: bool,
) -> Result<Exit, Failure> {
    let now = context.now(session);
    let plans: Vec<Plan> = choices
        .into_iter()
        .map(|choice| {
            let user = choice.username;
            let listed = choice.keys.into_iter().filter_map(|key| key.listed);
            let rows = listed.map(|key| KeyRow::new(key, &user, now, SOON_DAYS)).collect();
            (user, rows)
        })
        .collect();
    let found = match plans.as_slice() {
        [(user, _)] if all => collaborators::parts(&session.client, user).await?,
        _ => Parts::default(),
    };
    if context.out.json {
        match plans.as_slice() {
            [plan] if !several => context.out.document(&document(plan, &found))?,
            many => {
                let users: Vec<_> = many.iter().map(|plan| document(plan, &found)).collect();
                context.out.document(&json!({ "users": users }))?;
            }
        }
    } else {
        context.out.lines(&lines(&plans, &found, all))?;
    }
    // The user may have rights in a project that cannot be read.
    Ok(if found.unreadable.is_empty() { Exit::Done } else { Exit::No })
}

fn document((user, keys): &Plan, found: &Parts) -> Value {
    let part = |(project, part): &(String, String)| json!({ "project": project, "part": part });
    let unreadable =
        |(project, why): &(String, api::Error)| json!({ "project": project, "why": why.to_string() });
    json!({
        "username": user,
        "would_delete": keys,
        "projects": found.parts.iter().map(part).collect::<Vec<_>>(),
        "unreadable_projects": found.unreadable.iter().map(unreadable).collect::<Vec<_>>(),
    })
}

fn lines(plans: &[Plan], found: &Parts, all: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (user, keys) in plans {
        lines.push(format!("would delete {} of {user}:", count(keys.len(), "key", "keys")));
        let row =
            |key: &KeyRow| format!("  {}  {:8}  {}", text::short_id(&key.key_id), key.status, key.comments);
        lines.extend(keys.iter().map(row));
        if all {
            lines.push(format!("{user} has rights in {}:", count(found.parts.len(), "project", "projects")));
            lines.extend(found.parts.iter().map(|(project, part)| format!("  {project}  {part}")));
        }
    }
    if plans.is_empty() {
        lines.push("no key has this finding".to_owned());
    }
    lines.extend(found.unreadable.iter().map(|(project, why)| format!("not read: project {project}: {why}")));
    lines
}
