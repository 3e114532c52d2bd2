//! Two JSON values compared: which members differ, by how much, and what is allowed.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde_json::value::RawValue;

use crate::text::Members;

/// Beyond this a double does not hold every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What may differ, and which members do not count.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tolerance {
    /// Of the larger of two numbers.
    relative: f64,
    absolute: f64,
    /// By path.
    fields: Vec<(Path, f64)>,
    ignored: Vec<Path>,
}

/// `a.b[0].c`, where `[*]` is any index; or the whole value, `.`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// Whether it names `path` or something that `path` lies in.
    fn covers(&self, path: &str) -> bool {
        let general = general(path);
        [path, &*general].iter().any(|path| {
            let rest = path.strip_prefix(self.0.as_str());
            self.0 == "." || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => Err("a path is empty; write member, a.b or rows[*].c".to_owned()),
            path => Ok(Self(path.to_owned())),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `path` with `[*]` for each index.
pub(super) fn general(path: &str) -> Cow<'_, str> {
    if !path.contains('[') {
        return Cow::Borrowed(path);
    }
    let mut text = String::with_capacity(path.len());
    for (at, part) in path.split('[').enumerate() {
        match part.split_once(']') {
            Some((index, rest)) if at > 0 && index.bytes().all(|b| b.is_ascii_digit()) => {
                text.push_str("[*]");
                text.push_str(rest);
            }
            _ if at > 0 => text.extend(["[", part]),
            _ => text.push_str(part),
        }
    }
    Cow::Owned(text)
}

impl Tolerance {
    /// Adds `churn=1e-3,rel=1e-6`: how far a member, or any number, may be off.
    ///
    /// # Errors
    /// A sentence with what cannot be read.
    pub fn add(&mut self, spec: &str) -> Result<(), String> {
        for part in spec.split(',') {
            let bad = || format!("{part:?} is no tolerance; write member=1e-3, abs=1e-9 or rel=1e-6");
            let (name, value) = part.split_once('=').ok_or_else(bad)?;
            let value: f64 = value.trim().parse().map_err(|_| bad())?;
            if !(value >= 0.0 && value.is_finite()) {
                return Err(bad());
            }
            match name.trim() {
                "rel" => self.relative = value,
                "abs" => self.absolute = value,
                name => self.fields.push((name.parse()?, value)),
            }
        }
        Ok(())
    }

    pub fn ignore(&mut self, path: Path) {
        self.ignored.push(path);
    }

    fn ignores(&self, path: &str) -> bool {
        self.ignored.iter().any(|ignored| ignored.covers(path))
    }

    /// The paths that name none of `compared`, and of those to ignore the ones that name none of `ignored`.
    pub(super) fn unused(&self, compared: &[&str], ignored: &[&str]) -> Vec<&Path> {
        let unused = |path: &&Path, all: &[&str]| !all.iter().any(|one| path.covers(one));
        let allowed = self.fields.iter().map(|(path, _)| path).filter(|path| unused(path, compared));
        allowed.chain(self.ignored.iter().filter(|path| unused(path, ignored))).collect()
    }

    /// How far the numbers `a` and `b` at `path` may be apart.
    fn allowed(&self, path: &str, a: f64, b: f64) -> f64 {
        let field = self.fields.iter().filter(|(field, _)| field.covers(path)).map(|(_, allowed)| *allowed);
        let absolute =
            field.fold(None, |most: Option<f64>, one| Some(most.map_or(one, |most| most.max(one))));
        absolute.unwrap_or(self.absolute).max(self.relative * a.abs().max(b.abs()))
    }
}

/// One member of two values.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub path: String,
    /// `None`: it is missing.
    pub expected: Option<String>,
    pub got: Option<String>,
    /// Between two numbers.
    pub difference: Option<f64>,
    /// What was allowed.
    pub allowed: f64,
    pub is_same: bool,
    /// It was left out of the comparison.
    pub is_ignored: bool,
}

impl Found {
    /// Both are texts or truth values, and they differ: a label flipped.
    pub fn is_flip(&self) -> bool {
        let is_label =
            |text: &Option<String>| text.as_deref().is_some_and(|t| t.starts_with(['"', 't', 'f']));
        !self.is_same && is_label(&self.expected) && is_label(&self.got)
    }

    /// An answer where none is expected.
    pub(super) fn missing(got: &str) -> Self {
        Self { got: Some(got.to_owned()), ..Self::at(".") }
    }

    /// Nothing yet of the member at `path`.
    fn at(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            expected: None,
            got: None,
            difference: None,
            allowed: 0.0,
            is_same: false,
            is_ignored: false,
        }
    }

    /// How bad it is, to put rows in order: the difference in units of what is allowed.
    pub fn badness(&self) -> f64 {
        match self.difference {
            _ if self.is_same => 0.0,
            Some(difference) if self.allowed > 0.0 => difference / self.allowed,
            Some(difference) => 1e12 + difference,
            None => f64::INFINITY,
        }
    }
}

/// Compares two JSON texts, and gives each scalar, and each member that one of them lacks or that is
/// ignored, to `found`.
pub fn compare(expected: &str, got: &str, tolerance: &Tolerance, found: &mut impl FnMut(Found)) {
    at(".", expected.trim(), got.trim(), tolerance, found);
}

