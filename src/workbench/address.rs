//! The URLs at which clients reach a workbench.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use axum::http::uri::Authority;

/// The URLs of a workbench.
#[derive(Debug, Clone)]
pub struct Address {
    /// `scheme://HOST:PORT`
    pub url: String,
    /// `scheme://modelservice.HOST:PORT/model`; for `localhost` and IP addresses `URL/model`.
    pub model_service_url: String,
}

/// A name that clients cannot use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host; write a name such as workbench.localhost, with :PORT if it has one of its own")]
pub struct BadHost(String);

impl Address {
    /// `host` is the name that clients use, if it is not the address that the workbench listens on.
    pub fn new(listen: SocketAddr, tls: bool, host: Option<&str>) -> Result<Self, BadHost> {
        let scheme = if tls { "https" } else { "http" };
        let Some(host) = host else {
            let url = format!("{scheme}://{listen}");
            return Ok(Self { model_service_url: format!("{url}/model"), url });
        };
        let authority = parse(host)?;
        let port = authority.port_u16().unwrap_or(listen.port());
        let url = format!("{scheme}://{}:{port}", authority.host());
        let model_service_url = match has_subdomains(authority.host()) {
            true => format!("{scheme}://modelservice.{}:{port}/model", authority.host()),
            false => format!("{url}/model"),
        };
        Ok(Self { url, model_service_url })
    }
}

/// Every name that a certificate must have.
pub fn names(listen: SocketAddr, host: Option<&str>) -> Result<BTreeSet<String>, BadHost> {
    let mut names: BTreeSet<String> =
        ["localhost", "*.localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    if !listen.ip().is_unspecified() {
        names.insert(listen.ip().to_string());
    }
    if let Some(host) = host {
        let authority = parse(host)?;
        let bare = authority.host().trim_matches(['[', ']']);
        names.insert(bare.to_owned());
        if has_subdomains(bare) {
            names.insert(format!("modelservice.{bare}"));
        }
    }
    Ok(names)
}

fn parse(host: &str) -> Result<Authority, BadHost> {
    let bad = || BadHost(host.to_owned());
    let authority: Authority = host.parse().map_err(|_| bad())?;
    let name = authority.host().trim_matches(['[', ']']);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    let whole = !name.is_empty() && name.bytes().all(fits) && !host.contains('@') && !host.ends_with(':');
    if whole { Ok(authority) } else { Err(bad()) }
}

/// Clients follow this rule: no `modelservice.` in front of `localhost` or an IP address.
fn has_subdomains(host: &str) -> bool {
    host != "localhost" && host.trim_matches(['[', ']']).parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_service_has_a_name_where_there_can_be_one() {
        let listen: SocketAddr = "127.0.0.1:8642".parse().unwrap();
        let address = |host, tls| Address::new(listen, tls, host).map(|it| (it.url, it.model_service_url));
        let pair = |url: &str, model: &str| Ok((url.to_owned(), model.to_owned()));
        assert_eq!(address(None, false), pair("http://127.0.0.1:8642", "http://127.0.0.1:8642/model"));
        assert_eq!(
            address(Some("localhost"), true),
            pair("https://localhost:8642", "https://localhost:8642/model")
        );
        assert_eq!(
            address(Some("workbench.localhost:443"), true),
            pair("https://workbench.localhost:443", "https://modelservice.workbench.localhost:443/model")
        );
        assert_eq!(address(Some("[::1]"), false), pair("http://[::1]:8642", "http://[::1]:8642/model"));
        for bad in ["", "a b", "a/b", "user@host", "host:", "ex_ample"] {
            assert!(address(Some(bad), false).is_err(), "{bad}");
        }
        let names = names(listen, Some("workbench.test")).unwrap();
        assert!(names.contains("modelservice.workbench.test") && names.contains("*.localhost"));
    }
}
