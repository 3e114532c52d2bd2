//! The form of a value without the value.

/// A date: digits are 9, letters stay, since they are `T` and `Z`.
pub fn date(text: &str) -> Option<String> {
    let begins = text.get(..10)?;
    let is_day = begins.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let fits = |c: char| c.is_ascii_digit() || "-:.TZ+ ".contains(c);
    (is_day && text.len() <= 40 && text.chars().all(fits))
        .then(|| text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect())
}

/// An id: which characters, and how many, part by part.
pub fn id(text: &str) -> String {
    let parts = text.split('-').take(8).map(|part| {
        let all = |fits: fn(char) -> bool| part.chars().all(fits);
        let class = if all(|c| c.is_ascii_digit()) {
            "[0-9]"
        } else if all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
            "[0-9a-f]"
        } else if all(|c| c.is_ascii_digit() || c.is_ascii_lowercase()) {
            "[0-9a-z]"
        } else {
            "."
        };
        format!("{class}{{{}}}", part.chars().count())
    });
    parts.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_tell_no_value() {
        assert_eq!(date("2027-01-31T23:59:59.123Z").as_deref(), Some("9999-99-99T99:99:99.999Z"));
        assert_eq!(date("2027-01-31").as_deref(), Some("9999-99-99"));
        assert_eq!(date("my secret"), None);
        assert_eq!(date("2027-01-31 is my secret"), None);
        assert_eq!(id("4u5o-hjm5"), "[0-9a-z]{4}-[0-9a-z]{4}");
        assert_eq!(id(&"0a".repeat(32)), "[0-9a-f]{64}");
        assert_eq!(id("Ann B."), ".{6}");
    }
}
