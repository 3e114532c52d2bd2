//! Opens one connection to a model service and measures each step.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure::{CallError, Phase};
use super::http1::Connection;
use super::phases::Phases;
use super::stream::Stream;
use super::target::Endpoint;
use super::transport::{CONNECT_TIMEOUT, Proxy, Transport};
use crate::api::{TlsReason, authority};
use crate::limits;

/// Connects to `endpoint`, through a proxy if the transport has one. Each finished step records its
/// time in `phases`, even if a later one fails.
pub(crate) async fn connect(
    transport: &Transport,
    endpoint: &Endpoint,
    proxy: Option<&Proxy>,
    phases: &mut Phases,
) -> Result<Connection, CallError> {
    let (host, port) = match proxy {
        Some(proxy) => (proxy.host.as_str(), proxy.port),
        None => (endpoint.host.as_str(), endpoint.port),
    };
    let addresses = look_up(host, port, phases).await.map_err(|error| match (proxy, error) {
        (Some(proxy), CallError::Lookup { detail, .. }) => CallError::Proxy {
            proxy: proxy.authority.clone(),
            detail: format!("its name is not known: {detail}"),
        },
        (_, error) => error,
    })?;

    let begin = Instant::now();
    let patience = CONNECT_TIMEOUT.min(transport.timeout());
    let tcp = match timeout(patience, first_that_accepts(&addresses)).await {
        Ok(result) => result.map_err(|error| match limits::used_up(&error) {
            Some(what) => CallError::UsedUp { what },
            None => connect_error(host, port, proxy, &error.to_string()),
        })?,
        Err(_) => return Err(connect_error(host, port, proxy, "no answer from that address")),
    };
    let tcp = match proxy {
        Some(proxy) if endpoint.https => tunnel(tcp, proxy, endpoint).await?,
        _ => tcp,
    };
    phases.connect = Some(begin.elapsed());

    if !endpoint.https {
        return Ok(Connection::new(Stream::Plain(tcp)));
    }
    let begin = Instant::now();
    let stream = secure(transport, endpoint, tcp).await?;
    phases.tls = Some(begin.elapsed());
    Ok(Connection::new(Stream::Tls(Box::new(stream))))
}

fn connect_error(host: &str, port: u16, proxy: Option<&Proxy>, detail: &str) -> CallError {
    match proxy {
        Some(proxy) => CallError::Proxy {
            proxy: proxy.authority.clone(),
            detail: format!("no connection to it: {detail}"),
        },
        None => CallError::Connect { address: authority(host, port), detail: detail.to_owned() },
    }
}

async fn look_up(host: &str, port: u16, phases: &mut Phases) -> Result<Vec<SocketAddr>, CallError> {
    let begin = Instant::now();
    if let Ok(address) = host.parse::<IpAddr>() {
        phases.lookup = Some(Duration::ZERO);
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let failed = |detail: String| CallError::Lookup { host: host.to_owned(), detail };
    let addresses: Vec<_> = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| match limits::used_up_by_look_up(&error) {
            Some(what) => CallError::UsedUp { what },
            None => failed(plain_lookup_detail(&error)),
        })?
        .collect();
    phases.lookup = Some(begin.elapsed());
    if addresses.is_empty() {
        return Err(failed("it has no address".to_owned()));
    }
    Ok(addresses)
}

/// The resolver's own message, without the prefix that each system adds.
fn plain_lookup_detail(error: &io::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).to_owned()
}

/// Tries the addresses in the resolver's order, without racing them: a test should show what a
/// plain client does.
async fn first_that_accepts(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let share = CONNECT_TIMEOUT / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// Asks the proxy for a tunnel (`CONNECT`).
pub(crate) async fn tunnel(
    tcp: TcpStream,
    proxy: &Proxy,
    endpoint: &Endpoint,
) -> Result<TcpStream, CallError> {
    let failed = |detail: String| CallError::Proxy { proxy: proxy.authority.clone(), detail };
    let to = endpoint.host_and_port();
    let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
    if let Some(value) = &proxy.authorization {
        request.push_str("Proxy-Authorization: ");
        request.push_str(value);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let mut connection = Connection::new(Stream::Plain(tcp));
    connection.send(request.as_bytes()).await.map_err(|error| failed(error.to_string()))?;
    let head = connection.read_head(|_, _| ()).await.map_err(|error| failed(error.to_string()))?;
    match (head.status, connection.into_stream()) {
        (200..300, Some(Stream::Plain(tcp))) => Ok(tcp),
        (407, _) => Err(failed("it wants a user and a password (407)".to_owned())),
        (status, _) => Err(failed(format!("it answered {status} to CONNECT {to}"))),
    }
}

async fn secure(
    transport: &Transport,
    endpoint: &Endpoint,
    tcp: TcpStream,
) -> Result<TlsStream<TcpStream>, CallError> {
    let failed = |reason, detail: String| CallError::Tls { host: endpoint.shown_host(), reason, detail };
    let config = transport.tls().map_err(|detail| failed(TlsReason::Other, detail))?;
    let name = ServerName::try_from(endpoint.host.clone())
        .map_err(|_| failed(TlsReason::WrongName, "the host is not a valid name".to_owned()))?;
    let patience = CONNECT_TIMEOUT.min(transport.timeout());
    match timeout(patience, TlsConnector::from(config).connect(name, tcp)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => {
            let (reason, detail) = TlsReason::of_handshake(&error);
            Err(failed(reason, detail))
        }
        Err(_) => Err(CallError::Timeout { phase: Phase::Tls, after: patience }),
    }
}
