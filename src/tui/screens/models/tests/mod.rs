//! What keys and answers do to the tab, and how it looks then.

mod list;
mod panel;
mod runs;
mod support;
