//! An audit as evidence: a folder of files, and a manifest that shows whether one was changed later.
//!
//! Evidence is never overwritten: what a folder holds from the audit before goes into a folder inside
//! of it that bears its time, and the new manifest names the sum of the old one.

mod csv;
mod html;
mod manifest;

use std::io;
use std::path::{Path, PathBuf};

pub use csv::keys as keys_csv;
pub use manifest::{Broken, FILE, LARGEST, Manifest, Previous, SUM_FILE, sha256};

use super::report::Report;
use crate::config::private_file;
use crate::config::replace::Replacement;

/// The report as JSON, which a comparison reads.
pub const AUDIT: &str = "audit.json";

/// Why no evidence was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} cannot be written: {error}", file.display())]
    Unwritten { file: PathBuf, error: io::Error },
    /// What is there already cannot be built on.
    #[error("the evidence of the audit before cannot be relied on: {0}")]
    Previous(#[from] Broken),
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Whether evidence could be written to `folder`, and what is there already is whole. Before an audit
/// that may take minutes.
///
/// # Errors
/// It could not, or it is not.
pub fn check(folder: &Path) -> Result<(), Error> {
    let unwritten = |file: &Path, error| Error::Unwritten { file: file.to_owned(), error };
    private_file::make_folder(folder).map_err(|error| unwritten(folder, error))?;
    let file = folder.join(FILE);
    Replacement::of(&file).check().map_err(|error| unwritten(&file, error))?;
    previous_in(folder)?;
    Ok(())
}

/// Writes the evidence of `report` to `folder`; `policy` is the text of the policy file.
///
/// # Errors
/// As [`check`]; what was there before is still there.
pub fn write(folder: &Path, report: &Report, policy: Option<&[u8]>) -> Result<Manifest, Error> {
    let mut files: Vec<(&'static str, Vec<u8>)> = vec![
        (AUDIT, serde_json::to_vec_pretty(report)?),
        ("keys.csv", csv::keys(report)),
        ("users.csv", csv::users(report)),
        ("findings.csv", csv::findings(report)),
        ("report.html", html::page(report).into_bytes()),
    ];
    files.extend(policy.map(|text| ("policy.toml", text.to_vec())));
    let previous = match previous_in(folder)? {
        None => None,
        Some(Before::Here(old, bytes)) => Some(put_aside(folder, &old, &bytes)?),
        Some(Before::Aside(previous)) => Some(previous),
    };
    let manifest = Manifest::new(report, &files, previous);
    for (name, bytes) in &files {
        put(&folder.join(name), bytes)?;
    }
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

fn put(file: &Path, bytes: &[u8]) -> Result<(), Error> {
    private_file::write(file, bytes).map_err(|error| Error::Unwritten { file: file.to_owned(), error })
}
