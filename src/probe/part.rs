//! One of several equal parts of the work, for machines that share it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Part `index` of `of`, counted from 0 as `JOB_COMPLETION_INDEX` of a Kubernetes Job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub index: u64,
    pub of: u64,
}

/// Why a text is no part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no part of the work; write I/N with I from 0 to N-1, such as 0/8")]
pub struct NoPart(String);

impl Part {
    /// Whether row `row`, counted from 1, belongs to it: it has every Nth.
    pub fn has(self, row: u64) -> bool {
        row.saturating_sub(1) % self.of == self.index
    }

    /// How many of `rows` rows belong to it.
    pub fn of_rows(self, rows: u64) -> u64 {
        rows / self.of + u64::from(rows % self.of > self.index)
    }
}

impl FromStr for Part {
    type Err = NoPart;

    fn from_str(text: &str) -> Result<Self, NoPart> {
        let parts = text.trim().split_once('/');
        let read = parts.and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match read {
            Some((index, of)) if index < of => Ok(Self { index, of }),
            _ => Err(NoPart(text.to_owned())),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_have_every_row_once() {
        for rows in [0, 1, 7, 8, 1000] {
            let parts: Vec<Part> = (0..8).map(|index| Part { index, of: 8 }).collect();
            for row in 1..=rows {
                assert_eq!(parts.iter().filter(|part| part.has(row)).count(), 1, "{row}");
            }
            let counts = parts.iter().map(|part| part.of_rows(rows));
            assert_eq!(counts.sum::<u64>(), rows);
            let part: Part = "3/8".parse().unwrap();
            assert_eq!(part.of_rows(rows), (1..=rows).filter(|row| part.has(*row)).count() as u64);
        }
    }

    #[test]
    fn a_part_that_is_none_is_refused() {
        for text in ["", "1", "8/8", "1/0", "-1/8", "a/b", "1/2/3"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }
}
