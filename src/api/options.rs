//! The options of a client.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::secret::{ApiKey, LegacyKey};

/// How to reach a workbench, and as whom.
#[derive(Clone)]
pub struct ClientOptions {
    /// URL of the workbench; see [`super::parse_url`] for what it tolerates.
    pub url: String,
    /// URL of the model service, if [`super::model_service_url`] does not give the right one.
    pub model_url: Option<String>,
    pub key: Option<ApiKey>,
    /// PEM file with certificates to trust in addition to the system's.
    pub ca_cert: Option<PathBuf>,
    /// Accept any certificate.
    pub insecure: bool,
    /// Timeout of one request, without retries.
    pub timeout: Duration,
    /// URL of a proxy, which may include user name and password; `None`: as the environment says.
    pub proxy: Option<String>,
    /// Ignore all proxies, even those of the environment: the workbench is in this process.
    pub direct: bool,
    /// Used (Basic) for the v1 site settings if the API key is refused.
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

// Written by hand: a proxy's URL may contain a password.
impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("url", &self.url)
            .field("insecure", &self.insecure)
            .finish_non_exhaustive()
    }
}
