//! Versioned JSON files of this program. An unreadable one is an error, never treated as empty: an
//! empty one is overwritten next.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Error, private_file};
use crate::decode;

/// Maximum number of copies of unreadable files.
const COPIES: u32 = 9;

/// Reads `file`; `None` if it does not exist. `what` names its contents, such as `the list of
/// requests`.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn read<T: DeserializeOwned>(file: &Path, known: u32, what: &str) -> Result<Option<T>, Error> {
    let unreadable = |error: io::Error| Error::Read { file: file.to_owned(), error };
    let Some(bytes) = private_file::read(file).map_err(unreadable)? else { return Ok(None) };
    let text =
        decode::text(&bytes).map_err(|why| unreadable(io::Error::new(io::ErrorKind::InvalidData, why)))?;
    let malformed = |error: serde_json::Error| Error::Malformed {
        file: file.to_owned(),
        line: error.line(),
        what: format!("not {what} that this program writes"),
    };
    // The version first, since a newer file may have another form. And as an object, since a list
    // would parse as a type whose members are all optional.
    let object: Map<String, Value> = serde_json::from_str(text).map_err(malformed)?;
    let version = object.get("version").map_or(Some(1), Value::as_u64);
    match version.and_then(|found| u32::try_from(found).ok()) {
        Some(found) if found <= known => serde_json::from_str(text).map(Some).map_err(malformed),
        found => Err(Error::Newer { file: file.to_owned(), found: found.unwrap_or(u32::MAX), known }),
    }
}

/// Keeps a copy of an unreadable file, before someone repairs or moves it.
pub(super) fn keep_beside(file: &Path, cause: Error) -> Error {
    let content = match &cause {
        Error::Malformed { .. } | Error::Newer { .. } => private_file::read(file).ok().flatten(),
        Error::Read { error, .. } if error.kind() == io::ErrorKind::InvalidData => {
            private_file::read(file).ok().flatten()
        }
        _ => None,
    };
    let Some(content) = content else { return cause };
    for number in 1..=COPIES {
        let copy = copy_name(file, number);
        match private_file::write_new(&copy, &content) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if private_file::read(&copy).ok().flatten().as_ref() != Some(&content) {
                    continue;
                }
            }
            Err(_) => return cause,
        }
        return Error::LeftAlone { cause: Box::new(cause), copy };
    }
    cause
}

/// `requests.json.unreadable`, `requests.json.unreadable-2` and so on.
pub(super) fn copy_name(file: &Path, number: u32) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".unreadable");
    if number > 1 {
        name.push(format!("-{number}"));
    }
    PathBuf::from(name)
}
