//! What a fleet acts on: the workbench, what this machine keeps of each service, and what needs a key.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::deliver::{self, Found};
use super::held::Held;
use super::look::Site;
use super::manifest::{Delivery, Target};
use super::prune::Left;
use super::{Error, Service, request};
use crate::actions::rotation::exec::Output;
use crate::actions::rotation::{self, Outlook, Request, Rotated, proof};
use crate::actions::{Progress, keys, models};
use crate::config::Session;
use crate::secret::ApiKey;
use crate::wire::V2KeyDetails;

/// What a plan reads, and what an apply changes. A test has another one.
pub(super) trait World: Sync {
    /// The workbench's time.
    fn now(&self) -> Timestamp;

    /// What is the same for all services.
    fn site(&self, clock_difference: Duration) -> impl Future<Output = Result<Site, Error>> + Send;

    /// What is kept of a service.
    fn held(&self, username: &str, service: &Service, manifest: &Path) -> Result<Held, Error>;

    /// What is kept of every service that was ever in the manifest.
    fn all_held(&self, manifest: &Path) -> Result<Vec<Held>, Error>;

    /// Writes the state, on the disk when this returns.
    fn save(&self, held: &Held) -> Result<(), Error>;

    /// The current key; `None`: there is none yet.
    fn key(&self, held: &Held) -> Option<ApiKey>;

    /// Takes a key that was found where it is needed for the current one.
    fn adopt(&self, held: &Held, key: &ApiKey) -> Result<(), Error>;

    fn forget(&self, held: &Held) -> Result<(), Error>;

    /// The id of a key that was made here.
    fn made_here(&self, key: &ApiKey) -> Option<String>;

    fn keys(&self, username: &str) -> impl Future<Output = Result<Vec<V2KeyDetails>, Error>> + Send;

    /// What a rotation would do.
    fn look(&self, request: &Request) -> impl Future<Output = Result<Outlook, Error>> + Send;

    fn rotate(&self, request: Request) -> impl Future<Output = Result<Rotated, Error>> + Send;

