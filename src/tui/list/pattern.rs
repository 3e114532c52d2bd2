//! What a filter looks for: the one matcher of lists, pickers, the palette and the help.
//!
//! Words are separated by spaces, which quotes keep: `"team 2"`. A row needs all of them, and none of those
//! that begin with `!`. `8 d` is one, as it is drawn: a count and its unit stay together. A word with a
//! capital letter matches as typed, any other in either case.

use std::ops::Range;

use memchr::memmem::Finder;

/// Words that count; one bit each in what a row has of them.
const MOST: usize = 64;

/// The words of a filter.
#[derive(Debug, Clone, Default)]
pub struct Pattern {
    words: Vec<Word>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Word {
    /// Without the `!`.
    typed: String,
    lower: String,
    finder: Finder<'static>,
    /// It has a capital letter.
    exact: bool,
    /// It began with `!`.
    without: bool,
}

impl Word {
    /// The first word of a filter, and what is left of it; no word for a `!` that nothing follows yet.
    fn first(text: &str) -> (Option<Self>, &str) {
        let text = text.trim_start();
        let (without, text) = match text.strip_prefix('!') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (typed, rest) = match text.strip_prefix('"') {
            // Its end is about to be typed.
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => {
                let end = text.find(char::is_whitespace).unwrap_or(text.len());
                text.split_at(if is_days(text, end) { end + DAYS.len() } else { end })
            }
        };
        (Self::new(typed, without), rest)
    }

    fn new(typed: &str, without: bool) -> Option<Self> {
        let lower = typed.to_lowercase();
        (!typed.is_empty()).then(|| Self {
            finder: Finder::new(lower.as_bytes()).into_owned(),
            exact: lower != typed,
            typed: typed.to_owned(),
            lower,
            without,
        })
    }

    /// Finds it in text that is in lower case.
    pub(super) fn lower(&self) -> &Finder<'static> {
        &self.finder
    }

    /// As it has to be in the text, if it has a capital letter.
    pub(super) fn as_typed(&self) -> Option<&str> {
        self.exact.then_some(&*self.typed)
    }

    /// How well a text matches, 0 is best: the word is all of it, then one of its words, then the beginning
    /// of one, then inside one, then nowhere; each is better at the beginning of the text.
    fn rank(&self, text: &str) -> u32 {
        let mut best = 6;
        let mut from = 0;
        while let Some(found) = self.find(&text[from..]) {
            let (at, end) = (from + found.start, from + found.end);
            let before = text[..at].chars().next_back();
            let after = text[end..].chars().next();
            let is_word = !after.is_some_and(char::is_alphanumeric);
            best = best.min(match before {
                // The name in its project counts as a whole name.
                None | Some('/') if after.is_none() => return 0,
                None if is_word => 1,
                None => 3,
                Some(before) if before.is_alphanumeric() => 5,
                Some(_) if is_word => 2,
                Some(_) => 4,
            });
            from = at + text[at..].chars().next().map_or(1, char::len_utf8);
        }
        best
    }

    fn find(&self, text: &str) -> Option<Range<usize>> {
        if self.exact {
            return text.find(&self.typed).map(|at| at..at + self.typed.len());
        }
        if text.is_ascii() && self.lower.is_ascii() {
            let mut parts = text.as_bytes().windows(self.lower.len());
            let at = parts.position(|part| part.eq_ignore_ascii_case(self.lower.as_bytes()))?;
            return Some(at..at + self.lower.len());
        }
        text.char_indices().find_map(|(at, _)| Some(at..at + folded_prefix(&text[at..], &self.lower)?))
    }
}

/// What follows a number of days that is left.
const DAYS: &str = " d";

