//! The files below `src`.

use std::path::{Path, PathBuf};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The name of a file in this test: `tui/admin/mod.rs`.
pub fn name(file: &Path) -> String {
    let name = file.strip_prefix(root()).unwrap_or(file);
    name.to_string_lossy().replace('\\', "/")
}

/// Every source file by name, with its text.
pub fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push((name(&path), std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}
