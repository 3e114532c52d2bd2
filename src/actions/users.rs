//! The users of a workbench, with the number of their keys. A workbench has no list of that (SPEC),
//! so the keys of each user are read, some users at a time.

use std::sync::Arc;

use futures_util::{Stream, StreamExt as _, stream};
use jiff::Timestamp;

use super::keys::Rotated;
use super::{AT_A_TIME, PAGE};
use crate::api::{Error, PageQuery, Pages};
use crate::config::Session;
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
    /// Keys that expire within [`SOON_DAYS`], but for those that a rotation has replaced.
    pub soon: usize,
}

impl KeyCounts {
    fn count(&mut self, key: &V2KeyDetails, stays: bool, now: Timestamp) {
        let status = expiry::status(&key.expiry_date, now, SOON_DAYS);
        self.all += 1;
        self.expired += usize::from(status == KeyStatus::Expired);
        self.soon += usize::from(status == KeyStatus::Soon && !stays);
    }
}

/// Counts the keys of a user while they come.
#[derive(Default)]
struct Counting {
    counts: KeyCounts,
    /// Keys that a rotation knows: whether one is replaced shows when all have come.
    later: Vec<V2KeyDetails>,
}

impl Counting {
    fn take(&mut self, key: V2KeyDetails, rotated: &Rotated, now: Timestamp) {
        match rotated.knows(&key.key_id) {
            true => self.later.push(key),
            false => self.counts.count(&key, false, now),
        }
    }

    fn end(mut self, rotated: &Rotated, now: Timestamp) -> KeyCounts {
        let replaced = rotated.replaced(&self.later, now);
        self.later.iter().for_each(|key| self.counts.count(key, replaced.contains(&key.key_id), now));
        self.counts
    }
}

/// The users that the session's user may see, page by page. The stream ends after an error.
pub fn list(session: &Session) -> impl Stream<Item = Result<Vec<UserKeys>, Error>> {
    let (client, rotated) = (&session.client, Arc::new(Rotated::here(session)));
    let pages =
        Pages::new(PageQuery::sized(PAGE), move |query| async move { client.users_page(&query).await });
    pages.stream().then(move |page| {
        let rotated = Arc::clone(&rotated);
        async move {
            let page = page?;
            let (now, rotated) = (client.clock().now(), &*rotated);
            let users = page.into_iter().map(|user| async move {
                let take = |counting: &mut Counting, key| counting.take(key, rotated, now);
                let counted = client.fold_keys(&user.user.user_name, take).await;
                UserKeys { user, keys: counted.map(|counting| counting.end(rotated, now)) }
            });
            Ok(stream::iter(users).buffered(AT_A_TIME).collect().await)
        }
    })
}
