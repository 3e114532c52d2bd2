//! Texts that have the shape of an API key, whether or not this process holds the key.

use std::borrow::Cow;
use std::ops::Range;

use super::MASK;

/// Hexadecimal digits on each side of the dot, at least: half a key cut in two is still one.
const LONG: usize = 32;

/// Whether a text contains something shaped like an API key.
pub fn mentions_key(text: &str) -> bool {
    shapes(text).next().is_some()
}

/// Replaces everything shaped like an API key with [`MASK`].
pub fn mask_shapes(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut from = 0;
    for Range { start, end } in shapes(text) {
        // Two that share their digits are one.
        if let Some(before) = text.get(from..start) {
            masked.push_str(before);
            masked.push_str(MASK);
        }
        from = end;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[from..]);
    Cow::Owned(masked)
}

/// Two long runs of hexadecimal digits with a dot in between.
fn shapes(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices('.').filter_map(|(dot, _)| {
        let before = text[..dot].bytes().rev().take_while(u8::is_ascii_hexdigit).count();
        let after = text[dot + 1..].bytes().take_while(u8::is_ascii_hexdigit).count();
        (before >= LONG && after >= LONG).then(|| dot - before..dot + 1 + after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shaped_like_a_key_is_masked() {
        let key = format!("{}.{}", "0a".repeat(32), "9f".repeat(32));
        assert_eq!(mask_shapes(&format!("a {key} b {key}")), "a •••• b ••••");
        assert_eq!(mask_shapes(&format!("{key}.{}", "1b".repeat(32))), "••••", "they share digits");
        for plain in ["", "1.5", "a.b", &"0a".repeat(80), "ünï.côde"] {
            assert!(matches!(mask_shapes(plain), Cow::Borrowed(_)) && !mentions_key(plain), "{plain}");
        }
        assert!(mentions_key(&key));
    }
}
