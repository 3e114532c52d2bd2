//! How the workbench is reached, step by step: proxy, name, connection, TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::certificate::Certificate;
use super::{Check, address};
use crate::api::{self, TlsReason};
use crate::cli::error::{Exit, Failure};
use crate::config::Resolved;
use crate::probe::connect::tunnel;
use crate::probe::target::Endpoint;
use crate::probe::transport::Proxy;
use crate::probe::{CallError, Transport, TransportOptions};
use crate::text::{count, latency};

/// For one step.
const PATIENCE: Duration = Duration::from_secs(10);
/// Fewer days than this on a certificate deserve a warning.
const CERTIFICATE_DAYS: i64 = 21;

pub async fn checks(resolved: &Resolved) -> Vec<Check> {
    let Some((https, host, port)) = address(resolved) else { return Vec::new() };
    let mut checks = Vec::new();
    let transport = match transport(resolved, resolved.insecure) {
        Ok(transport) => transport,
        Err(failure) => return vec![Check::fail("connection", failure)],
    };
    let uri = resolved.url.value.parse().unwrap_or_default();
    match transport.proxy(&uri) {
        Ok(None) => checks.push(Check::ok("proxy", "none")),
        Ok(Some(proxy)) => {
            let of_environment = || {
                let named = api::proxy::of_environment(&uri).ok().flatten();
                named.map_or("environment".to_owned(), |proxy| proxy.source.to_owned())
            };
            let source =
                resolved.proxy.as_ref().map_or_else(of_environment, |proxy| proxy.source.to_string());
            checks.push(Check::ok("proxy", format!("{} ({source})", proxy.authority)));
            checks.push(Check::skip("name", "the proxy looks it up"));
            let (mut check, stream) = reach("connection", &proxy.host, proxy.port).await;
            if stream.is_none() {
                check.hint = Some(format!("check the proxy ({source}), or leave {host} out with NO_PROXY"));
            }
            checks.push(check);
            if stream.is_some() {
                let route = Route { host: &host, port, proxy: Some((&proxy, &resolved.url.value)) };
                checks.push(security(resolved, &transport, https, &route).await);
            }
            return checks;
        }
        Err(error) => {
            let failure = Failure::invalid(error.to_string());
            checks.push(Check::fail("proxy", failure.hint(error.hint().unwrap_or_default())));
            return checks;
        }
    }
    let addresses = match look_up(&host, port).await {
        Ok(addresses) => addresses,
        Err(failure) => {
            checks.push(Check::fail("name", failure));
            return checks;
        }
    };
    let shown: Vec<_> = addresses.iter().take(3).map(|address| address.ip().to_string()).collect();
    checks.push(Check::ok("name", format!("{host} is {}", shown.join(", "))));
    let (check, stream) = reach("connection", &host, port).await;
    checks.push(check);
    if stream.is_some() {
        let route = Route { host: &host, port, proxy: None };
        checks.push(security(resolved, &transport, https, &route).await);
    }
    checks
}

/// How a host is reached.
struct Route<'a> {
    host: &'a str,
    port: u16,
    /// The proxy in between, and the URL to ask it for.
    proxy: Option<(&'a Proxy, &'a str)>,
}

