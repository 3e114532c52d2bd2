//! What all lists over the store have in common.

use rusqlite::Row;
use serde::Serialize;

use crate::workbench::Workbench;
use crate::workbench::http::answer::Answer;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::Refusal;
use crate::workbench::store::listing::{self, Listing, Scope};

/// One page of rows, the token of the next one, and the choices that both rest on.
pub struct Page<T> {
    items: Vec<T>,
    next_page_token: String,
    inferred: Vec<&'static str>,
}

impl<T> Page<T> {
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The same page, told with other rows.
    pub fn with_items<U>(self, items: Vec<U>) -> Page<U> {
        Page { items, next_page_token: self.next_page_token, inferred: self.inferred }
    }

    /// Whether one of the rows is so.
    pub fn any(&self, is_so: impl Fn(&T) -> bool) -> bool {
        self.items.iter().any(is_so)
    }

    /// The answer that `message` makes of the rows and the token.
    pub fn answer<M: Serialize>(self, message: impl FnOnce(Vec<T>, String) -> M) -> Answer<M> {
        Answer::new(message(self.items, self.next_page_token)).inferred_all(self.inferred)
    }
}

/// Reads the page that the query asks for. `place` names the list and its scope, for the token.
pub async fn list<T: Send + 'static>(
    workbench: &Workbench,
    params: &Params,
    listing: &'static Listing,
    scope: Scope,
    place: &str,
    read: fn(&Row) -> rusqlite::Result<T>,
) -> Result<Page<T>, Refusal> {
    let query = params.list(workbench, listing, place)?;
    let selection = query.selection.clone();
    let slice =
        workbench.store().read(move |db| listing::page(db, listing, &scope, &selection, read)).await?;
    let next_page_token = query.next_token(workbench, &slice);
    Ok(Page { items: slice.items, next_page_token, inferred: query.inferred })
}
