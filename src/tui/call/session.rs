//! Opening a session: with a key, with a profile, with an embedded workbench.

use super::{Answer, Opened, Refusal};
use crate::actions::sign_in::{self, Request, SignedIn};
use crate::api::{self, Client};
use crate::config::{Overrides, Profiles, Session, Store};
use crate::secret::ApiKey;
use crate::tui::embedded::{Embedded, Wish};

pub(super) async fn start_embedded(wish: Wish) -> Answer {
    Answer::Opened(match Embedded::start(wish).await {
        Ok((embedded, session)) => Ok(Box::new(Opened::new(session, Some(embedded)))),
        Err(message) => Err(Refusal { message, hint: None, taken: false }),
    })
}

pub(super) async fn sign_in(store: Option<Store>, request: Request, key: ApiKey) -> Answer {
    Answer::Opened(match sign_in::sign_in(store.as_ref(), request, Some(key)).await {
        Ok(SignedIn { session, owner, .. }) => {
            Ok(Box::new(Opened { caution: owner.caution(), ..Opened::new(session, None) }))
        }
        Err(error) => Err(error.into()),
    })
}

pub(super) async fn open_profile(store: Store, name: String, given: Overrides) -> Answer {
    Answer::Opened(match sign_in::open(&store, &name, &given).await {
        Ok(session) => Ok(Box::new(Opened::new(session, None))),
        Err(error) => Err(error.into()),
    })
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

pub(super) async fn adopt(session: &Session, key: ApiKey, key_id: String) -> Answer {
    Answer::KeyAdopted(match sign_in::adopt(session, key, key_id).await {
        Ok(session) => Ok(Box::new(Opened::new(session, None))),
        Err(error) => Err(error.to_string()),
    })
}

pub(super) async fn who_am_i(client: &Client) -> Result<String, api::Error> {
    sign_in::owner(client).await.map(|owner| owner.username)
}
