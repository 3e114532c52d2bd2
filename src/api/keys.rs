//! API keys: validate, list, create, delete; and the legacy key's rotation.

use std::ops::ControlFlow;

use jiff::Timestamp;
use reqwest::Method;

use super::call::ApiCall;
use super::room::Room;
use super::{Client, Error};
use crate::wire::{
    self, CreateV2KeyRequest, CreateV2KeyResponse, Empty, RotateV1KeyRequest, RotateV1KeyResponse,
    V2KeyDetails, ValidateAPIKeyRequest, ValidateAPIKeyResponse,
};

/// The API key to create.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewKey {
    /// `None`: the workbench's default.
    pub expiry: Option<Timestamp>,
    /// The comment of the key.
    pub comment: String,
    /// Empty for the workbench's default; older ones do not know audiences (OBSERVED,
    /// CAI_STUDIO_AGENT).
    pub audiences: Vec<String>,
}

impl Client {
    /// Validates this client's key for `audience`, and returns its owner.
    ///
    /// A key that is valid for another audience is refused with 403, `audience mismatch`
    /// (OBSERVED, cai-connector).
    pub async fn validate_key(&self, audience: &str) -> Result<ValidateAPIKeyResponse, Error> {
        let body = ValidateAPIKeyRequest { audience: audience.to_owned() };
        let path = ["api", "v2", "auth", "validate_key"];
        self.send(self.call("validating the API key", Method::POST, &path)?.json(&body)?.idempotent()).await
    }

    /// All API keys of `username`, without their secrets. This list is not paged (SPEC).
    pub async fn list_keys(&self, username: &str) -> Result<Vec<V2KeyDetails>, Error> {
        self.list_keys_within(username, &Room::default()).await
    }

    /// The same, as far as they fit into `room`, which other lists may share.
    pub async fn list_keys_within(&self, username: &str, room: &Room) -> Result<Vec<V2KeyDetails>, Error> {
        let (keys, Empty {}) = self.send_list(self.list_call(username)?, "keys", room, &|_| true).await?;
        Ok(keys)
    }

    /// The API keys of `username` that `keep` holds for; only these are held.
    pub async fn find_keys(
        &self,
        username: &str,
        keep: impl Fn(&V2KeyDetails) -> bool + Sync,
    ) -> Result<Vec<V2KeyDetails>, Error> {
        let call = self.list_call(username)?;
        let (keys, Empty {}) = self.send_list(call, "keys", &Room::default(), &keep).await?;
        Ok(keys)
    }

    /// Passes the API keys of `username` to `each` as they come, until it breaks: a list of any length takes
    /// no memory, and as much time as `each` takes.
    pub async fn each_key(
        &self,
        username: &str,
        mut each: impl FnMut(V2KeyDetails) -> ControlFlow<()> + Send,
    ) -> Result<(), Error> {
        self.stream_list(self.list_call(username)?, "keys", &mut each).await
    }

    /// Folds the API keys of `username` into a value, without holding them.
    pub async fn fold_keys<A: Default + Send>(
        &self,
        username: &str,
        mut each: impl FnMut(&mut A, V2KeyDetails) + Send,
    ) -> Result<A, Error> {
        let mut value = A::default();
        let fold = |key| {
            each(&mut value, key);
            ControlFlow::Continue(())
        };
        self.each_key(username, fold).await?;
        Ok(value)
    }

    fn list_call(&self, username: &str) -> Result<ApiCall, Error> {
        self.call("listing API keys", Method::GET, &["api", "v2", "users", username, "v2_keys"])
    }

    /// Creates an API key. No later answer contains its secret.
    pub async fn create_key(&self, username: &str, new: &NewKey) -> Result<CreateV2KeyResponse, Error> {
        const OPERATION: &str = "creating an API key";
        let body = CreateV2KeyRequest {
            username: username.to_owned(),
            expiry_date: new.expiry.map(wire::time::format).unwrap_or_default(),
            comments: new.comment.clone(),
            audiences: new.audiences.clone(),
        };
        let path = ["api", "v2", "users", username, "v2_keys"];
        let created: CreateV2KeyResponse =
            self.send(self.call(OPERATION, Method::POST, &path)?.json(&body)?).await?;
        if created.api_key.expose().is_empty() {
            return Err(Error::BadAnswer { operation: OPERATION, detail: "it holds no key".to_owned() });
        }
        Ok(created)
    }

    /// Deletes one API key; it stops working at once.
    pub async fn delete_key(&self, username: &str, key_id: &str) -> Result<(), Error> {
        self.delete_key_for_log(username, key_id).await.map(drop)
    }

    /// As [`Self::delete_key`]; gives the workbench's name for the request, if it has one.
    pub async fn delete_key_for_log(&self, username: &str, key_id: &str) -> Result<Option<String>, Error> {
        let path = ["api", "v2", "users", username, "v2_keys", key_id];
        self.send_for_id(self.call("deleting an API key", Method::DELETE, &path)?).await
    }

    /// Deletes every API key of `username`, including this client's own if it is theirs; gives the
    /// workbench's name for the request, if it has one.
    pub async fn delete_all_keys(&self, username: &str) -> Result<Option<String>, Error> {
        let path = ["api", "v2", "users", username, "v2_keys"];
        self.send_for_id(self.call("deleting all API keys", Method::DELETE, &path)?).await
    }

    /// Replaces the legacy key of `username`; the previous one stops working.
    pub async fn rotate_legacy_key(
        &self,
        username: &str,
        expiry: Option<Timestamp>,
        comment: &str,
    ) -> Result<RotateV1KeyResponse, Error> {
        let body = RotateV1KeyRequest {
            username: username.to_owned(),
            api_key_expiry_date: expiry.map(wire::time::format).unwrap_or_default(),
            api_key_comments: comment.to_owned(),
        };
        let path = ["api", "v2", "users", username, "v1_key:rotate"];
        self.send(self.call("rotating the legacy key", Method::POST, &path)?.json(&body)?).await
    }
}
