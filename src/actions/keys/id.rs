//! From what a person types for a Key ID to the key that is meant.
//!
//! Tables show an id of 64 digits as `5b1c…9f0a`. That form, and an unambiguous beginning, can be
//! typed where an id is wanted; a whole one is taken as it is.

use crate::actions::{Error, Kind};
use crate::wire::V2KeyDetails;

/// Ids with this many characters are not looked up: they are 64 hexadecimal digits (OBSERVED,
/// cai-connector), and the workbench knows best whether there is one.
const WHOLE: usize = 32;
/// A shorter beginning is more likely a slip than an id.
pub(crate) const LEAST: usize = 4;

/// Whether `text` is an id as it stands, and needs no list to be understood.
pub fn is_whole(text: &str) -> bool {
    text.len() >= WHOLE && !is_short_form(text)
}

/// Whether `text` can be nothing but an id in full.
pub fn is_in_full(text: &str) -> bool {
    text.len() >= WHOLE && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Whether `text` has the form `5b1c…9f0a`, or `5b1c...9f0a` where the sign cannot be typed.
pub fn is_short_form(text: &str) -> bool {
    ends(text).is_some()
}

fn ends(text: &str) -> Option<(&str, &str)> {
    let ends = text.split_once('…').or_else(|| text.split_once("..."))?;
    (!ends.0.is_empty() && !ends.1.is_empty()).then_some(ends)
}

/// The keys among `listed` that `wanted` may stand for: at most one where it is an id in full.
pub fn candidates<'a>(wanted: &str, listed: &'a [V2KeyDetails]) -> Vec<&'a V2KeyDetails> {
    if let Some(exact) = listed.iter().find(|key| key.key_id == wanted) {
        return vec![exact];
    }
    listed.iter().filter(|key| may_mean(wanted, &key.key_id)).collect()
}

/// Whether `wanted` may stand for the key `id`.
pub fn may_mean(wanted: &str, id: &str) -> bool {
    match ends(wanted) {
        _ if id == wanted => true,
        Some((begin, end)) => {
            id.len() > begin.len() + end.len() && id.starts_with(begin) && id.ends_with(end)
        }
        None => wanted.len() >= LEAST && id.starts_with(wanted),
    }
}

/// The one key among `listed` that is meant.
///
/// # Errors
/// None is, or several may be: then all of them are named.
pub fn find<'a>(wanted: &str, listed: &'a [V2KeyDetails]) -> Result<&'a V2KeyDetails, Error> {
    match candidates(wanted, listed).as_slice() {
        [one] => Ok(one),
        [] => Err(Error::NotFound { kind: Kind::Key, wanted: wanted.to_owned() }),
        many => Err(Error::Ambiguous {
            kind: Kind::Key,
            wanted: wanted.to_owned(),
            candidates: many.iter().map(|key| key.key_id.clone()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Vec<V2KeyDetails> {
        let ids = ["5b1c00aa9f0a", "5b1c00bb9f0a", "77aa00bb0000", "77aa"];
        ids.map(|id| V2KeyDetails { key_id: id.into(), ..V2KeyDetails::default() }).to_vec()
    }

    #[test]
    fn an_id_is_found_by_its_beginning_and_by_the_form_of_the_tables() {
        let listed = listed();
        let found = |wanted: &str| find(wanted, &listed).map(|key| key.key_id.clone());
        assert_eq!(found("5b1c00a").unwrap(), "5b1c00aa9f0a");
        assert_eq!(found("77aa…0000").unwrap(), "77aa00bb0000");
        assert_eq!(found("77aa...0000").unwrap(), "77aa00bb0000");
        assert_eq!(found("77aa").unwrap(), "77aa", "an id in full goes before a beginning");
    }

    #[test]
    fn what_may_be_several_is_refused_with_their_ids() {
        let error = find("5b1c…9f0a", &listed()).unwrap_err();
        assert!(error.to_string().contains("5b1c00aa9f0a, 5b1c00bb9f0a"), "{error}");
        for wanted in ["5b1", "9f0a", "…", "…9f0a", "", "ffff"] {
            let error = find(wanted, &listed()).unwrap_err();
            assert!(matches!(error, Error::NotFound { .. }), "{wanted:?}: {error}");
        }
    }
}
