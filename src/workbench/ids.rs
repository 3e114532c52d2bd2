//! Identifiers and keys, from the system's random source, in the forms seen on real instances.

use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};

use crate::secret::{ApiKey, LegacyKey};

const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The system gave no random bytes; nothing secret can be made.
#[derive(Debug, thiserror::Error)]
#[error("the system's random source failed")]
pub struct NoRandomness;

impl From<Unspecified> for NoRandomness {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

/// A new API key: 64 hexadecimal digits, a dot, 64 more (OBSERVED).
pub fn api_key() -> Result<ApiKey, NoRandomness> {
    let mut bytes = [0; 64];
    SystemRandom::new().fill(&mut bytes)?;
    let (first, second) = bytes.split_at(32);
    Ok(ApiKey::from_workbench(format!("{}.{}", hex(first), hex(second))))
}

/// A new legacy key: 32 of `[0-9a-z]` (DOCS, cdsw-api-key-authentication).
pub fn legacy_key() -> Result<LegacyKey, NoRandomness> {
    Ok(LegacyKey::new(base36(32)?))
}

/// A new access key: `m` and 31 of `[0-9a-z]` (OBSERVED).
pub fn access_key() -> Result<String, NoRandomness> {
    Ok(format!("m{}", base36(31)?))
}

/// A new project id: four groups of four of `[0-9a-z]` (OBSERVED).
pub fn project_id() -> Result<String, NoRandomness> {
    let text = base36(16)?;
    Ok([&text[..4], &text[4..8], &text[8..12], &text[12..]].join("-"))
}

/// 64 hexadecimal digits.
pub fn token() -> Result<String, NoRandomness> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// An identifier of a model, a build or a deployment.
pub fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// Random characters, each of the 36 as likely as the others.
fn base36(length: usize) -> Result<String, NoRandomness> {
    // 252 is the largest multiple of 36 in a byte; what lies beyond would favour the first digits.
    const FAIR: u8 = 252;
    let random = SystemRandom::new();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 64];
        random.fill(&mut bytes)?;
        let fair = bytes.iter().filter(|byte| **byte < FAIR);
        let digits = fair.map(|byte| char::from(BASE36[usize::from(byte % 36)]));
        text.extend(digits.take(length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_forms_that_the_client_knows() {
        let key = api_key().unwrap();
        assert!(ApiKey::parse(key.expose()).is_ok());
        assert_ne!(key, api_key().unwrap());
        assert_eq!(legacy_key().unwrap().expose().len(), 32);
        let access = access_key().unwrap();
        assert!(access.starts_with('m') && access.len() == 32);
        let project = project_id().unwrap();
        assert_eq!(project.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4]);
        assert_eq!(hex(&[0, 255, 16]), "00ff10");
    }
}
