//! The query of a list: page, filter and sort, and the token of the next page.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};
use rusqlite::types::Value;

use super::camel_case;
use super::choices::Choices;
use super::refusal::{Refusal, bad_value};
use crate::workbench::Workbench;
use crate::workbench::behaviour::{Combine, Why, inferred};
use crate::workbench::store::listing::{Listing, Selection, Slice};

/// `page_size` is an int32 (SPEC); grpc-gateway rejects larger values (INFERRED).
const INT32_MAX: i64 = i32::MAX as i64;

/// Bytes of the authentication tag of a page token.
const SEAL: usize = 16;

/// The query parameters of a request. `pageSize` is accepted for `page_size` (DOCS, older API
/// pages; that both are accepted is INFERRED).
#[derive(Debug, Clone, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl FromRequestParts<Workbench> for Params {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, workbench: &Workbench) -> Result<Self, Refusal> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|rejection| bad_value("the query", rejection.body_text()))?;
        if !workbench.behaviour().rules.camel_case_queries {
            return Ok(Self { pairs });
        }
        let named = |(name, value): (String, String)| (camel_case::snake(&name), value);
        if pairs.iter().any(|(name, _)| camel_case::snake(name) != *name) {
            Choices::of(&parts.extensions).note(inferred::CAMEL_CASE_QUERIES);
        }
        Ok(Self { pairs: pairs.into_iter().map(named).collect() })
    }
}

impl Params {
    /// The first value of this name; an empty one counts as absent, as proto3 has it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Treats a `search_filter` that is a plain string as a filter for this key (DOCS, API pages of
    /// 1.5.4: `projects?searchFilter=churn`).
    pub fn with_word_as_filter(mut self, key: &str) -> Self {
        let filters = self.pairs.iter_mut().filter(|(name, _)| name == "search_filter");
        for (_, text) in
            filters.filter(|(_, text)| !text.is_empty() && !text.trim_start().starts_with(['{', '[', '"']))
        {
            *text = serde_json::json!({ key: text }).to_string();
        }
        self
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// A boolean parameter; absent is off.
    pub fn flag(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.get(name) {
            None => Ok(false),
            Some("true" | "True" | "TRUE" | "t" | "T" | "1") => Ok(true),
            Some("false" | "False" | "FALSE" | "f" | "F" | "0") => Ok(false),
            Some(_) => Err(bad_value(name, "it must be true or false")),
        }
    }

    /// Reads page, filter and sort of a list. `bound_to` names the list, its scope and the caller: a
    /// token bound to anything else is refused.
    pub fn list(
        &self,
        workbench: &Workbench,
        listing: &Listing,
        bound_to: &str,
    ) -> Result<ListQuery, Refusal> {
        let limits = &workbench.behaviour().limits;
        let size = match self.get("page_size") {
            None => limits.page_size,
            Some(text) => match text.parse::<i64>() {
                Ok(0) => limits.page_size,
                Ok(size @ 1..=INT32_MAX) => {
                    usize::try_from(size).map_or(limits.page_size_max, |size| size.min(limits.page_size_max))
                }
                _ => return Err(Why::BadPageSize.into()),
            },
        };
        let filters = filters(self.get("search_filter"), listing)?;
        let sorts = sorts(self.get("sort"), listing)?;
        let binding = binding(bound_to, &filters, &sorts);
        let after = match self.get("page_token") {
            None => None,
            Some(token) => Some(
                open(workbench.token_key(), &binding, token)
                    .filter(|position| position.len() == sorts.len() + 1)
                    .ok_or(Why::BadPageToken)?,
            ),
        };
        let mut inferred = Vec::new();
        if filters.len() > 1 {
            inferred.push(inferred::FILTERS_COMBINE);
        }
        let any = workbench.behaviour().rules.filters_combine == Combine::Or;
        Ok(ListQuery { selection: Selection { filters, any, sorts, after, size }, binding, inferred })
    }
}

/// A parsed list query, ready for the store.
#[derive(Debug, Clone)]
pub struct ListQuery {
    pub selection: Selection,
    binding: Vec<u8>,
    /// The choices that the answer depends on.
    pub inferred: Vec<&'static str>,
}

impl ListQuery {
    /// The token of the next page; empty on the last.
    pub fn next_token<T>(&self, workbench: &Workbench, slice: &Slice<T>) -> String {
        slice
            .next
            .as_ref()
            .map(|position| seal(workbench.token_key(), &self.binding, position))
            .unwrap_or_default()
    }
}

fn filters(text: Option<&str>, listing: &Listing) -> Result<Vec<(&'static str, String)>, Refusal> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let refuse = |detail: String| {
        let detail = if listing.filters.is_empty() { "this list has none".to_owned() } else { detail };
        let keys: Vec<&str> = listing.filters.iter().map(|(key, _)| *key).collect();
        Refusal::new(Why::BadFilter).with("keys", keys.join(" ")).with("detail", detail)
    };
    let wanted: BTreeMap<String, String> =
        serde_json::from_str(text).map_err(|error| refuse(error.to_string()))?;
    let mut filters = Vec::new();
    for (key, value) in wanted {
        let Some((_, column)) = listing.filters.iter().find(|(known, _)| *known == key) else {
            return Err(refuse(format!("{key:?} is none of them")));
        };
        filters.push((*column, value));
    }
    Ok(filters)
}

