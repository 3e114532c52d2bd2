//! Which files of a project a build may name.

use std::path::{Component, Path, PathBuf};

/// A path that leaves the project's folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} leads out of the project's folder; name a file in it")]
pub struct Outside(pub String);

/// `path`, relative to the folder `root` of a project. Refused if it is absolute, leaves the
/// project, or leads elsewhere through a link. It may leave `root` (OBSERVED: programs send
/// `file_path` with `../`).
///
/// Nothing has to exist: opening it reports what is missing. A link is checked as it is now; anyone
/// who can change links in a project can run any code in its models anyway.
pub fn inside(project: &Path, root: &str, path: &str) -> Result<PathBuf, Outside> {
    let outside = || Outside(path.to_owned());
    let mut relative = PathBuf::new();
    for part in Path::new(root).components().chain(Path::new(path).components()) {
        match part {
            Component::Normal(name) => relative.push(name),
            Component::CurDir => {}
            Component::ParentDir if relative.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    if path.contains('\0') || root.contains('\0') {
        return Err(outside());
    }
    let joined = project.join(relative);
    let leaves = joined
        .canonicalize()
        .is_ok_and(|real| project.canonicalize().map_or(true, |project| !real.starts_with(project)));
    if leaves { Err(outside()) } else { Ok(joined) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_within_the_project_pass() {
        let directory = tempfile::tempdir().unwrap();
        let project = directory.path().join("project");
        std::fs::create_dir_all(project.join("models")).unwrap();
        std::fs::write(project.join("models/fit.py"), "").unwrap();
        std::fs::write(directory.path().join("secret.py"), "").unwrap();
        std::os::unix::fs::symlink(directory.path().join("secret.py"), project.join("link.py")).unwrap();
        std::os::unix::fs::symlink("models/fit.py", project.join("near.py")).unwrap();
        for (root, path, found) in [
            ("", "models/fit.py", "models/fit.py"),
            ("", "./models/fit.py", "models/fit.py"),
            ("models", "fit.py", "models/fit.py"),
            ("models", "../near.py", "near.py"),
            ("models", "../models/fit.py", "models/fit.py"),
            ("", "missing.py", "missing.py"),
            ("", "модель.py", "модель.py"),
        ] {
            assert_eq!(inside(&project, root, path), Ok(project.join(found)), "{root} {path}");
        }
        for (root, path) in [
            ("", "../secret.py"),
            ("", "models/../../secret.py"),
            ("models", "../../secret.py"),
            ("", "../project/models/fit.py"),
            ("", "/etc/passwd"),
            ("models", "/etc/passwd"),
            ("", "link.py"),
            ("", "a\0b"),
        ] {
            assert_eq!(inside(&project, root, path), Err(Outside(path.to_owned())), "{root}");
        }
    }
}
