//! Files that the interface writes: a key, an answer, a run, the requests of earlier tests.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Answer, WriteError};
use crate::actions::key_file;
use crate::config::requests::{self, Change, Requests};
use crate::config::setting::{self, Setting};
use crate::config::{columns, private_file};
use crate::disk;
use crate::probe::run::{self, Summary};
use crate::secret::ApiKey;

/// Writes a key to a new file.
pub(super) async fn key(key: ApiKey, path: String) -> Result<PathBuf, String> {
    blocking(move || key_file::save(&key, &path).map_err(|refusal| format!("{refusal}; {}", refusal.hint())))
        .await
}

/// Writes a text to a file.
pub(super) async fn text(file: PathBuf, text: String, replace: bool) -> Answer {
    let name = file.clone();
    written(file, blocking(move || write(&name, text.as_bytes(), replace)).await)
}

/// Writes a run to a file.
pub(super) async fn run(file: PathBuf, summary: Arc<Summary>, replace: bool) -> Answer {
    let name = file.clone();
    written(file, blocking(move || export(&name, &summary, replace)).await)
}

/// A file that is there is named in full: the user may look for it from another folder.
fn written(file: PathBuf, done: Result<(), WriteError>) -> Answer {
    let file = match &done {
        Ok(()) => std::path::absolute(&file).unwrap_or(file),
        Err(_) => file,
    };
    Answer::Written { file, done }
}

pub(super) async fn load_requests(file: PathBuf, url: String) -> Result<HashMap<String, Requests>, String> {
    blocking(move || requests::load(&file, &url).map_err(|error| error.to_string())).await
}

pub(super) async fn store_requests(
    file: PathBuf,
    url: String,
    model_id: String,
    change: Change,
) -> Result<(), String> {
    blocking(move || {
        requests::update(&file, Timestamp::now(), &url, &model_id, change).map_err(|error| error.to_string())
    })
    .await
}

pub(super) async fn store_columns(
    file: PathBuf,
    list: &'static str,
    names: Vec<String>,
) -> Result<(), String> {
    blocking(move || columns::store(&file, list, names).map_err(|error| error.to_string())).await
}

pub(super) async fn store_setting(file: PathBuf, setting: Setting) -> Result<(), String> {
    blocking(move || setting::store(&file, setting).map_err(|error| error.to_string())).await
}

/// Files are read and written where waiting for them holds up nothing else.
pub(super) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<String> + Send + 'static,
{
    disk::spawn(work).await.unwrap_or_else(|error| Err(error.to_string().into()))
}

/// Writes a file that only its owner can read, whole or not at all.
fn write(file: &Path, contents: &[u8], replace: bool) -> Result<(), WriteError> {
    let written = match replace {
        false => private_file::write_new(file, contents),
        // Only regular files are replaced.
        true => private_file::can_write(file).and_then(|()| private_file::write(file, contents)),
    };
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => WriteError::Exists,
        io::ErrorKind::NotFound => WriteError::Failed("there is no such folder".to_owned()),
        _ => WriteError::Failed(format!("it cannot be written: {error}")),
    })
}

fn export(file: &Path, summary: &Summary, replace: bool) -> Result<(), WriteError> {
    let mut text = Vec::new();
    let csv = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let written = if csv { run::write_csv(summary, &mut text) } else { run::write_json(summary, &mut text) };
    written.map_err(|error| WriteError::Failed(error.to_string()))?;
    write(file, &text, replace)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_written_file_is_named_in_full_and_one_that_is_there_as_it_was_typed() {
        let there = tempfile::NamedTempFile::new_in(".").unwrap();
        let relative = PathBuf::from(there.path().file_name().unwrap());
        let named = |answer| match answer {
            Answer::Written { file, done } => (file, done.is_ok()),
            other => panic!("{other:?}"),
        };
        assert_eq!(named(text(relative.clone(), "x".into(), false).await), (relative.clone(), false));
        let (file, done) = named(text(relative, "x".into(), true).await);
        assert!(file.is_absolute() && done, "{file:?}");
    }

    #[test]
    fn a_file_is_replaced_only_when_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("result.txt");
        assert_eq!(write(&file, b"one", false), Ok(()));
        assert_eq!(write(&file, b"two", false), Err(WriteError::Exists));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one");
        assert_eq!(write(&file, b"two", true), Ok(()));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(write(folder.path(), b"x", true), Err(WriteError::Failed(_))), "no regular file");
    }
}
