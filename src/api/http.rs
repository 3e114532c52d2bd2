//! The HTTP client below [`super::Client`], built when it is first needed.
//!
//! Reading the system's certificates takes milliseconds and memory. The first frame does not wait
//! for that, and a workbench without TLS never needs it.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use rustls::{ClientConfig, RootCertStore};

use super::Error;
use super::error::shown;
use super::options::ClientOptions;
use super::proxy::{Choice, Proxy};
use crate::bounded;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What a client is built from, and the client once it is built.
pub(super) struct Http {
    certificates: Vec<reqwest::Certificate>,
    proxy: Option<Proxy>,
    insecure: bool,
    timeout: Duration,
    /// Nothing is ever sent or received through TLS.
    plain: bool,
    made: OnceLock<Result<reqwest::Client, Error>>,
}

impl Http {
    /// Checks the options, so that a mistake is reported before the first request.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a certificate file or a proxy that cannot be used.
    pub fn new(options: &ClientOptions, base: &Url) -> Result<Self, Error> {
        let uri = base.as_str().parse().map_err(|_| Error::invalid("the URL cannot be read", ""))?;
        let proxy = Choice::of(options).proxy(&uri)?;
        Ok(Self {
            certificates: certificates(options)?,
            // A proxy may need TLS even if the workbench does not.
            plain: base.scheme() == "http" && proxy.is_none(),
            proxy,
            insecure: options.insecure,
            timeout: options.timeout,
            made: OnceLock::new(),
        })
    }

    /// The client. The first call may read the system's certificates.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the certificates cannot be used.
    pub fn client(&self) -> Result<&reqwest::Client, Error> {
        self.made.get_or_init(|| self.make()).as_ref().map_err(Clone::clone)
    }

    /// The proxy that requests go through.
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    fn make(&self) -> Result<reqwest::Client, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("keybench/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            .timeout(self.timeout)
            // It was chosen above, by the rules that model calls also follow.
            .no_proxy();
        if self.plain {
            builder = builder.tls_backend_preconfigured(trusting_nobody()?);
        } else {
            check_system_file()?;
            if !self.certificates.is_empty() {
                builder = builder.tls_certs_merge(self.certificates.iter().cloned());
            }
            if self.insecure {
                builder = builder.tls_danger_accept_invalid_certs(true);
            }
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(through(proxy)?);
        }
        builder.build().map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            unprepared(&cause)
        })
    }
}

fn through(proxy: &Proxy) -> Result<reqwest::Proxy, Error> {
    let scheme = if proxy.secure { "https" } else { "http" };
    let unusable = || Error::invalid("the proxy's URL cannot be read", "give it as http://HOST:PORT");
    let through = reqwest::Proxy::all(format!("{scheme}://{}", proxy.authority)).map_err(|_| unusable())?;
    let Some(authorization) = &proxy.authorization else { return Ok(through) };
    let mut value = HeaderValue::from_str(authorization).map_err(|_| unusable())?;
    value.set_sensitive(true);
    Ok(through.custom_http_auth(value))
}

/// TLS settings without any root certificate, for a client that never uses them.
fn trusting_nobody() -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unprepared(&error.to_string()))?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// Checks `SSL_CERT_FILE` first: the library that reads it reports neither the file name nor the
/// cause.
///
/// # Errors
/// [`Error::Invalid`] if it names a file that cannot be read.
pub(crate) fn check_system_file() -> Result<(), Error> {
    const HINT: &str = "name a PEM file with certificate authorities, or unset SSL_CERT_FILE";
    let Some(file) = std::env::var_os("SSL_CERT_FILE") else { return Ok(()) };
    if file.is_empty() {
        return Err(Error::invalid("SSL_CERT_FILE is set, and names no file", HINT));
    }
    let file = Path::new(&file);
    bounded::read(file).map(drop).map_err(|error| {
        let what = format!("the certificate file {} (SSL_CERT_FILE) cannot be read: {error}", file.display());
        Error::invalid(what, HINT)
    })
}

fn unprepared(cause: &str) -> Error {
    let what = format!("no connection can be prepared: {}", shown(cause));
    Error::invalid(what, "check the certificates of this system, --ca-cert and SSL_CERT_FILE")
}

/// The certificates to trust in addition to the system's.
fn certificates(options: &ClientOptions) -> Result<Vec<reqwest::Certificate>, Error> {
    let Some(file) = &options.ca_cert else { return Ok(Vec::new()) };
    let shown = file.display();
    let pem = bounded::read(file).map_err(|error| {
        Error::invalid(format!("the certificate file {shown} cannot be read: {error}"), "check --ca-cert")
    })?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        let what = format!("the certificate file {shown} holds no PEM certificate");
        return Err(Error::invalid(what, "it must have a part that begins with -----BEGIN CERTIFICATE-----"));
    }
    Ok(certificates)
}
