//! What the steps of a rotation act on: the workbench, files and processes.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use secrecy::zeroize::Zeroizing;

use super::Error;
use super::exec::{self, Ended};
use super::hand_over::{HandOver, note};
use super::proof;
use super::read::State;
use super::record::{self, Record, keep_note};
use super::request::Request;
use super::steps::{Delivery, World};
use crate::actions::key_file::KeyFile;
use crate::actions::models::ModelCall;
use crate::actions::{Progress, keys};
use crate::api::NewKey;
use crate::config::Session;
use crate::wire::CreateV2KeyResponse;

/// The real ones.
pub(super) struct Real<'a> {
    pub session: &'a Session,
    pub request: &'a Request,
    pub state: &'a State,
    pub progress: &'a dyn Progress,
    pub new: NewKey,
    pub proof: Option<ModelCall>,
}

impl Real<'_> {
    /// A name that a command was started for before has this key now, and no other is in doubt.
    fn settle_other_note(&self, created: &CreateV2KeyResponse) {
        let Some(file) = note(self.session, &self.state.user, &self.state.group.name) else { return };
        if file.exists()
            && let Err(error) = keep_note(&file, &Record::new(&created.key_id, Some(self.now())))
        {
            tracing::info!(%error, "the note of an earlier command stays");
        }
    }

    fn write(&self, file: &KeyFile, created: &CreateV2KeyResponse) -> Delivery {
        let text = Zeroizing::new(record::file_text(created, self.now()));
        if let Err(error) = file.write(&text) {
            // It may have failed after the file was replaced.
            let holds = crate::bounded::read_to_string(file.path()).map(Zeroizing::new);
            if !holds.is_ok_and(|holds| *holds == *text) {
                return Delivery::Never(Error::FileNotWritten { file: file.path().to_owned(), error });
            }
        }
        self.settle_other_note(created);
        Delivery::Recorded
    }

    /// Whether the command kept the record. Where it did not, or where that takes a while, a note
    /// keeps the next run from taking the key for one that was never handed over.
    fn recorded(&self, created: &CreateV2KeyResponse) -> Delivery {
        let Some(kept) = &self.request.record else { return Delivery::Done };
        match record::named_in_record(kept, created) {
            (true, _) => Delivery::Recorded,
            (false, look) => Delivery::Unrecorded(look),
        }
    }
}

impl World for Real<'_> {
    fn note(&mut self, record: &Record) -> Result<(), Error> {
        let no_folder =
            || io::Error::new(io::ErrorKind::NotFound, "there is no folder for the configuration");
        let file = self.state.source.note_file().ok_or_else(|| Error::NotNoted {
            file: PathBuf::from("the configuration folder"),
            error: no_folder(),
        })?;
        keep_note(&file, record).map_err(|error| Error::NotNoted { file, error })
    }

    fn forget(&mut self) {
        let _ = self.state.source.note_file().map(std::fs::remove_file);
    }

    fn now(&self) -> Timestamp {
        self.session.client.clock().now()
    }

    async fn create(&mut self) -> Result<CreateV2KeyResponse, Error> {
        Ok(keys::create(self.session, &self.state.user, &self.new, self.progress).await?)
    }

    async fn prove(&mut self, created: &CreateV2KeyResponse) -> Result<(), Error> {
        let busy = self.request.verify.as_ref().map_or(0, |verify| verify.busy);
        proof::prove(self.session, &created.api_key, &created.audiences, self.proof.as_ref(), busy).await
    }

    async fn hand_over(&mut self, created: &CreateV2KeyResponse) -> Delivery {
        match &self.request.hand_over {
            HandOver::File(file) => self.write(file, created),
            HandOver::Return => self.recorded(created),
            HandOver::Command { command, patience } => {
                match exec::run(command, created, *patience, self.state.locks.as_slice()).await {
                    Ended::Well => self.recorded(created),
                    Ended::Never(error) => Delivery::Never(Error::HandOver { why: error.to_string() }),
                    Ended::Badly(why) => Delivery::InDoubt(Error::HandOver { why }),
                }
            }
        }
    }

    async fn delete(&mut self, key_id: &str) -> Result<(), Error> {
        Ok(self.session.client.delete_key(&self.state.user, key_id).await.map_err(keys::Error::from)?)
    }
}
