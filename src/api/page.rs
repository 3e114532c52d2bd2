//! Lists that come in pages.

use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::time::Duration;

use futures_util::{Stream, stream};
use tokio::time::Instant;

use super::Error;
use super::receive::ROWS;
use super::room::Room;

/// A list with more pages than this is treated as endless …
const PAGES: usize = 100_000;
/// … and so is one that takes longer …
const TIME: Duration = Duration::from_secs(15 * 60);
/// … or one with this many pages that are less than a tenth full: a workbench fills every page
/// except the last.
const THIN_PAGES: usize = 200;
const OPERATION: &str = "reading a list page by page";

/// Which part of a list to fetch.
///
/// Filter values match as case-sensitive substrings (OBSERVED, cai-connector). A filter only saves
/// rows; a caller that needs an exact match compares again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// Rows per page; the workbench uses 10 if it is omitted (DOCS, ml-apiv2-usage-examples).
    pub page_size: Option<u32>,
    /// The `next` of the previous page; filter, sort and page size must be the same (SPEC).
    pub token: Option<String>,
    /// `search_filter`: one JSON object of strings. The specification names the members of each
    /// list.
    pub filter: BTreeMap<String, String>,
    /// Comma-separated `+member` and `-member`.
    pub sort: Option<String>,
}

impl PageQuery {
    /// Pages of `size` rows from the beginning.
    pub fn sized(size: u32) -> Self {
        Self { page_size: Some(size), ..Self::default() }
    }

    /// Filtered by `member` = `value`.
    pub fn filtered(mut self, member: &str, value: &str) -> Self {
        self.filter.insert(member.to_owned(), value.to_owned());
        self
    }

    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if !self.filter.is_empty() {
            pairs.push(("search_filter", serde_json::json!(self.filter).to_string()));
        }
        pairs.extend(self.sort.clone().map(|sort| ("sort", sort)));
        pairs.extend(self.page_size.map(|size| ("page_size", size.to_string())));
        pairs.extend(self.token.clone().map(|token| ("page_token", token)));
        pairs
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The token of the next page; `None` on the last one.
    pub next: Option<String>,
    /// Rows of the whole list, if the workbench reports it.
    pub total: Option<u64>,
    /// Bytes that the rows take in memory, at most.
    pub(super) size: usize,
}

impl<T> Page<T> {
    pub(super) fn new(items: Vec<T>, next: String) -> Self {
        Self { items, next: Some(next).filter(|token| !token.is_empty()), total: None, size: 0 }
    }
}

/// Walks a list page by page, holding one page at a time.
pub struct Pages<F> {
    fetch: F,
    room: Option<Room>,
    query: PageQuery,
    seen: HashSet<String>,
    ended: bool,
    began: Option<Instant>,
    rows: usize,
    thin: usize,
}

impl<F, R, T> Pages<F>
where
    F: FnMut(PageQuery) -> R,
    R: Future<Output = Result<Page<T>, Error>>,
{
    /// `fetch` fetches one page, for example `|query| client.models_page(query)`.
    pub fn new(query: PageQuery, fetch: F) -> Self {
        Self { fetch, room: None, query, seen: HashSet::new(), ended: false, began: None, rows: 0, thin: 0 }
    }

    /// For a caller that holds all rows: they may take as much as there is left of `room`.
    #[must_use]
    pub fn within(mut self, room: &Room) -> Self {
        self.room = Some(room.clone());
        self
    }

    /// The next page's rows; `None` after the last page.
    ///
    /// # Errors
    /// The errors of the fetch, and [`Error::BadAnswer`] for a list that does not end.
    pub async fn next(&mut self) -> Option<Result<Vec<T>, Error>> {
        if self.ended {
            return None;
        }
        self.ended = true;
        let began = *self.began.get_or_insert_with(Instant::now);
        let page = match (self.fetch)(self.query.clone()).await {
            Ok(page) => page,
            Err(error) => return Some(Err(error)),
        };
        if let Some(Err(detail)) = self.room.as_ref().map(|room| room.take(page.size)) {
            return Some(Err(Error::BadAnswer { operation: OPERATION, detail }));
        }
        self.rows += page.items.len();
        self.thin += usize::from(page.items.len() * 10 < self.query.page_size.unwrap_or(10) as usize);
        if let Some(token) = page.next {
            let endless = match () {
                () if self.seen.contains(&token) => Some("a page token came twice".to_owned()),
                () if self.thin > THIN_PAGES => Some(format!("{THIN_PAGES} of its pages are nearly empty")),
                () if self.seen.len() >= PAGES => Some(format!("it has more than {PAGES} pages")),
                () if self.rows > ROWS => Some(format!("it has more than {ROWS} rows")),
                () if began.elapsed() > TIME => {
                    Some(format!("it took {} minutes so far", TIME.as_secs() / 60))
                }
                () => None,
            };
            if let Some(why) = endless {
                let detail = format!("the list does not end: {why}");
                return Some(Err(Error::BadAnswer { operation: OPERATION, detail }));
            }
            self.seen.insert(token.clone());
            self.query.token = Some(token);
            self.ended = false;
        }
        Some(Ok(page.items))
    }
}

