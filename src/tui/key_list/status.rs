//! The status of a key, and how it looks; a key as text.

use jiff::Timestamp;
use ratatui::style::Style;

use super::listed::date_of;
use crate::expiry::{KeyStatus, status_at};
use crate::text;
use crate::tui::shared::Shared;
use crate::wire::V2KeyDetails;

/// The status of a key by the workbench's time.
pub fn status(shared: &Shared, expires: Option<Timestamp>) -> KeyStatus {
    status_at(expires, shared.workbench_now(), shared.preferences.soon_days)
}

/// The sign of a status and how it looks.
pub fn sign(shared: &Shared, status: KeyStatus) -> (&'static str, Style) {
    let (glyphs, theme) = (shared.preferences.glyphs, &shared.preferences.theme);
    match status {
        KeyStatus::Active => (glyphs.active, theme.ok),
        KeyStatus::Soon => (glyphs.soon, theme.warn),
        KeyStatus::Expired => (glyphs.expired, theme.dim),
        KeyStatus::Unknown => (glyphs.unknown, theme.dim),
    }
}

/// A key as text, for questions: its ID, and what distinguishes it.
pub fn describe(key: &V2KeyDetails) -> String {
    let comment =
        if key.comments.is_empty() { "without comment".into() } else { format!("\"{}\"", key.comments) };
    let text = format!("{}  {}  {comment}", text::short_id(&key.key_id), date_of(&key.expiry_date));
    text::clean(&text).into_owned()
}
