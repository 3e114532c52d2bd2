//! From what a person calls a rotation to the keys of one name: those of one service.

use std::path::Path;

use super::Error;
use super::record::{Listed, listed_in};
use crate::actions;
use crate::actions::keys::{self, id as key_id};

use crate::config::made_keys::RotatedKey;
use crate::wire::{V2KeyDetails, time};

/// A text with this many hexadecimal digits is an id, or its beginning, and no name.
const BEGINNING: usize = 8;

/// The keys of one name.
#[derive(Debug)]
pub struct Group {
    /// What finds it again: the name, or the id of a key that has none.
    pub wanted: String,
    pub name: String,
    pub keys: Vec<V2KeyDetails>,
}

impl Group {
    /// The keys that `wanted` stands for: a name, or the id of a key, which may be gone where `noted`
    /// or the `file` that says which key is current give the name that it had.
    pub fn find(
        wanted: &str,
        listed: Listed<'_>,
        noted: &[RotatedKey],
        file: Option<&Path>,
    ) -> Result<Self, Error> {
        if wanted.trim().is_empty() {
            return Err(Error::EmptyName);
        }
        let exact = listed.keys.iter().find(|key| key.key_id == wanted);
        let named = Self::named(wanted, listed.keys);
        if let Some(key) = exact {
            return Ok(Self::of(key, listed.keys));
        }
        if !named.keys.is_empty() || !is_like_an_id(wanted) {
            return Ok(named);
        }
        match key_id::find(wanted, listed.keys) {
            Ok(key) => Ok(Self::of(key, listed.keys)),
            Err(actions::Error::NotFound { wanted, .. }) => {
                Self::of_gone(&wanted, listed, noted, file).ok_or(Error::NoSuchKey { wanted })
            }
            Err(several) => Err(keys::Error::from(several).into()),
        }
    }

    fn named(name: &str, listed: &[V2KeyDetails]) -> Self {
        let keys = listed.iter().filter(|key| key.comments == name).cloned().collect();
        Self { wanted: name.to_owned(), name: name.to_owned(), keys }
    }

    fn of(key: &V2KeyDetails, listed: &[V2KeyDetails]) -> Self {
        match key.comments.as_str() {
            "" => Self { wanted: key.key_id.clone(), name: String::new(), keys: vec![key.clone()] },
            name => Self::named(name, listed),
        }
    }

    /// The group of a key that was listed once.
    fn of_gone(wanted: &str, listed: Listed<'_>, noted: &[RotatedKey], file: Option<&Path>) -> Option<Self> {
        let once: Vec<_> = noted
            .iter()
            .map(|key| V2KeyDetails {
                key_id: key.key_id.clone(),
                comments: key.name.clone(),
                ..V2KeyDetails::default()
            })
            .collect();
        let noted = key_id::candidates(wanted, &once);
        if let Some(name) = noted.first().map(|key| &key.comments)
            && !name.is_empty()
            && noted.iter().all(|key| key.comments == *name)
        {
            return Some(Self::named(name, listed.keys));
        }
        listed_in(file?, listed).map(|key| Self::of(key, listed.keys))
    }

    /// Takes in the key of the record, which for keys without a name is found in no other way.
    ///
    /// # Errors
    /// `file` has a key of another name.
    pub fn take_in(&mut self, key_id: &str, listed: Listed<'_>, file: &Path) -> Result<(), Error> {
        if self.keys.iter().any(|key| key.key_id == key_id) {
            return Ok(());
        }
        match listed.keys.iter().find(|key| key.key_id == key_id) {
            Some(key) if key.comments == self.name => self.keys.push(key.clone()),
            Some(key) => {
                return Err(Error::OtherName {
                    file: file.to_owned(),
                    key_id: key_id.to_owned(),
                    found: key.comments.clone(),
                    wanted: self.name.clone(),
                });
            }
            None => {}
        }
        Ok(())
    }

    pub fn newest(&self) -> Option<&V2KeyDetails> {
        self.keys.iter().max_by_key(|key| time::parse(&key.created_at))
    }

    /// The key that a successor is made after: the `current` one, else the newest.
    pub fn model_for(&self, current: Option<&str>) -> Option<&V2KeyDetails> {
        self.keys.iter().find(|key| Some(key.key_id.as_str()) == current).or_else(|| self.newest())
    }

    /// A key of the name with other audiences than `model`, whose successor is made.
    pub fn other_audiences(&self, model: &V2KeyDetails) -> Option<&V2KeyDetails> {
        let sorted = |key: &V2KeyDetails| {
            let mut audiences = key.audiences.clone();
            audiences.sort();
            audiences
        };
        let own = sorted(model);
        self.keys.iter().find(|key| sorted(key) != own)
    }
}

fn is_like_an_id(text: &str) -> bool {
    let digits = text.replace(['…', '.'], "");
    let hexadecimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal && (digits.len() >= BEGINNING || key_id::is_short_form(text))
}
