//! The machine that a rotation runs on: the workbench as it sees that, files and processes.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::zeroize::Zeroizing;

use super::Error;
use super::exec::{self, Ended};
use super::hand_over::{HandOver, note};
use super::proof::{self, Verify};
use super::read::{self, Purpose, State};
use super::record::{self, Record, Source, keep_note};
use super::request::Request;
use super::steps::{Delivery, World};
use crate::actions::key_file::KeyFile;
use crate::actions::keys::{self, Own};
use crate::actions::models::ModelCall;
use crate::actions::{Progress, clock};
use crate::api::{self, NewKey, ServerClock};
use crate::config::Session;
use crate::config::made_keys::{self, RotatedKey};
use crate::wire::CreateV2KeyResponse;

/// All that a rotation reads and changes. A test has another one.
pub(in crate::actions) trait Machine: Sync {
    /// The state, locked if something will be done.
    fn read(&self, request: &Request, purpose: Purpose) -> impl Future<Output = Result<State, Error>> + Send;

    fn clock(&self) -> ServerClock;

    /// The workbench's time.
    fn now(&self) -> Timestamp;

    /// The workbench's URL.
    fn url(&self) -> &str;

    /// How long a request may take.
    fn timeout(&self) -> Duration;

    /// The keys that are in use here.
    fn own(&self) -> Own;

    /// When a key expires that is created now, as `keys create --expires` reads it.
    fn expiry(&self, text: &str) -> impl Future<Output = Result<Option<Timestamp>, Error>> + Send;

    /// The call that proves a key.
    fn prepare(&self, verify: &Verify) -> impl Future<Output = Result<ModelCall, Error>> + Send;

    /// Replaces the note. It is on the disk when this returns.
    fn note(&self, state: &State, record: &Record) -> Result<(), Error>;

    /// Removes the note.
    fn forget(&self, state: &State);

    fn create(
        &self,
        user: &str,
        new: &NewKey,
    ) -> impl Future<Output = Result<CreateV2KeyResponse, Error>> + Send;

    fn prove(
        &self,
        request: &Request,
        call: Option<&ModelCall>,
        created: &CreateV2KeyResponse,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    fn hand_over(
        &self,
        request: &Request,
        state: &State,
        created: &CreateV2KeyResponse,
    ) -> impl Future<Output = Delivery> + Send;

    /// Deletes a key of the name in `state`.
    fn delete(
        &self,
        request: &Request,
        state: &State,
        key_id: &str,
    ) -> impl Future<Output = Result<(), api::Error>> + Send;

    /// Notes which keys were rotated; not being able to is no reason to fail.
    fn remember(&self, keys: Vec<RotatedKey>);
}

/// The real one.
pub(in crate::actions) struct Real<'a> {
    pub session: &'a Session,
    pub progress: &'a dyn Progress,
}

impl Real<'_> {
    /// A name that a command was started for before has this key now, and no other is in doubt.
    fn settle_other_note(&self, state: &State, created: &CreateV2KeyResponse) {
        let Some(file) = note(self.session, &state.user, &state.group.name) else { return };
        if file.exists()
            && let Err(error) = keep_note(&file, &Record::new(&created.key_id, Some(self.now())))
        {
            tracing::info!(%error, "the note of an earlier command stays");
        }
    }

    fn write(&self, file: &KeyFile, state: &State, created: &CreateV2KeyResponse) -> Delivery {
        let text = Zeroizing::new(record::file_text(created, self.now()));
        if let Err(error) = file.write(&text) {
            // It may have failed after the file was replaced.
            let holds = crate::bounded::read_to_string(file.path()).map(Zeroizing::new);
            if !holds.is_ok_and(|holds| *holds == *text) {
                return Delivery::Never(Error::FileNotWritten { file: file.path().to_owned(), error });
            }
        }
        self.settle_other_note(state, created);
        Delivery::Recorded
    }

    /// Whether the command kept the record. Where it did not, or where that takes a while, a note
    /// keeps the next run from taking the key for one that was never handed over.
    fn recorded(request: &Request, created: &CreateV2KeyResponse) -> Delivery {
        let Some(kept) = &request.record else { return Delivery::Done };
        match record::named_in_record(kept, created) {
            (true, _) => Delivery::Recorded,
            (false, look) => Delivery::Unrecorded(look),
        }
    }
}

