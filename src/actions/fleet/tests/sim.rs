//! A workbench, a disk and services in memory, on which the real apply, plan and rotation run.
//!
//! A fifth of the answers fail, some changes are done and their answer is lost, and the program is
//! killed at any step: from there on nothing has an effect, and the run never comes to its end.

use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};

use super::super::deliver::Found;
use super::super::held::Held;
use super::super::look::Site;
use super::super::manifest::Delivery;
use super::super::plan::OwnKey;
use super::super::prune::Left;
use super::super::world::World;
use super::super::{Error, Service};
use super::lasting::Lasting;
use crate::actions::clock;
use crate::actions::keys::{self, Own};
use crate::actions::models::ModelCall;
use crate::actions::rotation::group::Group;
use crate::actions::rotation::hand_over::Locks;
use crate::actions::rotation::look::look_on;
use crate::actions::rotation::machine::Machine;
use crate::actions::rotation::read::{Purpose, State};
use crate::actions::rotation::record::{Record, Source};
use crate::actions::rotation::steps;
use crate::actions::rotation::{self, Outlook, Request, Rotated, Verify};
use crate::api::{self, NewKey, ServerClock};
use crate::config::made_keys::RotatedKey;
use crate::secret::ApiKey;
use crate::wire::{AUDIENCE_API, CreateV2KeyResponse, V2KeyDetails, time};

pub const USER: &str = "owner";

pub struct Sim(Mutex<Lasting>);

fn fails() -> api::Error {
    api::Error::BadAnswer { operation: "asking", detail: "on purpose".to_owned() }
}

fn failed() -> Error {
    rotation::Error::from(keys::Error::from(fails())).into()
}

fn key_of(id: &str) -> ApiKey {
    ApiKey::from_workbench(format!("{id}.{id}"))
}

impl Sim {
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self(Mutex::new(Lasting::new(seed, now)))
    }

    pub fn lasting(&self) -> MutexGuard<'_, Lasting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One step nearer to the kill. The program that was killed waits here for ever.
    async fn step(&self) {
        if !self.lasting().lives() {
            pending().await
        }
    }

    fn one_in(&self, times: u64) -> bool {
        self.lasting().chance.one_in(times)
    }

    /// A read: the client asks up to three times.
    async fn ask(&self) -> Result<(), api::Error> {
        self.step().await;
        let fails_thrice = (0..3).all(|_| self.one_in(5));
        if fails_thrice { Err(fails()) } else { Ok(()) }
    }

    /// A change at the workbench, which is asked for once.
    async fn change<T>(&self, change: impl FnOnce(&mut Lasting) -> T) -> Result<T, bool> {
        self.one_in_change(5, change).await
    }

    /// A change that fails once in so many times, and whose answer is lost half as often; whether that
    /// was it.
    async fn one_in_change<T>(&self, times: u64, change: impl FnOnce(&mut Lasting) -> T) -> Result<T, bool> {
        self.step().await;
        if self.one_in(times) {
            return Err(false);
        }
        let done = change(&mut self.lasting());
        self.step().await;
        if self.one_in(2 * times) { Err(true) } else { Ok(done) }
    }

    pub fn count_of(&self, name: &str) -> usize {
        self.lasting().keys.iter().filter(|key| key.comments == name).count()
    }

    pub fn keys_of(&self, name: &str) -> Vec<V2KeyDetails> {
        self.lasting().keys.iter().filter(|key| key.comments == name).cloned().collect()
    }

    /// Whether everything that needs a key of the service has one that the workbench takes.
    pub fn works(&self, service: &Service) -> bool {
        let lasting = self.lasting();
        service.deliver.iter().all(|delivery| {
            let id = lasting.delivered.get(&delivery.id).and_then(|delivered| delivered.in_use.as_ref());
            id.is_some_and(|id| lasting.takes(id))
        })
    }
}

impl World for Sim {
    fn now(&self) -> Timestamp {
        self.lasting().now
    }

    async fn site(&self, clock_difference: Duration) -> Result<Site, Error> {
        self.ask().await.map_err(|_| failed())?;
        clock::check(Machine::clock(self), clock_difference).map_err(rotation::Error::from)?;
        let lasting = self.lasting();
        Ok(Site {
            username: USER.to_owned(),
            limit_days: u32::try_from(lasting.limit_days).ok().filter(|_| lasting.says_limit),
            own: OwnKey::Expires(lasting.now + (24 * 400).hours()),
        })
    }

    fn held(&self, username: &str, service: &Service, manifest: &Path) -> Result<Held, Error> {
        let mut state = self.lasting().kept(&service.name).state.clone();
        (state.username, state.name) = (username.to_owned(), service.name.clone());
        state.manifest = manifest.to_owned();
        Ok(Held::new(PathBuf::from(&service.name), state))
    }

