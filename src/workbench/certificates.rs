//! The certificates of `--tls`: a certificate authority and a leaf that are created once and reused
//! at each start. The authority's private key signs once and is then discarded.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _, Zoned, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How long a certificate is valid, and how long before its end it is replaced, in days. Browsers
/// and systems reject leaves that last much longer.
const LIFE: i64 = 390;
const RENEW: i64 = 30;

/// Where systems keep their trusted roots.
const SYSTEM_ROOTS: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

/// The variables by which programs find the authorities that they trust: OpenSSL and what is built on
/// it, requests, curl, Node.js.
pub const VARIABLES: [&str; 4] =
    ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("{} cannot be written or read: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("a certificate cannot be made for {names}: {source}")]
    Make { names: String, source: rcgen::Error },
    #[error("the certificate in {} cannot be served: {source}; remove that folder for a new one", path.display())]
    Serve { path: PathBuf, source: rustls::Error },
}

/// What a server and its clients need.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// The authority that clients must trust.
    pub authority: PathBuf,
    /// The authority and the system's roots.
    pub bundle: PathBuf,
    pub config: Arc<ServerConfig>,
}

impl Certificates {
    /// The certificates of a data directory; created if they are missing, expire soon, or are for
    /// other names.
    pub fn of(data: &Path, names: &BTreeSet<String>) -> Result<Self, CertificateError> {
        let folder = data.join("tls");
        let file = |name: &str| folder.join(name);
        let failed = |source| CertificateError::File { path: folder.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let today = Timestamp::now().to_zoned(TimeZone::UTC);
        let renewed =
            fs::read_to_string(file("made-for")).ok().is_some_and(|text| is_current(&text, names, &today));
        if !renewed {
            make(&folder, names, &today)?;
        }
        write_bundle(&folder).map_err(failed)?;
        let config = config(&file("leaf.pem"), &file("leaf.key"))
            .map_err(|source| CertificateError::Serve { path: folder.clone(), source })?;
        Ok(Self { authority: file("ca.pem"), bundle: file("bundle.pem"), config: Arc::new(config) })
    }
}

/// `made-for` contains the last day and the names, one per line.
fn is_current(text: &str, names: &BTreeSet<String>, today: &Zoned) -> bool {
    let mut lines = text.lines();
    let until = lines.next().and_then(|day| day.parse::<jiff::civil::Date>().ok());
    let known: BTreeSet<String> = lines.map(str::to_owned).collect();
    let limit = today.date().saturating_add(RENEW.days());
    known == *names && until.is_some_and(|until| until > limit)
}

fn make(folder: &Path, names: &BTreeSet<String>, today: &Zoned) -> Result<(), CertificateError> {
    let made = |source| CertificateError::Make {
        names: names.iter().cloned().collect::<Vec<_>>().join(", "),
        source,
    };
    let until = today.date().saturating_add(LIFE.days());
    let dated = |mut params: CertificateParams| {
        let day = |date: jiff::civil::Date| {
            rcgen::date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
        };
        params.not_before = day(today.date().saturating_sub(1.day()));
        params.not_after = day(until);
        params
    };
    let authority_key = KeyPair::generate().map_err(made)?;
    let mut authority = dated(CertificateParams::default());
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "keybench embedded workbench");
    let root = authority.self_signed(&authority_key).map_err(made)?;
    let leaf_key = KeyPair::generate().map_err(made)?;
    let mut leaf = dated(CertificateParams::new(names.iter().cloned().collect::<Vec<_>>()).map_err(made)?);
    leaf.distinguished_name.push(DnType::CommonName, "keybench");
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = leaf.signed_by(&leaf_key, &Issuer::from_params(&authority, &authority_key)).map_err(made)?;
    let mut made_for = until.to_string();
    for name in names {
        made_for.push('\n');
        made_for.push_str(name);
    }
    // The file that marks the set as complete comes last.
    for (name, text) in [
        ("leaf.key", leaf_key.serialize_pem()),
        ("leaf.pem", leaf.pem()),
        ("ca.pem", root.pem()),
        ("made-for", made_for),
    ] {
        let path = folder.join(name);
        write(&path, text.as_bytes()).map_err(|source| CertificateError::File { path, source })?;
    }
    Ok(())
}

/// Programs that are given a bundle trust nothing else, so it includes the system's roots.
fn write_bundle(folder: &Path) -> io::Result<()> {
    let mut bundle = fs::read(folder.join("ca.pem"))?;
    if let Some(roots) = SYSTEM_ROOTS.iter().find_map(|path| fs::read(path).ok()) {
        bundle.push(b'\n');
        bundle.extend(roots);
    }
    let path = folder.join("bundle.pem");
    if fs::read(&path).is_ok_and(|there| there == bundle) { Ok(()) } else { write(&path, &bundle) }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn config(leaf: &Path, key: &Path) -> Result<ServerConfig, rustls::Error> {
    let unreadable = |error: rustls::pki_types::pem::Error| rustls::Error::General(error.to_string());
    let chain = vec![CertificateDer::from_pem_file(leaf).map_err(unreadable)?];
    let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_stay_until_they_end_or_other_names_are_wanted() {
        let data = tempfile::tempdir().unwrap();
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let read = |made: &Certificates| fs::read(&made.authority).unwrap();
        let first = read(&Certificates::of(data.path(), &names(&["localhost", "127.0.0.1"])).unwrap());
        let again = read(&Certificates::of(data.path(), &names(&["localhost", "127.0.0.1"])).unwrap());
        assert_eq!(first, again);
        assert_ne!(
            first,
            read(&Certificates::of(data.path(), &names(&["localhost", "workbench.test"])).unwrap())
        );
        let keys: Vec<_> = fs::read_dir(data.path().join("tls"))
            .unwrap()
            .filter(|entry| {
                fs::read_to_string(entry.as_ref().unwrap().path()).unwrap().contains("PRIVATE KEY")
            })
            .collect();
        assert_eq!(keys.len(), 1, "the authority's key is thrown away");
        let text = "2027-01-01\nlocalhost";
        let on = |day: &str| day.parse::<jiff::civil::Date>().unwrap().to_zoned(TimeZone::UTC).unwrap();
        assert!(is_current(text, &names(&["localhost"]), &on("2026-11-01")));
        assert!(!is_current(text, &names(&["localhost"]), &on("2026-12-20")));
    }
}
