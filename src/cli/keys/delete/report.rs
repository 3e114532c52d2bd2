//! What became of the keys.

use serde_json::{Value, json};

use crate::actions::keys::{Deletion, Why};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::text::{self, count};

/// How a key that was not deleted reads.
fn not_deleted(why: &Why, worst: Option<&Failure>) -> Failure {
    match why {
        Why::NotTried => {
            let exit = worst.map_or(Exit::NoAnswer, |worst| worst.exit);
            Failure::new(exit, "not_tried", why.to_string())
        }
        Why::Changed(_) => {
            Failure::new(Exit::No, "changed", why.to_string()).hint("make a new audit, or look at the key")
        }
        Why::NotLogged { .. } => Failure::new(Exit::Unwritten, "output", why.to_string())
            .hint("name another file with --deletion-log"),
        Why::Refused(error) => {
            let failure = Failure::from(error.clone());
            match failure.status {
                Some(404) => failure.hint("`keybench keys list` shows the ids; another user's need --user"),
                _ => failure,
            }
        }
    }
}

/// Each key that was not deleted, with how that reads.
fn failures(deletion: &Deletion) -> Vec<(&str, Failure)> {
    let mut failures: Vec<(&str, Failure)> = Vec::new();
    for failed in &deletion.failed {
        let failure = not_deleted(&failed.why, failures.last().map(|(_, failure)| failure));
        failures.push((&failed.key_id, failure));
    }
    failures
}

/// The worst that happened, with all that failed.
pub fn failure(deletions: &[Deletion]) -> Option<Failure> {
    const RISING: [Exit; 6] =
        [Exit::No, Exit::Invalid, Exit::Refused, Exit::Rejected, Exit::NoAnswer, Exit::Unwritten];
    let failures: Vec<_> = deletions.iter().flat_map(failures).collect();
    let rank = |(_, failure): &&(&str, Failure)| RISING.iter().position(|exit| *exit == failure.exit);
    // Of several that are equally bad the first, which has a cause of its own.
    let worst = failures.iter().rev().max_by_key(rank)?.1.clone();
    let each: Vec<_> = failures
        .iter()
        .map(|(id, failure)| format!("{} (key {})", failure.message, text::short_id(id)))
        .collect();
    let deleted: usize = deletions.iter().map(|deletion| deletion.deleted.len()).sum();
    let message = match deleted + failures.len() {
        1 => each.concat(),
        all => format!("{} of {all} keys were not deleted: {}", each.len(), each.join("; ")),
    };
    Some(Failure { message, ..worst })
}

/// One document a user; with `several`, or more than one user, in an array.
pub fn print(context: &Context, deletions: &[Deletion], several: bool) -> Result<(), Failure> {
    if context.out.json {
        return match deletions {
            [one] if !several => context.out.document(&document(one)),
            many => {
                let users: Vec<_> = many.iter().map(document).collect();
                context.out.document(&json!({ "users": users }))
            }
        };
    }
    if deletions.is_empty() {
        return context.out.lines(&["no key has this finding".to_owned()]);
    }
    let line = |deletion: &Deletion| {
        let many = deletion.deleted.len();
        let said = many > 0 || (deletion.failed.is_empty() && deletion.gone.is_empty());
        said.then(|| format!("deleted {} of {}", count(many, "key", "keys"), deletion.username))
    };
    let gone = deletions.iter().flat_map(|deletion| {
        let gone = |id: &String| {
            format!("deleted elsewhere already: {} of {}", text::short_id(id), deletion.username)
        };
        deletion.gone.iter().map(gone)
    });
    context.out.lines(&deletions.iter().filter_map(line).chain(gone).collect::<Vec<_>>())
}

fn document(deletion: &Deletion) -> Value {
    let failed: Vec<_> = failures(deletion)
        .into_iter()
        .map(|(id, failure)| {
            json!({ "key_id": id, "kind": failure.kind, "message": failure.message, "status": failure.status })
        })
        .collect();
    let Deletion { username, deleted, gone, spared, .. } = deletion;
    let kept: Vec<_> = spared.iter().map(|(id, _)| id).collect();
    json!({ "username": username, "deleted": deleted, "gone": gone, "failed": failed, "spared": kept })
}
