//! Starting and ending a workbench.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ring::hmac;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::http::{log::AccessLog, server};
use super::lifecycle::snapshots::Snapshots;
use super::lifecycle::{Lifecycle, Steps};
use super::logs::Logs;
use super::options::Options;
use super::python::{self, Python};
use super::replicas::{Replicas, Settings};
use super::seed::{self, Credential, SeedError, credentials};
use super::state::{Shared, Workbench};
use super::store::{DirectoryError, Store, StoreError, facts};
use super::{cache::Cache, ids, routes};

/// Held by the server that uses a data directory.
const LOCK: &str = "lock";

/// How long a replica may take to start: imports of large libraries take their time.
const REPLICA_START_TIME: Duration = Duration::from_secs(120);

/// Why a workbench did not start. The sentences say what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "{listen} can be reached from other machines, and there is no encryption; add --allow-remote if that is wanted"
    )]
    Remote { listen: SocketAddr },
    #[error(
        "another keybench serves the data directory {}; stop that one, or choose another directory with --data",
        data.display()
    )]
    InUse { data: PathBuf },
    #[error("the data directory {} cannot be locked: {source}", data.display())]
    Lock { data: PathBuf, source: io::Error },
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(
        "cannot listen on {listen}: {source}; choose another address with --listen, port 0 takes a free one"
    )]
    Listen { listen: SocketAddr, source: io::Error },
    #[error("the data directory cannot be filled: {0}")]
    Seed(#[from] SeedError),
    #[error("the files that serve Python functions cannot be written: {0}")]
    Python(io::Error),
    #[error("the store cannot be read: {0}")]
    Store(#[from] StoreError),
}

/// A workbench that serves; it ends when this is dropped, and ends gently with [`Running::shutdown`].
pub struct Running {
    /// `http://ADDR:PORT`
    pub url: String,
    /// Where models are called: `http://ADDR:PORT/model`.
    pub model_service_url: String,
    /// The data directory.
    pub data: PathBuf,
    /// The file with the keys of the seeded users.
    pub credentials: PathBuf,
    /// What the person who started it should know, in sentences.
    pub warnings: Vec<String>,
    workbench: Workbench,
    server: JoinHandle<()>,
    ending: CancellationToken,
    /// What is in flight is given up.
    cut: CancellationToken,
    // Last: fields are dropped in this order, and the directory is free once nothing uses it.
    _lock: File,
}

/// Starts a workbench. Returns once it answers and every deployment that should run does.
pub async fn start(options: Options) -> Result<Running, StartError> {
    let mut warnings = Vec::new();
    if !options.listen.ip().is_loopback() {
        if !options.allow_remote {
            return Err(StartError::Remote { listen: options.listen });
        }
        warnings.push(format!(
            "{} can be reached from other machines, and there is no encryption: keys and requests can be read on the way",
            options.listen
        ));
    }
    let lock = lock(&options.data)?;
    let store = Store::open(&options.data)?;
    let projects = options.projects.clone().unwrap_or_else(|| options.data.join("projects"));
    fill_if_empty(&store, &options, &projects).await?;
    let secret = store.read(|db| facts::get(db, facts::TOKEN_SECRET)).await?.unwrap_or_default();

    let failed = |source| StartError::Listen { listen: options.listen, source };
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let url = format!("http://{}", listener.local_addr().map_err(failed)?);

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
    let snapshots = Snapshots::new(options.data.join("builds"));
    let clock = options.clock.clone();
    let now = Arc::new(move || clock.now());
    let lifecycle =
        Lifecycle::new(store.clone(), replicas, snapshots, projects.clone(), url.clone(), steps, now);
    let run = ids::token().map_err(SeedError::from)?;
    let workbench = Workbench::new(Shared {
        store,
        lifecycle,
        behaviour: options.behaviour,
        clock: options.clock.clone(),
        url: url.clone(),
        projects,
        token_key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
        access_log: Arc::new(AccessLog::new(run[..8].to_owned(), options.access_log, options.clock)),
        key_owners: Cache::default(),
        callables: Cache::default(),
        standings: Cache::default(),
    });
    workbench.lifecycle().resume().await?;
    let (ending, cut) = (CancellationToken::new(), CancellationToken::new());
    let router = routes::router(&workbench);
    let server = tokio::spawn(server::serve(listener, router, ending.clone(), cut.clone()));
    Ok(Running {
        model_service_url: format!("{url}/model"),
        url,
        credentials: credentials::path(&options.data),
        data: options.data,
        warnings,
        workbench,
        server,
        ending,
        cut,
        _lock: lock,
    })
}

/// Takes the data directory for this process; the system gives it back when the process ends,
/// however it ends.
fn lock(data: &Path) -> Result<File, StartError> {
    let failed = |source| StartError::Lock { data: data.to_owned(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
    let path = data.join(LOCK);
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse { data: data.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Seeds an empty store in one transaction. Files are written before it is committed: a crash in
/// between leaves an empty store, which is seeded anew.
async fn fill_if_empty(store: &Store, options: &Options, projects: &Path) -> Result<(), StartError> {
    if store.read(|db| facts::get(db, facts::SEED)).await?.is_some() {
        return Ok(());
    }
    let (seed, behaviour, now) = (options.seed, options.behaviour.clone(), options.clock.now());
    let (data, projects) = (options.data.clone(), projects.to_owned());
    let seeding = store.write(move |db| -> Result<_, SeedError> {
        let seeded = seed::fill(db, seed, &behaviour, now)?;
        for directory in seeded.directories {
            std::fs::create_dir_all(projects.join(directory))?;
        }
        Ok(credentials::write(&data, &seeded.credentials)?)
    });
    Ok(seeding.await?)
}

impl Running {
    /// The keys of the seeded users.
    pub fn credentials(&self) -> io::Result<Vec<Credential>> {
        credentials::read(&self.data)
    }

    /// The state, for whoever runs the workbench inside his own process.
    pub fn workbench(&self) -> &Workbench {
        &self.workbench
    }

    /// Lets requests in flight finish, for a bounded time, and ends.
    pub async fn shutdown(mut self) {
        self.stop();
        self.ended().await;
    }

    /// Begins to end; [`Running::ended`] tells when it is done.
    pub fn stop(&self) {
        self.ending.cancel();
    }

    /// Ends without waiting for what is in flight; [`Running::ended`] tells when it is done.
    pub fn cut(&self) {
        self.ending.cancel();
        self.cut.cancel();
    }

    /// Returns when the workbench has ended by itself or by [`Running::shutdown`].
    pub async fn ended(&mut self) {
        if !self.server.is_finished() {
            let _ = (&mut self.server).await;
        }
        self.workbench.lifecycle().shut_down().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ending.cancel();
    }
}
