//! Which files of a project a build may name.

use std::path::{Component, Path, PathBuf};

/// A path that leaves the project's folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} leads out of the project's folder; name a file in it, relative to it")]
pub struct Outside(pub String);

/// `path` below `folder`, refused if it is absolute, has `..`, or leads elsewhere by a link.
///
/// Nothing has to exist: whoever opens it will say what lacks. A link is judged as it stands now;
/// who can change links in a project can run any code in its models anyway.
pub fn inside(folder: &Path, path: &str) -> Result<PathBuf, Outside> {
    let relative = Path::new(path);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || path.contains('\0') {
        return Err(Outside(path.to_owned()));
    }
    let joined = folder.join(relative);
    let leaves = joined
        .canonicalize()
        .is_ok_and(|real| folder.canonicalize().map_or(true, |folder| !real.starts_with(folder)));
    if leaves { Err(Outside(path.to_owned())) } else { Ok(joined) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_within_the_folder_pass() {
        let directory = tempfile::tempdir().unwrap();
        let project = directory.path().join("project");
        std::fs::create_dir_all(project.join("models")).unwrap();
        std::fs::write(project.join("models/fit.py"), "").unwrap();
        std::fs::write(directory.path().join("secret.py"), "").unwrap();
        std::os::unix::fs::symlink(directory.path().join("secret.py"), project.join("link.py")).unwrap();
        std::os::unix::fs::symlink("models/fit.py", project.join("near.py")).unwrap();
        for path in ["models/fit.py", "./models/fit.py", "near.py", "missing.py", "модель.py"] {
            assert!(inside(&project, path).is_ok(), "{path}");
        }
        for path in ["../secret.py", "models/../../secret.py", "/etc/passwd", "link.py", "a\0b"] {
            assert_eq!(inside(&project, path), Err(Outside(path.to_owned())));
        }
    }
}
