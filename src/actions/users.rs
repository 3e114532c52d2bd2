//! The users of a workbench, with the number of their keys. A workbench has no list of that (SPEC),
//! so the keys of each user are read, some users at a time.

use futures_util::{Stream, StreamExt as _, stream};
use jiff::Timestamp;

use super::{AT_A_TIME, PAGE};
use crate::api::{Client, Error, PageQuery, Pages};
use crate::expiry::{self, KeyStatus, SOON_DAYS};
use crate::wire::{UserQuota, V2KeyDetails};

/// A user, and how many keys they have, if those can be read.
#[derive(Debug)]
pub struct UserKeys {
    pub user: UserQuota,
    pub keys: Result<KeyCounts, Error>,
}

/// How many keys a user has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyCounts {
    pub all: usize,
    pub expired: usize,
    /// Keys that expire within [`SOON_DAYS`].
    pub soon: usize,
}

impl KeyCounts {
    fn count(&mut self, key: &V2KeyDetails, now: Timestamp) {
        let status = expiry::status(&key.expiry_date, now, SOON_DAYS);
        self.all += 1;
        self.expired += usize::from(status == KeyStatus::Expired);
        self.soon += usize::from(status == KeyStatus::Soon);
    }
}

/// The users that the session's user may see, page by page. The stream ends after an error.
pub fn list(client: &Client) -> impl Stream<Item = Result<Vec<UserKeys>, Error>> {
    let pages =
        Pages::new(PageQuery::sized(PAGE), move |query| async move { client.users_page(&query).await });
    pages.stream().then(move |page| async move {
        let page = page?;
        let now = client.clock().now();
        let users = page.into_iter().map(|user| async move {
            let count = |counts: &mut KeyCounts, key: V2KeyDetails| counts.count(&key, now);
            let keys = client.fold_keys(&user.user.user_name, count).await;
            UserKeys { user, keys }
        });
        Ok(stream::iter(users).buffered(AT_A_TIME).collect().await)
    })
}
