//! `NO_PROXY`: which hosts are reached without a proxy. Any host that curl or Python would exclude
//! is excluded here too: a narrower reading of an entry would reveal a local address to a proxy.

use std::net::IpAddr;

use ipnet::IpNet;

/// The entries of `NO_PROXY`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Debug, PartialEq, Eq)]
enum Entry {
    /// `*`
    All,
    /// `10.0.0.0/8`, `fd00::/8`
    Network(IpNet),
    /// `10.1.2.3`, `[::1]:8642`
    Address(IpAddr, Option<u16>),
    /// `example.com`, `.example.com`, `*.example.com`, each with its subdomains; `example.com:8443`
    Domain(String, Option<u16>),
}

impl NoProxy {
    /// Reads entries separated by commas (curl, Python) or whitespace (curl). Invalid entries match
    /// nothing.
    pub fn parse(text: &str) -> Self {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace());
        Self(entries.filter_map(Entry::parse).collect())
    }

    /// Whether `host` is excluded; an IPv6 address may have brackets.
    pub fn covers(&self, host: &str, port: u16) -> bool {
        let host = bare(host).trim_end_matches('.').to_lowercase();
        let address = host.parse::<IpAddr>().ok();
        let fits = |wanted: &Option<u16>| wanted.is_none_or(|wanted| wanted == port);
        self.0.iter().any(|entry| match (entry, address) {
            (Entry::All, _) => true,
            (Entry::Network(network), Some(address)) => network.contains(&address),
            (Entry::Address(known, wanted), Some(address)) => *known == address && fits(wanted),
            (Entry::Domain(domain, wanted), None) => {
                let before = host.strip_suffix(domain.as_str());
                before.is_some_and(|before| before.is_empty() || before.ends_with('.')) && fits(wanted)
            }
            _ => false,
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        if let Ok(network) = text.parse() {
            return Some(Self::Network(network));
        }
        if let Ok(address) = bare(text).parse() {
            return Some(Self::Address(address, None));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        if let Ok(address) = bare(host).parse() {
            return Some(Self::Address(address, port));
        }
        let domain = host.trim_start_matches('*').trim_start_matches('.').trim_end_matches('.');
        (!domain.is_empty() && !domain.contains(['*', ':', '/']))
            .then(|| Self::Domain(domain.to_lowercase(), port))
    }
}

/// An address without its IPv6 brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_curl_or_python_leave_out_is_left_out() {
        let cases = [
            ("*", "ml.example.com", true),
            ("other.org, *", "ml.example.com", true),
            ("example.com", "ml.example.com", true),
            ("example.com", "example.com", true),
            (".example.com", "example.com", true),
            ("*.example.com", "ml.example.com", true),
            ("EXAMPLE.com.", "ml.Example.COM", true),
            ("example.com", "ml.example.com.", true),
            ("example.com", "badexample.com", false),
            ("example.com", "example.com.org", false),
            ("a.org b.org", "b.org", true),
            (" a.org ,, b.org ", "b.org", true),
            ("example.com:443", "ml.example.com", true),
            ("example.com:8443", "ml.example.com", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1:443", "127.0.0.1", true),
            ("127.0.0.1:80", "127.0.0.1", false),
            ("10.0.0.0/8", "10.200.1.9", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("::1", "[::1]", true),
            ("[::1]", "::1", true),
            ("[::1]:443", "[::1]", true),
            ("[::1]:80", "[::1]", false),
            ("fd00::/8", "[fd12::1]", true),
            ("0:0:0:0:0:0:0:1", "[::1]", true),
            ("0.1", "127.0.0.1", false),
            ("", "ml.example.com", false),
            ("10.0.0.0/99, :, .", "ml.example.com", false),
        ];
        for (text, host, covered) in cases {
            assert_eq!(NoProxy::parse(text).covers(host, 443), covered, "{text:?} {host}");
        }
    }
}
