//! Names the commit and its date for `keybench --version`, without a network: from git, or from
//! `packaging/commit.txt`, which `git archive` fills in. Without either the version stands alone.
//!
//! A development build is not stamped: it would be compiled anew after every commit.

use std::process::Command;

const ARCHIVED: &str = "packaging/commit.txt";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={ARCHIVED}");
    let stamp = match std::env::var("PROFILE").as_deref() {
        Ok("release") => from_git().or_else(from_archive),
        _ => None,
    };
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let stamp = stamp.map(|stamp| format!(" ({stamp})")).unwrap_or_default();
    println!("cargo:rustc-env=KEYBENCH_VERSION={version}{stamp}");
}

/// `0123456789ab 2026-11-27`, with `, modified` if files differ from that commit.
fn from_git() -> Option<String> {
    // Not the repository around a copy of these files.
    if !std::path::Path::new(".git").exists() {
        return None;
    }
    let stamp = stamp(&git(&["log", "-1", "--format=%H %cs"])?)?;
    for name in ["HEAD", "index", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", name]) {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    for path in ["src", "assets", "Cargo.toml", "Cargo.lock"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { stamp } else { format!("{stamp}, modified") })
}

/// As it stands in the repository, nothing is filled in.
fn from_archive() -> Option<String> {
    let text = std::fs::read_to_string(ARCHIVED).ok()?;
    if text.contains('$') { None } else { stamp(&text) }
}

/// The beginning of a commit's name, and its date.
fn stamp(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let (commit, day) = (words.next()?, words.next()?);
    Some(format!("{} {day}", commit.get(..12)?))
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
