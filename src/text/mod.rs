//! Text for terminals: cleaning outside text, columns, and short forms of sizes and times.

mod clean;
pub mod html;
pub mod json;
pub mod json_stream;
mod members;
pub mod toml;

use std::borrow::Cow;
use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub use clean::{clean, clean_lines};
pub(crate) use members::Members;

/// Stands where something is left out.
pub const ELLIPSIS: char = '…';

/// Columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    // Asked for each cell of a frame, and nearly all of them are ASCII.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) { text.len() } else { text.width() }
}

/// `text` truncated to at most `columns`, with `…` where something is missing.
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut taken = 0;
    let mut out = String::new();
    // Half of what is one character on the screen would take other columns than it is counted for.
    for cluster in text.graphemes(true) {
        taken += width(cluster);
        if taken > columns - 1 {
            break;
        }
        out.push_str(cluster);
    }
    out.push('…');
    Cow::Owned(out)
}

/// Both ends of `text` in at most `columns`, with `…` between them where something is missing.
pub fn middle(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns || columns < 2 {
        return truncate(text, columns);
    }
    let end = tail(text, columns / 2 + 1);
    let room = columns.saturating_sub(width(&end));
    let start = truncate(text, room + 1);
    Cow::Owned(format!("{}{end}", start.trim_end_matches(ELLIPSIS)))
}

/// The end of `text` in at most `columns`, with `…` where something is missing.
pub fn tail(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut taken = 1;
    let fits = |cluster: &&str| {
        taken += width(cluster);
        taken <= columns
    };
    let shown: usize = text.graphemes(true).rev().take_while(fits).map(str::len).sum();
    if columns == 0 { String::new() } else { format!("…{}", &text[text.len() - shown..]) }
}

/// `text` wrapped to at most `columns`, at spaces; a longer word is split.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for cluster in word.graphemes(true) {
            if !line.is_empty() && width(&line) + width(cluster) > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(cluster);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Wraps a line of code or of a protocol to at most `columns`: after a nearby space, else within a
/// word, without dropping anything. Continuation lines are indented.
pub fn fold(line: &str, columns: usize) -> Vec<String> {
    const FURTHER: usize = 4;
    if width(line) <= columns {
        return vec![line.to_owned()];
    }
    let blanks = line.len() - line.trim_start_matches(' ').len();
    let indent = " ".repeat(if blanks + FURTHER < columns / 2 { blanks + FURTHER } else { 0 });
    let mut lines = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let head = if lines.is_empty() { "" } else { indent.as_str() };
        let room = columns.saturating_sub(head.len()).max(1);
        let mut taken = 0;
        let mut fits = |c: char| {
            taken += c.width().unwrap_or(0);
            taken <= room
        };
        let mut end = rest.char_indices().find_map(|(at, c)| (!fits(c)).then_some(at)).unwrap_or(rest.len());
        // A character that is wider than the line still has to go somewhere.
        end = end.max(rest.chars().next().map_or(0, char::len_utf8));
        if end < rest.len()
            && !rest[end..].starts_with(' ')
            && let Some(blank) = rest[..end].rfind(' ')
            && blank > end / 2
        {
            end = blank;
        }
        lines.push(format!("{head}{}", rest[..end].trim_end()));
        rest = rest[end..].trim_start_matches(' ');
    }
    lines
}

/// An identifier shortened in its middle: `5b1c…9f0a`. Short ones stay whole.
pub fn short_id(id: &str) -> Cow<'_, str> {
    const ENDS: usize = 4;
    if id.chars().count() <= 2 * ENDS + 4 || !id.is_ascii() {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("{}…{}", &id[..ENDS], &id[id.len() - ENDS..]))
}

/// A sentence with the Key IDs in it in their short form.
pub fn short_ids(sentence: &str) -> String {
    /// Fewer hexadecimal digits are no Key ID.
    const LEAST: usize = 32;
    let parts = sentence.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric());
    let short = |part: &str| {
        let id = part.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        match id.len() >= LEAST && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => part.replacen(id, &short_id(id), 1),
            false => part.to_owned(),
        }
    };
    parts.map(short).collect()
}

/// A size in bytes as people read it: `84 B`, `1.2 kB`, `3.4 MB` (powers of 1000).
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// A latency as people read it: `0.31 ms`, `12.4 ms`, `1.20 s`.
pub fn latency(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        _ if ms < 1.0 => format!("{ms:.2} ms"),
        _ if ms < 1_000.0 => format!("{ms:.1} ms"),
        _ => format!("{:.2} s", ms / 1e3),
    }
}

