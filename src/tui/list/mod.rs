//! Lists: one filter, one order, one selection and one table for all of them.
//!
//! | file | what it holds |
//! |---|---|
//! | [`rows`], `search` | the rows as they come and their orders; the texts that a filter searches |
//! | [`pattern`], [`filter`] | what a filter looks for; the field where it is typed |
//! | [`state`] | which rows are shown, from where on, and which one is selected |
//! | [`marks`] | which rows are marked, for a command on several |
//! | `whole` | rows and state together: a [`List`] |
//! | [`table`], `widths`, [`view`], [`columns`] | how it looks, and which columns it shows, how wide |
//! | [`fetch`] | how far it has been fetched |

pub mod columns;
pub mod fetch;
pub mod filter;
pub mod marks;
pub mod pattern;
pub mod rows;
mod search;
pub mod state;
pub mod table;
pub mod view;
mod whole;
mod widths;

pub use fetch::Fetch;
pub use marks::Marks;
pub use pattern::Pattern;
pub use rows::{Key, Row, Rows};
pub use state::{Did, ListState, Select};
pub use table::{Column, Shown, Width};
pub use view::ListView;
pub use whole::List;
