//! `models`: one file a verb.

pub mod list;
pub mod test;
