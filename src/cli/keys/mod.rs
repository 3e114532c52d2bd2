//! `keys`: one file a verb.

pub mod create;
pub mod delete;
pub mod identify;
pub mod list;
pub mod rotate;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::error::{Exit, Failure};
use crate::expiry;
use crate::wire::{V2KeyDetails, time};

/// A key as `--json` shows it: API v2's members, and what they mean today.
#[derive(Debug, Clone, Serialize)]
pub struct KeyRow {
    pub key_id: String,
    pub username: String,
    pub comments: String,
    pub audiences: Vec<String>,
    /// RFC 3339 UTC; `null` where the workbench tells no time that can be read.
    pub created_at: Option<String>,
    pub expiry_date: Option<String>,
    /// `active`, `soon`, `expired`, `unknown`.
    pub status: &'static str,
    pub days_left: Option<i64>,
}

impl KeyRow {
    pub fn new(key: V2KeyDetails, username: &str, now: Timestamp, soon_days: u32) -> Self {
        Self {
            status: expiry::status(&key.expiry_date, now, soon_days).word(),
            days_left: expiry::days_left(&key.expiry_date, now),
            created_at: in_utc(&key.created_at),
            expiry_date: in_utc(&key.expiry_date),
            key_id: key.key_id,
            username: username.to_owned(),
            comments: key.comments,
            audiences: key.audiences,
        }
    }
}

/// RFC 3339 UTC; `None` for what is no time.
pub fn in_utc(text: &str) -> Option<String> {
    time::parse(text).map(time::format)
}

/// The key was made, and standard output did not take it: it must be known that it exists.
pub fn undelivered(failure: Failure, key_id: &str) -> Failure {
    // A reader that went away leaves no message.
    let why = match failure.message.as_str() {
        "" => "nobody reads standard output any more",
        message => message,
    };
    let message = format!("key {key_id} was created, but could not be handed out: {why}");
    Failure::new(Exit::Unwritten, "undelivered", message)
        .hint(format!("delete it with `keybench keys delete {key_id}`, then create another one"))
}

/// The day part of a time on the wire.
pub fn day(text: &str) -> String {
    time::parse(text).map_or_else(|| "—".to_owned(), |instant| time::utc_day(instant).to_string())
}
