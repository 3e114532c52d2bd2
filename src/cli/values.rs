//! Values on the command line. What is malformed ends with exit code 7: nothing was sent.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::SpanRelativeTo;

use crate::config::owner;
pub use crate::expiry::parse_days as days;
use crate::expiry::{self, BadDate};
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION};

/// Reads `30s`, `500ms`, `2m`, `1h30m`, `14d`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is not a time; write 30s, 500ms, 2m or 14d");
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return if seconds > 0 { Ok(Duration::from_secs(seconds.into())) } else { Err(bad()) };
    }
    let span: jiff::Span = text.parse().map_err(|_| bad())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| bad())?;
    match Duration::try_from(length) {
        Ok(length) if !length.is_zero() => Ok(length),
        _ => Err(bad()),
    }
}

/// As [`duration`], and `0` is allowed.
pub fn span(text: &str) -> Result<Duration, String> {
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if !digits.is_empty() && digits.bytes().all(|b| b == b'0') { Ok(Duration::ZERO) } else { duration(text) }
}

/// A day of expiry in one of the known forms. Which day it is, and whether the workbench allows it,
/// is decided by the workbench's time.
pub fn expires(text: &str) -> Result<String, BadDate> {
    expiry::check_form(text)?;
    Ok(text.to_owned())
}

/// Reads an audience; only these two exist (OBSERVED, cai-connector).
pub fn audience(text: &str) -> Result<String, String> {
    [AUDIENCE_API, AUDIENCE_APPLICATION]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(text.trim()))
        .map(str::to_owned)
        .ok_or_else(|| {
            format!("there is no audience {text:?}; it is {AUDIENCE_API} or {AUDIENCE_APPLICATION}")
        })
}

/// Reads `ADDR:PORT`; `localhost` is 127.0.0.1, and no other name is looked up.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| format!("{text:?} is not an address to listen on; write 127.0.0.1:8642"))
}

/// Owner and group of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    pub user: Option<u32>,
    pub group: Option<u32>,
}

/// Reads `USER`, `USER:GROUP` or `:GROUP`, by name or number.
pub fn owner(text: &str) -> Result<Owner, String> {
    let (user, group) = text.split_once(':').unwrap_or((text, ""));
    let id = |name: &str, what: &str, find: fn(&str) -> Option<u32>| match name {
        "" => Ok(None),
        name => match name.parse().ok().or_else(|| find(name)) {
            Some(id) => Ok(Some(id)),
            None => Err(format!("this machine has no {what} {name:?}; write USER, USER:GROUP or :GROUP")),
        },
    };
    Ok(Owner { user: id(user, "user", owner::user_id)?, group: id(group, "group", owner::group_id)? })
}

/// Reads permission bits: `640`, `0640`.
pub fn mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text.trim(), 8) {
        Ok(mode) if mode <= 0o777 && mode & 0o400 != 0 => Ok(mode),
        _ => Err(format!("{text:?} is no mode of a file that its owner can read; write 600 or 640")),
    }
}

/// Reads the days of a site setting: a whole number, or `90d`.
pub fn setting(text: &str) -> Result<u32, String> {
    let digits = text.trim().trim_end_matches('d');
    digits.parse().map_err(|_| format!("{text:?} is not a number of days; write a whole number, such as 90"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_days() {
        assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(duration("1h30m").unwrap(), Duration::from_secs(5400));
        assert_eq!(duration("2").unwrap(), Duration::from_secs(2));
        assert_eq!(duration("1d").unwrap(), Duration::from_secs(86_400));
        for text in ["", "soon", "-3s", "0s", "0"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(span("0").unwrap(), Duration::ZERO);
        assert_eq!(span("0h").unwrap(), Duration::ZERO);
        assert_eq!(span("24h").unwrap(), Duration::from_secs(86_400));
        assert_eq!(listen("localhost:0").unwrap(), listen("127.0.0.1:0").unwrap());
        assert!(
            listen("[::1]:80").is_ok() && listen("localhost").is_err() && listen("example.com:80").is_err()
        );
        let (root, group) = (owner("root").unwrap(), owner(":0").unwrap());
        assert_eq!((root.user, root.group, group.user, group.group), (Some(0), None, None, Some(0)));
        assert!(owner("no such user:0").is_err());
        assert_eq!((mode("640").unwrap(), mode("0600").unwrap()), (0o640, 0o600));
        assert!(mode("rw").is_err() && mode("1777").is_err() && mode("0").is_err());
        assert_eq!(setting("90").unwrap(), 90);
        assert!(setting("-5").is_err() && setting("2w").is_err());
        assert_eq!(days("14d").unwrap(), 14);
        assert_eq!(days("2w").unwrap(), 14);
        assert_eq!(days("36h").unwrap(), 2);
        assert_eq!(days("0d").unwrap(), 0);
        assert!(days("-1d").is_err() && days("x").is_err());
    }
}
