//! The embedded workbench inside the interface's own process: `keybench demo`, and the first-run
//! screen's offer to try without a cluster.
//!
//! The first frame is drawn before the workbench starts, so that the user sees progress instead of an
//! empty terminal.

use std::fmt;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::api::{Client, ClientOptions};
use crate::config::paths::inside_workbench;
use crate::config::{KnownKey, Session, Store};
use crate::disk;
use crate::limits;
use crate::workbench::{self, Options, Running, Seed};

/// Prefix of temporary folders.
const PREFIX: &str = "keybench-demo-";
/// Folder in the workbench's data with what this program notes of keys.
const NOTES: &str = "keybench";
/// How long the end waits for the disk.
const WRITING: Duration = Duration::from_secs(5);
/// File descriptors for the store, the listener, and connections from both their ends.
const DESCRIPTORS: usize = 32;

/// The options of the embedded workbench.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Its data directory; `None` for a temporary one.
    pub data: Option<PathBuf>,
    /// Who is signed in.
    pub user: String,
    pub read_only: bool,
    pub timeout: Option<Duration>,
}

impl Default for Wish {
    fn default() -> Self {
        Self { data: None, user: "owner".into(), read_only: false, timeout: None }
    }
}

/// A workbench that runs here. It ends with [`Embedded::shutdown`].
pub struct Embedded {
    running: Running,
    /// Removed when this is dropped.
    _temporary: Option<tempfile::TempDir>,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedded({})", self.running.url)
    }
}

impl Embedded {
    /// Starts it. Returns a session of the wanted user that knows the keys of all seeded users.
    ///
    /// # Errors
    /// A sentence that names the obstacle.
    pub async fn start(wish: Wish) -> Result<(Self, Session), String> {
        has_room().map_err(|error| {
            let why = limits::used_up(&error).unwrap_or_else(|| error.to_string());
            format!("{why}; the embedded workbench needs {DESCRIPTORS}")
        })?;
        let temporary = match &wish.data {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix(PREFIX).tempdir().map_err(|error| {
                let why = limits::used_up(&error).unwrap_or_else(|| error.to_string());
                format!("no temporary folder can be made: {why}; name one with --data")
            })?),
        };
        if let Some(folder) = &temporary {
            if cfg!(panic = "abort") {
                remove_on_panic(folder.path());
            }
            // No task waits for that.
            tokio::task::spawn_blocking(sweep);
        }
        let data = wish.data.clone().or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
        let folder = data.unwrap_or_default();
        let mut options = Options::new(folder.clone());
        options.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        options.seed = Seed::Demo;
        let running = workbench::start(options).await.map_err(|error| error.to_string())?;
        let mut session = session(&running, &wish)?;
        // It goes with the workbench.
        session.history = (!inside_workbench()).then(|| folder.join("history.sqlite"));
        Ok((Self { running, _temporary: temporary }, session))
    }

    /// Ends it; requests in flight are answered first, within bounds, and what is written into its folder is
    /// there before that is removed.
    pub async fn shutdown(self) {
        self.running.shutdown().await;
        let _ = tokio::time::timeout(WRITING, disk::at_rest()).await;
    }
}

/// Removes `folder` when something panics. Needed where that ends the program at once, and nothing is
/// dropped.
fn remove_on_panic(folder: &Path) {
    let (folder, before) = (folder.to_owned(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        before(info);
        // The next demo removes what stays.
        let _ = std::fs::remove_dir_all(&folder);
    }));
}

/// Removes the temporary folders of those that were killed.
fn sweep() {
    for entry in std::env::temp_dir().read_dir().into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            // One that cannot be removed is not missed.
            let _ = workbench::remove_abandoned(&entry.path());
        }
    }
}

/// Whether the process has enough file descriptors left. This is checked first because errors later,
/// such as those of the store, do not name the cause.
fn has_room() -> io::Result<()> {
    (0..DESCRIPTORS).map(|_| File::open("/dev/null")).collect::<io::Result<Vec<_>>>().map(drop)
}

fn session(running: &Running, wish: &Wish) -> Result<Session, String> {
    let credentials = running
        .credentials()
        .map_err(|error| format!("{} cannot be read: {error}", running.credentials.display()))?;
    let Some(own) = credentials.iter().find(|credential| credential.username == wish.user) else {
        let known: Vec<_> = credentials.iter().map(|credential| credential.username.as_str()).collect();
        return Err(format!("the demo has no user {:?}; it has {}", wish.user, known.join(", ")));
    };
    let mut options = ClientOptions::new(&running.url);
    options.key = Some(own.api_key.clone());
    options.legacy_key = Some(own.legacy_api_key.clone());
    options.model_url = Some(running.model_service_url.clone());
    // It is in this process: no proxy is needed.
    options.direct = true;
    options.timeout = wish.timeout.unwrap_or(options.timeout);
    let mut session = Session::new(Client::new(options).map_err(|error| error.to_string())?);
    session.username = Some(wish.user.clone());
    session.key_id = Some(own.key_id.clone());
    session.label = "demo".to_owned();
    session.read_only = wish.read_only;
    // What is noted of keys is as temporary as the workbench that has them.
    session.store = Some(Store::at(running.data.join(NOTES)));
    session.known_keys = credentials
        .into_iter()
        .map(|credential| KnownKey {
            label: format!("{} (demo)", credential.username),
            username: credential.username,
            key_id: Some(credential.key_id),
            key: credential.api_key,
            tests: 0,
        })
        .collect();
    Ok(session)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_is_written_while_it_ends_leaves_no_folder() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (embedded, session) = Embedded::start(Wish::default()).await.unwrap();
        let folder = session.history.unwrap().parent().unwrap().to_owned();
        let (go, waits) = std::sync::mpsc::channel();
        let file = folder.join("keybench/late");
        let write = disk::spawn(move || {
            waits.recv().unwrap();
            std::fs::create_dir_all(file.parent().unwrap()).and_then(|()| std::fs::write(&file, "late"))
        });
        let mut ending = tokio::spawn(embedded.shutdown());
        let _ = tokio::time::timeout(Duration::from_millis(500), &mut ending).await;
        go.send(()).unwrap();
        ending.await.unwrap();
        write.await.unwrap().unwrap();
        assert!(!folder.exists());
    }

    #[test]
    fn a_panic_removes_the_folder_and_is_reported_as_before() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("demo");
        std::fs::create_dir_all(folder.join("projects")).unwrap();
        let reported = Arc::new(AtomicBool::new(false));
        let (report, other) = (reported.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |info| {
            report.store(true, Ordering::SeqCst);
            other(info);
        }));
        remove_on_panic(&folder);
        assert!(std::panic::catch_unwind(|| panic!("this is wanted")).is_err());
        assert!(!folder.exists() && reported.load(Ordering::SeqCst));
    }
}
