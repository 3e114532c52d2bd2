//! The Settings tab: the API keys of the signed-in user, and everything that is done with them.
//!
//! | file | what it holds |
//! |---|---|
//! | [`tab`], [`view`] | the tab: the list of keys, and how it looks |
//! | [`delete`] | the questions before keys of the list are deleted |
//! | [`at_hand`] | a key whose text this run still has |
//! | [`details`] | everything that is known about one key |
//! | [`new_key`], [`created`] | the form for a new key; what is remembered of one |
//! | [`reveal`], [`file_name`], [`leave`] | a new key, shown once; the name of its file; the question before it is left |
//! | [`key_test`] | a new key's test against a model |
//! | [`services`] | the services of a manifest, in place of the list |
//! | [`rotate_marked`] | a rotation of several keys |
//! | [`rotate`], [`rotation`] | what the tab does in a rotation; its steps, questions and dialog |

mod at_hand;
mod created;
mod delete;
mod details;
mod file_name;
mod key_test;
mod leave;
mod new_key;
mod reveal;
mod rotate;
mod rotate_marked;
mod rotation;
mod services;
mod tab;
mod view;

pub use tab::Settings;
