//! `credentials.json`: the keys of the seeded users, for anyone who may read the data directory.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::secret::{ApiKey, LegacyKey};

/// A seeded user and their keys.
#[derive(Debug, Clone)]
pub struct Credential {
    pub username: String,
    /// Whether the user is a site administrator.
    pub admin: bool,
    pub api_key: ApiKey,
    pub key_id: String,
    pub legacy_api_key: LegacyKey,
}

/// The form of a [`Credential`] in the file, in clear text.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    username: &'a str,
    admin: bool,
    api_key: &'a str,
    key_id: &'a str,
    legacy_api_key: &'a str,
}

/// Where the file lies.
pub fn path(data: &Path) -> PathBuf {
    data.join("credentials.json")
}

/// Writes the file as a whole or not at all; only its owner may read it.
pub fn write(data: &Path, credentials: &[Credential]) -> io::Result<()> {
    let written: Vec<Written> = credentials
        .iter()
        .map(|credential| Written {
            username: &credential.username,
            admin: credential.admin,
            api_key: credential.api_key.expose(),
            key_id: &credential.key_id,
            legacy_api_key: credential.legacy_api_key.expose(),
        })
        .collect();
    // A temporary file has mode 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(data)?;
    serde_json::to_writer_pretty(&mut file, &written)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path(data))?;
    // The new name is on the disk only once its directory is synced.
    File::open(data)?.sync_all()
}

/// Reads the file back.
pub fn read(data: &Path) -> io::Result<Vec<Credential>> {
    let text = std::fs::read_to_string(path(data))?;
    let written: Vec<Written> = serde_json::from_str(&text)?;
    Ok(written
        .into_iter()
        .map(|written| Credential {
            username: written.username.to_owned(),
            admin: written.admin,
            api_key: ApiKey::from_workbench(written.api_key),
            key_id: written.key_id.to_owned(),
            legacy_api_key: LegacyKey::new(written.legacy_api_key),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_may_read_the_file() {
        let data = tempfile::tempdir().unwrap();
        let credential = Credential {
            username: "ann".into(),
            admin: true,
            api_key: ApiKey::from_workbench("a.b"),
            key_id: "a".into(),
            legacy_api_key: LegacyKey::new("c"),
        };
        write(data.path(), &[credential]).unwrap();
        let mode = std::fs::metadata(path(data.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let read = read(data.path()).unwrap();
        assert_eq!(
            (read[0].username.as_str(), read[0].api_key.expose(), read[0].admin),
            ("ann", "a.b", true)
        );
    }
}
