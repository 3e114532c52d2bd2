//! `models`: one file a verb.

pub mod deployment;
pub mod list;
pub mod run;
pub mod show;
pub mod test;
