//! The expiration policy: limits, typed dates, the status of a key on a day.
//!
//! The workbench has one setting, "Default API keys expiration in days" (DOCS,
//! ml-generating-model-api-key), which is the default and (INFERRED from the same page) the limit.
//! Without it a key lives for one year (DOCS). All days are UTC days: the workbench keeps UTC, and
//! a day that depends on the reader's time zone would move the limit.

mod days;
mod policy;
pub mod seen;
mod status;
mod typed;

pub use days::{days_between, parse_days};
pub use policy::{BadDate, DEFAULT_LIFE_DAYS, Policy, meaning};
pub use status::{KeyStatus, SOON_DAYS, days_left, status, status_at};
pub use typed::{check_form, parse_day, still_missing};