impl Route<'_> {
    /// A connection to the host itself, through a tunnel where there is a proxy.
    async fn open(&self) -> Result<TcpStream, Check> {
        let failed = |message: String| Failure::new(Exit::NoAnswer, "no_answer", message);
        let to = self.proxy.map_or((self.host, self.port), |(proxy, _)| (proxy.host.as_str(), proxy.port));
        let stream = match timeout(PATIENCE, TcpStream::connect(to)).await {
            Err(_) => return Err(Check::fail("TLS", failed("no answer within 10 s".to_owned()))),
            Ok(Err(error)) => return Err(Check::fail("TLS", failed(error.kind().to_string()))),
            Ok(Ok(stream)) => stream,
        };
        let Some((proxy, url)) = self.proxy else { return Ok(stream) };
        let refused = |error: CallError| {
            let failure = failed(error.to_string());
            let hint = error.hint().unwrap_or_else(|| "check HTTPS_PROXY and NO_PROXY".to_owned());
            Check::fail("tunnel", failure.hint(hint))
        };
        let endpoint = Endpoint::parse(url).map_err(refused)?;
        match timeout(PATIENCE, tunnel(stream, proxy, &endpoint)).await {
            Err(_) => Err(Check::fail("tunnel", failed("the proxy gives no answer within 10 s".to_owned()))),
            Ok(tunnelled) => tunnelled.map_err(refused),
        }
    }
}

async fn security(resolved: &Resolved, transport: &Transport, https: bool, route: &Route<'_>) -> Check {
    if !https {
        return Check::warn(
            "TLS",
            "plain HTTP: the key travels in clear",
            "use https where the workbench offers it",
        );
    }
    match route.open().await {
        Ok(stream) => tls(resolved, transport, route, stream).await,
        Err(check) => check,
    }
}

/// Whether a host is reached through the proxy that a request to `url` goes through, as a check;
/// `None` where it goes through none.
pub async fn reach_through_proxy(name: &'static str, resolved: &Resolved, url: &str) -> Option<Check> {
    let transport = transport(resolved, true).ok()?;
    let proxy = transport.proxy(&url.parse().ok()?).ok()??;
    let through = format!("{url}, through the proxy {}", proxy.authority);
    let (https, host, port) = super::split(url)?;
    if !https {
        return Some(Check::skip(name, format!("{through}, which is asked with each call")));
    }
    let route = Route { host: &host, port, proxy: Some((&proxy, url)) };
    Some(match route.open().await {
        Ok(_) => Check::ok(name, format!("{through}: it makes a tunnel")),
        Err(failed) => Check { name, detail: format!("{through}: {}", failed.detail), ..failed },
    })
}

/// Name look-up and connection to a host, as one check.
pub async fn reach(name: &'static str, host: &str, port: u16) -> (Check, Option<TcpStream>) {
    let begin = Instant::now();
    if let Err(failure) = look_up(host, port).await {
        return (Check::fail(name, failure), None);
    }
    let hint = "check host and port, and whether a VPN or a proxy (HTTPS_PROXY) is needed";
    let failed = |why: String| {
        Failure::new(Exit::NoAnswer, "no_answer", format!("no connection to {host}:{port}: {why}")).hint(hint)
    };
    match timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Err(_) => (Check::fail(name, failed("no answer within 10 s".to_owned())), None),
        Ok(Err(error)) => (Check::fail(name, failed(error.kind().to_string())), None),
        Ok(Ok(stream)) => {
            let took = latency(begin.elapsed());
            (Check::ok(name, format!("{host}:{port} accepts connections ({took})")), Some(stream))
        }
    }
}

async fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let failed = |why: String| {
        Failure::new(Exit::NoAnswer, "no_answer", format!("the name {host} is not known: {why}"))
            .hint("check the host in the URL, and whether a VPN is needed")
    };
    match timeout(PATIENCE, lookup_host((host, port))).await {
        Err(_) => Err(failed("no answer within 10 s".to_owned())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Ok(Ok(found)) => {
            let found: Vec<_> = found.collect();
            if found.is_empty() { Err(failed("it has no address".to_owned())) } else { Ok(found) }
        }
    }
}