    fn all_held(&self, manifest: &Path) -> Result<Vec<Held>, Error> {
        let lasting = self.lasting();
        let known = lasting.kept.values().filter(|kept| kept.state.manifest == manifest);
        Ok(known.map(|kept| Held::new(PathBuf::from(&kept.state.name), kept.state.clone())).collect())
    }

    fn save(&self, held: &Held) -> Result<(), Error> {
        let mut lasting = self.lasting();
        if lasting.lives() {
            lasting.kept(&held.state.name).state = held.state.clone();
        }
        Ok(())
    }

    fn key(&self, held: &Held) -> Option<ApiKey> {
        let mut lasting = self.lasting();
        lasting.kept(&held.state.name).vault.as_ref().map(|(id, _)| key_of(id))
    }

    fn adopt(&self, held: &Held, key: &ApiKey) -> Result<(), Error> {
        let mut lasting = self.lasting();
        let now = lasting.now;
        if lasting.lives() {
            lasting.kept(&held.state.name).vault = Some((key.first_half().to_owned(), now));
        }
        Ok(())
    }

    fn forget(&self, held: &Held) -> Result<(), Error> {
        let mut lasting = self.lasting();
        if lasting.lives() {
            lasting.kept.remove(&held.state.name);
        }
        Ok(())
    }

    fn made_here(&self, _: &ApiKey) -> Option<String> {
        None
    }

    async fn keys(&self, _: &str) -> Result<Vec<V2KeyDetails>, Error> {
        self.ask().await.map_err(|_| failed())?;
        Ok(self.lasting().keys.clone())
    }

    async fn look(&self, request: &Request) -> Result<Outlook, Error> {
        Ok(look_on(self, request).await?)
    }

    async fn rotate(&self, request: Request) -> Result<Rotated, Error> {
        Ok(rotation::run_on(self, request, &()).await?)
    }

    async fn prove(&self, _: &Service, key: &ApiKey, _: &V2KeyDetails) -> Result<(), String> {
        self.ask().await.map_err(|error| error.to_string())?;
        let takes = self.lasting().takes(key.first_half());
        if takes { Ok(()) } else { Err("it is not accepted".to_owned()) }
    }

    async fn read(&self, delivery: &Delivery) -> Result<Found, Error> {
        self.ask().await.map_err(|_| failed())?;
        let lasting = self.lasting();
        let found = lasting.delivered.get(&delivery.id).and_then(|delivered| delivered.key_id.as_ref());
        Ok(found.map_or(Found::Nothing, |id| Found::Key(key_of(id))))
    }

    async fn can_prove(&self, _: &Service) -> Result<(), String> {
        Ok(())
    }

    async fn can_restart(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn access_drift(&self, _: &Delivery) -> Option<String> {
        None
    }

    async fn write(&self, delivery: &Delivery, _: &ApiKey, key_id: &str) -> Result<(), Error> {
        let write = |lasting: &mut Lasting| {
            let delivered = lasting.delivered.entry(delivery.id.clone()).or_default();
            delivered.key_id = Some(key_id.to_owned());
            if !delivery.needs_reload() {
                delivered.in_use.clone_from(&delivered.key_id);
            }
        };
        self.one_in_change(8, write).await.map_err(|_| failed())
    }

    async fn reload(&self, delivery: &Delivery, _: &str, _: &mut Vec<String>) -> Result<(), Error> {
        if !delivery.needs_reload() {
            return Ok(());
        }
        let reload = |lasting: &mut Lasting| {
            let delivered = lasting.delivered.entry(delivery.id.clone()).or_default();
            delivered.in_use.clone_from(&delivered.key_id);
        };
        self.one_in_change(8, reload).await.map_err(|_| failed())
    }

    async fn delete_all(&self, service: &Left) -> (Vec<String>, Option<Error>) {
        let mut deleted = Vec::new();
        for key_id in &service.keys {
            let delete = |lasting: &mut Lasting| lasting.keys.retain(|key| key.key_id != *key_id);
            if self.change(delete).await.is_err() {
                return (deleted, Some(failed()));
            }
            deleted.push(key_id.clone());
        }
        (deleted, None)
    }
}

impl Machine for Sim {
    async fn read(&self, request: &Request, _: Purpose) -> Result<State, rotation::Error> {
        // Twice, as it is listed again once the name is locked.
        for _ in 0..2 {
            self.ask().await.map_err(|_| keys::Error::from(fails()))?;
        }
        clock::check(Machine::clock(self), request.clock_difference)?;
        let listed = self.keys_of(&request.name);
        let newest = listed.iter().max_by_key(|key| time::parse(&key.created_at));
        let begun = || Record::begun(newest.map(|key| key.key_id.clone()));
        let mut lasting = self.lasting();
        let (noted, now) = (lasting.rotated.clone(), lasting.now);
        let kept = lasting.kept(&request.name);
        let mut record = match &kept.vault {
            None => kept.note.clone(),
            Some((id, at)) => {
                let intents = kept.note.clone().map(|note| note.intents).unwrap_or_default();
                Some(Record { intents, ..Record::new(id, Some(*at)) })
            }
        };
        if record.is_none() {
            record = request.known.as_ref().map(|id| Record::new(id, None));
        }
        let mut has_old_intents = false;
        if let Some(record) = &mut record {
            let before = record.intents.len();
            record.intents.retain(|intent| intent.matters(&listed, now));
            has_old_intents = record.intents.len() < before;
        }
        let absent = record.is_none().then(begun);
        let (wanted, name) = (request.name.clone(), request.name.clone());
        Ok(State {
            user: USER.to_owned(),
            group: Group { wanted, name, keys: listed },
            source: Source::Output(PathBuf::from(&request.name)),
            record,
            absent,
            noted,
            order: lasting.order.clone(),
            has_old_intents,
            revoked: None,
            locks: Locks::default(),
        })
    }