/// The same of milliseconds; what is no time is none.
pub fn millis(ms: f64) -> String {
    latency(Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default())
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    bytes.iter().flat_map(digits).map(char::from).collect()
}

/// How long something went on, as people say it: `42 s`, `3 min 20 s`, `2 h 5 min`.
pub fn span(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3600 => format!("{} min {} s", s / 60, s % 60),
        s => format!("{} h {} min", s / 3600, s / 60 % 60),
    }
}

/// `1 key`, `4 keys`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_folded_and_nothing_is_left_out() {
        let line = "  \"errors\": \"Check APIKEY permissions or model authentication permissions\"";
        for columns in 1..90 {
            let lines = fold(line, columns);
            assert!(lines.iter().all(|line| width(line) <= columns.max(1)), "{columns}: {lines:?}");
            let bare = |text: &str| text.replace(' ', "");
            assert_eq!(bare(&lines.concat()), bare(line));
        }
        assert_eq!(fold("  a: one two three", 12), ["  a: one two", "three"]);
        assert_eq!(fold("  a: one two three four", 16), ["  a: one two", "      three four"]);
        assert_eq!(fold("日本", 1), ["日", "本"], "what is wider than the room is kept all the same");
    }

    #[test]
    fn every_byte_is_two_hexadecimal_digits() {
        assert_eq!(hex(&[0, 255, 16]), "00ff10");
    }

    #[test]
    fn truncation_counts_columns() {
        assert_eq!(truncate("abcdef", 6), "abcdef");
        assert_eq!(truncate("abcdef", 4), "abc…");
        assert_eq!(truncate("日本語", 4), "日…");
        assert_eq!(truncate("abc", 0), "");
    }

    #[test]
    fn a_text_is_cut_between_characters_as_people_see_them() {
        let family = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        let text = format!("漢字テスト e\u{301}{family} ñ abc");
        for columns in 1..width(&text) {
            let wrapped = wrap(&text, columns).concat();
            for cut in [
                truncate(&text, columns).into_owned(),
                tail(&text, columns),
                middle(&text, columns).into_owned(),
            ] {
                assert!(width(&cut) <= columns, "{columns}: {cut:?}");
                let parts = cut.replace('…', "").replace(family, "");
                assert!(!parts.contains(['\u{200d}', '\u{1f469}', '\u{1f467}']), "{columns}: {cut:?}");
                assert!(!cut.contains("…\u{301}"), "{columns}: {cut:?}");
            }
            assert!(wrapped.contains(family), "{columns}: {wrapped:?}");
        }
    }

    #[test]
    fn both_ends_of_a_text() {
        assert_eq!(middle("nightly scoring", 15), "nightly scoring");
        assert_eq!(middle("nightly scoring 17", 9), "nigh…g 17");
        assert_eq!(middle("日本語日本語", 7), "日本…語");
        for columns in 0..20 {
            assert!(width(&middle("nightly 日本 scoring", columns)) <= columns, "{columns}");
        }
    }

    #[test]
    fn the_end_of_a_text() {
        assert_eq!(tail("add-1-2-x2x4q", 6), "…x2x4q");
        assert_eq!(tail("日本語", 4), "…語");
        assert_eq!(
            (tail("abc", 3).as_str(), tail("abc", 1).as_str(), tail("abc", 0).as_str()),
            ("abc", "…", "")
        );
    }

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a longword b", 4), ["a", "long", "word", "b"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert!(wrap("  ", 4).is_empty());
    }

    #[test]
    fn short_words() {
        assert_eq!(short_id("5b1cdd00112233449f0a"), "5b1c…9f0a");
        assert_eq!(short_id("legacy"), "legacy");
        let id = "5b1cdd00112233449f0a".repeat(3);
        let sentence = format!("made the newer {id}, {id}: Δ {}…\n({id})", &id[..31]);
        let short = format!("made the newer 5b1c…9f0a, 5b1c…9f0a: Δ {}…\n(5b1c…9f0a)", &id[..31]);
        assert_eq!(short_ids(&sentence), short);
        assert_eq!(size(84), "84 B");
        assert_eq!(size(12_345), "12.3 kB");
        assert_eq!(latency(Duration::from_micros(310)), "0.31 ms");
        assert_eq!(latency(Duration::from_millis(1200)), "1.20 s");
        assert_eq!(count(1, "key", "keys"), "1 key");
    }
}
