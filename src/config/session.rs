//! A user of a workbench: the starting point of every command and of the interface.

use std::path::PathBuf;
use std::time::Duration;

use super::Store;
use crate::api::Client;
use crate::secret::ApiKey;
use crate::text;

/// One workbench, as one user.
#[derive(Debug, Clone)]
pub struct Session {
    /// Uses the key of [`Self::username`].
    pub client: Client,
    /// The owner of the key, if known before the first answer.
    pub username: Option<String>,
    /// The key's ID, if the profile or the demo knows it; the workbench never reveals it (SPEC).
    pub key_id: Option<String>,
    /// The display name: the profile's label or name, else the host.
    pub label: String,
    /// The profile it comes from; `None` for the environment and for the demo.
    pub profile: Option<String>,
    /// The profile's colour, as the theme names colours.
    pub colour: Option<String>,
    /// Nothing may be created, changed or deleted.
    pub read_only: bool,
    /// Certificates are not checked; the interface always shows this.
    pub insecure: bool,
    /// The initial project: an ID, from `CDSW_PROJECT_ID`.
    pub project: Option<String>,
    /// The key is the one that a workbench session was given: it is never offered for deletion or
    /// rotation, and no secret is written to the home directory, which other collaborators can read.
    pub inside_workbench: bool,
    /// The key that the workbench gave to the session that this runs in, whether or not it is the one
    /// in use.
    pub session_key: Option<ApiKey>,
    /// Keys that can be picked for a test without pasting them; the demo has those of its users.
    pub known_keys: Vec<KnownKey>,
    /// Timeout of one model call, if the command line gives one; else the test engine's default.
    pub model_timeout: Option<Duration>,
    /// Where created and rotated keys are recorded; the demo does so in the data of its workbench.
    pub store: Option<Store>,
    /// Where tests and runs are kept; `None` where no history is.
    pub history: Option<PathBuf>,
}

/// A key whose text this run knows: it was made here, or the demo came with it.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// What to call it in a list: its comment, or whose it is.
    pub label: String,
    pub username: String,
    pub key_id: Option<String>,
    pub key: ApiKey,
    /// How many model calls were made with it in this run.
    pub tests: usize,
}

impl Session {
    /// A session with only a client; `label` is the host.
    pub fn new(client: Client) -> Self {
        let label = client.url().split_once("://").map_or(client.url(), |(_, host)| host).to_owned();
        let insecure = client.options().insecure;
        Self {
            client,
            username: None,
            key_id: None,
            label,
            profile: None,
            colour: None,
            read_only: false,
            insecure,
            project: None,
            inside_workbench: false,
            session_key: None,
            known_keys: Vec::new(),
            model_timeout: None,
            store: None,
            history: None,
        }
    }
}

impl KnownKey {
    /// Names the key: its Key ID as tables show it, or the end of its text if that is not known.
    pub fn id(&self) -> String {
        self.key_id.as_deref().map_or_else(|| self.key.masked(), |id| text::short_id(id).into_owned())
    }
}