impl<F, R, T> Pages<F>
where
    F: FnMut(PageQuery) -> R,
    R: Future<Output = Result<Page<T>, Error>>,
{
    /// The rows of all pages, for a walk [`within`](Self::within) a room.
    ///
    /// # Errors
    /// Those of [`next`](Self::next).
    pub async fn all(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while let Some(items) = self.next().await {
            all.extend(items?);
        }
        Ok(all)
    }

    /// The same as a stream of pages.
    pub fn stream(self) -> impl Stream<Item = Result<Vec<T>, Error>> {
        stream::unfold(self, |mut pages| async move {
            let page = pages.next().await?;
            Some((page, pages))
        })
    }
}

/// Fetches a whole list, as far as there is [room](Room). Walk long ones with [`Pages`].
pub async fn all_pages<F, R, T>(query: PageQuery, fetch: F) -> Result<Vec<T>, Error>
where
    F: FnMut(PageQuery) -> R,
    R: Future<Output = Result<Page<T>, Error>>,
{
    Pages::new(query, fetch).within(&Room::default()).all().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn collect(tokens: &'static [&'static str]) -> Result<Vec<usize>, Error> {
        let mut calls = 0;
        all_pages(PageQuery::sized(1), move |query| {
            let at = calls;
            calls += 1;
            if at > 0 {
                assert_eq!(query.token.as_deref(), Some(tokens[at - 1]));
            }
            async move { Ok(Page::new(vec![at], tokens[at].to_owned())) }
        })
        .await
    }

    #[tokio::test]
    async fn pages_are_walked_to_the_end() {
        assert_eq!(collect(&["a", "b", ""]).await.unwrap(), [0, 1, 2]);
    }

    #[tokio::test]
    async fn a_token_that_comes_twice_ends_the_walk() {
        assert!(matches!(collect(&["a", "b", "a", "b"]).await, Err(Error::BadAnswer { .. })));
    }

    /// A list that never ends, with pages of `rows` rows that take `time` each.
    async fn endless(rows: usize, time: Duration) -> String {
        let mut calls = 0;
        let all = all_pages(PageQuery::sized(100), |_| {
            calls += 1;
            let token = format!("fresh-{calls}");
            async move {
                tokio::time::sleep(time).await;
                Ok(Page::new(vec![(); rows], token))
            }
        });
        all.await.unwrap_err().to_string()
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_with_ever_fresh_tokens_ends_by_pages_rows_and_time() {
        let ms = Duration::from_millis;
        for rows in [0, 1] {
            assert!(endless(rows, ms(1)).await.contains("nearly empty"), "{rows}");
        }
        assert!(endless(100, ms(1)).await.contains("rows"));
        assert!(endless(10, ms(0)).await.contains("pages"));
        assert!(endless(10, ms(1000)).await.contains("15 minutes"));
    }

    #[test]
    fn a_filter_is_one_json_object() {
        let query = PageQuery::sized(50).filtered("name", "a\"b");
        assert_eq!(query.pairs()[0], ("search_filter", r#"{"name":"a\"b"}"#.to_owned()));
    }
}
