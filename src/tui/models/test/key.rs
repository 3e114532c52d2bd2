//! Which API key a test carries.

use crate::config::KnownKey;
use crate::tui::call::KeyToSend;
use crate::tui::session::SessionState;

/// The key of a test.
#[derive(Debug, Clone)]
pub enum KeyChoice {
    /// The one that the program is signed in with.
    SignedIn,
    /// No key at all: for a model whose authentication is off.
    Nothing,
    /// One that the program holds anyway.
    Known(KnownKey),
    /// What was typed or pasted into the field.
    Typed,
}

impl KeyChoice {
    /// Whether this chooses that key; typed text matches none of those offered.
    pub fn is(&self, key: &KeyToSend) -> bool {
        match (self, key) {
            (Self::SignedIn, KeyToSend::SignedIn) | (Self::Nothing, KeyToSend::Nothing) => true,
            (Self::Known(known), KeyToSend::This(key)) => known.key == *key,
            _ => false,
        }
    }

    /// The choice for a key of the session.
    pub fn of(key: &KeyToSend, session: &SessionState) -> Option<Self> {
        Some(match key {
            KeyToSend::SignedIn => Self::SignedIn,
            KeyToSend::Nothing => Self::Nothing,
            KeyToSend::This(key) => {
                Self::Known(session.known_keys.iter().find(|known| known.key == *key)?.clone())
            }
        })
    }
}

/// The keys that can be chosen, with what to call them.
pub fn options(session: &SessionState) -> Vec<(String, KeyToSend)> {
    let known =
        session.known_keys.iter().map(|known| (id_and_label(known), KeyToSend::This(known.key.clone())));
    let signed_in = format!("the key that is signed in ({})", session.user());
    [(signed_in, KeyToSend::SignedIn), ("no key".to_owned(), KeyToSend::Nothing)]
        .into_iter()
        .chain(known)
        .collect()
}

/// `5b1c…9f0a  dashboard (owner)`
pub fn id_and_label(known: &KnownKey) -> String {
    format!("{}  {}", known.id(), label(known))
}

/// What the key is called, and whose it is.
pub fn label(known: &KnownKey) -> String {
    let KnownKey { label, username, .. } = known;
    if label.contains(username.as_str()) { label.clone() } else { format!("{label} ({username})") }
}
