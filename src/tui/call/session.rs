//! Opening a session: with a key, with a profile, with an embedded workbench.

use super::{Answer, Opened, Refusal, adopt as adoption};
use crate::actions::sign_in::{self, Request};
use crate::api::Client;
use crate::config::{Overrides, Profiles, Session, Store};
use crate::secret::ApiKey;
use crate::tui::embedded::{Embedded, Wish};

pub(super) async fn start_embedded(wish: Wish) -> Answer {
    Answer::Opened(match Embedded::start(wish).await {
        Ok((embedded, session)) => Ok(Box::new(Opened { session, embedded: Some(embedded) })),
        Err(message) => Err(Refusal { message, hint: None, taken: false }),
    })
}

pub(super) async fn sign_in(store: Option<Store>, request: Request, key: ApiKey) -> Answer {
    opened(sign_in::sign_in(store.as_ref(), request, Some(key)).await.map(|signed_in| signed_in.session))
}

pub(super) async fn open_profile(store: Store, name: String, given: Overrides) -> Answer {
    opened(sign_in::open(&store, &name, &given).await)
}

fn opened(session: Result<Session, sign_in::Error>) -> Answer {
    let session = session.map(|session| Box::new(Opened { session, embedded: None }));
    Answer::Opened(session.map_err(Refusal::from))
}

pub(super) async fn remove_profile(store: Store, name: String) -> Answer {
    let answer = match sign_in::remove(&store, &name).await {
        Ok(()) => profiles(store).await,
        Err(error) => Err(error.to_string()),
    };
    Answer::ProfileRemoved { name, answer }
}

pub(super) async fn profiles(store: Store) -> Result<Profiles, String> {
    sign_in::profiles(&store).await.map_err(|error| error.to_string())
}

pub(super) async fn adopt(session: &Session, store: Option<Store>, key: ApiKey, key_id: String) -> Answer {
    let session = session.clone();
    let adopted = tokio::task::spawn_blocking(move || adoption::adopt(&session, store, &key, key_id));
    let adopted = adopted.await.unwrap_or_else(|error| Err(error.to_string()));
    Answer::KeyAdopted(adopted.map(Box::new))
}

pub(super) async fn who_am_i(client: &Client) -> Answer {
    Answer::WhoAmI(sign_in::owner(client).await.map(|owner| owner.username))
}
