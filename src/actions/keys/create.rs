//! Creating keys.

use jiff::Timestamp;

use super::Error;
use super::deletion_log::delete_by_rule;
use crate::actions::key_file::KeyFile;
use crate::actions::{Event, Progress, expiration, may_change};
use crate::api::{Client, NewKey};
use crate::config::{self, Session, made_keys};
use crate::expiry::{self, BadDate, Policy};
use crate::wire::{CreateV2KeyResponse, time};

/// The expiry that `wanted` stands for: a date, a span, `default` or `max`. `None`: the
/// workbench's default. A limit is the workbench's to apply, and only `max` needs to know it.
///
/// # Errors
/// It names no day that a key can last to, or the limit cannot be read.
pub async fn expiry(client: &Client, wanted: &str, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let wanted = wanted.trim();
    if wanted.eq_ignore_ascii_case("default") {
        return Ok(None);
    }
    let policy = match wanted.eq_ignore_ascii_case("max") {
        true => {
            let setting = expiration::read(client).await?;
            Policy { limit_days: setting.map(|setting| setting.days) }
        }
        false => Policy::default(),
    };
    let day = expiry::parse_day(wanted, time::utc_day(now), &policy)?;
    // Instants end before the calendar does; without a date the workbench would take its default.
    match time::end_of_day(day) {
        Some(end) => Ok(Some(end)),
        None => Err(BadDate::TooFar { input: wanted.to_owned() }.into()),
    }
}

/// Creates a key of `username`. The answer is the only place that ever shows it.
///
/// # Errors
/// [`Error::MayExist`] where a key may have been made all the same.
pub async fn create(
    session: &Session,
    username: &str,
    new: &NewKey,
    progress: &dyn Progress,
) -> Result<CreateV2KeyResponse, Error> {
    may_change(session, "creating a key")?;
    let created = session
        .client
        .create_key(username, new)
        .await
        .map_err(|error| if error.may_be_done() { Error::MayExist(error) } else { error.into() })?;
    progress.on(Event::KeyCreated { key_id: &created.key_id });
    remember(session, username, &created, progress);
    Ok(created)
}

/// As [`create`], and writes the key into `file`. Where the file does not take it, the key is
/// deleted again: a key that no one has only lengthens the list.
///
/// # Errors
/// [`Error::NotSaved`] says what became of the key.
pub async fn create_in_file(
    session: &Session,
    username: &str,
    new: &NewKey,
    file: &KeyFile,
    progress: &dyn Progress,
) -> Result<CreateV2KeyResponse, Error> {
    let created = create(session, username, new, progress).await?;
    let Err(error) = file.write_key(&created.api_key) else { return Ok(created) };
    let deleted =
        delete_by_rule(session, None, (username, &created.key_id, &new.comment), progress).await.is_ok();
    Err(Error::NotSaved { file: file.path().to_owned(), error, key_id: created.key_id, deleted })
}

/// Notes which Key ID the key has, so that it can be named later; not being able to is no reason to
/// fail. A session without a folder of its own, as the demo's, notes nothing.
fn remember(session: &Session, username: &str, created: &CreateV2KeyResponse, progress: &dyn Progress) {
    let Some(store) = &session.store else { return };
    let url = session.client.url();
    if let Err(error) = made_keys::remember(store, url, username, &created.key_id, &created.api_key) {
        not_noted(&error, progress);
    }
}

/// Says that what is known of a key could not be noted.
fn not_noted(error: &config::Error, progress: &dyn Progress) {
    tracing::info!(%error, "the key is not noted");
    progress.on(Event::NotNoted { why: &error.to_string(), hint: error.hint().as_deref() });
}
