//! The secrets that this process holds, so that outside text can be searched for them.
//!
//! A backend, a proxy or a model may echo what it was sent. Whatever arrives is searched for every
//! live key of this process, whole, in either half and in base64, before any of it is kept. The
//! registry holds keys weakly: it keeps none alive, and a dropped key is wiped.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memchr_iter;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

/// Replaces a secret.
pub const MASK: &str = "••••";
/// Shorter texts are not workbench keys, and occur by chance.
const SHORTEST: usize = 16;
/// The registry is swept whenever it has grown by this many.
const SWEEP: usize = 64;

static KNOWN: Mutex<Registry> = Mutex::new(Registry { secrets: Vec::new(), sweep_at: SWEEP });

struct Registry {
    secrets: Vec<Weak<Secret>>,
    sweep_at: usize,
}

/// A secret, wiped when its last holder drops it.
pub(super) struct Secret {
    text: SecretString,
    /// The forms that it is searched in, longest first; built at the first search.
    forms: OnceLock<Vec<Zeroizing<Vec<u8>>>>,
}

impl Secret {
    /// Registers `text`: what comes from outside is searched for it as long as this lives.
    pub fn hold(text: String) -> Arc<Self> {
        let secret = Arc::new(Self { text: SecretString::from(text), forms: OnceLock::new() });
        if secret.expose().len() >= SHORTEST {
            let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
            if known.secrets.len() >= known.sweep_at {
                known.secrets.retain(|secret| secret.strong_count() > 0);
                known.sweep_at = known.secrets.len() * 2 + SWEEP;
            }
            known.secrets.push(Arc::downgrade(&secret));
        }
        secret
    }

    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    fn forms(&self) -> &[Zeroizing<Vec<u8>>] {
        self.forms.get_or_init(|| {
            let text = self.expose();
            let mut forms = vec![Zeroizing::new(text.as_bytes().to_vec())];
            forms.extend((0..3).map(|before| in_base64(text, before)));
            if let Some((first, second)) = text.split_once('.') {
                forms.extend([first, second].map(|half| Zeroizing::new(half.as_bytes().to_vec())));
            }
            // Hexadecimal digits mean the same in either case.
            let cases = forms.iter().map(|form| Zeroizing::new(form.to_ascii_uppercase()));
            let cases: Vec<_> = cases.filter(|form| text.contains('.') && !forms.contains(form)).collect();
            forms.extend(cases);
            forms.retain(|form| form.len() >= SHORTEST);
            forms
        })
    }
}

/// The part of `text` that is always the same in base64 if `before` bytes precede it (modulo
/// three).
fn in_base64(text: &str, before: usize) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(vec![0; before]);
    padded.extend_from_slice(text.as_bytes());
    let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&padded));
    let begin = (before * 8).div_ceil(6);
    // An incomplete last digit depends on what follows.
    let end = padded.len() * 8 / 6;
    Zeroizing::new(encoded.as_bytes()[begin..end].to_vec())
}

fn living() -> Vec<Arc<Secret>> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.secrets.iter().filter_map(Weak::upgrade).collect()
}

/// Whether `bytes` contain a secret of this process.
pub fn holds_secret(bytes: &[u8]) -> bool {
    living().iter().flat_map(|secret| secret.forms()).any(|form| find(bytes, form).next().is_some())
}

/// Where `form` begins in `bytes`. Every answer is searched for every form, and most are short: the
/// tables of a general search would take longer to build than the search takes, and kept ones hold
/// the secret once more.
fn find<'a>(bytes: &'a [u8], form: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = form.first().copied().unwrap_or_default();
    let mut free = 0;
    memchr_iter(first, bytes).filter(move |&at| {
        let found = at >= free && bytes[at..].starts_with(form);
        if found {
            free = at + form.len();
        }
        found
    })
}

/// Replaces each secret of this process in `bytes` with [`MASK`], and wipes it.
pub fn mask_bytes(bytes: &mut Vec<u8>) {
    for secret in living() {
        for form in secret.forms() {
            if find(bytes, form).next().is_none() {
                continue;
            }
            let unmasked = Zeroizing::new(std::mem::take(bytes));
            let mut from = 0;
            for at in find(&unmasked, form) {
                bytes.extend_from_slice(&unmasked[from..at]);
                bytes.extend_from_slice(MASK.as_bytes());
                from = at + form.len();
            }
            bytes.extend_from_slice(&unmasked[from..]);
        }
    }
}

/// Like [`mask_bytes`], for a string.
pub fn mask(text: &str) -> Cow<'_, str> {
    if text.len() < SHORTEST || !holds_secret(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    mask_bytes(&mut bytes);
    // Secrets are valid text, so what is left between them is too.
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{ApiKey, LegacyKey};
    use super::*;

    #[test]
    fn a_key_is_masked_in_every_form_while_it_is_held() {
        let text = format!("{}.{}", "17ab".repeat(16), "c0de".repeat(16));
        let legacy = "k3x9".repeat(8);
        let (first, second) = text.split_once('.').unwrap();
        let (first, second) = (first.to_owned(), second.to_owned());
        let basic = |before: &str| STANDARD_NO_PAD.encode(format!("{before}{legacy}:"));
        let upper = [text.to_uppercase(), second.to_uppercase()];
        let [upper, upper_half] = upper;
        let forms = [text.clone(), first, second, upper, upper_half, basic(""), basic("x"), basic("xy")];
        let before = forms.each_ref().map(|form| mask(&format!("a {form} b {form}")).into_owned());
        assert!(!before.iter().any(|text| text.contains(MASK)), "nothing is registered yet");
        let held = (ApiKey::from_workbench(text.clone()), LegacyKey::new(legacy.clone()));
        for form in &forms {
            let masked = mask(&format!("a {form} b {form}")).into_owned();
            assert!(masked.starts_with("a ") && masked.matches(MASK).count() == 2, "{form}: {masked}");
            assert!(!masked.contains(&form[2..form.len() - 4]), "{masked}");
        }
        assert_eq!(mask(&format!("«{text}»")), "«••••»");
        let clone = held.clone();
        drop(held);
        assert!(holds_secret(text.as_bytes()), "a clone holds it still");
        drop(clone);
        assert!(!holds_secret(text.as_bytes()), "the registry keeps nothing alive");
    }

    #[test]
    fn short_texts_are_no_secrets() {
        let _key = ApiKey::from_workbench("k.k");
        assert_eq!(mask("k.k and a long text behind it"), "k.k and a long text behind it");
    }

    #[test]
    fn the_registry_does_not_grow_with_keys_that_are_gone() {
        for n in 0..10_000 {
            drop(ApiKey::from_workbench(format!("{n:064}.{n:064}")));
        }
        assert!(KNOWN.lock().unwrap().secrets.len() < 5_000);
    }
}