async fn tls(resolved: &Resolved, transport: &Transport, route: &Route<'_>, stream: TcpStream) -> Check {
    let verdict = handshake(transport, route.host, stream).await;
    // What is accepted unseen is no good news.
    let unseen = match verdict.is_ok() && resolved.insecure {
        true => Some(checked(resolved, route).await),
        false => None,
    };
    // Once more without checking, to show the chain that was not accepted.
    let chain = match &verdict {
        Ok(chain) => chain.clone(),
        Err(_) => unchecked_chain(resolved, route).await.unwrap_or_default(),
    };
    let leaf = chain.first().and_then(|der| Certificate::read(der));
    let described = match &leaf {
        Some(leaf) => {
            let length = count(chain.len(), "certificate", "certificates");
            format!("{} from {}, until {} ({length})", leaf.subject, leaf.issuer, leaf.until)
        }
        None => count(chain.len(), "certificate", "certificates"),
    };
    if let Err((reason, why)) = verdict {
        if chain.is_empty() {
            let message = format!("the server shows no certificate: {why}");
            let failure = Failure::new(Exit::NoAnswer, "no_answer", message);
            return Check::fail(
                "TLS",
                failure.hint("is the workbench's URL an http:// one, or another port?"),
            );
        }
        let message = format!("not trusted: {why}; the server shows {described}");
        let failure = Failure::new(Exit::NoAnswer, "no_answer", message);
        return Check::fail(
            "TLS",
            failure.hint(match reason {
                // Its hint is to look at the chain, which stands here.
                TlsReason::UnknownIssuer => {
                    "for a private authority give its file with --ca-cert or SSL_CERT_FILE"
                }
                other => other.hint(),
            }),
        );
    }
    if let Some(checked) = unseen {
        let found = match checked {
            Ok(()) => "would pass".to_owned(),
            Err((_, why)) => format!("would fail: {why}"),
        };
        let detail = format!("not checked, and a check {found}; the server shows {described}");
        return Check::warn(
            "TLS",
            detail,
            "leave out --insecure, and give the certificate authority with --ca-cert where it is a private one",
        );
    }
    let days = leaf.as_ref().and_then(|leaf| leaf.days_left(jiff::Timestamp::now()));
    match days {
        Some(days) if days < CERTIFICATE_DAYS => Check::warn(
            "TLS",
            described,
            format!("the certificate ends in {days} days: tell the operator of the workbench"),
        ),
        _ => Check::ok("TLS", described),
    }
}

/// What a check says of the certificate that is not checked.
async fn checked(resolved: &Resolved, route: &Route<'_>) -> Result<(), (TlsReason, String)> {
    let transport = transport(resolved, false).map_err(|failure| (TlsReason::Other, failure.message))?;
    let stream = route.open().await.map_err(|check| (TlsReason::Other, check.detail))?;
    handshake(&transport, route.host, stream).await.map(drop)
}

async fn unchecked_chain(resolved: &Resolved, route: &Route<'_>) -> Option<Vec<CertificateDer<'static>>> {
    let transport = transport(resolved, true).ok()?;
    let stream = route.open().await.ok()?;
    handshake(&transport, route.host, stream).await.ok()
}

async fn handshake(
    transport: &Transport,
    host: &str,
    stream: TcpStream,
) -> Result<Vec<CertificateDer<'static>>, (TlsReason, String)> {
    let other = |why: String| (TlsReason::Other, why);
    let config = transport.tls().map_err(other)?;
    let name =
        ServerName::try_from(host.to_owned()).map_err(|_| other(format!("{host} is not a host name")))?;
    let connected =
        timeout(PATIENCE, tokio_rustls::TlsConnector::from(Arc::clone(&config)).connect(name, stream));
    let stream = connected
        .await
        .map_err(|_| other("no answer within 10 s".to_owned()))?
        .map_err(|error| TlsReason::of_handshake(&error))?;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    Ok(certificates.iter().map(|certificate| certificate.clone().into_owned()).collect())
}

fn transport(resolved: &Resolved, insecure: bool) -> Result<Transport, Failure> {
    let options = TransportOptions { insecure, ..TransportOptions::from(&resolved.client_options()) };
    Transport::new(options).map_err(|error| {
        let failure = Failure::invalid(error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}
