//! Identifiers and keys in the forms seen on real instances: random, or derived from a seed if
//! tests need the same ones each time.

use ring::error::Unspecified;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use super::options::Credentials;
use crate::secret::{ApiKey, LegacyKey};
use crate::text::hex;

const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The system returned no random bytes; no secret can be created.
#[derive(Debug, thiserror::Error)]
#[error("the system's random source failed")]
pub struct NoRandomness;

impl From<Unspecified> for NoRandomness {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

/// The source of the bytes of keys and IDs.
#[derive(Clone)]
pub struct Source(Option<hmac::Key>);

impl Source {
    /// The system's random source.
    pub const RANDOM: Self = Self(None);

    pub fn of(credentials: &Credentials) -> Self {
        match credentials {
            Credentials::Random => Self::RANDOM,
            Credentials::Fixed(text) => Self(Some(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()))),
        }
    }

    pub fn is_fixed(&self) -> bool {
        self.0.is_some()
    }

    /// Distinguishes this source from others without revealing what it gives.
    pub fn mark(&self) -> String {
        match &self.0 {
            None => "random".to_owned(),
            Some(key) => format!("fixed:{}", hex(&hmac::sign(key, b"mark").as_ref()[..8])),
        }
    }

    /// Fills `bytes`. A fixed source gives the same ones for the same `what` and `round`.
    fn fill(&self, what: &str, round: u32, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let Some(key) = &self.0 else { return Ok(SystemRandom::new().fill(bytes)?) };
        for (block, chunk) in bytes.chunks_mut(32).enumerate() {
            let tag = hmac::sign(key, format!("{what}\0{round}\0{block}").as_bytes());
            chunk.copy_from_slice(&tag.as_ref()[..chunk.len()]);
        }
        Ok(())
    }

    /// A new API key: 64 hexadecimal digits, a dot, 64 more (OBSERVED).
    pub fn api_key(&self, what: &str) -> Result<ApiKey, NoRandomness> {
        let mut bytes = [0; 64];
        self.fill(&format!("api key {what}"), 0, &mut bytes)?;
        let (first, second) = bytes.split_at(32);
        Ok(ApiKey::from_workbench(format!("{}.{}", hex(first), hex(second))))
    }

    /// A new legacy key: 32 of `[0-9a-z]` (DOCS, cdsw-api-key-authentication).
    pub fn legacy_key(&self, what: &str) -> Result<LegacyKey, NoRandomness> {
        Ok(LegacyKey::new(self.base36(&format!("legacy key {what}"), 32)?))
    }

    /// A new access key: `m` and 31 of `[0-9a-z]` (OBSERVED).
    pub fn access_key(&self, what: &str) -> Result<String, NoRandomness> {
        Ok(format!("m{}", self.base36(&format!("access key {what}"), 31)?))
    }

    /// A new project id: four groups of four of `[0-9a-z]` (OBSERVED).
    pub fn project_id(&self, what: &str) -> Result<String, NoRandomness> {
        let text = self.base36(&format!("project {what}"), 16)?;
        Ok([&text[..4], &text[4..8], &text[8..12], &text[12..]].join("-"))
    }

    /// 64 hexadecimal digits.
    pub fn token(&self, what: &str) -> Result<String, NoRandomness> {
        let mut bytes = [0; 32];
        self.fill(&format!("token {what}"), 0, &mut bytes)?;
        Ok(hex(&bytes))
    }

    /// An identifier of a model, a build or a deployment.
    pub fn uuid(&self, what: &str) -> Result<String, NoRandomness> {
        let mut bytes = [0; 16];
        self.fill(&format!("uuid {what}"), 0, &mut bytes)?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
    }

    /// Characters, each of the 36 with equal probability.
    fn base36(&self, what: &str, length: usize) -> Result<String, NoRandomness> {
        // 252 is the largest multiple of 36 in a byte; larger values would favour the first digits.
        const FAIR: u8 = 252;
        let mut text = String::with_capacity(length);
        let mut round = 0;
        while text.len() < length {
            let mut bytes = [0; 64];
            self.fill(what, round, &mut bytes)?;
            round += 1;
            let fair = bytes.iter().filter(|byte| **byte < FAIR);
            let digits = fair.map(|byte| char::from(BASE36[usize::from(byte % 36)]));
            text.extend(digits.take(length - text.len()));
        }
        Ok(text)
    }
}

/// A new API key.
pub fn api_key() -> Result<ApiKey, NoRandomness> {
    Source::RANDOM.api_key("")
}

/// A new legacy key.
pub fn legacy_key() -> Result<LegacyKey, NoRandomness> {
    Source::RANDOM.legacy_key("")
}

/// A new access key.
pub fn access_key() -> Result<String, NoRandomness> {
    Source::RANDOM.access_key("")
}

/// A new project id.
pub fn project_id() -> Result<String, NoRandomness> {
    Source::RANDOM.project_id("")
}

/// 64 random hexadecimal digits.
pub fn token() -> Result<String, NoRandomness> {
    Source::RANDOM.token("")
}

/// A random identifier of a model, a build or a deployment.
pub fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
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
    }

    #[test]
    fn a_fixed_source_gives_the_same_for_the_same_text_and_name() {
        let source = |text: &str| Source::of(&Credentials::Fixed(text.to_owned()));
        let key = |text: &str, name: &str| source(text).api_key(name).unwrap().expose().to_owned();
        assert_eq!(key("a", "owner"), key("a", "owner"));
        assert_ne!(key("a", "owner"), key("a", "viewer"));
        assert_ne!(key("a", "owner"), key("b", "owner"));
        assert!(ApiKey::parse(&key("a", "owner")).is_ok());
        assert_eq!(source("a").access_key("x").unwrap(), source("a").access_key("x").unwrap());
        assert_eq!(source("a").uuid("x").unwrap().len(), 36);
        assert_ne!(source("a").mark(), source("b").mark());
    }
}
