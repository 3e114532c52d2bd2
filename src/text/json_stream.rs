//! Long JSON documents, written while they are made.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::json::escaped;

/// Writes `value` as [`document`](super::json::document) would lay it out, without holding the text.
/// Values that are kept as received are written as they are: use `document` for those.
///
/// # Errors
/// `out` cannot be written to, or `value` not be written as JSON.
pub fn write(out: &mut (impl Write + ?Sized), value: &impl Serialize) -> Result<(), serde_json::Error> {
    value.serialize(&mut Serializer::with_formatter(out, Harmless(PrettyFormatter::new())))
}

/// Several lines, and nothing in a string that acts on a terminal.
struct Harmless(PrettyFormatter<'static>);

impl Formatter for Harmless {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        out.write_all(escaped(text).as_bytes())
    }

    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::json;

    #[test]
    fn a_document_is_the_same_while_it_is_made() {
        let value = serde_json::json!({
            "a\u{202e}": ["\u{7f}\u{9b}31m\u{200b}\u{e0041}é日", {"n": 1.5, "none": null, "is": true}],
            "empty": [], "also": {}, "nested": [[1, 2], [{"b": "\u{1b}\n\""}]],
        });
        let mut written = Vec::new();
        write(&mut written, &value).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), json::document(&value).unwrap());
    }
}
