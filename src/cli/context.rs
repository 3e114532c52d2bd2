//! What every command starts from: options, configuration, output, and who one is.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::error::{Exit, Failure};
use super::options::Global;
use super::output::Output;
use super::start::{FirstScreen, Start};
use crate::actions::fleet::{Manifest, ServiceKeys};
use crate::actions::history::{self, Called, Ended};
use crate::actions::key_file::KeyFile;
use crate::actions::models::ModelCall;
use crate::actions::{self, Event, Progress, clock, sign_in};
use crate::api::{Changes, Client, ServerClock};
use crate::config::paths::{look_env, process_env};
use crate::config::{self, Loaded, Overrides, Resolved, Session, Store};

pub struct Context {
    pub global: Global,
    pub out: Output,
    /// What was done and what was not, for the message of an interrupted command.
    ledger: Mutex<Vec<String>>,
    /// The clients that commands have used: they know which changes have no answer.
    clients: Mutex<Vec<Client>>,
}

impl Context {
    pub fn new(global: Global, out: Output) -> Self {
        Self { global, out, ledger: Mutex::default(), clients: Mutex::default() }
    }

    /// The folder of configuration.
    pub fn store(&self) -> Result<Store, config::Error> {
        Store::from_env(&process_env)
    }

    fn loaded(&self) -> Loaded {
        match self.store() {
            Ok(store) => store.load(),
            Err(problem) => Loaded { problems: vec![problem], ..Loaded::default() },
        }
    }

    /// The file of the history.
    ///
    /// # Errors
    /// None is kept here.
    pub fn history(&self) -> Result<PathBuf, history::Error> {
        Ok(config::history::file(&process_env, &self.loaded())?)
    }

    /// Keeps a test or a run in the history; warns if that fails.
    pub async fn keep(&self, call: &ModelCall, request: Option<&str>, ended: Ended) {
        let called = Called::new(&call.session, &call.model, call.key.as_ref(), request);
        match history::record(&call.session, called, ended).await {
            Err(error) if !error.is_no_place() => {
                self.out.warn("history", &format!("not kept: {error}"), Some(&error.hint()));
            }
            Err(error) => tracing::info!(%error, "not kept in the history"),
            Ok(_) => {}
        }
    }

    /// Options, environment and files, put together.
    pub fn resolve(&self) -> Result<Resolved, config::Error> {
        config::resolve(&self.overrides(), &process_env, &mut self.loaded())
    }

    /// As [`Self::resolve`], and goes on where there is no key; why there is none.
    pub fn resolve_without_key(&self) -> Result<(Resolved, Option<config::Error>), config::Error> {
        config::resolve::without_key(&self.overrides(), &process_env, &mut self.loaded())
    }

    fn overrides(&self) -> Overrides {
        Overrides {
            profile: self.global.profile.clone(),
            url: self.global.url.clone(),
            model_url: self.global.model_url.clone(),
            ca_cert: self.global.ca_cert.clone(),
            insecure: self.global.insecure,
            timeout: self.global.timeout,
            read_only: self.global.read_only,
        }
    }