/// Whether a text begins with a number of `end` bytes, and days are counted with it.
fn is_days(text: &str, end: usize) -> bool {
    let (number, rest) = text.split_at(end);
    let number = number.strip_prefix('-').unwrap_or(number);
    let counts = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    counts && rest.strip_prefix(DAYS).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// How many bytes of `text`, in lower case, are `lower`.
fn folded_prefix(text: &str, lower: &str) -> Option<usize> {
    let mut wanted = lower.chars();
    let mut len = 0;
    for c in text.chars() {
        if wanted.as_str().is_empty() {
            break;
        }
        if c.to_lowercase().any(|folded| wanted.next() != Some(folded)) {
            return None;
        }
        len += c.len_utf8();
    }
    wanted.as_str().is_empty().then_some(len)
}

impl Pattern {
    pub fn new(mut text: &str) -> Self {
        let mut words = Vec::new();
        while !text.is_empty() && words.len() < MOST {
            let (word, rest) = Word::first(text);
            words.extend(word);
            text = rest;
        }
        Self { words }
    }

    /// Whether every row matches.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a row with these texts matches.
    pub fn keeps(&self, texts: &[&str]) -> bool {
        self.accepts(self.hits(texts))
    }

    /// Which of the words are in these texts, one bit each.
    pub fn hits(&self, texts: &[&str]) -> u64 {
        let is_in = |word: &Word| texts.iter().any(|text| word.find(text).is_some());
        self.words.iter().enumerate().fold(0, |bits, (n, word)| bits | u64::from(is_in(word)) << n)
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &Word> {
        self.words.iter()
    }

    /// Whether a row that has these of the words matches.
    pub fn accepts(&self, hits: u64) -> bool {
        self.words.iter().enumerate().all(|(n, word)| (hits >> n & 1 == 0) == word.without)
    }

    /// How well a text matches, the best first: the ranks of all words together.
    pub fn rank(&self, text: &str) -> u32 {
        self.words.iter().filter(|word| !word.without).map(|word| word.rank(text)).sum()
    }

    /// Where the words are in a text that is drawn, the first of each.
    pub fn marks(&self, text: &str) -> impl Iterator<Item = Range<usize>> {
        self.words.iter().filter(|word| !word.without).filter_map(|word| word.find(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_have_to_be_there_and_none_of_the_unwanted() {
        let row = ["5b1c…9f0a", "API", "Nightly scoring"];
        let keeps = |text: &str| Pattern::new(text).keeps(&row);
        assert!(keeps("") && keeps("  ") && keeps("night api"));
        assert!(!keeps("night app"));
        assert!(keeps("night !app") && !keeps("night !api"));
        assert!(keeps("!"), "a word is about to follow");
        assert!(!keeps("Night app") && !keeps("APInightly"), "never across two texts");
    }

    #[test]
    fn quotes_keep_words_together() {
        let keeps = |text: &str| Pattern::new(text).keeps(&["2026-12-05", "batch 1 team 1"]);
        assert!(keeps("team 2") && !keeps("\"team 2\"") && keeps("\"team 1\" batch"));
        assert!(keeps("!\"team 2\"") && !keeps("!\"team 1\" batch"));
        assert!(keeps("batch \"team ") && !keeps("batch \"team 2"), "its end is about to be typed");
        assert!(keeps("\"") && keeps("\"\" team"), "nothing is looked for");
    }

    #[test]
    fn days_stay_with_their_number() {
        let keeps = |text: &str| Pattern::new(text).keeps(&["0d81…44f8", "-52 d", "2027-08-01"]);
        assert!(keeps("52 d") && keeps("-52 d 2027") && keeps("8 da") == keeps("8 x"));
        assert!(!keeps("8 d") && keeps("8 0d") && !keeps("!52 d"));
    }

    #[test]
    fn a_capital_letter_matches_as_typed() {
        let keeps = |text: &str| Pattern::new(text).keeps(&["Nightly scoring", "Überfällig"]);
        assert!(keeps("nightly") && keeps("Nightly") && !keeps("NIGHTLY"));
        assert!(keeps("überfällig") && keeps("Über") && !keeps("ÜBER"));
    }

    #[test]
    fn what_begins_with_a_word_ranks_before_what_has_it_inside() {
        let mut names =
            ["prorota", "Rotate a key", "Keys: rotate", "key-rotation", "Test", "prorota, rotate"];
        let pattern = Pattern::new("rota !x");
        names.sort_by_key(|name| pattern.rank(name));
        let ranks = names.map(|name| pattern.rank(name));
        assert_eq!(names[..4], ["Rotate a key", "Keys: rotate", "key-rotation", "prorota, rotate"]);
        assert_eq!(ranks, [3, 4, 4, 4, 5, 6]);
        assert_eq!(Pattern::new("key rotate").rank("Rotate a key"), 3);
        let rank = |name: &str| Pattern::new("batch 7").rank(name);
        assert!(rank("ab12…cd34 batch 7 team 1") < rank("769c…c201 batch 11 team 2"));
        let rank = |name: &str| Pattern::new("churn").rank(name);
        assert_eq!([rank("churn-prod/churn"), rank("churn-prod/add"), rank("churn")], [0, 1, 0]);
    }

    #[test]
    fn marks_are_where_the_words_are_drawn() {
        let marks = |pattern: &str, text: &str| Pattern::new(pattern).marks(text).collect::<Vec<_>>();
        assert_eq!(marks("board dash", "dashboard"), [4..9, 0..4]);
        assert_eq!(marks("fällig über", "Überfällig"), [5..12, 0..5]);
        assert_eq!(marks("i̇ x", "İx"), [0..2, 2..3], "one letter that becomes two");
        assert!(marks("!dash", "dashboard").is_empty());
        assert!(marks("abc", "ab").is_empty());
    }
}
