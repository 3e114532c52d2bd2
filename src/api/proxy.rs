//! Which proxy a request takes: the profile's, else the one that the environment names.

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::Error;

/// A proxy for messages: without the password that its URL may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedProxy {
    /// `HOST:PORT`
    pub authority: String,
    /// Who says so: `HTTPS_PROXY`, or the profile.
    pub source: &'static str,
}

impl std::fmt::Display for NamedProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.authority, self.source)
    }
}

/// The proxy that the environment names for `uri`, by the rules of [`Matcher::from_env`].
///
/// # Errors
/// [`Error::Invalid`] for a value that those rules pass over: a key must not go another way than
/// the one that was meant.
pub(crate) fn of_environment(uri: &Uri) -> Result<Option<NamedProxy>, Error> {
    // In a CGI script a client may set HTTP_PROXY; the rules name no proxy there.
    if std::env::var_os("REQUEST_METHOD").is_some() || is_left_out(uri) {
        return Ok(None);
    }
    let own = match uri.scheme_str() {
        Some("https") => ["HTTPS_PROXY", "https_proxy"],
        _ => ["HTTP_PROXY", "http_proxy"],
    };
    for names in [own, ["ALL_PROXY", "all_proxy"]] {
        let set = names.into_iter().find_map(|name| Some((name, std::env::var(name).ok()?)));
        let Some((name, value)) = set.filter(|(_, value)| !value.is_empty()) else { continue };
        return match named(&value, uri, name) {
            Some(proxy) => Ok(Some(proxy)),
            None => Err(Error::invalid(
                format!("{name} is set, and is no proxy that can be used"),
                "write it as http://HOST:PORT, unset it, or leave this host out with NO_PROXY",
            )),
        };
    }
    Ok(None)
}

/// The proxy that the profile names.
///
/// # Errors
/// [`Error::Invalid`] for a URL that is none.
pub(crate) fn of_profile(value: &str, uri: &Uri) -> Result<Option<NamedProxy>, Error> {
    // A word without a scheme and a port is more likely a slip than a host.
    let usable =
        (value.contains("://") || value.contains(':')).then(|| named(value, uri, "the profile's proxy"));
    match usable.flatten() {
        Some(_) if is_left_out(uri) => Ok(None),
        Some(proxy) => Ok(Some(proxy)),
        None => Err(Error::invalid("the proxy's URL cannot be read", "give it as http://HOST:PORT")),
    }
}

fn named(value: &str, uri: &Uri, source: &'static str) -> Option<NamedProxy> {
    let found = Matcher::builder().all(value).build().intercept(uri)?;
    let default = match found.uri().scheme_str()? {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let port = found.uri().port_u16().unwrap_or(default);
    Some(NamedProxy { authority: format!("{}:{port}", found.uri().host()?), source })
}

/// Whether `NO_PROXY` names the host.
fn is_left_out(uri: &Uri) -> bool {
    let names = ["NO_PROXY", "no_proxy"].iter().find_map(|name| std::env::var(name).ok());
    let any = Matcher::builder().all("http://any.invalid").no(names.unwrap_or_default()).build();
    any.intercept(uri).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_told_without_its_password_and_a_word_is_none() {
        let uri: Uri = "https://ml.example.com".parse().unwrap();
        let told = |value| of_profile(value, &uri).map(|proxy| proxy.unwrap().authority).ok();
        assert_eq!(
            told("http://user:word@proxy.example.com:3128"),
            Some("proxy.example.com:3128".to_owned())
        );
        assert_eq!(told("proxy.example.com:3128"), Some("proxy.example.com:3128".to_owned()));
        assert_eq!(told("https://proxy.example.com"), Some("proxy.example.com:443".to_owned()));
        for wrong in ["zz", "", "garbage://x", "socks5://x:1080", "http://"] {
            assert_eq!(told(wrong), None, "{wrong}");
        }
    }
}