    /// The workbench and user that the command is for.
    pub fn session(&self) -> Result<Session, config::Error> {
        let mut session = self.resolve()?.session()?;
        session.store = self.store().ok();
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).push(session.client.clone());
        Ok(session)
    }

    /// The session, for a command that changes something.
    pub fn session_to_change(&self, what: &'static str) -> Result<Session, Failure> {
        let session = self.session()?;
        actions::may_change(&session, what)?;
        Ok(session)
    }

    /// Refuses configuration that a newer keybench wrote, and a folder whose name cannot be read: going
    /// on as if there were none could go wrong unnoticed.
    pub fn refuse_newer(&self) -> Result<(), Failure> {
        let problems = self.loaded().problems;
        let refused = |problem: &config::Error| {
            matches!(problem, config::Error::Newer { .. } | config::Error::Environment(_))
        };
        match problems.into_iter().find(refused) {
            Some(problem) => Err(problem.into()),
            None => Ok(()),
        }
    }

    /// Warns of broken or exposed files that were ignored, except for what `failure` says already.
    pub fn warn_of_files(&self, failure: Option<&Failure>) {
        for problem in self.loaded().problems {
            // A command may get everything it needs by its options, and then needs no home.
            let is_said = failure.is_some_and(|failure| failure.message == problem.to_string());
            if !is_said && !matches!(problem, config::Error::NoFolder) {
                self.out.warn("configuration", &problem.to_string(), problem.hint().as_deref());
            }
        }
    }

    /// Warns before a key is sent to a server with any certificate.
    pub fn warn_of_insecurity(&self) {
        // Without running a credential command, which `Self::resolve` would.
        if config::resolve::is_insecure(&self.overrides(), &process_env, &mut self.loaded()) {
            self.out.warn(
                "insecure",
                "certificates are not checked (--insecure): anyone on the network path can read the key",
                Some("give the certificate authority with --ca-cert instead"),
            );
        }
    }

    /// Warns that a key goes where collaborators of a project read.
    pub fn warn_of_storage(&self, file: &KeyFile) {
        if file.is_in_project_storage() {
            let message = format!(
                "{} lies in the project's storage, which its collaborators can read",
                file.path().display()
            );
            let hint = "name a file outside the home directory, such as in /tmp";
            self.out.warn("storage", &message, Some(hint));
        }
    }

    /// How the interface starts.
    pub fn start(&self, screen: FirstScreen) -> Start {
        let loaded = self.loaded();
        Start {
            log_file: self.global.log_file.clone(),
            screen,
            given: self.overrides(),
            ui: loaded.ui,
            no_color: self.global.no_color || look_env("NO_COLOR").is_some(),
            problems: loaded.problems.iter().map(ToString::to_string).collect(),
            fleet: self.fleet_or(loaded.fleet).unwrap_or_default(),
        }
    }

    /// The manifest of the fleet, if one is named.
    ///
    /// # Errors
    /// The environment names something that is not text.
    pub fn fleet(&self) -> Result<Option<PathBuf>, config::Error> {
        self.fleet_or(self.loaded().fleet)
    }

    fn fleet_or(&self, configured: Option<PathBuf>) -> Result<Option<PathBuf>, config::Error> {
        Ok(process_env("KEYBENCH_FLEET")?.map(PathBuf::from).or(configured))
    }

    /// The services that this machine knows. A manifest that cannot be read is for `fleet` to complain
    /// about.
    pub fn service_keys(&self, session: &Session) -> ServiceKeys {
        let manifest = self.fleet().ok().flatten().and_then(|file| Manifest::read(&file).ok());
        ServiceKeys::of(session, manifest.as_ref())
    }

    /// The workbench's time, once it has answered.
    pub fn now(&self, session: &Session) -> Timestamp {
        self.warn_of_clock(session, Duration::MAX);
        session.client.clock().now()
    }

    /// Warns of a clock that differs by more than `tolerated`, for commands that go on all the same.
    pub fn warn_of_clock(&self, session: &Session, tolerated: Duration) {
        let clock = session.client.clock();
        if clock == ServerClock::Unsaid {
            self.out.warn("clock", clock::NO_TIME, None);
        } else if let Err(differ) = clock::check(clock, tolerated) {
            self.out.warn("clock", &differ.to_string(), Some("the workbench's time counts"));
        }
    }

    /// `given`, else the user of the session.
    pub async fn user(&self, session: &Session, given: Option<String>) -> Result<String, Failure> {
        match given {
            Some(user) => Ok(user),
            None => Ok(sign_in::username(session).await?),
        }
    }

    /// Notes for [`Self::interrupted`] that something was done.
    pub fn done(&self, what: impl Into<String>) {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    /// Notes for [`Self::interrupted`] how far something is, replacing what was noted before.
    pub fn so_far(&self, what: impl Into<String>) {
        *self.ledger.lock().unwrap_or_else(PoisonError::into_inner) = vec![what.into()];
    }

    /// How an interrupted command ends: with what was done, and what may have been done.
    pub fn interrupted(&self) -> Failure {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let changes: Vec<Changes> = clients.iter().map(Client::changes).collect();
        let of = |which: fn(&Changes) -> &[&'static str]| {
            changes.iter().flat_map(which).map(|operation| (*operation).to_owned()).collect::<Vec<_>>()
        };
        // What a command noted itself says more than the names of its requests.
        let mut done = self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if done.is_empty() {
            done = of(|changes| &changes.made);
        }
        let open = of(|changes| &changes.unanswered);
        let mut message = "interrupted".to_owned();
        match (&done[..], &open[..]) {
            ([], []) => message += "; nothing was changed",
            ([], _) => {}
            (done, _) => message += &format!("; done before: {}", done.join(", ")),
        }
        if open.is_empty() {
            return Failure::new(Exit::Interrupted, "interrupted", message);
        }
        message += &format!("; not known to be done: {}", open.join(", "));
        Failure::new(Exit::Interrupted, "interrupted", message)
            .hint("it may have been done: look before you try again")
    }
}

impl Progress for Context {
    /// Notes for [`Context::interrupted`] what was changed.
    fn on(&self, event: Event<'_>) {
        match event {
            Event::KeyCreated { key_id } => self.done(format!("key {key_id} was created")),
            Event::NotNoted { why, hint } => {
                let message = format!("which Key ID the new key has is not noted here: {why}");
                self.out.warn("not_noted", &message, hint);
            }
            Event::KeyDeleted { key_id } => self.done(format!("key {key_id} was deleted")),
            Event::DeletionNotLogged { file, why } => {
                let message = format!("the deletion is not in {}: {why}", file.display());
                self.out.warn("deletion_log", &message, None);
            }
            Event::AskedAgain { model, after } => self.out.note(&format!(
                "{model} is busy or being deployed: asking it again in {} s",
                after.as_secs()
            )),
            Event::Status { of, status } => self.out.note(&format!("{of}: {status}")),
            _ => {}
        }
    }
}
