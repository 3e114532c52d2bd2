//! A key as the commands print it.

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::times::in_utc;
use crate::expiry;
use crate::wire::V2KeyDetails;

/// A key as `--json` shows it: API v2's members, and what they mean today.
#[derive(Debug, Clone, Serialize)]
pub struct KeyRow {
    pub key_id: String,
    pub username: String,
    pub comments: String,
    pub audiences: Vec<CompactString>,
    /// RFC 3339 UTC; `null` if the workbench gives no readable time.
    pub created_at: Option<String>,
    pub expiry_date: Option<String>,
    /// `active`, `soon`, `expired`, `unknown`.
    pub status: &'static str,
    pub days_left: Option<i64>,
}

impl KeyRow {
    pub fn new(key: V2KeyDetails, username: &str, now: Timestamp, soon_days: u32) -> Self {
        Self {
            status: expiry::status(&key.expiry_date, now, soon_days).as_str(),
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
