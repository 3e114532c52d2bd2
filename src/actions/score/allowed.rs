//! How many rows may fail.

use std::str::FromStr;

/// A number of rows, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allowed {
    Rows(u64),
    /// 0 to 1.
    Share(f64),
}

impl Default for Allowed {
    fn default() -> Self {
        Self::Rows(0)
    }
}

impl Allowed {
    /// Whether `failed` of `rows` rows are too many.
    pub fn is_exceeded(self, failed: u64, rows: u64) -> bool {
        match self {
            Self::Rows(most) => failed > most,
            Self::Share(share) => failed as f64 > rows as f64 * share,
        }
    }
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let read = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().map(|percent: f64| Self::Share(percent / 100.0)),
            None => text.parse().ok().map(Self::Rows),
        };
        match read {
            Some(Self::Share(share)) if !(0.0..=1.0).contains(&share) => None,
            read => read,
        }
        .ok_or_else(|| format!("{text:?} is no number of rows; write 10 or 1%"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_or_set_against_all_rows() {
        let exceeded = |text: &str, failed| text.parse::<Allowed>().unwrap().is_exceeded(failed, 200);
        assert!(!exceeded("0", 0) && exceeded("0", 1) && !exceeded("5", 5) && exceeded("5", 6));
        assert!(!exceeded("1%", 2) && exceeded("1%", 3) && !exceeded("100%", 200));
        for text in ["", "-1", "x%", "101%", "NaN%"] {
            assert!(text.parse::<Allowed>().is_err(), "{text}");
        }
    }
}
