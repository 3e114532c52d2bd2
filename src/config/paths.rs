//! Where the program keeps its files.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use super::Error;

/// Reads one environment variable; empty counts as absent. Tests pass their own.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
pub fn process_env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// `KEYBENCH_CONFIG_DIR`, else `keybench` in the XDG configuration folder.
pub fn config_dir(env: Env<'_>) -> Result<PathBuf, Error> {
    if let Some(dir) = env("KEYBENCH_CONFIG_DIR") {
        return Ok(PathBuf::from(dir));
    }
    let base = etcetera::base_strategy::Xdg::new().map_err(|_| Error::NoFolder)?;
    Ok(base.config_dir().join("keybench"))
}

/// Things that may be lost: `cache` below `KEYBENCH_CONFIG_DIR`, else `keybench` in the XDG cache folder.
pub fn cache_dir(env: Env<'_>) -> Result<PathBuf, Error> {
    if let Some(dir) = env("KEYBENCH_CONFIG_DIR") {
        return Ok(PathBuf::from(dir).join("cache"));
    }
    let base = etcetera::base_strategy::Xdg::new().map_err(|_| Error::NoFolder)?;
    Ok(base.cache_dir().join("keybench"))
}
