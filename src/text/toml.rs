//! What is wrong with a TOML text, without the values in it: any of them may be a secret.

use std::fmt;

/// A mistake in a TOML text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong; names of settings stay, values are masked.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl Mistake {
    /// Of `text`, which the parser refused with `error`. The parser's own text shows the whole line.
    pub fn of(text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |span| span.start);
        let before = text.get(..at).unwrap_or(text);
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: line_of(text, at),
            column: before[begin..].chars().count() + 1,
            what: without_values(error.message().lines().next().unwrap_or_default()),
        }
    }
}

/// The line of a position in `text`, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
}

/// A parser's message quotes the value that it refused: a text in quotes, anything else in backticks,
/// before it says what it expected. A name of a setting stands in backticks too.
fn without_values(message: &str) -> String {
    let unquoted = masked(message, '"', usize::MAX);
    let values = ["unknown variant", "invalid type", "invalid value", "invalid length"];
    match values.iter().any(|begin| unquoted.starts_with(begin)) {
        true => masked(&unquoted, '`', unquoted.find(", expected").unwrap_or(unquoted.len())),
        false => unquoted,
    }
}

/// `text` with all that stands between two marks before `end` left out.
fn masked(text: &str, mark: char, end: usize) -> String {
    let (begin, rest) = text.split_at_checked(end.min(text.len())).unwrap_or((text, ""));
    // With an odd mark it is not known where a value ends.
    let parts: Vec<_> = begin.split(mark).collect();
    let shown = parts.iter().enumerate().map(|(at, part)| match at {
        _ if at % 2 == 0 && (at + 1 < parts.len() || parts.len() % 2 == 1) => (*part).to_owned(),
        _ => format!("{mark}…{mark}"),
    });
    shown.collect::<String>() + rest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only read")]
    struct Document {
        days: u8,
        kind: Kind,
        names: BTreeMap<String, bool>,
        at: jiff::civil::Date,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        One,
    }

    #[test]
    fn a_mistake_names_line_column_and_setting_and_no_value() {
        for (text, line, column) in [
            ("days = \"s3cret\"", 1, 8),
            ("days = 1\nkind = \"s3cret\"", 2, 8),
            ("\ndays = 5333333333", 2, 8),
            ("kind = 'one'\ndays = s3cret", 2, 8),
            ("days = 1\nkind = 'one'\n[names]\n'é' = 's3cret'", 4, 7),
            ("at = 's3cret'", 1, 6),
            ("days = 1\nmore = 's3cret'", 2, 1),
            ("s3cret", 1, 7),
            ("days = 's3cret", 1, 8),
            ("names = { a = 's3cret\\\"'", 1, 15),
        ] {
            let mistake = Mistake::of(text, &toml::from_str::<Document>(text).unwrap_err());
            let shown = mistake.to_string();
            assert!(!shown.contains("s3cret") && !shown.contains("5333"), "{text}: {shown}");
            assert_eq!(mistake.line, line, "{text}: {shown}");
            assert!(mistake.column >= column.min(2) || column == 1, "{text}: {shown}");
        }
        let unknown = Mistake::of("dais = 1", &toml::from_str::<Document>("dais = 1").unwrap_err());
        assert!(
            unknown.to_string().starts_with("line 1, column 1: unknown field `dais`, expected"),
            "{unknown}"
        );
    }
}