    /// Whether `key` works now, and why not.
    fn prove(
        &self,
        service: &Service,
        key: &ApiKey,
        current: &V2KeyDetails,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Whether the model that proves a key of `service` can be asked, and why not.
    fn can_prove(&self, service: &Service) -> impl Future<Output = Result<(), String>> + Send;

    /// Whether there is such a model to restart, and why not.
    fn can_restart(&self, model: &str) -> impl Future<Output = Result<(), String>> + Send;

    /// What is delivered.
    fn read(&self, delivery: &Delivery) -> impl Future<Output = Result<Found, Error>> + Send;

    /// How a file's mode or owner differs from what the manifest says.
    fn access_drift(&self, delivery: &Delivery) -> Option<String>;

    fn write(
        &self,
        delivery: &Delivery,
        key: &ApiKey,
        key_id: &str,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Makes a service read its key. Models in `restarted` have it already; those that get it now join
    /// them, also where another one fails.
    fn reload(
        &self,
        delivery: &Delivery,
        key_id: &str,
        restarted: &mut Vec<String>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Deletes the keys of a service, but for the one that is signed in with. Gives those that were
    /// deleted, and why others were not.
    fn delete_all(&self, service: &Left) -> impl Future<Output = (Vec<String>, Option<Error>)> + Send;
}

/// The real one.
pub(super) struct Real<'a> {
    session: &'a Session,
    /// Where commands of the manifest write to.
    output: Output,
    progress: &'a dyn Progress,
    /// Held while the environment of a project is read, merged and written: the API cannot write it only
    /// if it is still as it was read, so that two at once would lose one variable.
    environments: Mutex<()>,
}

impl<'a> Real<'a> {
    pub fn new(session: &'a Session, output: Output, progress: &'a dyn Progress) -> Self {
        Self { session, output, progress, environments: Mutex::default() }
    }
}

fn failed(error: crate::actions::Error) -> Error {
    rotation::Error::from(keys::Error::from(error)).into()
}

impl World for Real<'_> {
    fn now(&self) -> Timestamp {
        self.session.client.clock().now()
    }

    async fn site(&self, clock_difference: Duration) -> Result<Site, Error> {
        super::look::site(self.session, clock_difference).await
    }

    fn held(&self, username: &str, service: &Service, manifest: &Path) -> Result<Held, Error> {
        Held::of(self.session, username, service, manifest)
    }

    fn all_held(&self, manifest: &Path) -> Result<Vec<Held>, Error> {
        Held::all(self.session, manifest)
    }

    fn save(&self, held: &Held) -> Result<(), Error> {
        held.save()
    }

    fn key(&self, held: &Held) -> Option<ApiKey> {
        held.key()
    }

    fn adopt(&self, held: &Held, key: &ApiKey) -> Result<(), Error> {
        held.adopt(key)
    }

    fn forget(&self, held: &Held) -> Result<(), Error> {
        held.remove()
    }

    fn made_here(&self, key: &ApiKey) -> Option<String> {
        keys::made_here(self.session, key).map(|made| made.key_id)
    }

    async fn keys(&self, username: &str) -> Result<Vec<V2KeyDetails>, Error> {
        let (_, listed) = keys::list(self.session, Some(username.to_owned())).await.map_err(failed)?;
        Ok(listed)
    }

    async fn look(&self, request: &Request) -> Result<Outlook, Error> {
        Ok(rotation::look(self.session, request).await?)
    }

    async fn rotate(&self, request: Request) -> Result<Rotated, Error> {
        Ok(rotation::run(self.session, request, self.progress).await?)
    }

    async fn prove(&self, service: &Service, key: &ApiKey, current: &V2KeyDetails) -> Result<(), String> {
        let said = |error: &dyn std::error::Error| error.to_string();
        let verify = request::verify(service).map_err(|error| said(&error))?;
        let call = match &verify {
            Some(verify) => Some(proof::prepare(self.session, verify).await.map_err(|error| said(&error))?),
            None => None,
        };
        let busy = verify.map_or(0, |verify| verify.busy);
        let proven =
            proof::prove(self.session, key, &current.audiences, call.as_ref(), busy, self.progress).await;
        proven.map_err(|error| said(&error))
    }

    async fn can_prove(&self, service: &Service) -> Result<(), String> {
        let verify = request::verify(service).map_err(|error| error.to_string())?;
        rotation::can_prove(self.session, verify.as_ref()).await.map_err(|error| error.to_string())
    }

    async fn can_restart(&self, model: &str) -> Result<(), String> {
        models::find(self.session, model).await.map(drop).map_err(|error| error.to_string())
    }

    async fn read(&self, delivery: &Delivery) -> Result<Found, Error> {
        deliver::read(self.session, self.output, delivery).await
    }

    fn access_drift(&self, delivery: &Delivery) -> Option<String> {
        deliver::access_drift(delivery)
    }

    async fn write(&self, delivery: &Delivery, key: &ApiKey, key_id: &str) -> Result<(), Error> {
        let _alone = match delivery.to {
            Target::ProjectEnv { .. } => Some(self.environments.lock().await),
            _ => None,
        };
        deliver::write(self.session, self.output, delivery, key, key_id).await
    }

    async fn reload(
        &self,
        delivery: &Delivery,
        key_id: &str,
        restarted: &mut Vec<String>,
    ) -> Result<(), Error> {
        deliver::reload(self.session, self.output, delivery, key_id, restarted).await
    }

    async fn delete_all(&self, service: &Left) -> (Vec<String>, Option<Error>) {
        let own = keys::Own::of(self.session);
        let chosen = |key_id: &String| keys::Chosen {
            was_listed: true,
            key_id: key_id.clone(),
            listed: Some(V2KeyDetails { comments: service.name.clone(), ..V2KeyDetails::default() }),
            signed_in: false,
        };
        let mut choice = keys::Choice::of(self.session, &service.username, []);
        choice.condition = keys::Condition::Listed;
        choice.keys = service.keys.iter().filter(|id| own.spares(id).is_none()).map(chosen).collect();
        let deleted =
            keys::delete_each(self.session, vec![choice], &keys::Logging::default(), self.progress).await;
        match deleted.map(|mut all| all.pop().unwrap_or_default()) {
            Ok(deletion) => {
                let failure = deletion.failed.into_iter().next().map(|failed| match failed.why {
                    keys::Why::Refused(error) => rotation::Error::from(error).into(),
                    why => Error::NotDeleted { key_id: failed.key_id, why: why.to_string() },
                });
                (deletion.deleted, failure)
            }
            Err(error) => (Vec::new(), Some(rotation::Error::from(error).into())),
        }
    }
}
