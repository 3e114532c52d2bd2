//! Starts and ends a workbench.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ring::hmac;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::address::{self, Address, BadHost};
use super::certificates::{CertificateError, Certificates};
use super::control::{Control, StateError};
use super::directory::{Directory, NotOurs};
use super::http::log::AccessLog;
use super::http::server::{self, Service};
use super::lifecycle::snapshots::Snapshots;
use super::lifecycle::{Api, Lifecycle, Steps};
use super::logs::Logs;
use super::options::{Credentials, Options};
use super::python::{self, Python};
use super::replicas::{Replicas, Settings};
use super::seed::{self, Credential, SeedError, credentials};
use super::state::{Shared, Workbench};
use super::store::{DirectoryError, Store, StoreError, facts};
use super::{cache::Cache, host_names, ids, routes};
use crate::secret::ApiKey;

/// How long a replica may take to start: importing large libraries is slow.
const REPLICA_START_TIME: Duration = Duration::from_secs(120);

/// Why a workbench did not start. The messages say what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{listen} can be reached from other machines{why}; add --allow-remote if that is wanted")]
    Remote { listen: SocketAddr, why: &'static str },
    #[error(transparent)]
    NotOurs(#[from] NotOurs),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(
        "cannot listen on {listen}: {source}; choose another address with --listen, port 0 takes a free one"
    )]
    Listen { listen: SocketAddr, source: io::Error },
    #[error("the data directory cannot be filled: {0}")]
    Seed(#[from] SeedError),
    #[error(
        "the data directory {} was seeded with other credentials; choose an empty one for --credentials fixed",
        data.display()
    )]
    OtherCredentials { data: PathBuf },
    #[error("the files that serve Python functions cannot be written: {0}")]
    Python(#[source] io::Error),
    #[error("the hosts file for processes cannot be written: {0}")]
    Hosts(#[source] io::Error),
    #[error("the store cannot be read: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Host(#[from] BadHost),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("the control listener cannot begin: {0}")]
    Control(#[from] StateError),
}

/// A running workbench; it ends when this is dropped, and gracefully with [`Running::shutdown`].
pub struct Running {
    /// `http://HOST:PORT`
    pub url: String,
    /// The URL for model calls.
    pub model_service_url: String,
    /// The data directory.
    pub data: PathBuf,
    /// The file with the keys of the seeded users.
    pub credentials: PathBuf,
    /// The authority of its certificate, and the file with that and the system's roots.
    pub certificates: Option<Certificates>,
    /// Its control listener, if it has one.
    pub control: Option<ControlDoor>,
    /// Warnings for the person who started it, as sentences.
    pub warnings: Vec<String>,
    workbench: Workbench,
    server: JoinHandle<()>,
    control_server: Option<JoinHandle<()>>,
    ending: CancellationToken,
    /// Abandons what is in flight.
    cut: CancellationToken,
    // Last: fields are dropped in this order, and the directory is released once nothing uses it.
    directory: Directory,
}

/// The address of the control listener, and its token.
#[derive(Clone)]
pub struct ControlDoor {
    /// `http://ADDR:PORT`
    pub url: String,
    pub token: ApiKey,
}

/// Starts a workbench. Returns once it answers and every deployment that should run does.
pub async fn start(options: Options) -> Result<Running, StartError> {
    let mut warnings = check(&options)?;
    let directory = Directory::take(&options.data)?;
    let store = Store::open(&options.data)?;
    let projects = options.projects.clone().unwrap_or_else(|| options.data.join("projects"));
    fill_if_empty(&store, &options, &projects).await?;
    let listener = bind(options.listen).await?;
    let listen =
        listener.local_addr().map_err(|source| StartError::Listen { listen: options.listen, source })?;
    let Address { url, model_service_url } = Address::new(listen, options.tls, options.host.as_deref())?;
    let certificates = match options.tls {
        true => {
            let names = address::names(listen, options.host.as_deref())?;
            Some(Certificates::of(&options.data, &names)?)
        }
        false => None,
    };
    let workbench = workbench(&options, store, projects, &url, certificates.as_ref(), &mut warnings).await?;
    let (ending, cut) = (CancellationToken::new(), CancellationToken::new());
    let router = routes::router(&workbench);
    let mut service = Service {
        answers: routes::answers_with_direct_calls(router.clone(), workbench.clone()),
        tls: certificates.as_ref().map(|made| made.config.clone()),
        ending: ending.clone(),
        cut: cut.clone(),
        trouble: options.trouble.clone(),
    };
    let mut control = None;
    if let Some(at) = options.control {
        let token = ids::token().map_err(SeedError::from)?;
        let calls =
            Control::new(workbench.clone(), options.clock.clone(), &options.data, &token, ending.clone())?;
        service.answers = routes::answers(calls.watch(router));
        let listener = bind(at).await?;
        let url = listener.local_addr().map_err(|source| StartError::Listen { listen: at, source })?;
        let door = ControlDoor { url: format!("http://{url}"), token: ApiKey::from_workbench(token) };
        let serving = Service { answers: routes::answers(calls.router()), tls: None, ..service.clone() };
        control = Some((door, calls, tokio::spawn(server::serve(listener, serving))));
    }
    workbench.lifecycle().resume().await?;
    if let Some((_, calls, _)) = &control {
        calls.begin().await?;
    }
    let server = tokio::spawn(server::serve(listener, service));
    let (control, control_server) = control.map(|(door, _, server)| (door, server)).unzip();
    Ok(Running {
        url,
        model_service_url,
        credentials: credentials::path(&options.data),
        data: options.data,
        certificates,
        control,
        warnings,
        workbench,
        server,
        control_server,
        ending,
        cut,
        directory,
    })
}

/// Refuses a public address that was not explicitly allowed; returns what deserves a warning.
fn check(options: &Options) -> Result<Vec<String>, StartError> {
    let mut warnings = Vec::new();
    if !options.listen.ip().is_loopback() {
        let why = if options.tls { "" } else { ", and there is no encryption" };
        if !options.allow_remote {
            return Err(StartError::Remote { listen: options.listen, why });
        }
        if !options.tls {
            warnings.push(format!(
                "{} can be reached from other machines, and there is no encryption: others on the network can read keys and requests",
                options.listen
            ));
        }
    }
    if let Some(listen) = options.control.filter(|control| !control.ip().is_loopback()) {
        if !options.allow_remote {
            return Err(StartError::Remote { listen, why: " and controls this workbench" });
        }
        warnings.push(format!(
            "{listen} controls this workbench, can be reached from other machines and has no encryption"
        ));
    }
    if matches!(options.credentials, Credentials::Fixed(_)) {
        warnings.push(
            "its keys are derived from the text of --credentials fixed: they are no secret, for tests alone"
                .to_owned(),
        );
    }
    Ok(warnings)
}

async fn bind(listen: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(listen).await.map_err(|source| StartError::Listen { listen, source })
}

/// The Python of this machine; off if other machines reach the workbench, unless `python` says
/// otherwise.
fn machine_python(options: &Options, warnings: &mut Vec<String>) -> Result<Python, StartError> {
    let starter = options.starter.clone().or_else(python::confined::own_program);
    let mut python = Python::install(&options.data, starter).map_err(StartError::Python)?;
    if !options.listen.ip().is_loopback() && !options.python {
        if python.is_there() {
            warnings.push(
                "Python functions are off; --python lets those who may deploy models run them".to_owned(),
            );
        }
        python = python.switched_off();
    }
    warnings.extend(python.warnings());
    let shown = options.host.as_deref().filter(|_| options.show_host);
    let hosts = shown.map(|host| host_names::write(&options.data, host)).transpose();
    Ok(python.with_hosts(hosts.map_err(StartError::Hosts)?))
}

async fn workbench(
    options: &Options,
    store: Store,
    projects: PathBuf,
    url: &str,
    certificates: Option<&Certificates>,
    warnings: &mut Vec<String>,
) -> Result<Workbench, StartError> {
    let python = machine_python(options, warnings)?;
    let authorities = certificates.map(|made| python.show(&made.bundle)).transpose();
    let api = Api { url: url.to_owned(), authorities: authorities.map_err(StartError::Python)? };
    let secret = store.read(|db| facts::get(db, facts::TOKEN_SECRET)).await?.unwrap_or_default();
    let replicas = Replicas::new(Settings {
        busy_wait: options.busy_wait,
        request_timeout: options.request_timeout,
        start_limit: REPLICA_START_TIME,
        logs: Logs::new(options.data.join("logs")),
        python,
    });
    let steps = Steps {
        build: Duration::from_millis(options.behaviour.limits.build_step_ms),
        deployment: Duration::from_millis(options.behaviour.limits.deployment_step_ms),
    };
    let builds = options.data.join("builds");
    let snapshots = if options.control.is_some() { Snapshots::kept(builds) } else { Snapshots::new(builds) };
    let clock = options.clock.clone();
    let now = Arc::new(move || clock.now());
    let lifecycle = Lifecycle::new(store.clone(), replicas, snapshots, projects.clone(), api, steps, now);
    let run = ids::token().map_err(SeedError::from)?;
    Ok(Workbench::new(Shared {
        store,
        lifecycle,
        behaviour: options.behaviour.clone(),
        clock: options.clock.clone(),
        url: url.to_owned(),
        named: options.host.is_some(),
        projects,
        token_key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
        access_log: Arc::new(AccessLog::new(run[..8].to_owned(), options.access_log, options.clock.clone())),
        key_owners: Cache::default(),
        callables: Cache::default(),
        standings: Cache::default(),
    }))
}

/// Seeds an empty store in one transaction. Files are written before the commit: a crash in between
/// leaves an empty store, which is seeded again.
async fn fill_if_empty(store: &Store, options: &Options, projects: &Path) -> Result<(), StartError> {
    let source = ids::Source::of(&options.credentials);
    let seeded = store
        .read(|db| Ok::<_, StoreError>((facts::get(db, facts::SEED)?, facts::get(db, facts::CREDENTIALS)?)));
    if let (Some(_), credentials) = seeded.await? {
        // Without an explicit seed, any existing one is fine.
        let other = source.is_fixed() && credentials != Some(source.mark());
        return match other {
            true => Err(StartError::OtherCredentials { data: options.data.clone() }),
            false => Ok(()),
        };
    }
    let (seed, behaviour, now) = (options.seed.clone(), options.behaviour.clone(), options.clock.now());
    let (data, projects) = (options.data.clone(), projects.to_owned());
    let seeding = store.write(move |db| -> Result<_, SeedError> {
        let seeded = seed::fill(db, &seed, &behaviour, &source, now)?;
        facts::set(db, facts::CREDENTIALS, &source.mark())?;
        seed::make_folders(&projects, &seeded.folders)?;
        Ok(credentials::write(&data, &seeded.credentials)?)
    });
    Ok(seeding.await?)
}

impl Running {
    /// The keys of the seeded users.
    pub fn credentials(&self) -> io::Result<Vec<Credential>> {
        credentials::read(&self.data)
    }

    /// The state, for programs that embed the workbench.
    pub fn workbench(&self) -> &Workbench {
        &self.workbench
    }

    /// Lets requests in flight finish, for a bounded time, and ends.
    pub async fn shutdown(mut self) {
        self.stop();
        self.ended().await;
    }

    /// Starts to end; [`Running::ended`] returns when it is done.
    pub fn stop(&self) {
        self.ending.cancel();
    }

    /// Ends without waiting for requests in flight; [`Running::ended`] returns when it is done.
    pub fn cut(&self) {
        self.ending.cancel();
        self.cut.cancel();
    }

    /// Returns when this server has lost its data directory, so that it cannot continue.
    pub async fn lost(&self) {
        self.directory.gone().await;
    }

    /// Returns when the workbench has ended, by itself or by [`Running::shutdown`].
    pub async fn ended(&mut self) {
        for server in [Some(&mut self.server), self.control_server.as_mut()].into_iter().flatten() {
            if !server.is_finished() {
                let _ = server.await;
            }
        }
        self.workbench.lifecycle().shut_down().await;
        if let Err(error) = self.workbench.store().checkpoint().await {
            tracing::warn!(%error, "the log of the store stays beside it");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ending.cancel();
    }
}
