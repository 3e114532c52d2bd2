//! An audit as evidence: a folder of files, and a manifest that shows whether one was changed later.
//!
//! Evidence is never overwritten: what a folder holds from the audit before goes into a folder inside
//! of it that bears its time, and the new manifest names the sum of the old one.

mod csv;
mod html;
mod manifest;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use csv::keys as keys_csv;
pub use manifest::{Broken, FILE, LARGEST, Manifest, Previous, SUM_FILE, sha256};

use manifest::{Listed, Summing};

use super::report::Report;
use crate::config::lock::FileLock;
use crate::config::private_file;
use crate::config::replace::Replacement;
use crate::text::json_stream;

/// The report as JSON, which a comparison reads.
pub const AUDIT: &str = "audit.json";
/// There while an audit is under way.
const LOCK: &str = ".keybench-lock";

/// Why no evidence was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} cannot be written: {error}", file.display())]
    Unwritten { file: PathBuf, error: io::Error },
    #[error("another audit writes its evidence to {}; nothing was done", folder.display())]
    Locked { folder: PathBuf },
    /// What is there already cannot be built on.
    #[error("the earlier evidence in this folder is not as it was written: {0}")]
    Previous(#[from] Broken),
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// A folder to which one audit writes its evidence. Two at once would build on the same audit before,
/// and one of them would be lost.
#[derive(Debug)]
pub struct Evidence {
    folder: PathBuf,
    _alone: FileLock,
}

impl Evidence {
    /// Takes `folder` for this audit, which may take minutes: evidence could be written there, and what is
    /// there already is whole.
    ///
    /// # Errors
    /// It could not, or it is not, or another audit has the folder.
    pub fn claim(folder: &Path) -> Result<Self, Error> {
        let unwritten = |file: &Path, error| Error::Unwritten { file: file.to_owned(), error };
        private_file::make_folder(folder).map_err(|error| unwritten(folder, error))?;
        let lock = folder.join(LOCK);
        let alone = FileLock::try_take(&lock).map_err(|error| unwritten(&lock, error))?;
        let alone = alone.ok_or_else(|| Error::Locked { folder: folder.to_owned() })?;
        let file = folder.join(FILE);
        Replacement::of(&file).check().map_err(|error| unwritten(&file, error))?;
        previous_in(folder)?;
        Ok(Self { folder: folder.to_owned(), _alone: alone })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the evidence of `report`; `policy` is the text of the policy file.
    ///
    /// # Errors
    /// It cannot be written; what was there before is still there.
    pub fn write(&self, report: &Report, policy: Option<&[u8]>) -> Result<Manifest, Error> {
        write(&self.folder, report, policy)
    }
}

fn write(folder: &Path, report: &Report, policy: Option<&[u8]>) -> Result<Manifest, Error> {
    let previous = match previous_in(folder)? {
        None => None,
        Some(Before::Here(old, bytes)) => Some(put_aside(folder, &old, &bytes)?),
        Some(Before::Aside(previous)) => Some(previous),
    };
    let mut files = Vec::new();
    let mut add = |name: &str, fill: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        files.push(put_summed(folder, name, fill)?);
        Ok::<_, Error>(())
    };
    add(AUDIT, &|out| Ok(json_stream::write(out, report)?))?;
    add("keys.csv", &|out| csv::keys(report, out))?;
    add("users.csv", &|out| csv::users(report, out))?;
    add("findings.csv", &|out| csv::findings(report, out))?;
    add("report.html", &|out| html::page(report, out))?;
    if let Some(text) = policy {
        add("policy.toml", &|out| out.write_all(text))?;
    }
    let manifest = Manifest::new(report, files, previous);
    let bytes = serde_json::to_vec_pretty(&manifest)?;
    // The sum last: without it a manifest is not taken for whole.
    put(&folder.join(FILE), &bytes)?;
    put(&folder.join(SUM_FILE), format!("{}  {FILE}\n", sha256(&bytes)).as_bytes())?;
    Ok(manifest)
}

/// The audit before.
enum Before {
    /// In the folder itself: the manifest and its bytes.
    Here(Manifest, Vec<u8>),
    /// A run that was killed had put it aside already.
    Aside(Previous),
}

fn previous_in(folder: &Path) -> Result<Option<Before>, Broken> {
    if !folder.join(FILE).exists() {
        return Ok(None);
    }
    match Manifest::read(folder) {
        Ok((manifest, bytes)) => Ok(Some(Before::Here(manifest, bytes))),
        // Killed between the new manifest and its sum: the sum is that of the one before.
        Err(Broken::ManifestChanged { file }) => {
            let found = put_aside_before(folder);
            found.map(|previous| Some(Before::Aside(previous))).ok_or(Broken::ManifestChanged { file })
        }
        Err(broken) => Err(broken),
    }
}

/// The manifest that was put aside and whose sum still stands beside another one.
fn put_aside_before(folder: &Path) -> Option<Previous> {
    let sum = String::from_utf8(manifest::read(&folder.join(SUM_FILE)).ok()?).ok()?;
    let sum = sum.split_whitespace().next()?.to_owned();
    let end = format!("-{}", sum.get(..8)?);
    let mut entries = std::fs::read_dir(folder).ok()?.flatten();
    entries.find_map(|entry| {
        let name = entry.file_name().into_string().ok().filter(|name| name.ends_with(&end))?;
        let (old, bytes) = Manifest::read(&entry.path()).ok()?;
        let file = format!("{name}/{FILE}");
        (sha256(&bytes) == sum).then(|| Previous { file, sha256: sum.clone(), made_at: old.made_at })
    })
}

/// Copies the evidence of the audit before into a folder of its own, unless a run that was killed
/// already did.
fn put_aside(folder: &Path, old: &Manifest, bytes: &[u8]) -> Result<Previous, Error> {
    let sum = sha256(bytes);
    let made_at = old.made_at.replace(':', "-");
    let made_at: String = made_at.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let name = format!("{made_at}-{}", &sum[..8]);
    let aside = folder.join(&name);
    if Manifest::read(&aside).is_err() {
        old.verify(folder)?;
        private_file::make_folder(&aside).map_err(|error| Error::Unwritten { file: aside.clone(), error })?;
        for listed in &old.files {
            put(&aside.join(&listed.name), &manifest::read(&folder.join(&listed.name))?)?;
        }
        put(&aside.join(FILE), bytes)?;
        put(&aside.join(SUM_FILE), format!("{sum}  {FILE}\n").as_bytes())?;
    }
    Ok(Previous { file: format!("{name}/{FILE}"), sha256: sum, made_at: old.made_at.clone() })
}

/// Writes a file of the evidence while its content comes.
fn put_summed(
    folder: &Path,
    name: &str,
    fill: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<Listed, Error> {
    let file = folder.join(name);
    let mut listed = None;
    let written = Replacement::of(&file).private().write_with(|out| {
        let mut summing = Summing::new(out);
        fill(&mut summing)?;
        listed = Some(summing.listed(name));
        Ok(())
    });
    match (written, listed) {
        (Ok(()), Some(listed)) => Ok(listed),
        (Ok(()), None) => Err(Error::Unwritten { file, error: io::ErrorKind::Other.into() }),
        (Err(error), _) => Err(Error::Unwritten { file, error }),
    }
}

fn put(file: &Path, bytes: &[u8]) -> Result<(), Error> {
    private_file::write(file, bytes).map_err(|error| Error::Unwritten { file: file.to_owned(), error })
}
