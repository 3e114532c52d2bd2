//! Where the program keeps its files.

use std::ffi::OsString;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use super::Error;

/// An environment variable is not text: treating it as unset would send a key elsewhere, or run as
/// another user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is not valid UTF-8")]
pub struct NotUtf8 {
    pub name: String,
}

/// Reads one environment variable; empty counts as unset. Tests pass their own.
pub type Env<'a> = &'a dyn Fn(&str) -> Result<Option<String>, NotUtf8>;

/// The environment of this process.
///
/// # Errors
/// The variable is set, but not to text.
pub fn process_env(name: &str) -> Result<Option<String>, NotUtf8> {
    read(name, std::env::var_os(name))
}

/// Whether this process runs in a workbench session.
pub fn inside_workbench() -> bool {
    std::env::var_os("CDSW_DOMAIN").is_some_and(|name| !name.is_empty())
}

/// An environment variable that affects only the display, such as `TERM` and `LANG`: bytes that are
/// not text become U+FFFD.
pub fn look_env(name: &str) -> Option<String> {
    std::env::var_os(name)
        .map(|value| value.to_string_lossy().into_owned())
        .filter(|value| !value.trim().is_empty())
}

fn read(name: &str, value: Option<OsString>) -> Result<Option<String>, NotUtf8> {
    let text = value.map(OsString::into_string).transpose();
    let text = text.map_err(|_| NotUtf8 { name: name.to_owned() })?;
    Ok(text.filter(|value| !value.trim().is_empty()))
}

/// `KEYBENCH_CONFIG_DIR`, else `keybench` in the XDG configuration folder.
pub fn config_dir(env: Env<'_>) -> Result<PathBuf, Error> {
    if let Some(dir) = env("KEYBENCH_CONFIG_DIR")? {
        return Ok(PathBuf::from(dir));
    }
    let base = etcetera::base_strategy::Xdg::new().map_err(|_| Error::NoFolder)?;
    Ok(base.config_dir().join("keybench"))
}

/// Files that may be lost: `cache` below `KEYBENCH_CONFIG_DIR`, else `keybench` in the XDG cache
/// folder.
pub fn cache_dir(env: Env<'_>) -> Result<PathBuf, Error> {
    if let Some(dir) = env("KEYBENCH_CONFIG_DIR")? {
        return Ok(PathBuf::from(dir).join("cache"));
    }
    let base = etcetera::base_strategy::Xdg::new().map_err(|_| Error::NoFolder)?;
    Ok(base.cache_dir().join("keybench"))
}

/// What the program remembers of its use: `KEYBENCH_CONFIG_DIR` itself, else `keybench` in the XDG
/// state folder.
pub fn state_dir(env: Env<'_>) -> Result<PathBuf, Error> {
    if let Some(dir) = env("KEYBENCH_CONFIG_DIR")? {
        return Ok(PathBuf::from(dir));
    }
    let base = etcetera::base_strategy::Xdg::new().map_err(|_| Error::NoFolder)?;
    Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("keybench"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn what_is_no_text_is_an_error_and_never_unset() {
        let read = |bytes: &[u8]| read("NAME", Some(OsString::from_vec(bytes.to_vec())));
        assert_eq!(read(b"x"), Ok(Some("x".to_owned())));
        assert_eq!(read(b" "), Ok(None));
        let error = read(b"/home/\xff").unwrap_err();
        assert_eq!(error.to_string(), "the environment variable NAME is not valid UTF-8");
        let bad = |name: &str| Err(NotUtf8 { name: name.to_owned() });
        assert!(config_dir(&bad).is_err() && cache_dir(&bad).is_err() && state_dir(&bad).is_err());
    }
}
