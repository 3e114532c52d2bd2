//! `models`: one file a verb.

pub mod list;
pub mod run;
pub mod test;
