//! Users. `usersquota` is the directory: a site administrator sees every user, others only
//! themselves (SPEC).

use reqwest::Method;

use super::{Client, Error, Page, PageQuery};
use crate::wire::{ShortUser, UserQuota};

impl Client {
    /// A page of users. Filter members: `banned`, `deactivated` (texts `true`, `false`); sort: `username`.
    pub async fn users_page(&self, query: &PageQuery) -> Result<Page<UserQuota>, Error> {
        let call =
            self.call("listing users", Method::GET, &["api", "v2", "usersquota"])?.query(&query.pairs());
        self.send_page(call, "user_quota").await
    }

    /// Name and e-mail address of the user with the numeric id `id`.
    pub async fn user_by_id(&self, id: i64) -> Result<ShortUser, Error> {
        self.send(self.call("looking up a user", Method::GET, &["api", "v2", "users", &id.to_string()])?)
            .await
    }
}
