//! `MANIFEST.json`: which files belong to an audit, with the SHA-256 of each and of the manifest
//! before, so that a file that was changed, or an audit that was left out, is noticed.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ring::digest;
use serde::{Deserialize, Serialize};

use crate::actions::audit::report::Report;
use crate::bounded;
use crate::text::hex;

/// The manifest, and its own sum in the form that `sha256sum -c` reads.
pub const FILE: &str = "MANIFEST.json";
pub const SUM_FILE: &str = "MANIFEST.json.sha256";
/// Bytes of the largest file: 100 000 keys are about 60 MB.
pub const LARGEST: u64 = 256 << 20;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    pub version: u32,
    pub made_at: String,
    pub made_by: String,
    pub url: String,
    /// The version of keybench.
    pub keybench: String,
    /// The manifest of the audit before; `None` for the first.
    pub previous: Option<Previous>,
    pub files: Vec<Listed>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Previous {
    /// Its path, seen from the folder of this manifest where it is inside.
    pub file: String,
    pub sha256: String,
    pub made_at: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listed {
    pub name: String,
    pub sha256: String,
    pub bytes: usize,
}

/// Why evidence cannot be relied on.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable { file: PathBuf, error: io::Error },
    #[error("{} is not a manifest: {what}", file.display())]
    NoManifest { file: PathBuf, what: String },
    #[error("{} has changed since {FILE} was written", file.display())]
    Changed { file: PathBuf },
    #[error("{} has changed since {SUM_FILE} was written", file.display())]
    ManifestChanged { file: PathBuf },
}

impl Manifest {
    pub fn new(report: &Report, files: Vec<Listed>, previous: Option<Previous>) -> Self {
        Self {
            version: 1,
            made_at: report.made_at.clone(),
            made_by: report.made_by.clone(),
            url: report.url.clone(),
            keybench: env!("CARGO_PKG_VERSION").to_owned(),
            previous,
            files,
        }
    }

    /// Reads the manifest of `folder`, whose own sum must be right; and its bytes.
    ///
    /// # Errors
    /// It cannot be read, or it was changed.
    pub fn read(folder: &Path) -> Result<(Self, Vec<u8>), Broken> {
        let file = folder.join(FILE);
        let bytes = read(&file)?;
        let sum = read(&folder.join(SUM_FILE))?;
        if String::from_utf8_lossy(&sum).split_whitespace().next() != Some(&sha256(&bytes)) {
            return Err(Broken::ManifestChanged { file });
        }
        let manifest: Self = match serde_json::from_slice(&bytes) {
            Ok(manifest) => manifest,
            Err(error) => return Err(Broken::NoManifest { file, what: error.to_string() }),
        };
        // What a manifest says is not trusted to stay in its folder.
        let leaves = |name: &str| Path::new(name).file_name() != Some(name.as_ref());
        if let Some(listed) = manifest.files.iter().find(|listed| leaves(&listed.name)) {
            let what = format!("{:?} is not the name of a file", listed.name);
            return Err(Broken::NoManifest { file, what });
        }
        Ok((manifest, bytes))
    }

    /// Compares each file in `folder` with its sum.
    ///
    /// # Errors
    /// The first that is missing or was changed.
    pub fn verify(&self, folder: &Path) -> Result<(), Broken> {
        for listed in &self.files {
            let file = folder.join(&listed.name);
            if sha256(&read(&file)?) != listed.sha256 {
                return Err(Broken::Changed { file });
            }
        }
        Ok(())
    }
}

pub fn read(file: &Path) -> Result<Vec<u8>, Broken> {
    bounded::read_up_to(file, LARGEST).map_err(|error| Broken::Unreadable { file: file.to_owned(), error })
}

/// Passes on what is written, and takes its sum.
pub struct Summing<'a> {
    out: &'a mut dyn Write,
    sum: digest::Context,
    bytes: usize,
}

impl<'a> Summing<'a> {
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out, sum: digest::Context::new(&digest::SHA256), bytes: 0 }
    }

    /// What was written, as the manifest lists it.
    pub fn listed(self, name: &str) -> Listed {
        Listed { name: name.to_owned(), sha256: hex(self.sum.finish().as_ref()), bytes: self.bytes }
    }
}

impl Write for Summing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}