fn sorts(text: Option<&str>, listing: &Listing) -> Result<Vec<(&'static str, bool)>, Refusal> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let mut sorts: Vec<(&'static str, bool)> = Vec::new();
    for part in text.split(',') {
        // A + that was not percent-encoded arrives as a space.
        let part = part.trim();
        let (down, key) = match part.strip_prefix('-') {
            Some(key) => (true, key),
            None => (false, part.strip_prefix('+').unwrap_or(part)),
        };
        let Some((_, column)) = listing.sorts.iter().find(|(known, _)| *known == key) else {
            let keys: Vec<&str> = listing.sorts.iter().map(|(key, _)| *key).collect();
            let detail = match keys.is_empty() {
                true => "this list has none".to_owned(),
                false => format!("{key:?} is none of them"),
            };
            return Err(Refusal::new(Why::BadSort).with("keys", keys.join(" ")).with("detail", detail));
        };
        if !sorts.iter().any(|(known, _)| known == column) {
            sorts.push((column, down));
        }
    }
    Ok(sorts)
}

/// A hash of what a token is bound to.
fn binding(scope: &str, filters: &[(&str, String)], sorts: &[(&str, bool)]) -> Vec<u8> {
    let text = serde_json::json!([scope, filters, sorts]).to_string();
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

/// A token: the position of a row as JSON, authenticated together with what it is bound to.
fn seal(key: &hmac::Key, binding: &[u8], position: &[Value]) -> String {
    let values: Vec<serde_json::Value> = position
        .iter()
        .map(|value| match value {
            Value::Integer(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            _ => serde_json::Value::Null,
        })
        .collect();
    let payload = serde_json::Value::from(values).to_string();
    let mut token = tag(key, binding, payload.as_bytes());
    token.extend_from_slice(payload.as_bytes());
    URL_SAFE_NO_PAD.encode(token)
}

/// The position in a token; `None` for a token that was not sealed here for this binding.
fn open(key: &hmac::Key, binding: &[u8], token: &str) -> Option<Vec<Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (seal, payload) = bytes.split_at_checked(SEAL)?;
    if tag(key, binding, payload) != seal {
        return None;
    }
    let values: Vec<serde_json::Value> = serde_json::from_slice(payload).ok()?;
    values
        .into_iter()
        .map(|value| match value {
            serde_json::Value::Number(number) => number.as_i64().map(Value::Integer),
            serde_json::Value::String(text) => Some(Value::Text(text)),
            _ => None,
        })
        .collect()
}

fn tag(key: &hmac::Key, binding: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut context = hmac::Context::with_key(key);
    context.update(binding);
    context.update(payload);
    context.sign().as_ref()[..SEAL].to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::workbench::store::projects;

    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, b"a secret of this test")
    }

    #[test]
    fn a_token_opens_where_it_was_given_and_nowhere_else() {
        let position = vec![Value::Text("näme".to_owned()), Value::Integer(-7)];
        let token = seal(&key(), b"here", &position);
        assert_eq!(open(&key(), b"here", &token), Some(position));
        assert_eq!(open(&key(), b"there", &token), None);
        let other = hmac::Key::new(hmac::HMAC_SHA256, b"another secret");
        assert_eq!(open(&other, b"here", &token), None);
        let mut forged = token.clone();
        forged.replace_range(token.len() - 2..token.len() - 1, "A");
        assert_eq!(open(&key(), b"here", &forged), None);
    }

    #[test]
    fn sort_takes_signs_and_refuses_unknown_keys() {
        let read = |text: &str| sorts(Some(text), &projects::LISTING);
        assert_eq!(
            read("-updated_at,+name, owner.name").unwrap(),
            [("p.updated_at", true), ("p.name", false), ("o.name", false)]
        );
        let refusal = read("size").unwrap_err();
        assert_eq!(refusal.why, Why::BadSort);
    }

    #[test]
    fn filters_are_objects_of_texts() {
        let read = |text: &str| filters(Some(text), &projects::LISTING);
        assert_eq!(read(r#"{"name":"x"}"#).unwrap(), [("p.name", "x".to_owned())]);
        for text in [r#"{"name":5}"#, "[]", "{", r#"{"size":"x"}"#, "null"] {
            assert_eq!(read(text).unwrap_err().why, Why::BadFilter, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parsers(text in any::<String>()) {
            let _ = filters(Some(&text), &projects::LISTING);
            let _ = sorts(Some(&text), &projects::LISTING);
            prop_assert_eq!(open(&key(), b"here", &text), None);
        }

        #[test]
        fn every_position_survives_a_token(name in any::<String>(), id in any::<i64>()) {
            let position = vec![Value::Text(name), Value::Integer(id)];
            prop_assert_eq!(open(&key(), b"here", &seal(&key(), b"here", &position)), Some(position));
        }
    }
}
