//! Removes from outside text what must not reach a terminal.
//!
//! The rule is Unicode's own, not a list: control (Cc), format (Cf), private (Co) and unassigned
//! (Cn) characters, line and paragraph separators (Zl, Zp), and all other characters that Unicode
//! calls ignorable, that is, invisible. Some scripts need a few of them, which pass next to letters
//! of such a script.

use std::borrow::Cow;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, PrependedConcatenationMark};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Replaces everything in `text` that could steer a terminal or mislead a reader: control and
/// escape characters, bidirectional overrides and invisible characters. Each becomes `�`; a line
/// break or a tab becomes a space.
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !marked(text).any(|(_, bad)| bad) {
        return Cow::Borrowed(text);
    }
    let replaced = marked(text).map(|(c, bad)| match c {
        '\n' | '\r' | '\t' => ' ',
        _ if bad => char::REPLACEMENT_CHARACTER,
        c => c,
    });
    Cow::Owned(replaced.collect())
}

/// Like [`clean`], but keeps line breaks and turns a tab into two spaces: for bodies shown as a
/// whole.
pub fn clean_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (c, bad) in marked(text) {
        match c {
            '\n' => out.push('\n'),
            '\r' => {}
            '\t' => out.push_str("  "),
            _ if bad => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// Printable ASCII only: the common case.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// Each character, and whether it must be replaced in its context.
fn marked(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut before = None;
    let mut rest = text.chars();
    std::iter::from_fn(move || {
        let c = rest.next()?;
        let bad = is_invisible(c) && !belongs(before, c, rest.clone().next());
        before = Some(c);
        Some((c, bad))
    })
}

/// Steers a terminal, is invisible, or renders unpredictably.
pub(super) fn is_invisible(c: char) -> bool {
    const CATEGORIES: icu_properties::CodePointMapDataBorrowed<'static, GeneralCategory> =
        CodePointMapData::<GeneralCategory>::new();
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    match CATEGORIES.get(c) {
        // Number signs of Arabic and Syriac are in this category, but visible.
        GeneralCategory::Format => !CodePointSetData::new::<PrependedConcatenationMark>().contains(c),
        GeneralCategory::Control
        | GeneralCategory::PrivateUse
        | GeneralCategory::Unassigned
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator => true,
        _ => CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c),
    }
}

/// Whether an invisible character is part of how a script is written: a joiner within a word of a
/// joining script, or within an emoji; a variation selector behind a symbol. Next to ASCII these
/// only make two words look the same.
fn belongs(before: Option<char>, c: char, after: Option<char>) -> bool {
    let joins = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !c.is_whitespace() && !is_latin(c));
    match c {
        '\u{200c}' | '\u{200d}' => {
            joins(before.filter(|c| !is_joiner(*c))) && joins(after.filter(|c| !is_joiner(*c)))
        }
        '\u{fe0e}' | '\u{fe0f}' => joins(before.filter(|c| !is_invisible(*c))) || after == Some('\u{20e3}'),
        _ => false,
    }
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Letters of Latin, Greek and Cyrillic, which never join.
fn is_latin(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{52f}' | '\u{1d00}'..='\u{1fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_overrides_do_not_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}]52;c;Zm9v\u{7}b"), "a\u{fffd}]52;c;Zm9v\u{fffd}b");
        assert_eq!(clean("x\u{202e}y\u{200b}z\u{9b}"), "x\u{fffd}y\u{fffd}z\u{fffd}");
        assert_eq!(clean("one\ntwo"), "one two");
        assert_eq!(clean_lines("one\r\n\ttwo\u{1b}"), "one\n  two\u{fffd}");
        assert!(matches!(clean("naïve 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn no_invisible_character_passes_whatever_its_kind() {
        let kinds = [
            ('\u{61c}', "Arabic letter mark"),
            ('\u{ad}', "soft hyphen"),
            ('\u{34f}', "grapheme joiner"),
            ('\u{115f}', "Hangul filler"),
            ('\u{180e}', "Mongolian separator"),
            ('\u{2028}', "line separator"),
            ('\u{2029}', "paragraph separator"),
            ('\u{2066}', "isolate"),
            ('\u{3164}', "filler"),
            ('\u{feff}', "byte order mark"),
            ('\u{fff9}', "annotation"),
            ('\u{e000}', "private"),
            ('\u{fe00}', "variation"),
            ('\u{1d173}', "music format"),
            ('\u{e0041}', "tag"),
            ('\u{e0100}', "variation"),
            ('\u{10ffff}', "unassigned"),
            ('\u{378}', "unassigned"),
            ('\u{200d}', "joiner next to ASCII"),
            ('\u{fe0f}', "choice of emoji next to ASCII"),
        ];
        for (c, kind) in kinds {
            assert_eq!(clean(&format!("a{c}b")), "a\u{fffd}b", "{kind}");
            assert_eq!(clean_lines(&format!("a{c}b")), "a\u{fffd}b", "{kind}");
        }
        assert_eq!(clean("ы\u{200d}ы"), "ы\u{fffd}ы", "Cyrillic does not join");
        assert_eq!(clean("می\u{200c}\u{200c}خ"), "می\u{fffd}\u{fffd}خ", "a row of joiners hides something");
    }

    #[test]
    fn scripts_that_need_them_keep_their_joiners_and_emoji_stay_whole() {
        for text in [
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}💻",
            "❤\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "\u{600}١",
            "日本",
            "é",
        ] {
            assert_eq!(clean(text), text);
        }
        assert_eq!(clean("👩\u{200d}❤\u{fe0f}\u{200d}👩"), "👩\u{200d}❤\u{fe0f}\u{200d}👩");
    }

    proptest::proptest! {
        #[test]
        fn what_is_clean_stays_so_and_nothing_steers(text in "\\PC{0,20}|(.|[\u{80}-\u{10ffff}]){0,20}") {
            let cleaned = clean(&text).into_owned();
            proptest::prop_assert!(!cleaned.chars().any(char::is_control));
            proptest::prop_assert_eq!(clean(&cleaned), cleaned.as_str());
            proptest::prop_assert_eq!(cleaned.chars().count(), text.chars().count());
        }
    }
}