/// A JSON value, with its parts unread.
enum Node<'a> {
    Object(Vec<(String, &'a RawValue)>),
    Array(Vec<&'a str>),
    Number(f64),
    Text(String),
    Other,
}

fn node(text: &str) -> Node<'_> {
    let read = match text.as_bytes().first() {
        Some(b'{') => serde_json::from_str::<Members<'_>>(text).ok().map(|members| Node::Object(members.0)),
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text)
            .ok()
            .map(|items| Node::Array(items.into_iter().map(RawValue::get).collect())),
        Some(b'"') => serde_json::from_str(text).ok().map(Node::Text),
        Some(b'-' | b'0'..=b'9') => text.parse().ok().map(Node::Number),
        _ => None,
    };
    read.unwrap_or(Node::Other)
}

fn at(path: &str, expected: &str, got: &str, tolerance: &Tolerance, found: &mut impl FnMut(Found)) {
    if tolerance.ignores(path) {
        return found(Found { is_same: true, is_ignored: true, ..Found::at(path) });
    }
    let pair = |is_same| Found {
        expected: Some(expected.to_owned()),
        got: Some(got.to_owned()),
        is_same,
        ..Found::at(path)
    };
    let lacking = |path: &str, expected: Option<&str>, got: Option<&str>| {
        let is_ignored = tolerance.ignores(path);
        let (expected, got) = (expected.map(str::to_owned), got.map(str::to_owned));
        Found { expected, got, is_same: is_ignored, is_ignored, ..Found::at(path) }
    };
    match (node(expected), node(got)) {
        (Node::Object(expected), Node::Object(got)) => {
            for (name, value) in &expected {
                let path = member(path, name);
                match got.iter().rev().find(|(other, _)| other == name) {
                    Some((_, other)) => at(&path, value.get(), other.get(), tolerance, found),
                    None => found(lacking(&path, Some(value.get()), None)),
                }
            }
            for (name, value) in &got {
                let path = member(path, name);
                if !expected.iter().any(|(other, _)| other == name) {
                    found(lacking(&path, None, Some(value.get())));
                }
            }
        }
        (Node::Array(expected), Node::Array(got)) => {
            for index in 0..expected.len().max(got.len()) {
                let path = format!("{}[{index}]", if path == "." { "" } else { path });
                match (expected.get(index), got.get(index)) {
                    (Some(expected), Some(got)) => at(&path, expected, got, tolerance, found),
                    (expected, got) => found(lacking(&path, expected.copied(), got.copied())),
                }
            }
        }
        (Node::Number(a), Node::Number(b)) => {
            let allowed = tolerance.allowed(path, a, b);
            let mut difference = (a - b).abs();
            // Two whole numbers that a double does not tell apart.
            let is_whole = |text: &str| !text.contains(['.', 'e', 'E']);
            if a.abs() >= EXACT && expected != got && is_whole(expected) && is_whole(got) {
                difference = difference.max(1.0);
            }
            found(Found { difference: Some(difference), allowed, ..pair(difference <= allowed) });
        }
        (Node::Text(a), Node::Text(b)) => found(pair(a == b)),
        (Node::Other, Node::Other) => found(pair(expected == got)),
        _ => found(pair(false)),
    }
}

fn member(path: &str, name: &str) -> String {
    if path == "." { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(expected: &str, got: &str, tolerance: &[&str], ignored: &[&str]) -> Vec<(String, bool)> {
        let mut allowed = Tolerance::default();
        tolerance.iter().for_each(|spec| allowed.add(spec).unwrap());
        ignored.iter().for_each(|path| allowed.ignore(path.parse().unwrap()));
        let mut all = Vec::new();
        compare(expected, got, &allowed, &mut |found| {
            if !found.is_same {
                all.push((found.path.clone(), found.is_flip()));
            }
        });
        all
    }

    #[test]
    fn what_differs_is_named_by_its_path() {
        let old = r#"{"p":0.5,"label":"no","rows":[{"x":1},{"x":2}],"gone":1}"#;
        let new = r#"{"label":"yes","p":0.5000001,"rows":[{"x":1},{"x":3}],"new":null}"#;
        let paths = |tolerance: &[&str], ignored: &[&str]| -> Vec<String> {
            differences(old, new, tolerance, ignored).into_iter().map(|(path, _)| path).collect()
        };
        assert_eq!(paths(&[], &[]), ["p", "label", "rows[1].x", "gone", "new"]);
        assert_eq!(paths(&["p=1e-3", "rows[*].x=1"], &["gone", "new"]), ["label"]);
        assert_eq!(paths(&["rel=1e-6,abs=1"], &["gone", "new", "label"]), [""; 0]);
        assert_eq!(paths(&[], &["."]), [""; 0]);
        assert!(differences(old, new, &[], &[])[1].1, "a label flipped");
    }

    #[test]
    fn equal_values_are_equal_however_they_are_written() {
        for (a, b) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("\"\\u0041\"", "\"A\""),
            ("{\"a\":1,\"b\":2}", "{ \"b\":2, \"a\":1 }"),
        ] {
            assert_eq!(differences(a, b, &[], &[]), [], "{a} {b}");
        }
        for (a, b) in [
            ("12345678901234567890", "12345678901234567891"),
            ("1", "\"1\""),
            ("null", "false"),
            ("[1]", "[1,2]"),
        ] {
            assert_eq!(differences(a, b, &[], &[]).len(), 1, "{a} {b}");
        }
    }

    #[test]
    fn a_tolerance_that_cannot_be_read_is_refused() {
        for spec in ["", "p", "p=x", "p=-1", "=1", "p=NaN"] {
            assert!(Tolerance::default().add(spec).is_err(), "{spec:?}");
        }
    }
}