impl Machine for Real<'_> {
    async fn read(&self, request: &Request, purpose: Purpose) -> Result<State, Error> {
        let state = read::read(self.session, request, purpose).await?;
        clock::check(self.clock(), request.clock_difference)?;
        Ok(state)
    }

    fn clock(&self) -> ServerClock {
        self.session.client.clock()
    }

    fn now(&self) -> Timestamp {
        self.clock().now()
    }

    fn url(&self) -> &str {
        self.session.client.url()
    }

    fn timeout(&self) -> Duration {
        self.session.client.options().timeout
    }

    fn own(&self) -> Own {
        Own::of(self.session)
    }

    async fn expiry(&self, text: &str) -> Result<Option<Timestamp>, Error> {
        Ok(keys::expiry(&self.session.client, text, self.now()).await?)
    }

    async fn prepare(&self, verify: &Verify) -> Result<ModelCall, Error> {
        proof::prepare(self.session, verify).await
    }

    fn note(&self, state: &State, record: &Record) -> Result<(), Error> {
        let no_folder =
            || io::Error::new(io::ErrorKind::NotFound, "there is no folder for the configuration");
        let file = state.source.note_file().ok_or_else(|| Error::NotNoted {
            file: PathBuf::from("the configuration folder"),
            error: no_folder(),
        })?;
        keep_note(&file, record).map_err(|error| Error::NotNoted { file, error })
    }

    fn forget(&self, state: &State) {
        let _ = state.source.note_file().map(std::fs::remove_file);
    }

    async fn create(&self, user: &str, new: &NewKey) -> Result<CreateV2KeyResponse, Error> {
        Ok(keys::create(self.session, user, new, self.progress).await?)
    }

    async fn prove(
        &self,
        request: &Request,
        call: Option<&ModelCall>,
        created: &CreateV2KeyResponse,
    ) -> Result<(), Error> {
        let busy = request.verify.as_ref().map_or(0, |verify| verify.busy);
        proof::prove(self.session, &created.api_key, &created.audiences, call, busy, self.progress).await
    }

    async fn hand_over(&self, request: &Request, state: &State, created: &CreateV2KeyResponse) -> Delivery {
        match &request.hand_over {
            HandOver::File(file) => self.write(file, state, created),
            HandOver::Return => Self::recorded(request, created),
            HandOver::Command { command, patience } => {
                match exec::run(command, created, *patience, state.locks.as_slice()).await {
                    Ended::Well => Self::recorded(request, created),
                    Ended::Never(error) => Delivery::Never(Error::HandOver { why: error.to_string() }),
                    Ended::Badly(why) => Delivery::InDoubt(Error::HandOver { why }),
                }
            }
        }
    }

    async fn delete(&self, request: &Request, state: &State, key_id: &str) -> Result<(), api::Error> {
        // Where no user is named, it is the one whose key is used.
        let actor = request.user.is_none().then_some(state.user.as_str());
        let key = (state.user.as_str(), key_id, state.group.name.as_str());
        keys::delete_by_rule(self.session, actor, key, self.progress).await
    }

    fn remember(&self, keys: Vec<RotatedKey>) {
        let Some(store) = &self.session.store else { return };
        // Creating the key has warned of that file already.
        if let Err(error) = made_keys::remember_rotation(store, keys) {
            tracing::info!(%error, "the rotation is not noted");
        }
    }
}

/// Forgets creations that are over, where nothing else changes the note.
pub(super) fn settle_note<M: Machine>(machine: &M, state: &State) {
    let Some(record) = &state.record else { return };
    if !state.has_old_intents || state.source.note_file().is_none() {
        return;
    }
    let is_file = matches!(state.source, Source::Output(_)) && record.handed_over().is_some();
    match is_file && record.intents.is_empty() {
        true => machine.forget(state),
        false => {
            if let Err(error) = machine.note(state, record) {
                tracing::info!(%error, "the note of a creation stays");
            }
        }
    }
}

/// What the steps act on, on a machine.
pub(super) struct Acting<'a, M> {
    pub machine: &'a M,
    pub request: &'a Request,
    pub state: &'a State,
    pub new: NewKey,
    pub call: Option<ModelCall>,
}

impl<M: Machine> World for Acting<'_, M> {
    fn note(&mut self, record: &Record) -> Result<(), Error> {
        self.machine.note(self.state, record)
    }

    fn forget(&mut self) {
        self.machine.forget(self.state);
    }

    fn now(&self) -> Timestamp {
        self.machine.now()
    }

    async fn create(&mut self) -> Result<CreateV2KeyResponse, Error> {
        self.machine.create(&self.state.user, &self.new).await
    }

    async fn prove(&mut self, created: &CreateV2KeyResponse) -> Result<(), Error> {
        self.machine.prove(self.request, self.call.as_ref(), created).await
    }

    async fn hand_over(&mut self, created: &CreateV2KeyResponse) -> Delivery {
        self.machine.hand_over(self.request, self.state, created).await
    }

    async fn delete(&mut self, key_id: &str) -> Result<(), Error> {
        Ok(self.machine.delete(self.request, self.state, key_id).await.map_err(keys::Error::from)?)
    }
}
