//! Names of replicas, as Kubernetes gives them: `churn-1-3-7f9c6496b4-hp6tz`.
//!
//! Model name, model number, deployment number, then the suffixes of the replica set and of the pod
//! (DOCS ml-cli-viewing-replica-logs shows one; the reading of its parts is INFERRED).

use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};

/// The characters that Kubernetes uses in generated names: no vowels, and none that look alike.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The common part of the names of one deployment's replicas.
#[derive(Debug, Clone)]
pub struct ReplicaNames {
    prefix: String,
}

impl ReplicaNames {
    /// `model` is the model's name; the numbers are those of the model and of the deployment.
    pub fn new(model: &str, model_number: i64, deployment_number: i64) -> Self {
        let mut label: String = model
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .take(40)
            .collect();
        label = label.trim_matches('-').to_owned();
        if label.is_empty() {
            label.push_str("model");
        }
        Self { prefix: format!("{label}-{model_number}-{deployment_number}") }
    }

    /// The names of replicas that are started together.
    pub(super) fn generation(&self) -> Generation {
        Generation { prefix: format!("{}-{}", self.prefix, suffix::<10>()) }
    }
}

/// Replicas that were started together share the first suffix.
#[derive(Debug)]
pub(super) struct Generation {
    prefix: String,
}

impl Generation {
    pub fn next(&self) -> Arc<str> {
        format!("{}-{}", self.prefix, suffix::<5>()).into()
    }
}

fn suffix<const LENGTH: usize>() -> String {
    let mut bytes = [0; LENGTH];
    // Names are not secret: if the system's source fails, all of them end in `bbbbb`.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes.iter().map(|&byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_parts_of_a_pod_name() {
        let generation = ReplicaNames::new("Churn (v2)", 1, 3).generation();
        let name = generation.next();
        let parts: Vec<&str> = name.rsplitn(5, '-').collect();
        assert_eq!(parts[4], "churn--v2", "{name}");
        assert_eq!((parts[3], parts[2], parts[1].len(), parts[0].len()), ("1", "3", 10, 5));
        assert_ne!(generation.next(), name);
        assert!(ReplicaNames::new("модель", 1, 1).generation().next().starts_with("model-1-1-"));
    }
}
