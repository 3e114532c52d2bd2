//! The steps of a rotation that makes a key, in the order that makes them safe.
//!
//! 1. What is known is noted, and that a key is about to be created. Where that cannot be written,
//!    nothing is created.
//! 2. The key is created and proven. One that fails, or lasts no longer than the one before where it has
//!    to, is deleted again.
//! 3. That the key may be in use is noted, and on the disk before a command is started with it.
//! 4. It is handed over. From here on it is never deleted, whatever happens.
//! 5. That it was handed over is noted.
//!
//! The steps know no file, no process and no network: [`World`] does, and a test walks through every
//! way in which one of them can fail or be the last.

use std::time::Duration;

use jiff::Timestamp;

use super::error::{Error, Left};
use super::intent::Intent;
use super::record::Record;
use crate::wire::{CreateV2KeyResponse, V2KeyDetails, time};

/// What the steps act on.
pub(in crate::actions) trait World {
    /// Replaces the note. It is on the disk when this returns.
    fn note(&mut self, record: &Record) -> Result<(), Error>;

    /// Removes the note: what was handed over is the record.
    fn forget(&mut self);

    fn now(&self) -> Timestamp;

    async fn create(&mut self) -> Result<CreateV2KeyResponse, Error>;

    /// The key is accepted, is this user's, and the model answers with it.
    async fn prove(&mut self, created: &CreateV2KeyResponse) -> Result<(), Error>;

    async fn hand_over(&mut self, created: &CreateV2KeyResponse) -> Delivery;

    async fn delete(&mut self, key_id: &str) -> Result<(), Error>;
}

/// How a hand-over ended.
#[derive(Debug)]
pub(in crate::actions) enum Delivery {
    /// The service has the key, and what was handed over is the record.
    Recorded,
    /// The service has the key.
    Done,
    /// The service has the key, and the file in which it should say so does not. How that looks.
    Unrecorded(String),
    /// Nothing was started: the service cannot have the key.
    Never(Error),
    /// The service may have the key.
    InDoubt(Error),
}

/// A record that the service did not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::actions) struct Unrecorded {
    /// keybench noted it instead.
    pub noted: bool,
}

pub(in crate::actions) struct Steps<'a, W> {
    pub world: W,
    /// What is known of the key that the service has.
    pub before: Option<&'a Record>,
    /// What is noted if nothing is known.
    pub begun: Record,
    /// The hand-over leaves no trace of its own: it is noted.
    pub is_noted: bool,
    /// The keys of this name that were listed.
    pub listed: &'a [V2KeyDetails],
    /// How long a request may take.
    pub timeout: Duration,
    /// There is a key that goes on working.
    pub current_works: bool,
    /// A key that ends no later than this is not handed over.
    pub outlives: Option<Timestamp>,
}

impl<W: World> Steps<'_, W> {
    /// Takes them all.
    pub async fn take(mut self) -> Result<(CreateV2KeyResponse, Option<Unrecorded>), Error> {
        let old = self.before.unwrap_or(&self.begun).clone();
        let creating = old.creating(Intent::new(self.world.now(), self.timeout, self.listed));
        self.world.note(&creating)?;
        let created = match self.world.create().await {
            Ok(created) => created,
            Err(error) => {
                if !error.may_have_created() {
                    self.restore(&old);
                }
                return Err(error);
            }
        };
        if let Some(error) = self.ends_no_later(&created) {
            return Err(self.undo(&created, &old, error).await);
        }
        if let Err(error) = self.world.prove(&created).await {
            return Err(self.undo(&created, &old, error).await);
        }
        if self.is_noted
            && let Err(error) = self.world.note(&old.starting(&created.key_id))
        {
            return Err(self.undo(&created, &old, error).await);
        }
        match self.world.hand_over(&created).await {
            Delivery::Recorded => self.world.forget(),
            Delivery::Done => {
                let record = Record::new(&created.key_id, Some(self.world.now()));
                self.world.note(&record).map_err(|error| self.broken(error, Left::HandedOver, &created))?;
            }
            Delivery::Unrecorded(look) => {
                let record = Record::unrecorded(&created.key_id, self.world.now(), look);
                let noted = self.world.note(&record).is_ok();
                return Ok((created, Some(Unrecorded { noted })));
            }
            Delivery::InDoubt(error) => return Err(self.broken(error, Left::InDoubt, &created)),
            Delivery::Never(error) => {
                if self.is_noted {
                    // Where it cannot be taken back, the key stays in doubt, which costs a key.
                    if let Err(worse) = self.world.note(&creating) {
                        tracing::info!(%worse, "the key stays in doubt");
                        return Err(self.broken(error, Left::InDoubt, &created));
                    }
                }
                return Err(self.undo(&created, &old, error).await);
            }
        }
        Ok((created, None))
    }

    /// A key that is not worth a hand-over.
    fn ends_no_later(&self, created: &CreateV2KeyResponse) -> Option<Error> {
        let (from, to) = (time::parse(&created.created_at), time::parse(&created.expiry_date)?);
        let lasts = from.and_then(|from| Duration::try_from(to.duration_since(from)).ok());
        self.outlives.filter(|end| to <= *end).map(|_| Error::EndsNoLater { day: time::utc_day(to), lasts })
    }

    /// Nothing was created: the note is as it was. One that stays as it is explains a key too many.
    fn restore(&mut self, old: &Record) {
        if old.intents.is_empty() && (self.before.is_none() || !self.is_noted) {
            return self.world.forget();
        }
        if let Err(error) = self.world.note(old) {
            tracing::info!(%error, "the note of a creation stays");
        }
    }

    /// Deletes a key that the service cannot have.
    async fn undo(&mut self, created: &CreateV2KeyResponse, old: &Record, error: Error) -> Error {
        let left = match self.world.delete(&created.key_id).await {
            Ok(()) => {
                self.restore(old);
                Left::Deleted
            }
            Err(_) => Left::Listed,
        };
        self.broken(error, left, created)
    }

    fn broken(&self, error: Error, left: Left, created: &CreateV2KeyResponse) -> Error {
        Error::Broken {
            error: Box::new(error),
            key_id: created.key_id.clone(),
            left,
            current_works: self.current_works,
        }
    }
}
