//! Users. `usersquota` is the directory: a site administrator sees every user, others only
//! themselves (SPEC).

use reqwest::Method;

use super::call::As;
use super::{Client, Error, Page, PageQuery};
use crate::wire::{ShortUser, UserQuota};

impl Client {
    /// A page of users. Filter members: `banned`, `deactivated` (texts `true`, `false`); sort: `username`.
    pub async fn users_page(&self, query: &PageQuery) -> Result<Page<UserQuota>, Error> {
        let call =
            self.call("listing users", Method::GET, &["api", "v2", "usersquota"])?.query(&query.pairs());
        self.send_page(call, "user_quota").await
    }

    /// All users with their e-mail addresses, which the directory does not have: for site
    /// administrators alone (OBSERVED, edge2ai and cai-connector: an array with `id`, `username`,
    /// `name`, `email`).
    pub async fn users_with_addresses(&self) -> Result<Vec<ShortUser>, Error> {
        let ask = async |who: As| {
            let call = self.call("listing e-mail addresses", Method::GET, &["api", "v1", "users"])?;
            self.send(call.by(who).array()).await
        };
        match ask(As::ApiKey).await {
            Err(error) if self.try_legacy_key(&error) => ask(As::LegacyKey).await,
            other => other,
        }
    }

    /// Name and e-mail address of the user with the numeric id `id`.
    pub async fn user_by_id(&self, id: i64) -> Result<ShortUser, Error> {
        self.send(self.call("looking up a user", Method::GET, &["api", "v2", "users", &id.to_string()])?)
            .await
    }
}