    fn clock(&self) -> ServerClock {
        ServerClock::Ahead(self.lasting().jump)
    }

    fn now(&self) -> Timestamp {
        self.lasting().now
    }

    fn url(&self) -> &str {
        "http://workbench"
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn own(&self) -> Own {
        Own::default()
    }

    async fn expiry(&self, _: &str) -> Result<Option<Timestamp>, rotation::Error> {
        self.ask().await.map_err(|_| keys::Error::from(fails()))?;
        let lasting = self.lasting();
        let last = time::utc_day(lasting.now + (24 * lasting.limit_days).hours());
        Ok(time::end_of_day(last))
    }

    async fn prepare(&self, _: &Verify) -> Result<ModelCall, rotation::Error> {
        Err(keys::Error::from(fails()).into())
    }

    fn note(&self, state: &State, record: &Record) -> Result<(), rotation::Error> {
        let mut lasting = self.lasting();
        if lasting.lives() {
            lasting.kept(&state.group.name).note = Some(record.clone());
        }
        Ok(())
    }

    fn forget(&self, state: &State) {
        let mut lasting = self.lasting();
        if lasting.lives() {
            lasting.kept(&state.group.name).note = None;
        }
    }

    async fn create(&self, _: &str, new: &NewKey) -> Result<CreateV2KeyResponse, rotation::Error> {
        let create = |lasting: &mut Lasting| {
            lasting.made += 1;
            let key_id = format!("{:064x}", lasting.made);
            let created = CreateV2KeyResponse {
                api_key: key_of(&key_id),
                created_at: time::format(lasting.now),
                expiry_date: new.expiry.map(time::format).unwrap_or_default(),
                comments: new.comment.clone(),
                audiences: vec![AUDIENCE_API.to_owned()],
                key_id,
            };
            lasting.keys.push(V2KeyDetails {
                key_id: created.key_id.clone(),
                created_at: created.created_at.as_str().into(),
                expiry_date: created.expiry_date.as_str().into(),
                comments: created.comments.clone(),
                audiences: vec![AUDIENCE_API.into()],
            });
            created
        };
        self.change(create).await.map_err(|is_lost| match is_lost {
            true => keys::Error::MayExist(fails()).into(),
            false => rotation::Error::HandOver { why: "it was refused".to_owned() },
        })
    }

    async fn prove(
        &self,
        _: &Request,
        _: Option<&ModelCall>,
        _: &CreateV2KeyResponse,
    ) -> Result<(), rotation::Error> {
        self.step().await;
        let why = "it was not proven".to_owned();
        if self.one_in(5) { Err(rotation::Error::HandOver { why }) } else { Ok(()) }
    }

    async fn hand_over(&self, _: &Request, state: &State, created: &CreateV2KeyResponse) -> steps::Delivery {
        self.step().await;
        {
            let mut lasting = self.lasting();
            let now = lasting.now;
            lasting.kept(&state.group.name).vault = Some((created.key_id.clone(), now));
        }
        self.step().await;
        steps::Delivery::Recorded
    }

    async fn delete(&self, _: &Request, _: &State, key_id: &str) -> Result<(), api::Error> {
        let delete = |lasting: &mut Lasting| lasting.keys.retain(|key| key.key_id != key_id);
        self.change(delete).await.map_err(|_| fails())
    }

    fn remember(&self, keys: Vec<RotatedKey>) {
        let mut lasting = self.lasting();
        if lasting.lives() {
            for key in keys {
                if !lasting.order.contains(&key.key_id) {
                    lasting.order.push(key.key_id.clone());
                }
                if let Some(at) = key.handed_over() {
                    lasting.rotated.insert(key.key_id.clone(), at);
                }
            }
        }
    }
}
