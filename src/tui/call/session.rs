//! Opening a session: with a key, with a profile, with an embedded workbench.

use super::{Answer, Opened, Refusal, adopt as adoption};
use crate::api::{Client, ClientOptions};
use crate::config::paths::process_env;
use crate::config::resolve;
use crate::config::{Credential, Profile, Profiles, Session, Store};
use crate::secret::ApiKey;
use crate::tui::embedded::{Embedded, Wish};
use crate::wire::AUDIENCE_API;

pub(super) async fn start_embedded(wish: Wish) -> Answer {
    Answer::Opened(match Embedded::start(wish).await {
        Ok((embedded, session)) => Ok(Box::new(Opened { session, embedded: Some(embedded) })),
        Err(message) => Err(Refusal { message, hint: None }),
    })
}

pub(super) async fn sign_in(
    store: Option<Store>,
    url: String,
    key: ApiKey,
    name: String,
    _replace: bool,
) -> Answer {
    opened(accepted(store, url, key, name).await)
}

/// Nothing is stored before the workbench has accepted the key.
async fn accepted(store: Option<Store>, url: String, key: ApiKey, name: String) -> Result<Session, Refusal> {
    let mut options = ClientOptions::new(&url);
    options.key = Some(key.clone());
    let client = Client::new(options)?;
    let username = client.validate_key(AUDIENCE_API).await?.username;
    let mut session = Session::new(client);
    session.username = Some(username.clone());
    let Some(store) = store else { return Ok(session) };
    let name = if name.is_empty() { session.label } else { name };
    blocking(move || {
        let profile = Profile { url: url.clone(), username, ..Profile::default() };
        let credential = Credential { url, api_key: key, ..Credential::default() };
        store.save(&name, profile, Some(credential))?;
        // What is signed in with now is what the next start will find.
        Ok(resolve::open_profile(&store, &name, &process_env)?)
    })
    .await
}

pub(super) async fn open_profile(store: Store, name: String) -> Answer {
    let session = blocking(move || {
        let session = resolve::open_profile(&store, &name, &process_env)?;
        store.make_current(&name)?;
        Ok(session)
    });
    opened(session.await)
}

fn opened(session: Result<Session, Refusal>) -> Answer {
    Answer::Opened(session.map(|session| Box::new(Opened { session, embedded: None })))
}

pub(super) async fn remove_profile(store: Store, name: String) -> Answer {
    let (folder, gone) = (store.clone(), name.clone());
    let removed = blocking(move || folder.remove(&gone).map_err(Refusal::from)).await;
    let answer = match removed {
        Ok(()) => profiles(store).await,
        Err(refusal) => Err(refusal.message),
    };
    Answer::ProfileRemoved { name, answer }
}

pub(super) async fn profiles(store: Store) -> Result<Profiles, String> {
    let read = blocking(move || {
        let loaded = store.load();
        match loaded.problems.into_iter().next() {
            Some(problem) => Err(problem.into()),
            None => Ok(loaded.profiles),
        }
    });
    read.await.map_err(|refusal| refusal.message)
}

pub(super) async fn adopt(session: &Session, store: Option<Store>, key: ApiKey, key_id: String) -> Answer {
    let session = session.clone();
    let adopted = tokio::task::spawn_blocking(move || adoption::adopt(&session, store, &key, key_id));
    let adopted = adopted.await.unwrap_or_else(|error| Err(error.to_string()));
    Answer::KeyAdopted(adopted.map(Box::new))
}

/// Files are read and written where waiting for them holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Refusal { message: error.to_string(), hint: None }))
}

pub(super) async fn who_am_i(client: &Client) -> Answer {
    Answer::WhoAmI(client.validate_key(AUDIENCE_API).await.map(|answer| answer.username))
}
