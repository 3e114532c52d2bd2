//! The common parts of all lists in the store.

use rusqlite::Row;
use serde::Serialize;

use crate::workbench::Workbench;
use crate::workbench::http::answer::Answer;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::Refusal;
use crate::workbench::store::listing::{self, Listing, Scope};

/// One page of rows, the token of the next one, and the choices that both depend on.
pub struct Page<T> {
    items: Vec<T>,
    next_page_token: String,
    inferred: Vec<&'static str>,
}

impl<T> Page<T> {
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The same page with converted rows.
    pub fn with_items<U>(self, items: Vec<U>) -> Page<U> {
        Page { items, next_page_token: self.next_page_token, inferred: self.inferred }
    }

    /// Whether the predicate holds for any row.
    pub fn any(&self, is_so: impl Fn(&T) -> bool) -> bool {
        self.items.iter().any(is_so)
    }

    /// Builds the answer with `message` from the rows and the token.
    pub fn answer<M: Serialize>(self, message: impl FnOnce(Vec<T>, String) -> M) -> Answer<M> {
        Answer::new(message(self.items, self.next_page_token)).inferred_all(self.inferred)
    }
}

/// Reads the requested page. `bound_to` names the list and its scope, for the token.
pub async fn list<T: Send + 'static>(
    workbench: &Workbench,
    params: &Params,
    listing: &'static Listing,
    scope: Scope,
    bound_to: &str,
    read: fn(&Row) -> rusqlite::Result<T>,
) -> Result<Page<T>, Refusal> {
    let query = params.list(workbench, listing, bound_to)?;
    let selection = query.selection.clone();
    let slice =
        workbench.store().read(move |db| listing::page(db, listing, &scope, &selection, read)).await?;
    let next_page_token = query.next_token(workbench, &slice);
    Ok(Page { items: slice.items, next_page_token, inferred: query.inferred })
}
