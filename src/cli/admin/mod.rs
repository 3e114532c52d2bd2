//! `admin`: one file a verb.

pub mod audit;
pub mod expiration;
pub mod users;

/// Requests at a time when something is asked for every user.
const AT_A_TIME: usize = 8;
/// Users a page.
const PAGE: u32 = 200;
