//! The texts of all rows, for the filter.

use std::collections::HashMap;

use memchr::memmem::Finder;

use super::pattern::Pattern;
use super::rows::Row;

/// What [`Row::whole`] gives is searched for words of so many bytes.
const LONG: usize = 6;

/// What a filter finds in the rows.
#[derive(Debug, Default)]
pub(super) struct Search {
    shown: Texts,
    whole: Texts,
    /// Columns that are not shown, one bit each.
    hidden: u64,
}

/// Adds the texts of a row, each with its column.
type Give<R> = fn(&R, &mut dyn FnMut(usize, &str));

impl Search {
    /// Without rows; `hidden`: the columns that are not shown, one bit each.
    pub fn new(hidden: u64) -> Self {
        Self { hidden, ..Self::default() }
    }

    pub fn hidden(&self) -> u64 {
        self.hidden
    }

    pub fn push<R: Row>(&mut self, row: &R) {
        let at = self.shown.ends.len();
        self.shown.push(at, row, R::texts, self.hidden);
        self.whole.push(at, row, R::whole, self.hidden);
    }

    pub fn change<R: Row>(&mut self, at: usize, row: &R) {
        self.shown.change(at, row, R::texts, self.hidden);
        self.whole.change(at, row, R::whole, self.hidden);
    }

    pub fn shrink(&mut self) {
        self.shown.text.shrink_to_fit();
        self.whole.text.shrink_to_fit();
    }

    /// Whether so many rows changed that the texts are better made anew.
    pub fn is_loose(&self) -> bool {
        self.changes() > 100 && self.changes() > self.shown.ends.len() / 4
    }

    /// How many rows changed since.
    pub fn changes(&self) -> usize {
        self.shown.changed.len()
    }

    /// Which words of a filter each row has, one bit each; see [`Pattern::hits`].
    pub fn hits<R: Row>(&self, pattern: &Pattern, all: &[R]) -> Vec<u64> {
        let mut rows = vec![0; all.len()];
        for (n, word) in pattern.words().enumerate() {
            let bit = 1 << n;
            let is_long = word.lower().needle().len() >= LONG;
            self.shown.find(word.lower(), bit, &mut rows);
            if is_long {
                self.whole.find(word.lower(), bit, &mut rows);
            }
            for row in self.shown.changed.keys().chain(self.whole.changed.keys()) {
                let is_in = |text: &str| word.lower().find(text.as_bytes()).is_some();
                let found = is_in(self.shown.of(*row)) || is_long && is_in(self.whole.of(*row));
                set(&mut rows[*row], bit, found);
            }
            let Some(typed) = word.as_typed() else { continue };
            for (row, hits) in all.iter().zip(&mut rows).filter(|(_, hits)| **hits & bit != 0) {
                let found = self.has(row, R::texts, typed) || is_long && self.has(row, R::whole, typed);
                set(hits, bit, found);
            }
        }
        rows
    }

    /// Whether a row has a text as it was typed.
    fn has<R>(&self, row: &R, give: Give<R>, typed: &str) -> bool {
        let mut found = false;
        give(row, &mut |column, part| found |= self.hidden >> column & 1 == 0 && part.contains(typed));
        found
    }
}

/// Texts in lower case, one behind the other: a search through one piece of memory is many times faster
/// than one through five a row.
#[derive(Debug, Default)]
struct Texts {
    text: String,
    /// Where each row's part of it ends; none as long as it is empty.
    ends: Vec<usize>,
    /// The texts of rows that changed since.
    changed: HashMap<usize, String>,
}

impl Texts {
    fn push<R>(&mut self, at: usize, row: &R, give: Give<R>, hidden: u64) {
        let before = self.text.len();
        add_lower(&mut self.text, row, give, hidden);
        // Rows that give nothing take no memory until one gives something.
        if !self.text.is_empty() {
            self.ends.resize(at, before);
            self.ends.push(self.text.len());
        }
    }

    fn change<R>(&mut self, at: usize, row: &R, give: Give<R>, hidden: u64) {
        let mut text = String::new();
        add_lower(&mut text, row, give, hidden);
        match self.at_first(at) == text {
            true => self.changed.remove(&at),
            false => self.changed.insert(at, text),
        };
    }

    /// The texts of a row.
    fn of(&self, at: usize) -> &str {
        self.changed.get(&at).map_or_else(|| self.at_first(at), String::as_str)
    }

    /// The same before it changed.
    fn at_first(&self, at: usize) -> &str {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(at).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }

    /// Sets `bit` of each row that held a text in lower case at first.
    fn find(&self, wanted: &Finder<'_>, bit: u64, rows: &mut [u64]) {
        let text = self.text.as_bytes();
        let (mut row, mut start) = (0, 0);
        while let Some(at) = text.get(start..).and_then(|rest| wanted.find(rest)) {
            while self.ends.get(row).is_some_and(|end| *end <= start + at) {
                row += 1;
            }
            let (Some(bits), Some(end)) = (rows.get_mut(row), self.ends.get(row)) else { return };
            *bits |= bit;
            start = *end;
            row += 1;
        }
    }
}

fn set(bits: &mut u64, bit: u64, to: bool) {
    *bits = if to { *bits | bit } else { *bits & !bit };
}

fn add_lower<R>(text: &mut String, row: &R, give: Give<R>, hidden: u64) {
    give(row, &mut |column, part| {
        if hidden >> column & 1 == 1 {
            return;
        }
        if part.is_ascii() {
            let at = text.len();
            text.push_str(part);
            text[at..].make_ascii_lowercase();
        } else {
            text.extend(part.chars().flat_map(char::to_lowercase));
        }
        // No word of a filter contains a line break, so none spans two texts.
        text.push('\n');
    });
}
