//! Keys of several users to delete: named as `USER/KEY_ID`, or those with a finding of an audit. Each is
//! read again just before it is deleted: hours may lie between an audit and what is done about it.

use super::condition::Condition;
use super::delete::{Choice, Chosen, Deletion, Listing, Which, choose, delete_logged};
use super::deletion_log::{DeletionLog, Logging};
use super::{Error, Own, Spared};
use crate::actions::audit::{self, Finding, Report};
use crate::actions::{Progress, may_change};
use crate::config::Session;
use crate::wire::V2KeyDetails;

/// Finds the keys that are meant by `wanted`: Key IDs of `user`, or `USER/KEY_ID`. One choice a user, in
/// the order in which they are named.
///
/// # Errors
/// As [`choose`].
pub async fn choose_named(
    session: &Session,
    user: Option<String>,
    wanted: &[String],
    with_details: bool,
) -> Result<Vec<Choice>, Error> {
    let mut users: Vec<(Option<String>, Vec<String>)> = Vec::new();
    for wanted in wanted {
        let (owner, id) = match wanted.rsplit_once('/') {
            Some((owner, id)) => (Some(owner.to_owned()), id),
            None => (user.clone(), wanted.as_str()),
        };
        match users.iter_mut().find(|(known, _)| *known == owner) {
            Some((_, ids)) => ids.push(id.to_owned()),
            None => users.push((owner, vec![id.to_owned()])),
        }
    }
    let several = users.len() > 1;
    let mut choices = Vec::with_capacity(users.len());
    for (user, ids) in users {
        let which = Which::These(ids);
        let listing = match (with_details, several) {
            (true, _) => Listing::Required,
            (false, true) => Listing::Wanted,
            (false, false) => Listing::AsNeeded,
        };
        let mut choice = choose(session, user, &which, listing).await?;
        if several {
            choice.condition = Condition::Listed;
        }
        choices.push(choice);
    }
    spare_own(&mut choices);
    Ok(choices)
}

/// The keys of an audit with `finding`, but for those that an exception covers.
///
/// # Errors
/// It is an audit of another workbench, or the finding is not one about keys.
pub fn choose_found(session: &Session, report: &Report, finding: Finding) -> Result<Vec<Choice>, Error> {
    if report.url != session.client.url() {
        let (audited, url) = (report.url.clone(), session.client.url().to_owned());
        return Err(Error::OtherWorkbench { audited, url });
    }
    if !finding.is_of_a_key() {
        return Err(Error::NotOfKeys { finding: finding.name() });
    }
    let own = Own::of(session);
    let rules = audit::rules(report.policy.as_ref(), report.expiration_days);
    let has = |key: &&audit::AuditedKey| key.findings.contains(&finding) && !key.excepted.contains(&finding);
    let mut choices: Vec<Choice> = Vec::new();
    for key in report.keys.iter().filter(has) {
        let chosen = Chosen {
            key_id: key.key_id.clone(),
            was_listed: true,
            signed_in: own.spares(&key.key_id) == Some(Spared::SignedIn),
            listed: Some(V2KeyDetails {
                key_id: key.key_id.clone(),
                created_at: key.created_at.as_deref().unwrap_or_default().into(),
                expiry_date: key.expiry_date.as_deref().unwrap_or_default().into(),
                comments: key.comments.clone(),
                audiences: key.audiences.iter().map(Into::into).collect(),
            }),
        };
        match choices.iter_mut().find(|choice| choice.username == key.username) {
            Some(choice) => choice.keys.push(chosen),
            None => {
                let mut choice = Choice::of(session, &key.username, []);
                choice.condition = Condition::Found { finding, rules };
                choice.keys.push(chosen);
                choices.push(choice);
            }
        }
    }
    spare_own(&mut choices);
    Ok(choices)
}

/// Of several keys, the one that is signed in with stays: without it the others could not be deleted.
fn spare_own(choices: &mut [Choice]) {
    if choices.iter().map(|choice| choice.keys.len()).sum::<usize>() < 2 {
        return;
    }
    for choice in choices {
        let (own, others) = choice.keys.drain(..).partition(|key: &Chosen| key.signed_in);
        choice.keys = others;
        choice.spared.extend(own.into_iter().map(|key: Chosen| (key.key_id, Spared::SignedIn)));
    }
}

/// Deletes the keys of all `choices`, one user after the other. Where the workbench does not answer any
/// more, the others are not tried.
///
/// # Errors
/// Nothing was deleted.
pub async fn delete_each(
    session: &Session,
    choices: Vec<Choice>,
    logging: &Logging,
    progress: &dyn Progress,
) -> Result<Vec<Deletion>, Error> {
    may_change(session, "deleting keys")?;
    let several = choices.len() > 1 || choices.iter().any(|choice| choice.condition != Condition::Nothing);
    let asks = several || logging.file.is_some() || logging.ticket.is_some();
    let log = DeletionLog::open(session, logging, asks, progress).await?;
    let mut deletions: Vec<Deletion> = Vec::with_capacity(choices.len());
    for choice in choices {
        let deletion = match deletions.iter().any(Deletion::is_hopeless) {
            true => Deletion::not_tried(choice),
            false => delete_logged(session, choice, &log, progress).await?,
        };
        deletions.push(deletion);
    }
    Ok(deletions)
}
