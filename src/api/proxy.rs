//! Chooses the proxy for a request, for the client and for model calls alike: the profile's, else
//! the one in the environment, unless `NO_PROXY` excludes the host.

use std::fmt;

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::Error;
use super::address::authority;
use super::no_proxy::NoProxy;
use super::options::ClientOptions;

/// A proxy. Prints without the password that its URL may contain.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// `HOST:PORT`
    pub authority: String,
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
    /// The proxy itself uses TLS.
    pub secure: bool,
    /// Value of `Proxy-Authorization`.
    pub authorization: Option<String>,
    /// Where it is configured: `HTTPS_PROXY`, or the profile.
    pub source: &'static str,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.authority, self.source)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where to look for a proxy.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Choice<'a> {
    /// Use none: the workbench is in this process.
    Direct,
    /// The profile names one.
    Named(&'a str),
    Environment,
}

impl<'a> Choice<'a> {
    pub fn of(options: &'a ClientOptions) -> Self {
        Self::new(options.direct, options.proxy.as_deref())
    }

    pub fn new(direct: bool, named: Option<&'a str>) -> Self {
        match (direct, named) {
            (true, _) => Self::Direct,
            (false, Some(url)) => Self::Named(url),
            (false, None) => Self::Environment,
        }
    }

    /// The proxy for `uri`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value that is not a proxy: a key must never take another route than
    /// the one intended.
    pub fn proxy(self, uri: &Uri) -> Result<Option<Proxy>, Error> {
        match self {
            Self::Direct => Ok(None),
            Self::Named(url) => of_profile(url, uri),
            Self::Environment => of_environment(uri),
        }
    }
}

/// The proxy that the environment names for `uri`.
///
/// # Errors
/// As [`Choice::proxy`].
pub(crate) fn of_environment(uri: &Uri) -> Result<Option<Proxy>, Error> {
    // In a CGI script a client can set HTTP_PROXY, so it is ignored there.
    if std::env::var_os("REQUEST_METHOD").is_some() || is_left_out(uri)? {
        return Ok(None);
    }
    let own = match uri.scheme_str() {
        Some("https") => ["HTTPS_PROXY", "https_proxy"],
        _ => ["HTTP_PROXY", "http_proxy"],
    };
    for names in [own, ["ALL_PROXY", "all_proxy"]] {
        let mut set = None;
        for name in names {
            set = set.or(variable(name)?.map(|value| (name, value)));
        }
        let Some((name, value)) = set.filter(|(_, value)| !value.is_empty()) else { continue };
        return match named(&value, uri, name) {
            Some(proxy) => Ok(Some(proxy)),
            None => Err(Error::invalid(
                format!("{name} is set, but is not a usable proxy"),
                "write it as http://HOST:PORT, unset it, or leave this host out with NO_PROXY",
            )),
        };
    }
    Ok(None)
}

/// The proxy that the profile names.
fn of_profile(value: &str, uri: &Uri) -> Result<Option<Proxy>, Error> {
    // A bare name without scheme and port is more likely a slip than a host.
    let usable =
        (value.contains("://") || value.contains(':')).then(|| named(value, uri, "the profile's proxy"));
    match usable.flatten() {
        Some(_) if is_left_out(uri)? => Ok(None),
        Some(proxy) => Ok(Some(proxy)),
        None => Err(Error::invalid("the proxy's URL cannot be read", "give it as http://HOST:PORT")),
    }
}

fn named(value: &str, uri: &Uri, source: &'static str) -> Option<Proxy> {
    let found = Matcher::builder().all(value).build().intercept(uri)?;
    let secure = match found.uri().scheme_str()? {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let port = found.uri().port_u16().unwrap_or(if secure { 443 } else { 80 });
    let host = found.uri().host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let authorization = found.basic_auth().and_then(|value| value.to_str().ok()).map(str::to_owned);
    Some(Proxy { authority: authority(&host, port), host, port, secure, authorization, source })
}

/// Whether `NO_PROXY` or `no_proxy` names the host.
fn is_left_out(uri: &Uri) -> Result<bool, Error> {
    let Some(host) = uri.host() else { return Ok(false) };
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    for name in ["NO_PROXY", "no_proxy"] {
        if variable(name)?.is_some_and(|value| NoProxy::parse(&value).covers(host, port)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An environment variable. A value that is not text does not count as unset.
fn variable(name: &'static str) -> Result<Option<String>, Error> {
    let Some(value) = std::env::var_os(name) else { return Ok(None) };
    value.into_string().map(Some).map_err(|_| {
        let hint = format!("set {name} again, or unset it");
        Error::invalid(format!("the environment variable {name} is not valid UTF-8"), hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_shown_without_its_password_and_a_bare_name_is_not_one() {
        let uri: Uri = "https://ml.example.com".parse().unwrap();
        let proxy = |value| of_profile(value, &uri).map(Option::unwrap).ok();
        let with_password = proxy("http://user:hunter2@proxy.example.com:3128").unwrap();
        assert_eq!(with_password.authorization.as_deref(), Some("Basic dXNlcjpodW50ZXIy"));
        let shown = format!("{with_password} {with_password:?}");
        assert!(shown.starts_with("proxy.example.com:3128 (") && !shown.contains("hunter2"), "{shown}");
        let authority = |value| proxy(value).map(|proxy| proxy.authority);
        assert_eq!(authority("proxy.example.com:3128").as_deref(), Some("proxy.example.com:3128"));
        assert_eq!(authority("https://proxy.example.com").as_deref(), Some("proxy.example.com:443"));
        assert_eq!(authority("http://[::1]:3128").as_deref(), Some("[::1]:3128"));
        for wrong in ["zz", "", "garbage://x", "socks5://x:1080", "http://"] {
            assert_eq!(authority(wrong), None, "{wrong}");
        }
        assert_eq!(Choice::new(true, Some("http://proxy:1")).proxy(&uri), Ok(None), "direct means direct");
    }
}
