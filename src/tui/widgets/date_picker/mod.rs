//! A date picker: a month grid, quick picks and a typed field, kept in step with each other.
//!
//! It depends only on ratatui, crossterm, jiff, and the text field and styles beside it, so that it
//! could become a crate; it knows nothing of keys or policies. The host provides [`Rules`]: which
//! days are allowed, how typed text is read, what a day means, and which day is today, so nothing
//! here reads a clock.
//!
//! The host passes keys to [`DatePicker::on_key`], pastes to [`DatePicker::paste`], draws with
//! [`DatePicker::render`] and reads [`DatePicker::selected`], which is always a day that the rules
//! allow.
//!
//! | key | does |
//! |---|---|
//! | arrows, `h` `j` `k` `l` | a day, a week |
//! | `[` `]`, PageUp, PageDown | a month; the day of the month is kept where there is one |
//! | `{` `}` | a year |
//! | Home, End | the first and the last day of the month |
//! | `T` | today |
//! | the capital beside a quick pick | that day |
//! | a digit, `+`, `-`, a letter that [`Rules::can_begin`] lets through | begins a typed date: `2027-01-31`, `+90d`, `end of month` |
//! | Enter | accepts |
//! | Esc | takes the typed text away; the day is the one before it |
//!
//! Quick picks are capitals, so that a typed word (`default`, `tomorrow`) is never one by accident.

mod state;
#[cfg(test)]
mod tests;
mod view;

pub use state::{DatePicker, Outcome, QuickPick, Rules};
pub use view::{FULL_HEIGHT, GRID_WIDTH, WIDE};
