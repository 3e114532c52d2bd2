//! When keys end, as sentences say it.

use super::status::status;
use crate::expiry::{KeyStatus, days_between};
use crate::tui::shared::Shared;
use crate::wire::{V2KeyDetails, time};

/// How many days ago or in how many days a date is: `in 8 days`, `today`, `52 days ago`.
pub fn from_today(shared: &Shared, date: &str) -> Option<String> {
    let day = time::utc_day(time::parse(date)?);
    Some(match days_between(shared.today(), day) {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        days if days < 0 => format!("{} days ago", -days),
        days => format!("in {days} days"),
    })
}

/// When a key that works no more ended: `expired 52 days ago`.
pub fn expired(shared: &Shared, key: &V2KeyDetails) -> Option<String> {
    if status(shared, time::parse(&key.expiry_date)) != KeyStatus::Expired {
        return None;
    }
    let when = from_today(shared, &key.expiry_date)?;
    Some(format!("expired {when}"))
}

/// Whether a key works, behind its name: `still works`, or since when it does not.
pub fn works(shared: &Shared, key: &V2KeyDetails) -> String {
    expired(shared, key).unwrap_or_else(|| "still works".to_owned())
}
