//! Signing in with the successor of the key that keybench is signed in with.

use crate::config::{Credential, Session, Store};
use crate::secret::ApiKey;

/// A session with `key`, which the session's profile holds from now on.
///
/// # Errors
/// A sentence that says why the profile was not changed; it still holds the old key then.
pub fn adopt(
    session: &Session,
    store: Option<Store>,
    key: &ApiKey,
    key_id: String,
) -> Result<Session, String> {
    let mut adopted = session.clone();
    adopted.client = session.client.with_key(key.clone());
    adopted.key_id = Some(key_id.clone());
    if let (Some(name), Some(store)) = (&session.profile, store) {
        let loaded = store.load();
        if let Some(problem) = loaded.problems.first() {
            return Err(problem.to_string());
        }
        let profile = loaded
            .profiles
            .profiles
            .get(name)
            .cloned()
            .ok_or_else(|| format!("there is no profile {name}"))?;
        // A profile whose key comes from a command has no key to replace here.
        if profile.credential_command.is_some() {
            return Err(format!(
                "the profile {name} takes its key from a command: store the new key there yourself"
            ));
        }
        let url = session.client.url().to_owned();
        let credential = Credential { url, api_key: key.clone(), key_id, legacy_api_key: None };
        store.save(name, profile, Some(credential)).map_err(|error| error.to_string())?;
    }
    Ok(adopted)
}
