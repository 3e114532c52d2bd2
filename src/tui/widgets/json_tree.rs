//! JSON over several lines: what each part of a line is, and objects and lists that can be folded.
//!
//! It works on text that is laid out already, one member or item a line, so that no number loses a
//! digit.

use std::collections::BTreeSet;

/// What a part of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    Punctuation,
    /// The name of a member.
    Name,
    Text,
    Number,
    /// `true`, `false`, `null`.
    Word,
}

/// A part of a line.
pub type Part = (Token, String);

#[derive(Debug)]
struct Line {
    parts: Vec<Part>,
    indent: usize,
    /// Where it opens an object or a list: the line that closes it, and how much is in it.
    opens: Option<(usize, usize)>,
}

/// JSON that can be folded.
#[derive(Debug)]
pub struct JsonTree {
    lines: Vec<Line>,
    /// The lines whose object or list is folded.
    folded: BTreeSet<usize>,
}

impl JsonTree {
    /// From JSON that is laid out over lines.
    pub fn new(laid_out: &str) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        let mut open: Vec<(usize, usize)> = Vec::new();
        for text in laid_out.lines() {
            let rest = text.trim_start();
            let parts = parts(rest);
            let first = parts.first().map_or("", |(_, text)| text.as_str());
            let here = lines.len();
            if first.starts_with(['}', ']']) {
                if let Some((line, items)) = open.pop()
                    && let Some(opening) = lines.get_mut(line)
                {
                    opening.opens = Some((here, items));
                }
            } else if let Some((_, items)) = open.last_mut() {
                *items += 1;
            }
            let opens = matches!(parts.last(), Some((Token::Punctuation, end)) if end.ends_with(['{', '[']));
            if opens {
                open.push((lines.len(), 0));
            }
            lines.push(Line { indent: text.len() - rest.len(), parts, opens: None });
        }
        Self { lines, folded: BTreeSet::new() }
    }

    /// Folds what begins in the line, or what the line is in; again, unfolds it. Returns whether there is
    /// such a thing.
    pub fn toggle(&mut self, line: usize) -> bool {
        let holds = |at: &usize| {
            self.lines[*at].opens.is_some_and(|(end, _)| *at == line || (*at < line && line <= end))
        };
        let Some(node) = (0..self.lines.len().min(line + 1)).rev().find(holds) else { return false };
        if !self.folded.remove(&node) {
            self.folded.insert(node);
        }
        true
    }

    /// Unfolds everything. Returns whether something was folded.
    pub fn unfold_all(&mut self) -> bool {
        !std::mem::take(&mut self.folded).is_empty()
    }

    /// Folds everything below the first level; unfolds it all where something is folded.
    pub fn toggle_all(&mut self) {
        if self.unfold_all() {
            return;
        }
        let nodes = self.lines.iter().enumerate().filter(|(_, line)| line.opens.is_some() && line.indent > 0);
        self.folded = nodes.map(|(at, _)| at).collect();
    }

    /// The lines that are not inside something folded: which line it is, and its parts.
    pub fn rows(&self) -> impl Iterator<Item = (usize, Vec<Part>)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let here = at;
            let line = self.lines.get(here)?;
            let mut parts = vec![(Token::Punctuation, " ".repeat(line.indent))];
            parts.extend(line.parts.iter().cloned());
            at += 1;
            if let Some((end, items)) = line.opens.filter(|_| self.folded.contains(&here)) {
                let items = crate::text::count(items, "item", "items");
                parts.push((Token::Punctuation, format!(" … {items} ")));
                parts.extend(self.lines.get(end).into_iter().flat_map(|line| line.parts.iter().cloned()));
                at = end + 1;
            }
            Some((here, parts))
        })
    }
}

/// Tells the parts of one line from each other.
fn parts(line: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (token, end) = match first {
            '"' => {
                let end = text_end(rest);
                let name = rest[end..].trim_start().starts_with(':');
                (if name { Token::Name } else { Token::Text }, end)
            }
            '-' | '0'..='9' => (Token::Number, run(rest, |c| c.is_ascii_alphanumeric() || "+-.".contains(c))),
            c if c.is_alphabetic() => (Token::Word, run(rest, char::is_alphabetic)),
            _ => {
                let other = |c: char| !(c == '"' || c == '-' || c.is_alphanumeric());
                (Token::Punctuation, run(rest, other))
            }
        };
        let (part, after) = rest.split_at(end.max(first.len_utf8()));
        parts.push((token, part.to_owned()));
        rest = after;
    }
    parts
}

/// Where the text that begins `rest` ends, behind its quote.
fn text_end(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn run(rest: &str, of: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !of(c)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> JsonTree {
        let json =
            r#"{"rows":[{"x":-1.50,"s":"a: [b] \" {"},2],"ok":true,"none":null,"big":12345678901234567890}"#;
        JsonTree::new(&crate::text::json::pretty(json))
    }

    fn texts(tree: &JsonTree) -> Vec<String> {
        tree.rows().map(|(_, parts)| parts.into_iter().map(|(_, text)| text).collect()).collect()
    }

    #[test]
    fn every_part_of_a_line_is_known_for_what_it_is() {
        let line = parts(r#""s": "a: [b] \" {","#);
        let wanted = [
            (Token::Name, "\"s\""),
            (Token::Punctuation, ": "),
            (Token::Text, "\"a: [b] \\\" {\""),
            (Token::Punctuation, ","),
        ];
        assert_eq!(line, wanted.map(|(token, text)| (token, text.to_owned())));
        assert_eq!(parts("-1.50e+3,")[0], (Token::Number, "-1.50e+3".to_owned()));
        assert_eq!(parts("null")[0], (Token::Word, "null".to_owned()));
    }

    #[test]
    fn a_node_is_folded_from_any_line_in_it_and_its_neighbours_stay() {
        let mut tree = tree();
        let before = texts(&tree);
        let x = before.iter().position(|line| line.contains("\"x\"")).unwrap();
        assert!(tree.toggle(x));
        assert_eq!(texts(&tree)[2], "    { … 2 items },");
        assert!(tree.toggle(2));
        assert_eq!(texts(&tree), before);
        tree.toggle(1);
        assert_eq!(texts(&tree)[1], "  \"rows\": [ … 2 items ],");
        assert!(texts(&tree).iter().any(|line| line.contains("12345678901234567890")));
    }

    #[test]
    fn everything_below_the_first_level_is_folded_at_once_and_unfolded() {
        let mut tree = tree();
        let before = texts(&tree);
        tree.toggle_all();
        assert_eq!(texts(&tree).len(), 6, "{:?}", texts(&tree));
        tree.toggle_all();
        assert_eq!(texts(&tree), before);
        tree.toggle(1);
        assert!(tree.unfold_all() && !tree.unfold_all());
        assert_eq!(texts(&tree), before);
        assert!(!JsonTree::new("").toggle(0));
        assert!(!JsonTree::new("8").toggle(0), "there is nothing to fold");
    }
}
