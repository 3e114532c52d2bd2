//! How to reach a model service: trusted certificates, proxy, timeout. Built once from the API
//! client's options, then shared by all calls.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::Uri;
use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;

use super::failure::CallError;
use crate::api::proxy::Choice;
pub(crate) use crate::api::proxy::Proxy;
use crate::api::{self, ClientOptions};
use crate::bounded;

/// A model call may wait 30 s for a free replica and then run for 30 s (DOCS, ml-calling-a-model);
/// the rest is for the network.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(75);
/// Longest timeout, small enough that adding it to an instant cannot overflow.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// A host that is up accepts a connection sooner than this.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The options for reaching the model service.
#[derive(Debug, Clone)]
pub struct TransportOptions {
    /// PEM file with certificates to trust in addition to the system's.
    pub ca_cert: Option<PathBuf>,
    /// Accept any certificate.
    pub insecure: bool,
    /// `http://HOST:PORT` for every call; without it `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY` decide.
    pub proxy: Option<String>,
    /// Use no proxy: the model service is in this process.
    pub direct: bool,
    /// Timeout of one call, from look-up to the last byte.
    pub timeout: Duration,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self { ca_cert: None, insecure: false, proxy: None, direct: false, timeout: DEFAULT_TIMEOUT }
    }
}

impl From<&ClientOptions> for TransportOptions {
    /// Uses the client's options, except its timeout, which suits the API and not models.
    fn from(options: &ClientOptions) -> Self {
        Self {
            ca_cert: options.ca_cert.clone(),
            insecure: options.insecure,
            proxy: options.proxy.clone(),
            direct: options.direct,
            timeout: DEFAULT_TIMEOUT,
        }
    }
}

/// How to reach a model service. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    inner: Arc<Inner>,
}

struct Inner {
    options: TransportOptions,
    extra_roots: Vec<CertificateDer<'static>>,
    /// Built at the first `https` call: reading the system's certificates takes milliseconds.
    tls: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Transport {
    /// Reads the CA file, if one is named.
    ///
    /// # Errors
    /// [`CallError::Invalid`] if the file cannot be read or contains no certificate.
    pub fn new(mut options: TransportOptions) -> Result<Self, CallError> {
        options.timeout = options.timeout.min(LONGEST_TIMEOUT);
        let mut extra_roots = Vec::new();
        if let Some(path) = &options.ca_cert {
            let hint = "name a PEM file with the certificate of your certificate authority";
            let unreadable = |why: String| {
                CallError::invalid(format!("the CA file {} cannot be used: {why}", path.display()), hint)
            };
            let pem = bounded::read(path).map_err(|error| unreadable(error.to_string()))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                extra_roots.push(certificate.map_err(|error| unreadable(error.to_string()))?);
            }
            if extra_roots.is_empty() {
                return Err(unreadable("no certificate in it".to_owned()));
            }
        }
        Ok(Self { inner: Arc::new(Inner { options, extra_roots, tls: OnceLock::new() }) })
    }

    /// Timeout of one call, from look-up to the last byte.
    pub fn timeout(&self) -> Duration {
        self.inner.options.timeout
    }

    pub fn insecure(&self) -> bool {
        self.inner.options.insecure
    }

    /// The proxy that a call to `uri` goes through.
    pub(crate) fn proxy(&self, uri: &Uri) -> Result<Option<Proxy>, CallError> {
        let options = &self.inner.options;
        let found = Choice::new(options.direct, options.proxy.as_deref()).proxy(uri).map_err(invalid)?;
        match found {
            Some(proxy) if proxy.secure => Err(CallError::invalid(
                "this kind of proxy is not supported for model calls",
                "use a proxy of the form http://HOST:PORT, or name the host in NO_PROXY",
            )),
            found => Ok(found),
        }
    }

    /// The TLS settings, made at first use.
    pub(crate) fn tls(&self) -> Result<Arc<ClientConfig>, String> {
        self.inner.tls.get_or_init(|| self.build_tls().map(Arc::new)).clone()
    }

    fn build_tls(&self) -> Result<ClientConfig, String> {
        let provider = CryptoProvider::get_default()
            .cloned()
            .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let verifier: Arc<dyn ServerCertVerifier> = if self.inner.options.insecure {
            Arc::new(AnyCertificate(provider))
        } else {
            self.verifier(provider)?
        };
        let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn verifier(&self, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
        api::check_system_file().map_err(|error| error.to_string())?;
        let extra = self.inner.extra_roots.clone();
        match Verifier::new_with_extra_roots(extra.clone(), provider.clone()) {
            Ok(verifier) => Ok(Arc::new(verifier)),
            // A machine without system certificates still trusts the named ones.
            Err(error) if extra.is_empty() => Err(error.to_string()),
            Err(_) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add_parsable_certificates(extra);
                let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                    .build()
                    .map_err(|error| error.to_string())?;
                Ok(verifier)
            }
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's URL may contain a password.
        f.debug_struct("Transport").field("timeout", &self.timeout()).finish_non_exhaustive()
    }
}

/// A value that was refused before anything was sent.
fn invalid(error: api::Error) -> CallError {
    let hint = error.hint().unwrap_or_default();
    CallError::invalid(error.to_string(), hint)
}

/// For `--insecure`: checks signatures but not the certificate's origin.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
