//! The machine's Python: its location, its files, and the users that can run it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use super::INHERITED;

/// How long the interpreter may take to describe itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks an interpreter for its parts. `sys.executable` sees through the wrappers of version
/// managers.
const QUESTION: &str = "import json, site, sys
user = site.getusersitepackages()
print(json.dumps({'executable': sys.executable, 'user_packages': user,
    'prefixes': [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix], 'path': sys.path}))";

/// An interpreter's description of itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Installation {
    pub executable: PathBuf,
    /// Packages that the server's user installed; isolated Python does not see them.
    pub user_packages: PathBuf,
    prefixes: Vec<PathBuf>,
    path: Vec<PathBuf>,
}

impl Installation {
    /// Runs the interpreter.
    pub async fn of(interpreter: &Path) -> Result<Self, String> {
        let inherited = INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut command = Command::new(interpreter);
        command.args(["-I", "-B", "-c", QUESTION]).env_clear().envs(inherited);
        // Locates the packages of its own user.
        command.envs(std::env::var_os("HOME").map(|home| ("HOME", home)));
        let asked = command.stdin(Stdio::null()).kill_on_drop(true).output();
        let output = timeout(PATIENCE, asked)
            .await
            .map_err(|_| format!("it did not answer within {} s", PATIENCE.as_secs()))?
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    }

    /// What its programs must be able to read. `Err` names one of these folders that contains
    /// `data`, which no program of a project may read; a module folder that contains it is skipped.
    pub fn readable(&self, data: &Path) -> Result<Vec<PathBuf>, PathBuf> {
        let holds_data = |folder: &Path| folder.canonicalize().is_ok_and(|folder| data.starts_with(folder));
        let mut needed = self.prefixes.clone();
        needed.extend(self.executable.canonicalize());
        needed.push(self.executable.clone());
        if let Some(exposed) = needed.iter().find(|folder| holds_data(folder)) {
            return Err(exposed.clone());
        }
        needed.extend(self.path.iter().filter(|folder| !holds_data(folder)).cloned());
        needed.push(self.user_packages.clone());
        Ok(needed)
    }

    /// Whether users other than root can run it.
    pub fn is_for_everybody(&self) -> bool {
        others_may_enter(&self.executable) && self.prefixes.iter().all(|prefix| others_may_enter(prefix))
    }
}

/// The `python3` of a `PATH`.
pub fn find(path: Option<&OsStr>) -> Option<PathBuf> {
    std::env::split_paths(path?).map(|directory| directory.join("python3")).find(|candidate| {
        fs::metadata(candidate).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    })
}

/// Whether any user can reach a file or folder, through all links and parent folders.
pub fn others_may_enter(path: &Path) -> bool {
    let Ok(real) = path.canonicalize() else { return false };
    real.ancestors().all(|part| fs::metadata(part).is_ok_and(|it| it.permissions().mode() & 0o001 != 0))
}

/// The user that replicas of a root server switch to: one that nothing else on the machine runs as.
/// The range is that of systemd's dynamic users, and low enough for containers.
pub fn user_of(data: &Path) -> Option<u32> {
    const FIRST: u64 = 61_184;
    const COUNT: u64 = 4_336;
    let directory = fs::metadata(data).ok()?;
    let mixed = (directory.ino() ^ directory.dev().rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    u32::try_from(FIRST + (mixed >> 32) % COUNT).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_directory_is_never_among_what_python_reads() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let (prefix, modules) = (root.join("python"), root.join("work"));
        fs::create_dir_all(prefix.join("bin")).unwrap();
        fs::create_dir_all(modules.join("data")).unwrap();
        fs::write(prefix.join("bin/python3"), "").unwrap();
        let installation = Installation {
            executable: prefix.join("bin/python3"),
            user_packages: root.join("user"),
            prefixes: vec![prefix.clone()],
            path: vec![prefix.join("lib"), modules.clone()],
        };
        let readable = installation.readable(&modules.join("data")).unwrap();
        assert!(readable.contains(&prefix) && !readable.contains(&modules), "{readable:?}");
        assert!(installation.readable(&root.join("elsewhere")).unwrap().contains(&modules));
        assert_eq!(installation.readable(&prefix.join("data")), Err(prefix));
    }

    #[test]
    fn python_is_found_on_the_path_where_it_can_be_run() {
        let directory = tempfile::tempdir().unwrap();
        let (plain, program) = (directory.path().join("plain"), directory.path().join("program"));
        for (folder, mode) in [(&plain, 0o644), (&program, 0o755)] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("python3"), "").unwrap();
            fs::set_permissions(folder.join("python3"), fs::Permissions::from_mode(mode)).unwrap();
        }
        let path = std::env::join_paths([&plain, &program]).unwrap();
        assert_eq!(find(Some(&path)), Some(program.join("python3")));
        assert_eq!(find(Some(OsStr::new("/nonexistent"))), None);
    }

    #[test]
    fn others_need_a_way_through_every_folder() {
        let directory = tempfile::tempdir_in("/tmp").unwrap();
        let inner = directory.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        for (mode, expected) in [(0o700, false), (0o711, true)] {
            fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(others_may_enter(&inner), expected, "{mode:o}");
        }
        let user = user_of(directory.path()).unwrap();
        assert!((61_184..65_520).contains(&user) && user_of(directory.path()) == Some(user));
    }
}
