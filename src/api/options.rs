//! What a client is made from.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::secret::{ApiKey, LegacyKey};

/// How to reach a workbench, and as whom.
#[derive(Clone)]
pub struct ClientOptions {
    /// URL of the workbench; see [`super::parse_url`] for what is tolerated.
    pub url: String,
    /// URL of the model service where the rule of [`super::model_service_url`] does not fit.
    pub model_url: Option<String>,
    pub key: Option<ApiKey>,
    /// File with PEM certificates that are trusted beside the system's.
    pub ca_cert: Option<PathBuf>,
    /// Accept any certificate.
    pub insecure: bool,
    /// For one request from beginning to end, retries not included.
    pub timeout: Duration,
    /// URL of a proxy, user name and password in it if need be; `None`: as the environment says.
    pub proxy: Option<String>,
    /// No proxy at all, whatever the environment says: the workbench is in this process.
    pub direct: bool,
    /// Serves (Basic) for the v1 site settings where the API key is refused.
    pub legacy_key: Option<LegacyKey>,
}

impl ClientOptions {
    /// The defaults for `url`: no key, 30 s, the system's certificates and proxies.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            model_url: None,
            key: None,
            ca_cert: None,
            insecure: false,
            timeout: Duration::from_secs(30),
            proxy: None,
            direct: false,
            legacy_key: None,
        }
    }
}

// By hand: a proxy's URL may hold a password.
impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("url", &self.url)
            .field("insecure", &self.insecure)
            .finish_non_exhaustive()
    }
}
