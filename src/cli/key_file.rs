//! `--api-key-file FILE|-`: a key that comes in a file or on standard input, never as an argument.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use secrecy::zeroize::Zeroizing;

use super::error::Failure;
use crate::secret::ApiKey;

/// No file with a key is larger.
const LIMIT: u64 = 64 * 1024;

/// Reads the first line that is neither empty nor a remark (`#`).
pub fn read(file: &Path) -> Result<ApiKey, Failure> {
    let from = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let text = read_text(file).map_err(|error| {
        Failure::invalid(format!("no key can be read from {from}: {error}"))
            .hint("name a file with an API key in it")
    })?;
    parse(&text).map_err(|why| Failure::invalid(format!("{from}: {why}")))
}

/// The key in the text of such a file.
pub fn parse(text: &str) -> Result<ApiKey, crate::secret::NotAnApiKey> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    ApiKey::parse(lines.next().unwrap_or_default())
}

fn read_text(file: &Path) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(1024));
    if file == Path::new("-") {
        std::io::stdin().lock().take(LIMIT).read_to_string(&mut text)?;
    } else {
        File::open(file)?.take(LIMIT).read_to_string(&mut text)?;
    }
    Ok(text)
}
