//! The URL of a workbench as people type or paste it, and the URL of its model service.

use std::net::IpAddr;

use reqwest::Url;

use super::Error;

/// Reads the URL of a workbench and cuts it down to its origin, without a trailing slash.
///
/// Tolerates surrounding whitespace, a trailing slash, a path copied from the browser and a doubled
/// scheme (`https://https://…`, OBSERVED as a common slip in CAI_Workbench_MCP_Server). Does not
/// guess the scheme: a key sent over plain HTTP by mistake cannot be taken back.
pub fn parse_url(text: &str) -> Result<String, Error> {
    let invalid = |what: &str, hint: &str| Err(Error::invalid(format!("the URL {what}"), hint));
    const FORM: &str = "give it as https://ml-1234.example.com";
    let mut rest = text.trim();
    if rest.is_empty() {
        return invalid("is empty", FORM);
    }
    while let Some(inner) = after_scheme(rest).filter(|inner| after_scheme(inner).is_some()) {
        rest = inner;
    }
    let with_scheme;
    if after_scheme(rest).is_none() {
        let Some(url) = with_a_scheme(rest) else {
            return invalid("does not begin with http:// or https://", FORM);
        };
        with_scheme = url;
        rest = &with_scheme;
    }
    let Ok(url) = Url::parse(rest) else { return invalid("cannot be read", FORM) };
    if !url.username().is_empty() || url.password().is_some() {
        return invalid(
            "holds a user name or a password",
            "leave them out; the key is given with `keybench login` or KEYBENCH_API_KEY",
        );
    }
    if url.host_str().is_none_or(str::is_empty) {
        return invalid("names no host", FORM);
    }
    Ok(url.origin().ascii_serialization())
}

/// A host without a scheme as a URL: https, and http for this machine alone. Never one after the other:
/// the key would be sent in clear where https was meant. `None` where the text is no host.
fn with_a_scheme(text: &str) -> Option<String> {
    /// The longest label of a name (RFC 1035); the halves of a key are longer.
    const LABEL: usize = 63;
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => (host, true),
        _ => (authority, false),
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let address = bracketed.unwrap_or(host).parse::<IpAddr>().ok();
    let letters = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name = host.chars().all(letters) && host.split('.').all(|label| (1..=LABEL).contains(&label.len()));
    let known = port || host.contains('.') || host.eq_ignore_ascii_case("localhost");
    if text.contains("://") || !(address.is_some() || name && known) {
        return None;
    }
    let lower = host.to_ascii_lowercase();
    let here =
        lower == "localhost" || lower.ends_with(".localhost") || address.is_some_and(|a| a.is_loopback());
    Some(format!("{}://{text}", if here { "http" } else { "https" }))
}

/// Reads the URL of a model service, which includes a path: `https://modelservice.HOST/model`.
pub(super) fn parse_model_url(text: &str) -> Result<String, Error> {
    parse_url(text)
        .map(|_| with_a_scheme(text.trim()).unwrap_or_else(|| text.trim().to_owned()))
        .and_then(|text| Url::parse(&text).map_err(|_| Error::invalid("the URL cannot be read", "")))
        .map(|url| url.as_str().trim_end_matches('/').to_owned())
        .map_err(|error| match error {
            Error::Invalid { what, .. } => Error::invalid(
                what.replace("the URL", "the URL of the model service"),
                "give it as https://modelservice.HOST/model",
            ),
            other => other,
        })
}

/// The URL of the model service of the workbench at `url`: `scheme://modelservice.HOST/model`
/// (DOCS, ml-calling-a-model), or `URL/model` if HOST is `localhost` or an IP address, which have
/// no subdomains. `url` is an origin as [`parse_url`] returns it.
pub fn model_service_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let host = match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => rest,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok() {
        format!("{url}/model")
    } else {
        format!("{scheme}://modelservice.{rest}/model")
    }
}

/// `HOST:PORT`, with the brackets that an IPv6 address needs.
pub(crate) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn after_scheme(text: &str) -> Option<&str> {
    ["https://", "http://"].into_iter().find_map(|scheme| {
        text.get(..scheme.len())
            .filter(|head| head.eq_ignore_ascii_case(scheme))
            .map(|_| &text[scheme.len()..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_people_paste_them() {
        for (text, expected) in [
            ("https://ml.example.com", "https://ml.example.com"),
            ("  https://ml.example.com/ \n", "https://ml.example.com"),
            ("https://https://ml.example.com", "https://ml.example.com"),
            ("HTTP://http://Ml.Example.com:8080/", "http://ml.example.com:8080"),
            ("https://ml.example.com/owner/churn/models/3?tab=1#x", "https://ml.example.com"),
            ("https://ml.example.com:443", "https://ml.example.com"),
            ("http://127.0.0.1:8642", "http://127.0.0.1:8642"),
            ("http://[::1]:8642/", "http://[::1]:8642"),
            ("ml.example.com", "https://ml.example.com"),
            ("ml.example.com:8443/owner", "https://ml.example.com:8443"),
            ("gateway:8443", "https://gateway:8443"),
            ("10.0.0.7:8642", "https://10.0.0.7:8642"),
            ("localhost:8642", "http://localhost:8642"),
            ("modelservice.localhost", "http://modelservice.localhost"),
            ("127.0.0.1:8642", "http://127.0.0.1:8642"),
            ("[::1]:8642", "http://[::1]:8642"),
        ] {
            assert_eq!(parse_url(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_with_what_to_do() {
        for (text, part) in [
            ("", "is empty"),
            ("workbench", "does not begin with http:// or https://"),
            ("of our own", "does not begin with http:// or https://"),
            ("ftp://ml.example.com", "does not begin with"),
            ("https://", "cannot be read"),
            ("https://owner:secret@ml.example.com", "user name or a password"),
        ] {
            let error = parse_url(text).unwrap_err();
            assert!(error.to_string().contains(part), "{text:?}: {error}");
            assert!(!error.to_string().contains("secret"));
            assert!(error.hint().is_some());
        }
        let key = format!("{}.{}", "0a".repeat(32), "9f".repeat(32));
        assert!(parse_url(&key).unwrap_err().to_string().contains("does not begin"), "a key is no host");
    }

    #[test]
    fn the_model_service_is_a_subdomain_where_there_can_be_one() {
        for (url, expected) in [
            ("https://ml.example.com", "https://modelservice.ml.example.com/model"),
            ("http://ml.example.com:8080", "http://modelservice.ml.example.com:8080/model"),
            ("http://localhost:8642", "http://localhost:8642/model"),
            ("http://127.0.0.1:8642", "http://127.0.0.1:8642/model"),
            ("http://[::1]:8642", "http://[::1]:8642/model"),
        ] {
            assert_eq!(model_service_url(url), expected);
        }
        assert_eq!(parse_model_url("https://m.example.com/model/").unwrap(), "https://m.example.com/model");
        assert_eq!(parse_model_url("m.example.com/model").unwrap(), "https://m.example.com/model");
        assert!(parse_model_url("workbench").unwrap_err().to_string().contains("model service"));
    }
}
